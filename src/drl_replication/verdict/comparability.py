"""May a run's numbers be set against the paper's? Only with its data and its settings."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.paper.printed import BENCHMARK_DATASETS, BENCHMARK_TITLES
from drl_replication.study.paper_settings import basis
from drl_replication.tables.frames import rows
from drl_replication.text.markdown import plain
from drl_replication.text.numbers import shortest


def incomparable(runs: pd.DataFrame) -> dict[str, str]:
    """Benchmarks whose runs can't be compared with the paper's numbers, and why, in a clause.

    `runs`: of `run_measures`.
    """
    reasons: dict[str, list[str]] = {}
    for run in rows(runs[list(Basis._fields)].drop_duplicates(), Basis):
        found = reasons.setdefault(run.benchmark, [])
        found += [reason for reason in _reasons(run) if reason not in found]
    return {benchmark: "; ".join(found) for benchmark, found in reasons.items() if found}


class Basis(NamedTuple):
    """What a run learned from."""

    benchmark: str
    tasks: int
    dataset: str
    training_images: float
    memory_size: float
    changed: str  # of the settings, in clauses


def _reasons(run: Basis) -> Iterator[str]:
    if run.benchmark not in BENCHMARK_TITLES:
        return
    row = BENCHMARKS[run.benchmark]
    for what, ours, theirs in (
        ("tasks", run.tasks, row.tasks),
        ("data", run.dataset, row.datasets[0]),
        ("training images a task", run.training_images, row.training_images),
        ("samples in memory", run.memory_size, row.memory_size),
    ):
        if not pd.isna(ours) and ours != theirs:
            told = plain(ours) if isinstance(ours, str) else shortest(ours)
            yield f"{what}: {told} instead of {theirs}"
    yield from filter(None, run.changed.split("; "))


def incomparable_figure(figure: Mapping[str, Any]) -> str:
    """The same for the JSON of a figure on MNIST, with the settings of the runs that it has."""
    dataset, paper = figure.get("dataset", "unknown"), BENCHMARK_DATASETS["split_mnist"]
    found = [] if dataset == paper else [f"data: {plain(dataset)} instead of {paper}"]
    for settings in figure.get("settings", {}).values():
        run = Basis(**basis(settings | {"dataset": paper}))  # the data are those of the record
        found += [reason for reason in _reasons(run) if reason not in found]
    return "; ".join(found)
