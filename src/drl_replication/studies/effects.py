"""What each variant does to each method: paired by seed, with what the study compares it with."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from drl_replication.measures.continual import learned_accuracy
from drl_replication.measures.statistics import mean_interval
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.runs import accuracy_matrix
from drl_replication.studies.columns import PROVISIONAL, Columns
from drl_replication.study.study_files import VariantOfStudy
from drl_replication.tables.frames import rows
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.numbers import NONE, with_interval

DIFFERENCE, RATIO = "difference", "ratio"
Record = Mapping[str, Any]
MEASURES: dict[str, Callable[[Record], float]] = {
    "accuracy": lambda record: record["average_accuracy"],
    "forgetting": lambda record: record["average_forgetting"],
    # a* of both is the same, so that it leaves the difference
    "intransigence": lambda record: -float(learned_accuracy(accuracy_matrix(record)).mean()),
    "rho": lambda record: record["rho"],
    "dead_units": lambda record: record["diagnostics"]["dead_units"],
}
SHOWN = ("accuracy", "forgetting", "intransigence", "rho", "dead_units", "deviation")


class Effect(NamedTuple):
    """A row: one measure of one method on one benchmark, under a variant and without it."""

    variant: str
    family: str
    benchmark: str
    method: str
    measure: str
    kind: str
    n: int
    n_diverged: int
    n_diverged_before: int
    before: float
    after: float
    effect: float
    low: float
    high: float
    shown: bool


def effects(columns: Columns) -> pd.DataFrame:
    """All effects; the columns are the fields of `Effect`.

    effect: the mean over the n seeds finished under both, after - before, with Student's 95 %
    interval of the paired differences; of the deviation (of accuracy) the ratio, after / before,
    with the interval of Pitman and Morgan, exact for pairs of normal values. before and after are
    means over the same seeds (deviations); of intransigence there are none, since a* leaves the
    difference. shown: of five seeds or more the interval excludes no change.
    """
    found = [row for variant in columns.study.others for row in _effects(columns, variant)]
    return pd.DataFrame(found, columns=list(Effect._fields))


def _effects(columns: Columns, variant: VariantOfStudy) -> Iterator[Effect]:
    base = {cell[:2]: cell for cell in columns.study.base.cells}
    for cell in variant.cells:
        pair = cell.benchmark, cell.method
        after, before = (
            [columns.records[columns.study.run(c, seed)] for seed in columns.study.seeds]
            for c in (cell, base[pair])
        )
        both = [
            (b, a)
            for b, a in zip(before, after, strict=True)
            if not b["diverged"] and not a["diverged"]
        ]
        lost = [sum(record["diverged"] for record in part) for part in (after, before)]
        place = (variant.name, variant.family, *pair)
        for name, measure in MEASURES.items():
            values = np.array([[measure(record) for record in two] for two in both], dtype=float)
            yield _difference((*place, name, DIFFERENCE, len(both), *lost), values)
            if name == "accuracy":
                yield _deviation((*place, "deviation", RATIO, len(both), *lost), values)


def _difference(place: tuple[Any, ...], values: np.ndarray) -> Effect:
    """`values`: (n, 2), before and after."""
    levels = (math.nan, math.nan)
    if not len(values):
        return Effect._make((*place, *levels, math.nan, math.nan, math.nan, False))
    if place[4] != "intransigence":
        levels = (float(values[:, 0].mean()), float(values[:, 1].mean()))
    change = values[:, 1] - values[:, 0]
    low, high = mean_interval(change) if len(change) > 1 else (math.nan, math.nan)
    shown = len(change) >= PROVISIONAL and (low > 0 or high < 0)
    return Effect._make((*place, *levels, float(change.mean()), low, high, bool(shown)))


def _deviation(place: tuple[Any, ...], values: np.ndarray) -> Effect:
    if len(values) < 3:
        return Effect._make((*place, *[math.nan] * 5, False))
    before, after = values.std(axis=0, ddof=1).tolist()
    ratio, low, high = deviation_ratio(values[:, 0], values[:, 1])
    shown = len(values) >= PROVISIONAL and (low > 1 or high < 1)
    return Effect._make((*place, before, after, ratio, low, high, bool(shown)))


def deviation_ratio(
    before: Sequence[float] | np.ndarray, after: Sequence[float] | np.ndarray
) -> tuple[float, float, float]:
    """The ratio of two deviations of paired values (n,), after / before, and its 95 % interval.

    Pitman (1939) and Morgan (1939): the variances are equal when sum and difference of the pairs
    are uncorrelated; turned around, the ratio of variances times k +- sqrt(k^2 - 1), with
    k = 1 + 2 (1 - r^2) t^2 / (n - 2). NaN for fewer than three pairs, or without any spread.
    """
    x, y = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    n = len(x)
    if n < 3 or not (np.ptp(x) and np.ptp(y)):
        return math.nan, math.nan, math.nan
    r = float(np.corrcoef(x, y)[0, 1])
    k = 1 + 2 * (1 - r**2) * float(stats.t.ppf(0.975, n - 2)) ** 2 / (n - 2)
    ratio = float(y.std(ddof=1) / x.std(ddof=1))
    width = math.sqrt(k + math.sqrt(k**2 - 1))
    return ratio, ratio / width, ratio * width


def to_markdown(frame: pd.DataFrame, base: str, remarks: Sequence[str] = ()) -> str:
    """One row a variant and cell, one column a measure; bold where a change is shown.

    `remarks` end the notes.
    """
    lines = []
    for (variant, benchmark, method), part in frame.groupby(
        ["variant", "benchmark", "method"], sort=False
    ):
        cells = {row.measure: row for row in rows(part, Effect)}
        first = cells["accuracy"]
        lost = f", {first.n_diverged} diverged" if first.n_diverged else ""
        lines.append(
            [
                f"`{variant}`",
                benchmark_title(str(benchmark)),
                method_title(str(method)),
                f"{first.n}{lost}",
                *(_cell(cells[name]) for name in SHOWN),
            ]
        )
    header = ["variant", "benchmark", "method", "seeds", *(n.replace("_", " ") for n in SHOWN)]
    notes = (
        f"- Each variant minus `{base}`, means over the seeds that finished under both, with "
        "Student's 95 % interval of the differences by seed. Deviation: the ratio of the standard "
        "deviations of accuracy over seeds, with the interval of Pitman and Morgan.\n"
        f"- Bold: {PROVISIONAL} seeds or more, and the interval excludes no change. Of so many "
        "intervals one in twenty does by chance alone; nothing here controls for their number.\n"
        "- Intransigence is measured against the same a* on both sides.\n"
    )
    notes += "".join(f"- {remark}\n" for remark in remarks)
    return f"# Effects\n\n{markdown_grid(header, lines)}\n{notes}"


def _cell(row: Effect) -> str:
    if math.isnan(row.effect):
        return NONE
    sign = "" if row.kind == RATIO else "+"
    text = with_interval(row.effect, row.low, row.high, sign=sign)
    return f"**{text}**" if row.shown else text
