"""A table with its caption and notes, to be shown in Markdown and in LaTeX."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drl_replication.text import numbers
from drl_replication.text.markdown import escaped, markdown_grid

TITLE_WIDTH = "44pt"  # of a column's title: five columns fit a page of `article`


@dataclass(frozen=True)
class Cell:
    """A number, whether it is the best of its column, and what follows it."""

    number: str
    best: bool = False
    suffix: str = ""

    def markdown(self) -> str:
        """Bold where it is the best."""
        return (f"**{self.number}**" if self.best else self.number) + self.suffix

    def latex(self) -> str:
        """Bold where it is the best."""
        number = latex(self.number)
        return (rf"\textbf{{{number}}}" if self.best else number) + latex(self.suffix)


NOTHING = Cell(numbers.NONE)


@dataclass(frozen=True)
class Row:
    """The cells of one row, each a stack of one or more lines.

    `titles` name the lines: LaTeX gives each a row of its own; Markdown, which stacks them in one
    cell, shows the first. A row with words `above` it stands, with those after it, below a rule.
    """

    titles: Sequence[str]
    stacks: Sequence[Sequence[Cell]]
    above: str = ""

    def markdown(self) -> list[list[str]]:
        """One text a column, the title's first; before it, the words in a row of their own."""
        cells = ["<br>".join(c.markdown() for c in s) for s in self.stacks]
        words = [[f"*{self.above}*", *("" for _ in cells)]] if self.above else []
        return [*words, [escaped(self.titles[0]), *cells]]

    def latex(self) -> list[str]:
        """One line of the tabular a line of the stacks."""
        lines = zip(self.titles, zip(*self.stacks, strict=True), strict=True)
        width = 1 + len(self.stacks)
        rule = [
            r"    \midrule",
            rf"    \multicolumn{{{width}}}{{@{{}}l}}{{\emph{{{latex(self.above)}}}}} \\",
            r"    \addlinespace",
        ]
        return [
            *(rule if self.above else []),
            *[
                _latex_row([(r"\quad " if i else "") + latex(title), *(c.latex() for c in cells)])
                for i, (title, cells) in enumerate(lines)
            ],
        ]


@dataclass(frozen=True)
class Document:
    """What a table shows: `columns` are the titles of all columns but the `corner` one."""

    title: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str]
    corner: str = "method"

    def markdown(self) -> str:
        """The caption in bold, the grid, the notes as a list."""
        grid = markdown_grid(
            [self.corner, *map(escaped, self.columns)],
            (line for row in self.rows for line in row.markdown()),
        )
        notes = "".join(f"- {note}\n" for note in self.notes)
        return f"**{self.title}: {self.caption}**\n\n{grid}" + (f"\n{notes}" if notes else "")

    def latex(self) -> str:
        r"""A float for `\input`; needs `\usepackage{booktabs}`."""
        lines = []
        for row in self.rows:
            lines += [*row.latex(), r"    \addlinespace"]
        return "\n".join(
            [
                r"\begin{table}",
                r"  \centering",
                r"  \scriptsize\setlength{\tabcolsep}{2pt}",
                rf"  \caption{{{latex(self.caption)}}}",
                rf"  \begin{{tabular}}{{@{{}}l{'c' * len(self.columns)}@{{}}}}",
                r"    \toprule",
                _latex_row(["", *map(_wrapped, self.columns)]),
                r"    \midrule",
                *lines[:-1],
                r"    \bottomrule",
                r"  \end{tabular}",
                r"  \par\medskip",
                *(f"  {latex(note)}" for note in self.notes),
                r"\end{table}",
                "",
            ]
        )


def _latex_row(cells: Iterable[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _wrapped(title: str) -> str:
    return rf"\parbox[b]{{{TITLE_WIDTH}}}{{\centering {latex(title)}}}"


LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {
        "±": r"$\pm$",
        "−": "$-$",
        "–": "--",
        "†": r"$\dagger$",
        "‡": r"$\ddagger$",
        "<": "$<$",
        ">": "$>$",
    }
    | {"α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "λ": r"$\lambda$", "ρ": r"$\rho$"}
    | {"×": r"$\times$", "≠": r"$\neq$"}
)


def latex(text: str) -> str:
    """Plain text for LaTeX, in ASCII: a character that it doesn't know becomes a question mark."""
    return text.translate(LATEX).encode("ascii", "replace").decode()
