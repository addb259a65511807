"""The verdict as the page shows it: marks, counts, claims."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.tables.frames import rows
from drl_replication.text.numbers import digits, interval, with_std
from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN
from drl_replication.verdict.numbers import PROVISIONAL
from drl_replication.verdict.page import deviation, power
from drl_replication.verdict.scoring import (
    DIFFERS,
    INCONCLUSIVE,
    NOT_COMPARABLE,
    NOT_RUN,
    NOT_SCORED,
    REPRODUCED,
    VERDICTS,
    Row,
)


@dataclass(frozen=True)
class Badge:
    """A verdict with its symbol, so that colour is never alone; `kind` names the CSS class."""

    text: str
    symbol: str
    kind: str


BADGES = {
    badge.text: badge
    for badge in (
        Badge(REPRODUCED, "✓", "good"),
        Badge(DIFFERS, "✗", "bad"),
        Badge(INCONCLUSIVE, "~", "open"),
        Badge(NOT_RUN, "○", "none"),
        Badge(NOT_COMPARABLE, "†", "skip"),
        Badge(NOT_SCORED, "–", "skip"),
        Badge(HOLDS, "✓", "good"),
        Badge(FAILS, "✗", "bad"),
        Badge(MIXED, "◐", "open"),
        Badge(OPEN, "○", "none"),
        Badge(PROVISIONAL, "‡", "skip"),
    )
}


def badge(verdict: str) -> Badge:
    """Of a verdict on a number or a claim; a plain one for a verdict that isn't known."""
    return BADGES.get(verdict, Badge(verdict, "·", "skip"))


@dataclass(frozen=True)
class Bar:
    """How many printed numbers of a source have each verdict, and their share of the bar in %."""

    source: str
    total: int
    parts: list[tuple[Badge, int, float]]


def bars(verdict: pd.DataFrame) -> list[Bar]:
    """One bar a source, in the verdict's order; what is provisional stands apart."""
    told = verdict["verdict"].mask(verdict["provisional"], PROVISIONAL)
    return [_bar(str(source), part) for source, part in told.groupby(verdict["source"], sort=False)]


def legend(all_bars: Iterable[Bar]) -> list[Badge]:
    """The badges of these bars, each once."""
    shown = {part[0].text for bar in all_bars for part in bar.parts}
    return [badge(name) for name in (*VERDICTS, PROVISIONAL) if name in shown]


def _bar(source: str, verdicts: "pd.Series[str]") -> Bar:
    count = verdicts.value_counts()
    order = [
        *VERDICTS,
        PROVISIONAL,
        *(str(name) for name in count.index if name not in (*VERDICTS, PROVISIONAL)),
    ]
    parts = [
        (badge(name), int(count[name]), round(100 * count[name] / len(verdicts), 3))
        for name in order
        if name in count
    ]
    return Bar(source, len(verdicts), parts)


def numbers(verdict: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Every printed number by source: texts for a row of the long table."""
    return {
        str(source): [_row(row) for row in rows(part, Row)]
        for source, part in verdict.groupby("source", sort=False)
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "what": " · ".join(filter(None, [benchmark_title(row.benchmark), _method(row)])),
        "quantity": row.quantity.replace("_", " "),
        "printed": with_std(row.printed, row.printed_std),
        "ours": with_std(row.ours, row.ours_std),
        "n": row.n,
        "difference": digits(row.difference, sign="+"),
        "interval": _interval(row),
        "margin": "" if math.isnan(row.margin) else f"±{row.margin:.3g}",
        "badge": badge(row.verdict),
        "provisional": row.provisional,
        "power": power(row),
        "deviation": deviation(row),
        "reason": row.reason,
    }


def _method(row: Row) -> str:
    return method_title(row.method) if row.method else ""


def _interval(row: Row) -> str:
    """The 90 % interval of (ours - paper); empty if there is none."""
    return "" if math.isnan(row.low) else interval(row.low, row.high, "+")


def explanation(row: Row) -> str:
    """Why a number has its verdict, for the tip of its mark."""
    text = f"{row.verdict}: {row.reason}" if row.reason else row.verdict
    if row.provisional:
        text += f"; provisional: {row.n} runs"
    if _interval(row):
        text += f"; 90 % interval of ours − paper {_interval(row)}, margin ±{row.margin:.3g}"
    return text
