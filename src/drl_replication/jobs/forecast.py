"""What a call will cost, said before it starts, where that is more than an hour.

Imports no torch: Snakemake plans with it.
"""

from collections.abc import Iterable, Mapping

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.jobs.resources import cost, predict
from drl_replication.learning.methods import METHODS
from drl_replication.paper.printed import benchmark_title, method_title

HOUR = 3600.0
MOST, SHARE = 3, 0.8  # so many groups are named, until they take this share


def forecast(runs: Iterable[tuple[str, str, Mapping]], cores: int) -> str:
    """A sentence or two on runs that are to be made; nothing where they take less than an hour.

    Args:
        runs: of each its benchmark, its method and its settings.
        cores: that work on them.
    """
    seconds: dict[tuple[str, str], list[float]] = {}
    for benchmark, method, settings in runs:
        one = predict(cost(benchmark, method), dict(settings))["seconds"]
        seconds.setdefault((benchmark, method), []).append(one)
    total = sum(map(sum, seconds.values()))
    if total / max(1, cores) <= HOUR:
        return ""
    number = sum(map(len, seconds.values()))
    text = (
        f"{number} runs are to be made, some {_hours(total)} core-hours by steps measured on one "
        "core; a GPU shortens those on CIFAR."
    )
    costly = _costliest(seconds, total)
    if len(costly) == len(seconds):
        return text
    told = ", ".join(
        f"{len(seconds[pair])} of {method_title(pair[1])} on {benchmark_title(pair[0])} "
        f"({sum(seconds[pair]) / total:.0%})"
        for pair in costly
    )
    return f"{text} Most of it is {told}. {_without(seconds, costly[0])}".strip()


def _costliest(seconds: Mapping[tuple[str, str], list[float]], total: float) -> list:
    """The few groups that take most of the time."""
    found: list[tuple[str, str]] = []
    for pair in sorted(seconds, key=lambda pair: -sum(seconds[pair])):
        if len(found) == MOST or sum(sum(seconds[p]) for p in found) >= SHARE * total:
            break
        found.append(pair)
    return found


def _without(seconds: Mapping[tuple[str, str], list[float]], pair: tuple[str, str]) -> str:
    """How to leave out the method or the benchmark of a group, and what remains."""
    options = []
    for index, key, known, title in (
        (1, "methods", METHODS, method_title),
        (0, "benchmarks", BENCHMARKS, benchmark_title),
    ):
        there = {other[index] for other in seconds}
        kept = [value for value in known if value in there and value != pair[index]]
        if kept:
            left = sum(sum(times) for other, times in seconds.items() if other[index] in kept)
            chosen = f"--config '{key}=[{','.join(kept)}]'"
            options.append(f"without {title(pair[index])} {_hours(left)} ({chosen})")
    text = "; ".join(options)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _hours(seconds: float) -> str:
    hours = seconds / HOUR
    return f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}"
