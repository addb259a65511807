"""The verdict: each number that the paper prints beside ours, and whether they agree."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.measures.statistics import difference_interval, kendall_tau
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
from drl_replication.tables.table_1_to_3 import TABLES, Mean
from drl_replication.verdict.comparability import incomparable_figure
from drl_replication.verdict.evidence import Evidence, Summary
from drl_replication.verdict.scoring import (
    ACCURACY_MARGIN,
    CORRELATION_MARGIN,
    DIFFERS,
    INCONCLUSIVE,
    NO_INTERVAL,
    NOT_COMPARABLE,
    NOT_RUN,
    NOT_SCORED,
    TIME_MARGIN,
    VERDICTS,
    Row,
)

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
    ours = {(cell.benchmark, cell.method): cell for cell in rows(frame, Mean)}
    refuted = misprints() if number == 3 else {}
    for benchmark, method, mean, std in _in_order(printed(number)):
        key = benchmark, method
        row = Row(f"Table {number}", *key, TABLES[number].column, mean, std)
        row.margin = ACCURACY_MARGIN
        cell = ours.get(key)
        if cell is not None:
            row.ours, row.ours_std, row.n = cell.mean, cell.std, cell.n
        if key in refuted:
            yield row.closed(NOT_SCORED, f"misprint: {refuted[key]}")
        elif cell is None:
            yield row.closed(NOT_RUN)
        elif benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[benchmark])
        else:
            yield _judged_mean(row, cell.n_diverged)


def _judged_mean(row: Row, diverged: int) -> Row:
    total = row.n + diverged
    left_out = f"{diverged} of {total} runs diverged" if diverged else ""
    if row.n == 0:
        # There is no mean; but that every run fails where the paper's learn is no chance.
        return row.closed(DIFFERS if total > 1 else INCONCLUSIVE, left_out)
    if row.n == 1:
        return row.judged(NO_INTERVAL, "; ".join(filter(None, ["one seed", left_out])))
    interval = difference_interval(
        row.ours, row.ours_std, row.n, row.printed, row.printed_std, PRINTED_SEEDS
    )
    return row.judged(interval, left_out)


class Pooled(NamedTuple):
    """What is judged of a row of Table 4."""

    benchmark: str
    metric: str
    n_methods: int
    n: int
    pooled: float
    pooled_low90: float
    pooled_high90: float


def correlation_rows(frame: pd.DataFrame, other: Mapping[str, str]) -> Iterator[Row]:
    """Rows of Table 4: the pooled correlation; n counts seeds, since they are redrawn."""
    ours = {(cell.benchmark, cell.metric): cell for cell in rows(frame, Pooled)}
    for benchmark, metric, correlation in _in_order(printed(4)):
        row = Row("Table 4", benchmark, "", f"rho and {metric}", correlation)
        row.margin = CORRELATION_MARGIN
        cell = ours.get((benchmark, metric))
        if cell is None:
            yield row.closed(NOT_RUN)
            continue
        row.ours, row.n = cell.pooled, cell.n
        if benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[benchmark])
        elif cell.n_methods < len(METHOD_TITLES):
            missing = f"finished runs of {cell.n_methods} of the {len(METHOD_TITLES)} methods only"
            yield row.closed(NOT_RUN, missing)
        else:
            interval = cell.pooled_low90 - row.printed, cell.pooled_high90 - row.printed
            yield row.judged(interval, _too_few(cell.n, interval))


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
            row.judged(interval, _too_few(row.n, interval))
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
            low, high = stat["interval90"] or NO_INTERVAL
            interval = low - row.printed, high - row.printed
            yield row.judged(interval, _too_few(row.n, interval))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _in_order(paper: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows of a printed table, benchmark by benchmark."""
    columns = [c for c in ("benchmark", "method") if c in paper]
    orders = {"benchmark": benchmark_order, "method": method_order}
    keys = {c: paper[c].map(orders[c]) for c in columns}
    order = pd.DataFrame(keys).sort_values(columns, kind="stable").index
    yield from paper.loc[order].itertuples(index=False, name=None)


def counts(verdict: pd.DataFrame) -> pd.DataFrame:
    """How many numbers of each source have each verdict; the last row is their sum."""
    table = pd.crosstab(verdict["source"], verdict["verdict"]).reindex(
        index=verdict["source"].unique(), columns=VERDICTS, fill_value=0
    )
    table.loc["all"] = table.sum()
    return table.assign(printed=table.sum(axis=1))


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
