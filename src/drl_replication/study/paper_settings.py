"""Does a run have the paper's settings? What its numbers are judged as hangs on it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.validation import HELD_OUT
from drl_replication.paper.printed import BENCHMARK_TITLES, printed
from drl_replication.study.readings import READINGS
from drl_replication.text.numbers import shortest

# What Table 6 leaves out: Appendices B and E, and the scripts of Aljundi et al. (2019).
ELSEWHERE = {"loading_batch_size": 1, "gss_batch_size": 10, "gss_iterations": 10}
GSS_LEARNING_RATE = {"dense": 0.05, "resnet": 0.01}  # by network


@cache
def hyperparameters(benchmark: str) -> dict[str, float]:
    """The paper's hyperparameters of one of its benchmarks; none of another."""
    if benchmark not in BENCHMARK_TITLES:
        return {}
    table = printed(6)
    own = table[table["benchmark"] == benchmark]
    found = dict(zip(own["hyperparameter"], own["value"].astype(float), strict=True))
    rate = GSS_LEARNING_RATE[BENCHMARKS[benchmark].network]
    return found | ELSEWHERE | {"gss_learning_rate": rate}


def changed(settings: Mapping[str, Any]) -> list[str]:
    """What a run has otherwise than the paper, one clause each: `learning_rate 0.1 instead of 0.2`.

    `settings`: of a record of one of the paper's methods. The default readings count as the
    paper's. Sizes and data are not looked at here.
    """
    return [*changed_numbers(settings), *_changed_readings(settings)]


def basis(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether runs with these settings may be set against the paper's numbers."""
    benchmark = settings["benchmark"]
    names = ("dataset", "training_images", "memory_size")
    return {
        "benchmark": benchmark,
        "tasks": BENCHMARKS[benchmark].tasks,
        **{name: settings[name] for name in names},
        "changed": "; ".join(changed(settings)),
    }


def changed_numbers(settings: Mapping[str, Any]) -> Iterator[str]:
    """The same of hyperparameters alone."""
    if settings.get(HELD_OUT):
        yield "accuracy on held-out training images instead of the test set"
    readings = settings.get("readings", {})
    for name, theirs in hyperparameters(settings["benchmark"]).items():
        source = name
        if name == "learning_rate":  # GSS takes it from elsewhere, as one of its readings says
            sources = {n: READINGS[n].learning_rate for n in readings if n in READINGS}
            for reading, keys in sources.items():
                source = keys.get(readings[reading], source)
            theirs = hyperparameters(settings["benchmark"])[source]
        if name in settings and settings[name] != theirs:
            yield f"{source} {shortest(settings[name])} instead of {shortest(theirs)}"


def _changed_readings(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["benchmark"] not in BENCHMARK_TITLES:
        return
    for name, option in settings.get("readings", {}).items():
        if name in READINGS and option != READINGS[name].default:
            yield f"{name} {option} instead of {READINGS[name].default}"
