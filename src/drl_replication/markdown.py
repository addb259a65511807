"""Markdown."""

from collections.abc import Iterable, Sequence


def markdown_grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    rule = ["---"] * len(header)
    return "".join(f"| {' | '.join(row)} |\n" for row in [header, rule, *rows])
