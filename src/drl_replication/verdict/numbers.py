"""The verdict: each number that the paper prints beside ours, and whether they agree."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import product
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.measures.statistics import Parts, kendall_tau, mean_interval
from drl_replication.paper.printed import (
    BENCHMARK_TITLES,
    METHOD_TITLES,
    PRINTED_SEEDS,
    benchmark_order,
    method_order,
    printed,
    printed_figure_2,
)
from drl_replication.tables import table_5
from drl_replication.tables.audit import audit
from drl_replication.tables.frames import rows
from drl_replication.tables.table_1_to_3 import TABLES
from drl_replication.text.notes import ENOUGH
from drl_replication.verdict.comparability import incomparable_figure
from drl_replication.verdict.evidence import Evidence, Summary
from drl_replication.verdict.scoring import (
    ACCURACY_MARGIN,
    CONFIDENCE,
    CORRELATION_MARGIN,
    DIFFERS,
    INCONCLUSIVE,
    NO_INTERVAL,
    NOT_COMPARABLE,
    NOT_RUN,
    NOT_SCORED,
    RANGE_SHARE,
    SCORED,
    TIME_MARGIN,
    VERDICTS,
    Row,
    judge,
)

OTHER_REFERENCE = (
    "a* is the best of all methods and seeds, and grows with their number: it is of fewer than the "
    f"paper's {len(METHOD_TITLES)} methods with {PRINTED_SEEDS} seeds each"
)
PROVISIONAL = "provisional"
MEASURE_TABLES = ("Table 1", "Table 2", "Table 3")
RANKED = ("Table 1", "Table 2", "Table 3", "Table 5")


def verdict(evidence: Evidence) -> pd.DataFrame:
    """One row a printed number of Tables 1-5 and Figure 2; the columns are the fields of `Row`."""
    other = evidence.other
    found = [
        *(row for n in TABLES for row in measure_rows(n, evidence.measures[n], other)),
        *correlation_rows(evidence.rho, other),
        *time_rows(evidence.times, other),
        *figure_2_rows(evidence.figures.get("figure_2")),
    ]
    return pd.DataFrame([asdict(row) for row in found])


def misprints() -> dict[tuple[str, str], str]:
    """Cells (benchmark, method) of the paper's Table 3 that its own numbers refute, and why."""
    frame = audit()
    found = frame.loc[frame["finding"] != "", ["benchmark", "method", "finding"]]
    return {(b, m): finding for b, m, finding in found.itertuples(index=False, name=None)}


def measure_rows(number: int, frame: pd.DataFrame, other: Mapping[str, str]) -> Iterator[Row]:
    """Rows of Table 1, 2 or 3; `frame` is ours, `other` of `incomparable`."""
    ours = {(cell.benchmark, cell.method): cell for cell in rows(_with_reference(frame), Cell)}
    refuted = misprints() if number == 3 else {}
    margins = _margins(number, refuted)
    for benchmark, method, mean, std in _in_order(printed(number)):
        key = benchmark, method
        row = Row(f"Table {number}", *key, TABLES[number].column, mean, std)
        row.margin = margins[benchmark]
        cell = ours.get(key)
        if cell is not None:
            row.ours, row.ours_std, row.n = cell.mean, cell.std, cell.n
        if key in refuted:
            yield row.closed(NOT_SCORED, f"misprint: {refuted[key]}")
        elif cell is None:
            yield row.closed(NOT_RUN)
        elif benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[benchmark])
        elif number == 3 and math.isnan(cell.best_std):
            yield row.closed(NOT_COMPARABLE, OTHER_REFERENCE)
        else:
            yield _judged_mean(row, cell).with_deviations(PRINTED_SEEDS)


class Cell(NamedTuple):
    """What is judged of a row of Tables 1-3; the last two are 0 where there is no a*."""

    benchmark: str
    method: str
    n: int
    n_diverged: int
    mean: float
    std: float
    best_std: float
    best_shift: float


def _with_reference(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if "best_std" in frame else frame.assign(best_std=0.0, best_shift=0.0)


def _margins(number: int, refuted: Iterable[tuple[str, str]]) -> dict[str, float]:
    """By benchmark; an intransigence of 0.009 and one of 0.026 are not the same."""
    paper = printed(number).set_index(["benchmark", "method"])["mean"]
    columns = paper.drop(index=list(refuted)).groupby("benchmark")
    half = RANGE_SHARE * (columns.max() - columns.min())
    return {
        str(b): min(ACCURACY_MARGIN, r) if number == 3 else ACCURACY_MARGIN for b, r in half.items()
    }


def _judged_mean(row: Row, cell: Cell) -> Row:
    diverged, total = cell.n_diverged, row.n + cell.n_diverged
    row.ours += cell.best_shift  # a* of as many seeds as the paper's
    left_out = f"{diverged} of {total} runs diverged" if diverged else ""
    if row.n == 0:
        # There is no mean; but that every run fails where the paper's learn is no chance.
        row.provisional = total < ENOUGH
        return row.closed(DIFFERS if total > 1 else INCONCLUSIVE, left_out)
    if row.n == 1:
        return row.judged(NO_INTERVAL, "; ".join(filter(None, ["one seed", left_out])))
    theirs = row.printed_std**2 / PRINTED_SEEDS, PRINTED_SEEDS - 1

    def parts(n: int) -> Parts:
        # Theirs varies as ours of as many seeds; ours of more varies less.
        reference = cell.best_std**2 * (1 + PRINTED_SEEDS / n), n - 1
        return [(row.ours_std**2 / n, n - 1), theirs, *([reference] if cell.best_std else [])]

    return row.judged_by(parts, left_out)


class Pooled(NamedTuple):
    """What is judged of a row of Table 4."""

    benchmark: str
    metric: str
    n_methods: int
    n_fewest: int
    pooled: float
    pooled_low90: float
    pooled_high90: float


def correlation_rows(frame: pd.DataFrame, other: Mapping[str, str]) -> Iterator[Row]:
    """Rows of Table 4: the pooled correlation; n counts seeds of each, since they are redrawn."""
    own = frame[frame["printed"].notna()]  # of the paper's methods
    ours = {(cell.benchmark, cell.metric): cell for cell in rows(own, Pooled)}
    for benchmark, metric, correlation in _in_order(printed(4)):
        row = Row("Table 4", benchmark, "", f"rho and {metric}", correlation)
        row.margin = CORRELATION_MARGIN
        cell = ours.get((benchmark, metric))
        if cell is None:
            yield row.closed(NOT_RUN)
            continue
        row.ours, row.n = cell.pooled, cell.n_fewest
        if benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[benchmark])
        elif cell.n_methods < len(METHOD_TITLES):
            missing = f"finished runs of {cell.n_methods} of the {len(METHOD_TITLES)} methods only"
            yield row.closed(NOT_RUN, missing)
        else:
            interval = cell.pooled_low90 - row.printed, cell.pooled_high90 - row.printed
            interval = interval if cell.n_fewest > 1 else NO_INTERVAL
            few = _too_few(cell.n_fewest, interval)
            yield row.judged_alone(interval, few and f"of the method with the fewest: {few}")


def _too_few(n: int, interval: tuple[float, float]) -> str:
    """Why there is no interval, if there is none."""
    if not math.isnan(interval[0]):
        return ""
    return "one seed" if n == 1 else f"{n} seeds are too few for an interval"


def time_rows(frame: pd.DataFrame, other: Mapping[str, str]) -> Iterator[Row]:
    """Rows of Table 5: the ratio to ER's time; its difference is in parts of the printed ratio."""
    ours = {(cell.benchmark, cell.method): cell for cell in rows(frame, table_5.Time)}
    for benchmark, method, *_ in _in_order(printed(5)):
        cell, er = (ours[benchmark, name] for name in (method, table_5.REFERENCE))
        row = Row("Table 5", benchmark, method, "time / ER's", cell.printed_ratio)
        row.margin, row.ours, row.n = TIME_MARGIN, cell.ratio, cell.n_pairs
        if method == table_5.REFERENCE:
            yield row.closed(NOT_SCORED, "the reference of the ratios")
        elif not (cell.n and er.n):
            yield row.closed(NOT_RUN)
        elif benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[benchmark])
        elif not row.n:
            machines = f"{cell.machine}; ER: {er.machine}"
            yield row.closed(NOT_COMPARABLE, f"no seed ran on one machine with ER's ({machines})")
        else:
            interval = cell.ratio_low90 / row.printed - 1, cell.ratio_high90 / row.printed - 1
            row.judged_alone(interval, _too_few(row.n, interval))
            row.difference = cell.ratio / row.printed - 1
            yield row


def figure_2_rows(figure: Summary | None) -> Iterator[Row]:
    """Rows of Figure 2, whose printed numbers are of one run: the interval is of ours alone."""
    other = incomparable_figure(figure) if figure else ""
    for _, classes, measure, value in printed_figure_2().itertuples(index=False, name=None):
        row = Row("Figure 2", f"classes {classes}", "", measure, value)
        row.margin = ACCURACY_MARGIN if measure == "test_accuracy" else CORRELATION_MARGIN
        if figure is None:
            yield row.closed(NOT_RUN)
            continue
        stat = figure["summary"]["classifiers"][classes][measure]
        row.n = len(stat["values"])
        row.ours, row.ours_std = (_number(stat[key]) for key in ("mean", "std"))
        if other:
            yield row.closed(NOT_COMPARABLE, other)
        else:
            low, high = mean_interval(stat["values"], CONFIDENCE) if row.n > 1 else NO_INTERVAL
            interval = low - row.printed, high - row.printed
            yield row.judged_alone(interval, _too_few(row.n, interval))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _in_order(paper: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows of a printed table, benchmark by benchmark."""
    columns = [c for c in ("benchmark", "method") if c in paper]
    orders = {"benchmark": benchmark_order, "method": method_order}
    keys = {c: paper[c].map(orders[c]) for c in columns}
    order = pd.DataFrame(keys).sort_values(columns, kind="stable").index
    yield from paper.loc[order].itertuples(index=False, name=None)


def counts(verdict: pd.DataFrame, column: str = "source") -> pd.DataFrame:
    """How many numbers of each source have each verdict; provisional ones are counted apart."""
    told = verdict["verdict"].mask(verdict["provisional"], PROVISIONAL)
    table = pd.crosstab(verdict[column], told).reindex(
        index=verdict[column].unique(), columns=[*VERDICTS, PROVISIONAL], fill_value=0
    )
    return table.assign(printed=table.sum(axis=1))


def deviation_counts(verdict: pd.DataFrame) -> pd.DataFrame:
    """How many of our deviations have each verdict, by source, and the median of the ratios."""
    part = verdict[(verdict["std_verdict"] != "") & ~verdict["provisional"]]
    table = pd.crosstab(part["source"], part["std_verdict"]).reindex(
        columns=list(SCORED), fill_value=0
    )
    ratios = part.groupby("source")["std_ratio"]
    return table.assign(median=ratios.median(), largest=ratios.max())


def with_margins(verdict: pd.DataFrame, factors: Iterable[float]) -> pd.DataFrame:
    """How many numbers of Tables 1-3 have each verdict with wider or narrower margins.

    Columns: source, factor, and the three verdicts.
    """
    part = verdict[verdict["source"].isin(MEASURE_TABLES) & verdict["low"].notna()]
    part = part[~part["provisional"]]
    found = []
    for source, factor in product(MEASURE_TABLES, factors):
        ends = part.loc[part["source"] == source, ["low", "high", "margin"]]
        judged = Counter(
            judge(low, high, factor * margin)
            for low, high, margin in ends.itertuples(index=False, name=None)
        )
        found.append({"source": source, "factor": factor, **{v: judged[v] for v in SCORED}})
    return pd.DataFrame(found)


class Ranks(NamedTuple):
    """How the methods' order agrees in one column."""

    source: str
    benchmark: str
    methods: int
    n: int
    tau: float
    comparable: bool


def rank_agreement(verdict: pd.DataFrame) -> pd.DataFrame:
    """Kendall's tau-b of the methods' order, ours against the paper's, one row a column.

    Columns: source, benchmark, methods (ranked), n (the fewest runs of one of them), tau (NaN for
    fewer than three methods), comparable. The misprinted cells of Table 3 are
    left out; ER, the reference of Table 5, has its rank.
    """
    result = []
    for source in RANKED:
        for benchmark in BENCHMARK_TITLES:
            part = verdict[(verdict["source"] == source) & (verdict["benchmark"] == benchmark)]
            if part.empty:
                continue  # Table 5 has two columns
            misprinted = part["reason"].str.startswith("misprint")
            ranked = part[part["ours"].notna() & ~misprinted]
            tau = (
                kendall_tau(*ranked[["ours", "printed"]].to_numpy().T)
                if len(ranked) > 2
                else math.nan
            )
            comparable = not ranked["verdict"].eq(NOT_COMPARABLE).any()
            fewest = int(ranked["n"].min()) if len(ranked) else 0
            result.append(Ranks(source, benchmark, len(ranked), fewest, tau, comparable))
    return pd.DataFrame(result, columns=list(Ranks._fields))
