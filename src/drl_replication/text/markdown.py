"""Markdown."""

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"[\\`*<\[\]|]")
BAR = re.compile(r"(?<!\\)\|")
MARKUP = re.compile(r"[\\|<>\[\]`*$\x00-\x1f\x7f\s]+")


def plain(text: str) -> str:
    """A name from a record without what Markdown, HTML or LaTeX would take for markup.

    It is left out rather than escaped, since the same sentence may go to each of them.
    """
    return MARKUP.sub(" ", str(text)).strip()


def escaped(text: str) -> str:
    """A title as Markdown that shows it as it is."""
    return SPECIAL.sub(r"\\\g<0>", text)


def markdown_grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar or a line break in a cell stays in it."""
    cells = [
        [BAR.sub(r"\|", " ".join(cell.split("\n"))) for cell in row] for row in [header, *rows]
    ]
    rule = ["---"] * len(header)
    return "".join(f"| {' | '.join(row)} |\n" for row in [cells[0], rule, *cells[1:]])
