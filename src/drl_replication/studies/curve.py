"""DRL against the best of its rivals, under every variant."""

import json
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.measures.statistics import mean_interval
from drl_replication.studies.columns import Columns
from drl_replication.tables.comparisons import DRL

MEASURE = "average_accuracy"


class Specification(NamedTuple):
    """A row: a variant on a benchmark."""

    variant: str
    family: str
    benchmark: str
    decided: str  # before or after results were seen
    changes: str  # JSON: {reading or setting: what it is}
    rival: str
    n: int
    difference: float
    low: float
    high: float


def specifications(columns: Columns) -> pd.DataFrame:
    """DRL's accuracy minus that of the rival with the best mean, paired by seed.

    One row a variant and benchmark on which DRL or a rival differs from the base, and the base.
    Student's 95 % interval; that the rival is the best of six by its mean pulls the difference
    down. Seeds on which one of the two diverged are left out; rivals with fewer than two finished
    runs too.
    """
    study = columns.study
    found = []
    for variant in study.variants:
        for benchmark in columns.benchmarks:
            if variant is not study.base and benchmark not in {c.benchmark for c in variant.cells}:
                continue
            runs = columns.column(variant, benchmark).runs
            changes = json.dumps({} if variant is study.base else variant.changes)
            if row := _best_rival(runs):
                name = variant.name, variant.family, benchmark, variant.decided
                found.append(Specification(*name, changes, *row))
    return pd.DataFrame(found, columns=list(Specification._fields))


def _best_rival(runs: pd.DataFrame) -> tuple[Any, ...] | None:
    finished = runs[~runs["diverged"]]
    table = finished.pivot(index="seed", columns="method", values=MEASURE)
    if DRL not in table:
        return None
    rivals = table.drop(columns=DRL)
    means = rivals.mean()[rivals.count() > 1]
    if not len(means):
        return None
    rival = str(means.idxmax())
    change = (table[DRL] - table[rival]).dropna().to_numpy()
    if len(change) < 2:
        return None
    return rival, len(change), float(change.mean()), *mean_interval(change)
