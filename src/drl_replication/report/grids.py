"""Tables 1-6 and the comparisons as grids of cells: number, verdict, and the runs behind it."""

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from drl_replication.paper.printed import benchmark_title, method_order
from drl_replication.report.verdicts import Badge, badge, explanation
from drl_replication.tables import table_6
from drl_replication.tables.all_six import PAPER_TABLES
from drl_replication.tables.frames import rows as rows_of
from drl_replication.tables.table_1_to_3 import TABLES
from drl_replication.tables.table_4 import METRICS
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.numbers import DECIMALS, digits
from drl_replication.verdict import scoring
from drl_replication.verdict.scoring import DIFFERS, REPRODUCED


@dataclass(frozen=True)
class Target:
    """What a cell shows: its row of the verdict (no `quantity`: it is not scored) and its runs."""

    benchmark: str
    method: str = ""
    quantity: str = ""
    column: str = ""  # of the runs' tables

    @property
    def runs(self) -> str:
        """The anchor of the runs behind it."""
        return "-".join(filter(None, ["runs", self.benchmark, self.method]))


@dataclass(frozen=True)
class View:
    """A cell of the page; `lines` are (title, cell), the first without a title."""

    lines: Sequence[tuple[str, Cell]]
    badge: Badge | None = None
    tip: str = ""
    runs: str = ""
    column: str = ""


Mark = tuple[Badge | None, str]  # with its tip
Scored = Mapping[tuple[str, str, str], scoring.Row]  # by benchmark, method, quantity


@dataclass(frozen=True)
class Grid:
    """A document with views in place of its cells."""

    document: Document
    rows: Sequence[tuple[str, Sequence[View]]]
    anchor: str = ""


def paper_grid(
    number: int, frame: pd.DataFrame, verdict: pd.DataFrame, anchors: Container[str]
) -> Grid:
    """A table of the paper; cells link to those runs whose anchor is among `anchors`."""
    document = PAPER_TABLES[number].document(frame, ())
    rows = verdict[verdict["source"] == document.title]
    scored = {(row.benchmark, row.method, row.quantity): row for row in rows_of(rows, scoring.Row)}
    statuses = _statuses(frame) if number == 6 else {}
    absent = [b for b in rows["benchmark"].unique() if b not in set(frame["benchmark"])]
    decimals = 2 if number == 4 else DECIMALS  # as the paper prints them
    views = []
    for row, targets in zip(document.rows, _targets(number, frame), strict=True):
        cells = [
            _view(row, stack, target, scored, statuses, anchors)
            for stack, target in zip(row.stacks, targets, strict=True)
        ]
        not_run = (scored.get((b, targets[0].method, targets[0].quantity)) for b in absent)
        views.append((row.titles[0], [*cells, *(_absent(found, decimals) for found in not_run)]))
    columns = [*document.columns, *map(benchmark_title, absent)]
    anchor = document.title.lower().replace(" ", "-")
    return Grid(replace(document, columns=columns), views, anchor)


def _view(
    row: Row,
    stack: Sequence[Cell],
    target: Target,
    scored: Scored,
    statuses: Mapping[tuple[str, str], Mark],
    anchors: Container[str],
) -> View:
    found = scored.get((target.benchmark, target.method, target.quantity))
    mark: Mark = statuses.get((target.benchmark, target.quantity), (None, ""))
    if found is not None:
        mark = badge(found.verdict), explanation(found)
    lines = list(zip(["", *row.titles[1:]], stack, strict=True))
    measured = target.runs in anchors and any(map(str.isdigit, stack[0].number))
    return View(lines, *mark, target.runs if measured else "", target.column)


def _absent(found: scoring.Row | None, decimals: int) -> View:
    """A printed number of a benchmark that wasn't run at all."""
    if found is None:
        return View([("", NOTHING)])
    lines = [("", Cell(found.verdict)), ("paper", Cell(digits(found.printed, decimals=decimals)))]
    return View(lines, badge(found.verdict), explanation(found))


def _targets(number: int, frame: pd.DataFrame) -> Iterable[list[Target]]:
    """For each row of the document the targets of its columns."""
    benchmarks = frame["benchmark"].unique()
    if number == 4:
        # Under the pooled correlation, which the paper prints, stand the other two.
        for metric in METRICS:
            yield [Target(b, "", f"rho and {metric}", "rho") for b in benchmarks]
            yield from [[Target(b, column="rho") for b in benchmarks]] * 2
    elif number == 6:
        for name in frame["hyperparameter"].unique():
            yield [Target(b, "", name) for b in benchmarks]
    else:
        for method in sorted(frame["method"].unique(), key=method_order):
            yield [t for b in benchmarks for t in _cells_of_method(number, b, method)]


def _cells_of_method(number: int, benchmark: str, method: str) -> list[Target]:
    if number in TABLES:
        column = TABLES[number].column
        return [Target(benchmark, method, column, column)]
    seconds = Target(benchmark, method, column="training_seconds")
    return [seconds, Target(benchmark, method, "time / ER's", "training_seconds")]


def _statuses(frame: pd.DataFrame) -> dict[tuple[str, str], Mark]:
    """Table 6 says itself whether its values are the printed ones."""
    verdicts = {
        table_6.PRINTED: REPRODUCED,
        table_6.DIFFERS: DIFFERS,
        table_6.DISAGREE: DIFFERS,
    }
    return {
        (row.benchmark, row.hyperparameter): (badge(verdicts[row.status]), row.status)
        for row in rows_of(frame, table_6.Setting)
        if row.status in verdicts
    }


def plain_grid(document: Document) -> Grid:
    """A document whose cells have no verdict and no runs."""
    rows = [
        (row.titles[0], [View([("", cell) for cell in stack]) for stack in row.stacks])
        for row in document.rows
    ]
    return Grid(document, rows)


AUDIT_COLUMNS = ("sum", "mean_best", "gap", "largest_violation", "excess")


@dataclass(frozen=True)
class AuditView:
    """The audit of one source: how many cells pass, and its rows with the columns it has."""

    source: str
    passed: int
    columns: Sequence[str]
    rows: Sequence[Mapping[Hashable, Any]]


def audit_views(audit: pd.DataFrame) -> list[AuditView]:
    """One for ours and one for the paper's tables."""
    return [
        AuditView(
            str(source),
            int(rows["ok"].sum()),
            [column for column in AUDIT_COLUMNS if rows[column].notna().any()],
            rows.to_dict("records"),
        )
        for source, rows in audit.groupby("source", sort=False)
    ]
