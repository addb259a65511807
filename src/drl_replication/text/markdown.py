"""Markdown."""

import re
from collections.abc import Iterable, Sequence

MARKUP = re.compile(r"[\\|<>\[\]`*$\x00-\x1f\x7f\s]+")


def plain(text: str) -> str:
    """A name from a record without what Markdown, HTML or LaTeX would take for markup.

    It is left out rather than escaped, since the same sentence may go to each of them.
    """
    return MARKUP.sub(" ", str(text)).strip()


def markdown_grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    rule = ["---"] * len(header)
    return "".join(f"| {' | '.join(row)} |\n" for row in [header, rule, *rows])
