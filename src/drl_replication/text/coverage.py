"""Which of the selected runs are there: what a partial result must say of itself."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.text.numbers import listed


def missing_runs(
    selected: Iterable[tuple[str, str, int]], there: Iterable[tuple[str, str, int]]
) -> str:
    """The selected (benchmark, method, seed) that are not there, counted by benchmark and method.

    As `3 of 10 seeds of DRL and BER on Split MNIST; all 10 of ER on Split MNIST`; empty if none.
    """
    selected, there = list(selected), set(there)
    wanted = Counter(run[:2] for run in selected)
    missing = Counter(run[:2] for run in selected if run not in there)
    groups: dict[tuple[str, int, int], list[str]] = {}
    for (benchmark, method), n in missing.items():
        groups.setdefault((benchmark, n, wanted[benchmark, method]), []).append(method)
    everywhere = Counter(benchmark for benchmark, _ in wanted)
    return "; ".join(
        f"{_seeds(n, total)} of {_methods(methods, everywhere[benchmark])} on "
        f"{benchmark_title(benchmark)}"
        for (benchmark, n, total), methods in groups.items()
    )


def _seeds(n: int, total: int) -> str:
    if n == total:
        return "the only seed" if total == 1 else f"all {total} seeds"
    return f"{n} of {total} seeds"


def _methods(methods: list[str], total: int) -> str:
    if len(methods) == total > 1:
        return "all methods"
    return listed(map(method_title, methods))


def partial_figures(there: Mapping[str, Iterable[int]], selected: Sequence[int]) -> list[str]:
    """`Figure 2: 2 of 10 seeds`, for each figure without the records of some selected seeds.

    `there`: the seeds that each figure has records of.
    """
    found = {figure: len(set(selected).intersection(seeds)) for figure, seeds in there.items()}
    return [
        f"{figure.replace('_', ' ').capitalize()}: {n} of {len(selected)} seeds"
        for figure, n in found.items()
        if n < len(selected)
    ]
