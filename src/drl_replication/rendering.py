"""Tables as CSV, Markdown and LaTeX, with all a reader needs to compare their numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from drl_replication.markdown import markdown_grid
from drl_replication.paper import (
    BENCHMARK_DATASETS,
    benchmark_title,
    method_order,
    method_title,
    printed,
)
from drl_replication.tables import DECIMALS, TABLES

REFERENCE_NOTES = {
    "best_run": "the best accuracy on task i over all methods and seeds of this table",
    "best_mean": "the best over the methods of this table of the mean over seeds",
    "per_seed": "per seed, the best accuracy on task i over the methods of this table",
}


@dataclass(frozen=True)
class Cell:
    """A number, whether it is the best of its column, and what follows it."""

    number: str
    best: bool = False
    suffix: str = ""


NOTHING = Cell("–")


def to_csv(frame: pd.DataFrame) -> str:
    """The long format of a table or an audit, as CSV with 6 significant digits."""
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def to_markdown(number: int, frame: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    """A table in Markdown: one row a method, one column a benchmark, the paper's number below ours.

    `remarks` are further sentences for the notes.
    """

    def text(cell: Cell) -> str:
        return (f"**{cell.number}**" if cell.best else cell.number) + cell.suffix

    rows = [
        [title, *(f"{text(ours)}<br>{text(paper)}" for ours, paper in cells)]
        for title, cells in _grid(number, frame)
    ]
    header = ["method", *_column_titles(frame)]
    notes = "\n".join(f"- {note}" for note in _notes(number, frame, remarks))
    return f"**Table {number}: {_caption(number)}**\n\n{markdown_grid(header, rows)}\n{notes}\n"


def to_latex(number: int, frame: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    r"""A table as a LaTeX float for `\input`; needs `\usepackage{booktabs}`.

    As `to_markdown`, with the paper's numbers in a row of their own.
    """

    def text(cell: Cell) -> str:
        number = _latex(cell.number)
        return (rf"\textbf{{{number}}}" if cell.best else number) + _latex(cell.suffix)

    def row(cells: Iterable[str]) -> str:
        return f"    {' & '.join(cells)} \\\\"

    lines = []
    for title, cells in _grid(number, frame):
        lines += [
            row([_latex(title), *(text(ours) for ours, _ in cells)]),
            row([r"\quad paper", *(text(paper) for _, paper in cells)]),
            r"    \addlinespace",
        ]
    titles = _column_titles(frame)
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            r"  \scriptsize\setlength{\tabcolsep}{3pt}",
            rf"  \caption{{{_latex(_caption(number))}}}",
            rf"  \begin{{tabular}}{{@{{}}l{'c' * len(titles)}@{{}}}}",
            r"    \toprule",
            row(["", *map(_latex, titles)]),
            r"    \midrule",
            *lines[:-1],
            r"    \bottomrule",
            r"  \end{tabular}",
            r"  \par\medskip",
            *(f"  {_latex(note)}" for note in _notes(number, frame, remarks)),
            r"\end{table}",
            "",
        ]
    )


def _grid(number: int, frame: pd.DataFrame) -> list[tuple[str, list[tuple[Cell, Cell]]]]:
    """Per method its title and, per benchmark, our cell and the paper's."""
    paper = printed(number).set_index(["benchmark", "method"])["mean"]
    rows = {(row.benchmark, row.method): row for row in frame.itertuples()}
    benchmarks = frame["benchmark"].unique()
    return [
        (
            method_title(method),
            [
                (_ours(rows[b, method]), _paper(rows[b, method]))
                if (b, method) in rows
                else (
                    Cell("not run"),
                    Cell(digits(paper[b, method])) if (b, method) in paper else NOTHING,
                )
                for b in benchmarks
            ],
        )
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
    if math.isnan(row.printed_mean):
        return NOTHING
    suffix = f" ({digits(row.difference, sign='+')})" if row.n else ""
    return Cell(digits(row.printed_mean), row.printed_best, suffix)


def digits(value: float, sign: str = "") -> str:
    """A number as the tables show it: three decimals, a real minus."""
    rounded = round(float(value), DECIMALS)
    return f"{rounded:{sign}.{DECIMALS}f}".replace("-", "−") if rounded else f"{0:.{DECIMALS}f}"


def _caption(number: int) -> str:
    measure = TABLES[number]
    better = "higher" if measure.best == "max" else "lower"
    return f"{measure.title} ({better} is better): mean ± sample standard deviation over seeds."


def _datasets(frame: pd.DataFrame) -> dict[str, str]:
    return dict(zip(frame["benchmark"], frame["dataset"], strict=True))


def _is_real(benchmark: str, dataset: str) -> bool:
    return BENCHMARK_DATASETS.get(benchmark, dataset) == dataset


def _column_titles(frame: pd.DataFrame) -> list[str]:
    return [
        benchmark_title(benchmark) + ("" if _is_real(benchmark, dataset) else " †")
        for benchmark, dataset in _datasets(frame).items()
    ]


def _notes(number: int, frame: pd.DataFrame, remarks: Sequence[str]) -> list[str]:
    """What a reader must know to compare the numbers, one sentence or two each."""
    datasets = _datasets(frame)
    other = {b: d for b, d in datasets.items() if not _is_real(b, d)}
    notes = [
        "Under each of our numbers stands the paper's, with ours minus the paper's in brackets; "
        "bold is the best of a column, ours and the paper's each.",
        f"Seeds: {_per_benchmark(_seed_counts(frame))}.",
        f"Data: {_per_benchmark(datasets)}.",
    ]
    if other:
        instead = {b: f"{d} instead of {BENCHMARK_DATASETS[b]}" for b, d in other.items()}
        notes.append(f"† Not comparable with the printed numbers: {_per_benchmark(instead)}.")
    if frame["n_diverged"].any():
        notes.append("Diverged runs are counted, and not averaged.")
    if number == 3:
        reference = frame["intransigence_reference"].iloc[0]
        notes.append(f"Intransigence is measured against {REFERENCE_NOTES[reference]}.")
    return [*notes, *remarks]


def _seed_counts(frame: pd.DataFrame) -> dict[str, str]:
    """Per benchmark "n = 10", or "n = 3 to 10" when methods differ."""
    counts = (frame["n"] + frame["n_diverged"]).groupby(frame["benchmark"], sort=False)
    return {
        benchmark: f"n = {c.min()}" + (f" to {c.max()}" if c.max() > c.min() else "")
        for benchmark, c in counts
    }


def _per_benchmark(values: Mapping[str, str]) -> str:
    return ", ".join(f"{benchmark_title(b)}: {value}" for b, value in values.items())


LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"±": r"$\pm$", "−": "$-$", "–": "--", "†": r"$\dagger$", "<": "$<$", ">": "$>$"}
    | {"α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "λ": r"$\lambda$", "ρ": r"$\rho$"}
)


def _latex(text: str) -> str:
    return text.translate(LATEX)
