"""The verdict: each number that the paper prints beside ours, and whether they agree."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

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
from drl_replication.tables import table_4, table_5
from drl_replication.tables.audit import audit
from drl_replication.tables.table_1_to_3 import TABLES, table
from drl_replication.verdict.comparability import incomparable, incomparable_figure, of_the_paper
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


def verdict(
    records: Sequence[Mapping],
    intransigence_reference: str = "best_run",
    rho_layers: str = "hidden",
    rho_null: str = "floor",
    figure_2: Mapping | None = None,
) -> pd.DataFrame:
    """One row a printed number of Tables 1-5 and Figure 2; the columns are the fields of `Row`.

    `figure_2` is the JSON of the figure of that name; None where it wasn't drawn.
    Runs of methods that the paper doesn't have are left out. Raises ValueError as the tables do.
    """
    records = of_the_paper(records)
    other = incomparable(records)
    rho = table_4.table(records, intransigence_reference, rho_layers, rho_null)
    rows = [
        *measure_rows(1, table(1, records), other),
        *measure_rows(2, table(2, records), other),
        *measure_rows(3, table(3, records, intransigence_reference), other),
        *correlation_rows(rho, other),
        *time_rows(table_5.table(records), other),
        *figure_2_rows(figure_2),
    ]
    return pd.DataFrame([asdict(row) for row in rows])


def misprints() -> dict[tuple[str, str], str]:
    """Cells (benchmark, method) of the paper's Table 3 that its own numbers refute, and why."""
    frame = audit()
    found = frame[frame["finding"] != ""]
    return {(row.benchmark, row.method): row.finding for row in found.itertuples()}


def measure_rows(number: int, frame: pd.DataFrame, other: Mapping[str, str]) -> Iterator[Row]:
    """Rows of Table 1, 2 or 3; `frame` is ours, `other` of `incomparable`."""
    ours = {(cell.benchmark, cell.method): cell for cell in frame.itertuples()}
    refuted = misprints() if number == 3 else {}
    for paper in _in_order(printed(number)):
        key = paper.benchmark, paper.method
        row = Row(f"Table {number}", *key, TABLES[number].column, paper.mean, paper.std)
        row.margin = ACCURACY_MARGIN
        cell = ours.get(key)
        if cell is not None:
            row.ours, row.ours_std, row.n = cell.mean, cell.std, cell.n
        if key in refuted:
            yield row.closed(NOT_SCORED, f"misprint: {refuted[key]}")
        elif cell is None:
            yield row.closed(NOT_RUN)
        elif paper.benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[paper.benchmark])
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


def correlation_rows(frame: pd.DataFrame, other: Mapping[str, str]) -> Iterator[Row]:
    """Rows of Table 4: the pooled correlation; n counts seeds, since they are redrawn."""
    ours = {(cell.benchmark, cell.metric): cell for cell in frame.itertuples()}
    for paper in _in_order(printed(4)):
        row = Row("Table 4", paper.benchmark, "", f"rho and {paper.metric}", paper.correlation)
        row.margin = CORRELATION_MARGIN
        cell = ours.get((paper.benchmark, paper.metric))
        if cell is None:
            yield row.closed(NOT_RUN)
            continue
        row.ours, row.n = cell.pooled, cell.n
        if paper.benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[paper.benchmark])
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
    ours = {(cell.benchmark, cell.method): cell for cell in frame.itertuples()}
    for paper in _in_order(printed(5)):
        cell, er = (ours[paper.benchmark, method] for method in (paper.method, table_5.REFERENCE))
        row = Row("Table 5", paper.benchmark, paper.method, "time / ER's", cell.printed_ratio)
        row.margin, row.ours, row.n = TIME_MARGIN, cell.ratio, cell.n_pairs
        if paper.method == table_5.REFERENCE:
            yield row.closed(NOT_SCORED, "the reference of the ratios")
        elif not (cell.n and er.n):
            yield row.closed(NOT_RUN)
        elif paper.benchmark in other:
            yield row.closed(NOT_COMPARABLE, other[paper.benchmark])
        elif not row.n:
            machines = f"{cell.machine}; ER: {er.machine}"
            yield row.closed(NOT_COMPARABLE, f"no seed ran on one machine with ER's ({machines})")
        else:
            interval = cell.ratio_low90 / row.printed - 1, cell.ratio_high90 / row.printed - 1
            row.judged(interval, _too_few(row.n, interval))
            row.difference = cell.ratio / row.printed - 1
            yield row


def figure_2_rows(figure: Mapping | None) -> Iterator[Row]:
    """Rows of Figure 2, whose printed numbers are of one run: the interval is of ours alone."""
    other = incomparable_figure(figure) if figure else ""
    for paper in printed_figure_2().itertuples():
        name = f"classes {paper.classes}"
        row = Row("Figure 2", name, "", paper.measure, paper.value)
        row.margin = ACCURACY_MARGIN if paper.measure == "test_accuracy" else CORRELATION_MARGIN
        if figure is None:
            yield row.closed(NOT_RUN)
            continue
        stat = figure["summary"]["classifiers"][paper.classes][paper.measure]
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


def _in_order(paper: pd.DataFrame) -> Iterator[tuple]:
    """The rows of a printed table, benchmark by benchmark."""
    columns = [c for c in ("benchmark", "method") if c in paper]
    orders = {"benchmark": benchmark_order, "method": method_order}
    keys = {c: paper[c].map(orders[c]) for c in columns}
    order = pd.DataFrame(keys).sort_values(columns, kind="stable").index
    return paper.loc[order].itertuples()


def counts(rows: pd.DataFrame) -> pd.DataFrame:
    """How many numbers of each source have each verdict; the last row is their sum."""
    table = pd.crosstab(rows["source"], rows["verdict"]).reindex(
        index=rows["source"].unique(), columns=VERDICTS, fill_value=0
    )
    table.loc["all"] = table.sum()
    return table.assign(printed=table.sum(axis=1))


def rank_agreement(rows: pd.DataFrame) -> pd.DataFrame:
    """Kendall's tau-b of the methods' order, ours against the paper's, one row a column.

    Columns: source, benchmark, methods (ranked), n (the fewest runs of one of them), tau (NaN for
    fewer than three methods), comparable. The misprinted cells of Table 3 are
    left out; ER, the reference of Table 5, has its rank.
    """
    result = []
    for source in RANKED:
        for benchmark in BENCHMARK_TITLES:
            part = rows[(rows["source"] == source) & (rows["benchmark"] == benchmark)]
            if part.empty:
                continue  # Table 5 has two columns
            misprinted = part["reason"].str.startswith("misprint")
            ranked = part[part["ours"].notna() & ~misprinted]
            tau = kendall_tau(ranked["ours"], ranked["printed"]) if len(ranked) > 2 else math.nan
            comparable = not ranked["verdict"].eq(NOT_COMPARABLE).any()
            result.append((source, benchmark, len(ranked), ranked["n"].min(), tau, comparable))
    columns = ["source", "benchmark", "methods", "n", "tau", "comparable"]
    return pd.DataFrame(result, columns=columns)
