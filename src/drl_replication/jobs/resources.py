"""What a run takes, from measured costs, and what a job of runs asks a cluster for.

Imports no torch: Snakemake plans with it.
"""

import csv
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate

import numpy as np

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.measures.rho import PROBE_IMAGES

HEAD_ROOM = 2.0  # other processors are slower, and other settings need more memory
JOB_SECONDS, JOB_MB = 60, 400  # of every job: Snakemake itself, and reading data over a network
BYTE_SECONDS = 2.5e-9  # of a run's images: reading, permuting and scaling them
JOBS_A_CORE = 4  # at least, of short runs, so that none is idle for long
COLUMNS = (
    "startup_seconds",
    "first_task_seconds",
    "later_task_seconds",
    "evaluation_seconds",
    "peak_memory_mb",
)


# Any method that was not measured: OGD holds gradients, gigabytes of them, and each step of GEM
# passes over the whole memory.
UNLIKE = ("ogd", "gem")
# Where nothing at all was measured: the costliest values ever measured, rounded up, but for UNLIKE.
UNMEASURED = dict(zip(COLUMNS, (2.0, 0.3, 9.0, 0.002, 8000.0), strict=True))


@cache
def measured_costs() -> dict[tuple[str, str], dict[str, float]]:
    """The committed measurements (by scripts/tools/cost_table.py), by benchmark and method."""
    text = files("drl_replication.jobs").joinpath("costs.csv").read_text(encoding="utf-8")
    return {
        (row["benchmark"], row["method"]): {name: float(row[name]) for name in COLUMNS}
        for row in csv.DictReader(text.splitlines())
    }


def cost(benchmark: str, method: str) -> dict[str, float]:
    """The measured cost of a run's steps.

    A method that was not measured there counts as it does elsewhere with the same network, and one
    that was measured nowhere as the costliest of the benchmark; a benchmark that was
    not measured as the costliest with the same network, or of all; `UNMEASURED` without any.
    Methods of `UNLIKE` count for themselves alone.
    """
    costs = measured_costs()
    if (benchmark, method) in costs:
        return costs[benchmark, method]
    network = BENCHMARKS[benchmark].network
    alike = {p: c for p, c in costs.items() if _network(p[0]) == network}
    usual = {place: c for place, c in costs.items() if place[1] not in UNLIKE}
    like = [
        [c for (_, m), c in alike.items() if m == method],
        [c for (b, _), c in usual.items() if b == benchmark],
        [c for place, c in usual.items() if place in alike],
        list(usual.values()),
        [UNMEASURED],
    ]
    known = next(rows for rows in like if rows)
    return {name: max(row[name] for row in known) for name in COLUMNS}


def _network(benchmark: str) -> str | None:
    return BENCHMARKS[benchmark].network if benchmark in BENCHMARKS else None


def predict(cost: dict[str, float], settings: dict) -> dict[str, float]:
    """What one run takes: `seconds` on one core and `memory_mb`.

    The start of its process is not counted, `startup_seconds` of the cost: short runs share one.

    Args:
        cost: of `costs.measure` for the same method and benchmark.
        settings: of the run.
    """
    benchmark, dataset = BENCHMARKS[settings["benchmark"]], DATASETS[settings["dataset"]]
    tasks, samples = benchmark.tasks, settings["training_images"]
    # After task t, the test sets of the t + 1 tasks seen so far.
    tests = [dataset.test_images * len(c) / dataset.classes for c in benchmark.task_classes]
    evaluated = sum(size * (tasks - t) for t, size in enumerate(tests)) + PROBE_IMAGES * tasks
    if every := settings.get("evaluate_every"):
        evaluated += (samples - 1) // every * sum(accumulate(tests))
    later = (tasks - 1) * cost["later_task_seconds"]
    images = dataset.training_images + dataset.test_images + tasks * samples + sum(tests)
    held = images * math.prod(dataset.image_shape)
    return {
        "seconds": samples * (cost["first_task_seconds"] + later)
        + evaluated * cost["evaluation_seconds"]
        + held * BYTE_SECONDS,
        "memory_mb": cost["peak_memory_mb"] + held / 1e6,
    }


def resources(
    method: str, settings: dict, runs: int, attempt: int, longest: int | None
) -> dict[str, int]:
    """Minutes and memory for a job of so many runs, one after the other; more at each attempt.

    No job asks for more than `longest` minutes: what is not finished then goes on from its
    checkpoint at the next attempt.
    """
    run = predict(cost(settings["benchmark"], method), settings)
    minutes = HEAD_ROOM * (JOB_SECONDS + runs * run["seconds"]) * attempt / 60
    return {
        "runtime": math.ceil(min(minutes, longest or math.inf)),
        "mem_mb": math.ceil(HEAD_ROOM * (JOB_MB + run["memory_mb"]) * attempt),
    }


def runs_together(method: str, settings: dict, minutes: float) -> int:
    """How many seeds of a method share a job, for it to last some `minutes`; at least one.

    Args:
        method: of the runs.
        settings: theirs.
        minutes: how long a job of it should last; 0 for one run a job.
    """
    seconds = predict(cost(settings["benchmark"], method), settings)["seconds"]
    return max(1, int(60 * minutes / seconds))


def shared_jobs(
    settings: dict[str, dict[str, dict]], seeds: Sequence[int], minutes: float, cores: int | None
) -> dict[tuple[int, ...], dict[str, list[str]]]:
    """The seeds that share a job, with the methods of each benchmark of which they do.

    Starting a process costs more than a short run; but every core should have jobs to do.

    Args:
        settings: of all selected runs: {benchmark: {method: settings}}.
        seeds: selected.
        minutes: how long a job should last at most.
        cores: of this machine, where the jobs run on it.
    """
    sizes = {
        (benchmark, method): runs_together(method, own, minutes)
        for benchmark, methods in settings.items()
        for method, own in methods.items()
    }
    short = len(seeds) * sum(size > 1 for size in sizes.values())
    most = math.ceil(short / (JOBS_A_CORE * cores)) if cores else len(seeds)
    jobs: dict[tuple[int, ...], dict[str, list[str]]] = {}
    for (benchmark, method), size in sizes.items():
        number = math.ceil(len(seeds) / max(1, min(size, most)))
        for part in np.array_split(np.array(seeds), number):
            if len(part) > 1:
                of_part = jobs.setdefault(tuple(part.tolist()), {})
                of_part.setdefault(benchmark, []).append(method)
    return jobs
