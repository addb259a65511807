"""DRL against the best of its rivals, under every variant."""

import json
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.measures.statistics import mean_interval
from drl_replication.studies.columns import Columns
from drl_replication.tables.comparisons import DRL

MEASURE = "average_accuracy"
ALPHA = "drl_alpha"  # a scan of DRL's own hyperparameter, whose rivals keep theirs
NUMBERS = ["benchmark", "rival", "difference", "low", "high"]


class Specification(NamedTuple):
    """A row: a variant on a benchmark."""

    variant: str
    family: str
    benchmark: str
    decided: str  # before or after results were seen
    changes: str  # JSON: {reading or setting: what it is}
    even: bool  # whether DRL and the rival have the learning rate of one variant
    rival: str
    n: int
    difference: float
    low: float
    high: float


def counted(curve: pd.DataFrame, base: str) -> pd.DataFrame:
    """Of :func:`specifications`, the variants that say something of their own, each once.

    Not the base; not those that give DRL alone another learning rate, which compare rates and not
    methods; of those with the same numbers, as where a reading changes neither method, the first,
    and none with the base's.
    """
    own = curve["variant"] == base
    distinct = pd.concat([curve[own], curve[~own & curve["even"].astype(bool)]])
    distinct = distinct.drop_duplicates(NUMBERS)
    return distinct[distinct["variant"] != base]


def of_alpha(curve: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows give DRL another alpha than the printed one."""
    return curve["changes"].map(lambda text: ALPHA in json.loads(text)).astype(bool)


def leads_and_trails(curve: pd.DataFrame) -> tuple[int, int]:
    """In how many rows the interval lies above 0, and below."""
    return int((curve["low"] > 0).sum()), int((curve["high"] < 0).sum())


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
                methods = {c.method for c in variant.cells if c.benchmark == benchmark}
                alone = DRL in methods and row[0] not in methods
                even = not (alone and "learning_rate" in variant.changes)
                found.append(Specification(*name, changes, even, *row))
    return pd.DataFrame(found, columns=list(Specification._fields))


def _best_rival(runs: pd.DataFrame) -> tuple[Any, ...] | None:
    if runs.empty:
        return None
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
