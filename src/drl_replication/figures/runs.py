"""What the figures that are drawn from run records share: reading, grouping, and captions."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from drl_replication.paper.printed import (
    BENCHMARK_DATASETS,
    benchmark_order,
    benchmark_title,
    method_order,
)
from drl_replication.records.runs import collect
from drl_replication.text.coverage import missing_runs

Groups = dict[tuple[str, str], list[dict]]


def finished_runs(records: Sequence[Path], settings: Mapping) -> tuple[Groups, str]:
    """The finished runs of each (benchmark, method), in the paper's order, and what a caption owes.

    The second part is one or more sentences: data, seeds, and the runs that are missing or
    diverged. `settings`: {benchmark: {method: settings}}. Raises RecordError and ValueError as
    `tables.collect`, ValueError when no run is finished.
    """
    runs = collect(records, settings)
    order = sorted(
        (r for r in runs if not r["diverged"]),
        key=lambda r: (benchmark_order(r["benchmark"]), method_order(r["method"]), r["seed"]),
    )
    if not order:
        raise ValueError(
            f"All {len(runs)} runs diverged, so there is nothing to draw: add finished runs."
        )
    groups: Groups = {}
    for run in order:
        groups.setdefault((run["benchmark"], run["method"]), []).append(run)
    return groups, _provisos(runs, groups, settings)


def benchmarks_of(groups: Groups) -> list[str]:
    """Benchmarks that have finished runs, in the paper's order."""
    return list(dict.fromkeys(benchmark for benchmark, _ in groups))


def _provisos(runs: Sequence[Mapping], groups: Groups, settings: Mapping) -> str:
    sentences = [
        "; ".join(_basis(b, groups) for b in benchmarks_of(groups)).join(["Finished seeds: ", "."])
    ]
    there = [(r["benchmark"], r["method"], r["seed"]) for r in runs]
    seeds = sorted({seed for *_, seed in there})
    wanted = [
        (b, m, seed) for b, methods in settings.items() for m, seed in product(methods, seeds)
    ]
    if missing := missing_runs(wanted, there):
        sentences.append(f"Missing: {missing}.")
    if diverged := sum(r["diverged"] for r in runs):
        sentences.append(f"Diverged and left out: {diverged} of {len(runs)} runs.")
    return " ".join(sentences)


def _basis(benchmark: str, groups: Groups) -> str:
    """`Split MNIST 10 (mnist)`."""
    members = [runs for (b, _), runs in groups.items() if b == benchmark]
    counts = sorted({len(runs) for runs in members})
    dataset = members[0][0]["provenance"]["data"]["dataset"]
    paper = BENCHMARK_DATASETS.get(benchmark, dataset)
    other = "" if dataset == paper else f" instead of {paper}"
    span = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{benchmark_title(benchmark)} {span} ({dataset}{other})"


def mean_and_std(values: np.ndarray) -> tuple[list, list | None]:
    """Over the first axis: mean, and sample standard deviation (None for a single value)."""
    std = values.std(axis=0, ddof=1).tolist() if len(values) > 1 else None
    return values.mean(axis=0).tolist(), std
