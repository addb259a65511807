"""The measures of each run, from its record."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from drl_replication.measures.continual import (
    Array,
    average_accuracy,
    average_forgetting,
    average_intransigence,
    best_learned,
    identity_gap,
    learned_accuracy,
)
from drl_replication.paper.printed import METHOD_TITLES, benchmark_order, method_order
from drl_replication.records.runs import accuracy_matrix
from drl_replication.study.paper_settings import changed
from drl_replication.study.readings import READINGS

Record = Mapping[str, Any]
# Columns of rho, each in one of its readings; every record has all of them.
RHO_READINGS = {
    f"rho_{layers}_{null}": {"rho_layers": str(layers), "rho_null": str(null)}
    for layers in READINGS["rho_layers"].options
    for null in READINGS["rho_null"].options
}
SETTINGS = ("training_images", "memory_size")  # that the paper's numbers depend on


def run_measures(
    records: Sequence[Record],
    intransigence_reference: str = "best_run",
    rho_layers: str = "hidden",
    rho_null: str = "floor",
) -> pd.DataFrame:
    """The measures of each run, one row a run, in the order of the paper.

    Columns: benchmark, method, seed, dataset, training_images, memory_size, changed
    (settings that are not the paper's, in a clause), tasks, diverged,
    average_accuracy, average_forgetting, average_intransigence, mean_best (mean a*), gap (of the
    identity), rho, memory_spread (after each task, samples of the largest group in the memory minus
    those of the smallest; the most of all tasks), dead_units, hidden_units, held_bytes
    (kept of the past besides the network; NaN in older records) and rho in each of its
    `RHO_READINGS`; the measures of a diverged run are
    NaN, and it takes no part in a*, nor do runs of methods that the paper doesn't have where there
    are others.
    Raises ValueError for an unknown reading, the same run twice, or runs of one benchmark that
    differ in dataset or number of tasks.
    """
    check_readings({"rho_layers": rho_layers, "rho_null": rho_null})
    rows = []
    for benchmark in sorted({r["benchmark"] for r in records}, key=benchmark_order):
        of_benchmark = [r for r in records if r["benchmark"] == benchmark]
        check_comparable(benchmark, of_benchmark)
        rows += _benchmark_measures(of_benchmark, intransigence_reference, rho_layers, rho_null)
    return pd.DataFrame(rows)


def check_readings(chosen: Mapping[str, str]) -> None:
    """Raise ValueError for an option that a reading doesn't have."""
    for name, option in chosen.items():
        if option not in (options := READINGS[name].options):
            raise ValueError(
                f"{name} is {option!r}, but must be one of: {', '.join(map(str, options))}."
            )


def check_comparable(benchmark: str, records: Sequence[Record]) -> None:
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


def _benchmark_measures(
    records: Sequence[Record], reference: str, rho_layers: str, rho_null: str
) -> list[dict[str, Any]]:
    records = sorted(records, key=lambda r: (method_order(r["method"]), r["seed"]))
    rows = [
        {
            "benchmark": r["benchmark"],
            "method": r["method"],
            "seed": r["seed"],
            "dataset": r["provenance"]["data"]["dataset"],
            **{name: r["settings"].get(name) for name in SETTINGS},
            "changed": "; ".join(changed(r["settings"])) if r["method"] in METHOD_TITLES else "",
            "tasks": len(r["accuracy_matrix"]),
            "diverged": r["diverged"],
            **dict.fromkeys(MEASURED, math.nan),
            "rho": _rho(r, rho_layers, rho_null),
            "memory_spread": math.nan if r["diverged"] else _spread(r["memory"]["counts"]),
            "dead_units": r["diagnostics"]["dead_units"],
            "hidden_units": r["diagnostics"]["hidden_units"],
            "held_bytes": r["memory"].get("bytes", math.nan),
            **{name: _rho(r, **how) for name, how in RHO_READINGS.items()},
        }
        for r in records
    ]
    finished = [i for i, r in enumerate(records) if not r["diverged"]]
    if finished:
        matrices = [accuracy_matrix(records[i]) for i in finished]
        methods = [records[i]["method"] for i in finished]
        of_the_paper = [method in METHOD_TITLES for method in methods]
        best = best_learned(
            np.array([learned_accuracy(a) for a in matrices]),
            reference,
            methods,
            [records[i]["seed"] for i in finished],
            of_the_paper if any(of_the_paper) else None,
        )
        for i, a, star in zip(finished, matrices, best, strict=True):
            rows[i] |= {name: measure(a, star) for name, measure in MEASURED.items()}
    return rows


def _rho(record: Record, rho_layers: str, rho_null: str) -> float:
    return math.nan if record["diverged"] else record["rho_readings"][rho_layers][rho_null]


def _spread(counts: Sequence[Sequence[int]]) -> int:
    """`counts`: samples of each group (class or task) in the memory after each task."""
    seen = [[n for n in row if n] for row in counts]
    return max(max(row) - min(row) for row in seen)


MEASURED: dict[str, Callable[[Array, Array], float]] = {
    "average_accuracy": lambda a, best: average_accuracy(a),
    "average_forgetting": lambda a, best: average_forgetting(a),
    "average_intransigence": average_intransigence,
    "mean_best": lambda a, best: float(best.mean()),
    "gap": identity_gap,
}
