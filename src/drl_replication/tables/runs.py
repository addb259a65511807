"""The measures of each run, from its record."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from drl_replication.measures.continual import (
    average_accuracy,
    average_forgetting,
    average_intransigence,
    best_learned,
    identity_gap,
    learned_accuracy,
)
from drl_replication.paper.printed import benchmark_order, method_order
from drl_replication.records.runs import accuracy_matrix


def run_measures(
    records: Sequence[Mapping], intransigence_reference: str = "best_run"
) -> pd.DataFrame:
    """The measures of each run, one row a run, in the order of the paper.

    Columns: benchmark, method, seed, dataset, tasks, diverged, average_accuracy,
    average_forgetting, average_intransigence, mean_best (mean a*) and gap (of the identity);
    the measures of a diverged run are NaN, and it takes no part in a*.
    Raises ValueError for an unknown reading, the same run twice, or runs of one benchmark that
    differ in dataset or number of tasks.
    """
    rows = []
    for benchmark in sorted({r["benchmark"] for r in records}, key=benchmark_order):
        of_benchmark = [r for r in records if r["benchmark"] == benchmark]
        check_comparable(benchmark, of_benchmark)
        rows += _benchmark_measures(of_benchmark, intransigence_reference)
    return pd.DataFrame(rows)


def check_comparable(benchmark: str, records: Sequence[Mapping]) -> None:
    """Raise ValueError unless the records of a benchmark are of different runs on the same data."""
    runs = [(r["method"], r["seed"]) for r in records]
    for method, seed in set(runs):
        if runs.count((method, seed)) > 1:
            raise ValueError(f"Seed {seed} of {method} on {benchmark} is there twice: leave one.")
    for what, values in {
        "datasets": {r["provenance"]["data"]["dataset"] for r in records},
        "numbers of tasks": {len(r["accuracy_matrix"]) for r in records},
    }.items():
        if len(values) > 1:
            raise ValueError(
                f"The runs of {benchmark} have different {what} "
                f"({', '.join(sorted(map(str, values)))}): only runs of one can share a table."
            )


def _benchmark_measures(records: Sequence[Mapping], reference: str) -> list[dict]:
    records = sorted(records, key=lambda r: (method_order(r["method"]), r["seed"]))
    rows = [
        {
            "benchmark": r["benchmark"],
            "method": r["method"],
            "seed": r["seed"],
            "dataset": r["provenance"]["data"]["dataset"],
            "tasks": len(r["accuracy_matrix"]),
            "diverged": r["diverged"],
            **dict.fromkeys(MEASURED, math.nan),
        }
        for r in records
    ]
    finished = [i for i, r in enumerate(records) if not r["diverged"]]
    if finished:
        matrices = [accuracy_matrix(records[i]) for i in finished]
        best = best_learned(
            np.array([learned_accuracy(a) for a in matrices]),
            reference,
            [records[i]["method"] for i in finished],
            [records[i]["seed"] for i in finished],
        )
        for i, a, star in zip(finished, matrices, best, strict=True):
            rows[i] |= {name: measure(a, star) for name, measure in MEASURED.items()}
    return rows


MEASURED: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "average_accuracy": lambda a, best: average_accuracy(a),
    "average_forgetting": lambda a, best: average_forgetting(a),
    "average_intransigence": average_intransigence,
    "mean_best": lambda a, best: float(best.mean()),
    "gap": identity_gap,
}
