"""A variant's columns of the paper's tables: its own runs, and the others' as they were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from drl_replication.learning.methods import METHODS
from drl_replication.paper.printed import METHOD_TITLES, benchmark_title
from drl_replication.studies.records import Records
from drl_replication.study.paper_settings import hyperparameters
from drl_replication.study.readings import READINGS_OF_TABLES, TABLE_READINGS
from drl_replication.study.study_files import StudyFile, VariantOfStudy
from drl_replication.tables.all_six import paper_table
from drl_replication.tables.comparisons import comparisons
from drl_replication.tables.runs import run_measures
from drl_replication.text.notes import ENOUGH
from drl_replication.verdict.evidence import Evidence

HYPERPARAMETERS = "hyperparameters"  # in a variant's changes: of each method its own
PROVISIONAL = ENOUGH  # seeds under which nothing is more than that
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One benchmark under one variant: a record of each method and seed.

    Of the paper's methods, by which numbers and claims are judged, unless `with_others`.
    """

    benchmark: str
    records: list[Row]
    readings: dict[str, Any]  # those of tables
    on_purpose: frozenset[str]  # what the variant changes
    with_others: bool = False  # also methods that the paper's tables don't have

    @cached_property
    def runs(self) -> pd.DataFrame:
        """`run_measures` of the methods.

        What the variant changes is not held against it: that is what the study is about. What the
        configuration has otherwise than the paper, is.
        """
        frame = run_measures(self._counted, **self.readings)
        if frame.empty:
            return frame
        changed = [name for name in ("training_images", "memory_size") if name in self.on_purpose]
        clauses = [
            [clause for clause in told.split("; ") if clause.split(" ")[0] not in self.on_purpose]
            for told in frame["changed"]
        ]
        told = ["; ".join(kept) for kept in clauses]
        return frame.assign(changed=told, **dict.fromkeys(changed, float("nan")))

    @property
    def _counted(self) -> list[Row]:
        names = METHODS if self.with_others else METHOD_TITLES
        return [record for record in self.records if record["method"] in names]

    def table(self, number: int) -> pd.DataFrame:
        """The paper's table of that number, of this benchmark alone."""
        return self._tables[number]

    @cached_property
    def _tables(self) -> dict[int, pd.DataFrame]:
        return {n: paper_table(n, self._counted, self.readings) for n in TABLE_READINGS}

    @cached_property
    def tests(self) -> pd.DataFrame:
        """`comparisons` of the methods."""
        name = "intransigence_reference"
        return comparisons(self._counted, self.readings[name])


class Columns:
    """The columns of all variants of a study, made when they are asked for, each once."""

    def __init__(self, study: StudyFile, records: Records):
        self.study, self.records = study, records
        self._found: dict[tuple[str, str], Column] = {}
        self._whole: dict[tuple[str, str], Column] = {}

    @property
    def benchmarks(self) -> list[str]:
        """Of the study, in its order."""
        return list(dict.fromkeys(cell.benchmark for cell in self.study.base.cells))

    def changed(self, variant: VariantOfStudy) -> list[str]:
        """The benchmarks on which a variant is something else than what it is compared with."""
        own = {cell.benchmark for cell in variant.cells}
        return [b for b in self.benchmarks if b in own or variant.of_tables]

    def column(self, variant: VariantOfStudy, benchmark: str) -> Column:
        """A benchmark under a variant; where the variant changes nothing, as under the base."""
        if benchmark not in self.changed(variant):
            variant = self.study.base
        name = variant.name, benchmark
        if name not in self._found:
            self._found[name] = Column(
                benchmark,
                self._records(variant, benchmark),
                {n: self.study.readings[n] for n in READINGS_OF_TABLES} | variant.of_tables,
                _on_purpose(variant, benchmark),
            )
        return self._found[name]

    def whole(self, variant: VariantOfStudy, benchmark: str) -> Column:
        """The same with those methods that the paper's tables don't have."""
        column = self.column(variant, benchmark)
        if all(record["method"] in METHOD_TITLES for record in column.records):
            return column
        return self._whole.setdefault((variant.name, benchmark), replace(column, with_others=True))

    def _records(self, variant: VariantOfStudy, benchmark: str) -> list[Row]:
        cells = {
            cell.method: cell
            for part in (self.study.base, variant)
            for cell in part.cells
            if cell.benchmark == benchmark
        }
        order = [method for method in METHODS if method in cells]
        return [
            self.records[self.study.run(cells[method], seed)]
            for method in order
            for seed in self.study.seeds
        ]

    def evidence(self, variant: VariantOfStudy) -> Evidence | None:
        """What claims and numbers are judged by; None without a run of the paper's methods."""
        columns = [self.column(variant, benchmark) for benchmark in self.benchmarks]
        columns = [column for column in columns if len(column.runs)]
        if not columns:
            return None
        joined = {n: _joined([c.table(n) for c in columns], n) for n in range(1, 6)}
        return Evidence(
            _concat([column.runs for column in columns]),
            {n: joined[n] for n in (1, 2, 3)},
            joined[4],
            joined[5],
            _concat([column.tests for column in columns]),
        )


def _on_purpose(variant: VariantOfStudy, benchmark: str) -> frozenset[str]:
    """The names of what it changes; of a tuned one, all hyperparameters."""
    every = hyperparameters(benchmark) if HYPERPARAMETERS in variant.changes else ()
    return frozenset([*variant.changes, *every])


def other_data(columns: Columns) -> list[str]:
    """A sentence where the study's data, how much of it, or its settings are not the paper's."""
    evidence = columns.evidence(columns.study.base)
    other = evidence.other if evidence else {}
    told = "; ".join(f"{benchmark_title(b)}: {why}" for b, why in other.items())
    return [f"Not the paper's, so that no number is judged there: {told}."] if other else []


def _joined(frames: Sequence[pd.DataFrame], number: int) -> pd.DataFrame:
    """Tables of single benchmarks as one; each Table 5 has a row for all that is printed."""
    whole = _concat(frames)
    if number != 5:
        return whole
    ran = (whole["n"] + whole["n_diverged"] > 0).astype(int)
    order = whole.assign(ran=ran).sort_values("ran", ascending=False, kind="stable")
    return order.drop_duplicates(["benchmark", "method"]).sort_index().drop(columns="ran")


def _concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    kept = [frame.dropna(axis=1, how="all") for frame in frames]
    columns = list(dict.fromkeys(name for frame in frames for name in frame))
    return pd.concat(kept, ignore_index=True).reindex(columns=columns)
