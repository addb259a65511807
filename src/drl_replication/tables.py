"""Tables 1-3 from run records, beside the paper's numbers.

A diverged run is counted and shown, but never averaged.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from drl_replication.measures import (
    average_accuracy,
    average_forgetting,
    average_intransigence,
    best_learned,
    identity_gap,
    learned_accuracy,
)
from drl_replication.paper import benchmark_order, method_order, printed
from drl_replication.records import RecordError, accuracy_matrix, read_record

DECIMALS = 3  # of the paper's tables


@dataclass(frozen=True)
class Measure:
    """What a table shows, and which end of it is best."""

    title: str
    column: str  # of `run_measures`
    best: str  # max or min


TABLES = {
    1: Measure("Average accuracy", "average_accuracy", "max"),
    2: Measure("Average forgetting", "average_forgetting", "min"),
    3: Measure("Average intransigence", "average_intransigence", "min"),
}


def collect(
    paths: Iterable[str | Path], settings: Mapping[str, Mapping[str, Mapping]]
) -> list[dict]:
    """Read the records at `paths`; `settings` are {benchmark: {method: settings}} of all expected.

    Raises RecordError naming every missing file, or the first record that cannot be used or was
    made with other settings; ValueError for no paths, or one that is not of an expected run.
    """
    paths = [Path(path) for path in paths]
    expected = {(b, m): s for b, methods in settings.items() for m, s in methods.items()}
    if not paths:
        raise ValueError("No run is expected, but a table needs one at least: select some.")
    for path in paths:
        if path.parts[-3:-1] not in expected:
            raise ValueError(
                f"{path} is not one of the expected runs, which are of: "
                f"{', '.join('/'.join(key) for key in expected)}."
            )
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise RecordError(
            f"{len(missing)} of {len(paths)} run records are missing: {', '.join(missing)}: "
            "run the jobs that make them."
        )
    return [read_record(path, expected[path.parts[-3:-1]]) for path in paths]


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


TABLE_COLUMNS = ["benchmark", "method", "dataset", "n", "n_diverged", "mean", "std"]
TABLE_COLUMNS += ["printed_mean", "printed_std", "difference", "best", "printed_best"]


def table(
    number: int, records: Sequence[Mapping], intransigence_reference: str = "best_run"
) -> pd.DataFrame:
    """Table 1, 2 or 3: one row a (benchmark, method), ours beside what the paper prints.

    Columns: benchmark, method, dataset, n (runs averaged), n_diverged, mean, std (ddof 1, NaN if
    n < 2), printed_mean, printed_std, difference (ours - paper), best and printed_best (of the
    benchmark, after rounding to 3 decimals; all of a tie); Table 3 also intransigence_reference.
    Raises ValueError for another number, no records, and as `run_measures`.
    """
    if number not in TABLES:
        raise ValueError(f"The table number is {number!r}, but must be 1, 2 or 3.")
    if not records:
        raise ValueError("There are no run records to make a table from: select some runs.")
    measure = TABLES[number]
    groups = run_measures(records, intransigence_reference).groupby(
        ["benchmark", "method"], sort=False
    )
    frame = groups.agg(
        dataset=("dataset", "first"),
        n=(measure.column, "count"),  # NaN, so diverged, are not counted
        n_diverged=("diverged", "sum"),
        mean=(measure.column, "mean"),
        std=(measure.column, "std"),
    ).reset_index()
    paper = printed(number).rename(columns={"mean": "printed_mean", "std": "printed_std"})
    paper["printed_best"] = _is_best(paper, "printed_mean", measure.best)
    frame = frame.merge(paper, on=["benchmark", "method"], how="left")
    frame["difference"] = frame["mean"] - frame["printed_mean"]
    frame["best"] = _is_best(frame, "mean", measure.best)
    frame["printed_best"] = frame["printed_best"].eq(True)  # False where nothing is printed
    frame = frame[TABLE_COLUMNS]
    if number == 3:
        frame = frame.assign(intransigence_reference=intransigence_reference)
    return frame


def _is_best(frame: pd.DataFrame, column: str, best: str) -> pd.Series:
    shown = frame[column].map(lambda value: round(float(value), DECIMALS))
    return shown == shown.groupby(frame["benchmark"]).transform(best)
