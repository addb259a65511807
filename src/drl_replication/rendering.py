"""Tables 1-3 as CSV, Markdown and LaTeX, with all a reader needs to compare their numbers."""

from collections.abc import Sequence

import pandas as pd

from drl_replication import notes
from drl_replication.documents import NOTHING, Cell, Document, Row, digits
from drl_replication.paper import method_order, method_title, printed
from drl_replication.tables import TABLES


def to_csv(frame: pd.DataFrame) -> str:
    """The long format of any table, as CSV with 6 significant digits."""
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


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
    ran = {(row.benchmark, row.method): row for row in frame.itertuples()}

    def stack(benchmark: str, method: str) -> tuple[Cell, Cell]:
        key = benchmark, method
        if key in ran:
            return _ours(ran[key]), _paper(ran[key])
        return Cell("not run"), Cell(digits(paper[key])) if key in paper else NOTHING

    benchmarks = frame["benchmark"].unique()
    return [
        Row([method_title(method), "paper"], [stack(b, method) for b in benchmarks])
        for method in sorted(frame["method"].unique(), key=method_order)
    ]


def _ours(row: tuple) -> Cell:
    number = digits(row.mean) if row.n else ""
    if row.n > 1:
        number += f" ± {digits(row.std)}"
    if not row.n_diverged:
        return Cell(number, row.best)
    diverged = f"{row.n_diverged} of {row.n + row.n_diverged} diverged"
    return Cell(number, row.best, f" ({diverged})") if row.n else Cell(diverged)


def _paper(row: tuple) -> Cell:
    if pd.isna(row.printed_mean):
        return NOTHING
    suffix = f" ({digits(row.difference, sign='+')})" if row.n else ""
    return Cell(digits(row.printed_mean), row.printed_best, suffix)


def _notes(number: int, frame: pd.DataFrame) -> list[str]:
    """What a reader must know to compare the numbers, one sentence or two each."""
    return [
        "Under each of our numbers stands the paper's, with ours minus the paper's in brackets; "
        "bold is the best of a column, ours and the paper's each.",
        notes.seed_note(frame),
        *notes.data_notes(frame),
        *notes.diverged_notes(frame),
        *([notes.reference_note(frame["intransigence_reference"].iloc[0])] if number == 3 else []),
    ]
