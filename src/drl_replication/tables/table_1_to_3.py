"""Tables 1-3 from run records, beside the paper's numbers: their long format, and as documents.

A diverged run is counted and shown, but never averaged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from drl_replication.learning.methods import METHODS
from drl_replication.paper.printed import (
    METHOD_TITLES,
    benchmark_title,
    method_order,
    method_title,
    printed,
)
from drl_replication.tables.frames import rows
from drl_replication.tables.references import reference_spread
from drl_replication.tables.runs import Record, run_measures
from drl_replication.tables.separation import RULE, End, best_of, each_pair
from drl_replication.text import notes, numbers
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.numbers import digits, listed, with_std


@dataclass(frozen=True)
class Measure:
    """What a table shows, and which end of it is best."""

    title: str
    column: str  # of `run_measures`
    best: End


TABLES = {
    1: Measure("Average accuracy", "average_accuracy", "max"),
    2: Measure("Average forgetting", "average_forgetting", "min"),
    3: Measure("Average intransigence", "average_intransigence", "min"),
}


NOT_IN_THE_PAPER = "not in the paper's tables"


class Mean(NamedTuple):
    """A row: one method on one benchmark, ours beside what the paper prints."""

    benchmark: str
    method: str
    dataset: str
    n: int
    n_diverged: int
    mean: float
    std: float
    printed_mean: float
    printed_std: float
    difference: float
    best: bool
    printed_best: bool

    @property
    def provisional(self) -> bool:
        """Whether there are too few runs to be counted or called the best."""
        return 0 < self.n < notes.ENOUGH


def table(
    number: int, records: Sequence[Record], intransigence_reference: str = "best_run"
) -> pd.DataFrame:
    """Table 1, 2 or 3: one row a (benchmark, method), ours beside what the paper prints.

    Columns: benchmark, method, dataset, n (runs averaged), n_diverged, mean, std (ddof 1, NaN if
    n < 2), printed_mean, printed_std, difference (ours - paper), best (of the paper's methods, by
    `separation.best_of`; none in columns that are not `counted`) and printed_best (the best printed
    mean, all of a tie); where there are other methods, held_bytes (of the past, besides the
    network); where settings are not the paper's, changed (those, in clauses); where runs ended with
    dead networks, collapsed (which, and the mean without them); Table 3 also best_std and
    best_shift (of `reference_spread`) and intransigence_reference.
    Raises ValueError for another number, no records, and as `run_measures`.
    """
    if number not in TABLES:
        raise ValueError(f"The table number is {number!r}, but must be 1, 2 or 3.")
    if not records:
        raise ValueError("There are no run records to make a table from: select some runs.")
    measure = TABLES[number]
    runs = run_measures(records, intransigence_reference)
    frame = (
        runs.groupby(["benchmark", "method"], sort=False)
        .agg(
            dataset=("dataset", "first"),
            n=(measure.column, "count"),  # NaN, so diverged, are not counted
            n_diverged=("diverged", "sum"),
            mean=(measure.column, "mean"),
            std=(measure.column, "std"),
            held_bytes=("held_bytes", "mean"),
            changed=("changed", lambda told: "; ".join(filter(None, told.unique()))),
        )
        .reset_index()
    )
    of_the_paper = frame["method"].isin(list(METHOD_TITLES))
    paper = printed(number).rename(columns={"mean": "printed_mean", "std": "printed_std"})
    shown = paper["printed_mean"].groupby(paper["benchmark"])
    paper["printed_best"] = paper["printed_mean"].eq(shown.transform(measure.best))
    frame = frame.merge(paper, on=["benchmark", "method"], how="left")
    frame["difference"] = frame["mean"] - frame["printed_mean"]
    best = _best(runs, measure)
    frame["best"] = [cell in best for cell in zip(frame["benchmark"], frame["method"], strict=True)]
    frame["printed_best"] = frame["printed_best"].eq(True)  # False where nothing is printed
    collapsed = _collapsed(runs, measure)
    cells = zip(frame["benchmark"], frame["method"], strict=True)
    frame["collapsed"] = [collapsed.get(cell, "") for cell in cells]
    more = {
        "held_bytes": not of_the_paper.all(),
        "changed": frame["changed"].any(),
        "collapsed": bool(collapsed),
    }
    frame = frame[[*Mean._fields, *(name for name, there in more.items() if there)]]
    if number == 3:
        spread = reference_spread(records, intransigence_reference)
        frame = frame.merge(spread, on="benchmark", how="left")
        frame = frame.assign(intransigence_reference=intransigence_reference)
    return frame


def _collapsed(runs: pd.DataFrame, measure: Measure) -> dict[tuple[str, str], str]:
    """By cell, which runs ended with most of the hidden units dead, and the mean without them."""
    dead = runs["dead_units"].astype(float) > runs["hidden_units"].astype(float) / 2
    found = {}
    for (benchmark, method), part in runs.groupby(["benchmark", "method"], sort=False):
        lost, rest = part[dead[part.index]], part.loc[~dead[part.index], measure.column]
        if len(lost):
            seeds = listed(map(str, lost["seed"]))
            without = with_std(rest.mean(), rest.std()) if rest.count() else numbers.NONE
            found[str(benchmark), str(method)] = (
                f"seed{'s' * (len(lost) > 1)} {seeds}; without: {without}"
            )
    return found


def _best(runs: pd.DataFrame, measure: Measure) -> set[tuple[str, str]]:
    """The (benchmark, method) that tests leave as the best of their column."""
    own = [method for method in METHOD_TITLES if method in set(runs["method"])]
    found = set()
    for benchmark, part in runs.groupby("benchmark", sort=False):
        values = part.pivot(index="seed", columns="method", values=measure.column)
        best = best_of(each_pair(values, own, measure.best))
        found |= {(str(benchmark), method) for method in best}
    return found


def counted(frame: pd.DataFrame) -> list[str]:
    """The benchmarks that can have a best: each of the paper's methods has five runs or more.

    Of those that the table has. `frame`: of `table`.
    """
    own = frame[frame["method"].isin(list(METHOD_TITLES))]
    enough = own[own["n"] >= notes.ENOUGH].groupby("benchmark", sort=False)["method"].nunique()
    return list(enough.index[enough == own["method"].nunique()])


def document(number: int, frame: pd.DataFrame, remarks: Sequence[str] = ()) -> Document:
    """Table 1, 2 or 3: one row a method, one column a benchmark, ours above the paper's.

    `remarks` are further sentences for the notes.
    """
    measure = TABLES[number]
    better = "higher" if measure.best == "max" else "lower"
    return Document(
        title=f"Table {number}",
        caption=f"{measure.title} ({better} is better): mean ± sample standard deviation over "
        "seeds.",
        columns=notes.column_titles(frame),
        rows=_rows(number, frame),
        notes=[*_notes(number, frame), *remarks],
    )


def _rows(number: int, frame: pd.DataFrame) -> list[Row]:
    paper = printed(number).set_index(["benchmark", "method"])["mean"]
    ran = {(row.benchmark, row.method): row for row in rows(frame, Mean)}

    def stack(benchmark: str, method: str) -> tuple[Cell, Cell]:
        key = benchmark, method
        if method not in METHOD_TITLES:
            return (_ours(ran[key]), _held(held[key])) if key in ran else (Cell("not run"), NOTHING)
        if key in ran:
            return _ours(ran[key]), _paper(ran[key])
        return Cell("not run"), Cell(digits(paper.loc[key])) if key in paper else NOTHING

    held = _held_bytes(frame)
    benchmarks = frame["benchmark"].unique()
    methods = sorted(frame["method"].unique(), key=method_order)
    others = [m for m in methods if m not in METHOD_TITLES]
    return [
        Row(
            [method_title(method), "paper" if method in METHOD_TITLES else "held"],
            [stack(b, method) for b in benchmarks],
            NOT_IN_THE_PAPER if [method] == others[:1] and method != methods[0] else "",
        )
        for method in methods
    ]


def _held_bytes(frame: pd.DataFrame) -> "pd.Series[float]":
    """By benchmark and method; empty where all are the paper's."""
    own = frame.set_index(["benchmark", "method"])
    return own["held_bytes"] if "held_bytes" in own else pd.Series(dtype=float)


def _held(size: float) -> Cell:
    """`0.24 MB`."""
    return NOTHING if pd.isna(size) else Cell(f"{size / 1e6:.2f} MB")


def _ours(row: Mean) -> Cell:
    number = with_std(row.mean, row.std) if row.n else ""
    mark = notes.PROVISIONAL if row.provisional else ""
    if not row.n_diverged:
        return Cell(number, row.best, mark)
    diverged = f"{row.n_diverged} of {row.n + row.n_diverged} diverged"
    return Cell(number, row.best, f"{mark} ({diverged})") if row.n else Cell(diverged)


def _paper(row: Mean) -> Cell:
    if pd.isna(row.printed_mean):
        return NOTHING
    suffix = f" ({digits(row.difference, sign='+')})" if row.n else ""
    return Cell(digits(row.printed_mean), row.printed_best, suffix)


def _others(frame: pd.DataFrame) -> list[str]:
    """Why there are methods that the paper has no numbers of, and what they hold."""
    others = sorted(set(frame["method"]) - set(METHOD_TITLES), key=method_order)
    if not others:
        return []
    reasons = [(m, METHODS[m].why) for m in others if m in METHODS and METHODS[m].why]
    told = "; ".join(f"{method_title(m)}, {why}" for m, why in reasons)
    held = _held_bytes(frame).drop(index=others, level="method").dropna()
    most = {
        str(b): f"{size / 1e6:.2f} MB"
        for b, size in held.groupby("benchmark", sort=False).max().items()
    }
    usual = f" The paper's methods hold up to: {notes.per_benchmark(most)}." if most else ""
    return [
        "Methods below the rule are not in the paper's tables, are judged by no verdict and are "
        "never the best; under each stands what it holds of the past at the end besides the "
        f"network.{usual}",
        *([f"Why they are here: {told}."] if told else []),
    ]


def bold_notes(frame: pd.DataFrame) -> list[str]:
    """What bold means, and where nothing of ours is. `frame`: of `table`."""
    best = set(frame.loc[frame["best"], "benchmark"])
    columns = counted(frame)
    alike = [benchmark_title(b) for b in columns if b not in best]
    few = [benchmark_title(str(b)) for b in frame["benchmark"].unique() if b not in columns]
    none = [
        *([f"where no two are told apart ({', '.join(alike)})"] if alike else []),
        *(
            [f"where one has fewer than {notes.ENOUGH} finished runs ({', '.join(few)})"]
            * bool(few)
        ),
    ]
    return [
        f"Bold is the best of a column: of ours, {RULE}; of the paper's, the best printed mean.",
        *([f"Nothing of ours is bold {' nor '.join(none)}."] if none else []),
    ]


def collapsed_notes(frame: pd.DataFrame) -> list[str]:
    """A sentence on runs that did not diverge and yet hardly learn any more."""
    if "collapsed" not in frame:
        return []
    told = frame[frame["collapsed"] != ""]
    cells = [
        f"{method_title(row['method'])} on {benchmark_title(row['benchmark'])} ({row['collapsed']})"
        for row in told.to_dict("records")
    ]
    return [f"Averaged, though most of their hidden units are dead: {', '.join(cells)}."]


def _notes(number: int, frame: pd.DataFrame) -> list[str]:
    """What a reader must know to compare the numbers, one sentence or two each."""
    return [
        "Under each of our numbers stands the paper's, with ours minus the paper's in brackets.",
        *bold_notes(frame),
        *_others(frame),
        notes.seed_note(frame),
        *notes.data_notes(frame),
        *notes.diverged_notes(frame),
        *collapsed_notes(frame),
        *notes.provisional_notes(frame),
        *([notes.reference_note(frame["intransigence_reference"].iloc[0])] if number == 3 else []),
    ]
