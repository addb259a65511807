"""The verdict as a page: its summary, the order of the methods, the claims, then every number."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from drl_replication.paper.printed import BENCHMARK_TITLES, benchmark_title, method_title
from drl_replication.tables.frames import rows as rows_of
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.numbers import (
    DECIMALS,
    NONE,
    digits,
    interval,
    shortest,
    with_std,
)
from drl_replication.verdict.evidence import CLAIM_VERDICTS
from drl_replication.verdict.numbers import RANKED, Ranks, counts, rank_agreement
from drl_replication.verdict.scoring import VERDICTS, Row

RULE = (
    "The rule: the 90 % interval of (ours − paper) lies inside the margin: reproduced; wholly "
    "outside: differs; else: inconclusive. The margin is ±0.02 for Tables 1-3 and Figure 2's "
    "accuracies, ±0.2 for correlations, and ±25 % of the printed ratio to ER for times."
)
INTERVALS = (
    "Intervals: Tables 1-3 from both standard deviations (Welch; the paper's of 10 runs); "
    "correlations by a bootstrap over our seeds; times from our ratios, paired by seed; Figure 2 "
    "by a bootstrap over our seeds, since the paper gives one number without a deviation. Where "
    "only ours varies, the paper's own chance is not in the interval, so that it is too narrow."
)
OTHERS = (
    "Not run: the runs or the figure that it needs are not there. Not comparable: ours was "
    "measured on other data, or less of it, than the paper's, or a time on no machine that ER ran "
    "on with the same seed. Not scored: misprints, and the "
    "reference of a ratio. One seed has no interval, so that nothing of it can be more than "
    "inconclusive."
)
WIDE = (
    "The margin is the same for small numbers: an intransigence of 0.010 is reproduced by any "
    "value from 0 to 0.030; there the order of the methods says more."
)


def to_markdown(rows: pd.DataFrame, claims: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    """The whole page; `rows` of `verdict`, `claims` of `claims`, `remarks` further sentences."""
    parts = [
        "# Verdict",
        *remarks,
        headline(rows, claims),
        "## Printed numbers",
        _counts(rows),
        _list([RULE, INTERVALS, OTHERS, WIDE]),
        "## Order of the methods",
        _ranks(rank_agreement(rows)),
        "## Claims",
        _claims(claims),
        "## Every printed number",
        *(_section(str(source), part) for source, part in rows.groupby("source", sort=False)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def headline(rows: pd.DataFrame, claims: pd.DataFrame) -> str:
    """The result in two sentences."""
    n = rows["verdict"].value_counts()
    verdicts = ", ".join(f"{v} {n[v]}" for v in VERDICTS if v in n)
    of_claims = claims["verdict"].value_counts()
    judged = ", ".join(f"{v} {of_claims[v]}" for v in CLAIM_VERDICTS if v in of_claims)
    return (
        f"**Of {len(rows)} printed numbers: {verdicts}. Of {len(claims)} claims: {judged}.** "
        "What is not run, or cannot be judged, is open and no evidence for the paper or against it."
    )


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _counts(rows: pd.DataFrame) -> str:
    table = counts(rows)
    lines = [
        [str(name), *map(str, line)]
        for name, line in zip(table.index, table.to_numpy(), strict=True)
    ]
    return markdown_grid(["source", *table.columns], lines)


def _ranks(agreement: pd.DataFrame) -> str:
    """Kendall's tau, one row a table and one column a benchmark."""
    cells = {(row.source, row.benchmark): _tau(row) for row in rows_of(agreement, Ranks)}
    lines = [[s, *(cells.get((s, b), NONE) for b in BENCHMARK_TITLES)] for s in RANKED]
    notes = [
        "Kendall's tau-b of ours and the paper's: 1 is the same order of the methods, 0 none, −1 "
        "the reverse; in brackets the number of methods. Of seven methods without any agreement, "
        "|tau| is 0.71 or more in 3 of 100 cases.",
        "Table 3 is ranked without GSS's two misprinted cells.",
    ]
    if not agreement["comparable"].all():
        notes.append("†: other data, or less of it, than the paper's.")
    grid = markdown_grid(["source", *map(benchmark_title, BENCHMARK_TITLES)], lines)
    return f"{grid}\n{_list(notes)}"


def _tau(row: Ranks) -> str:
    if math.isnan(row.tau):
        return NONE
    one_seed = ", one seed" if row.n == 1 else ""
    tau = f"{digits(row.tau, decimals=2)} ({row.methods}{one_seed})"
    return tau + ("" if row.comparable else " †")


def _claims(claims: pd.DataFrame) -> str:
    lines = [
        [f"`{c.id}`", f"“{c.claim}” ({c.section})", f"**{c.verdict}**", _cell(str(c.evidence))]
        for c in claims.itertuples()
    ]
    note = (
        "A claim is judged on the benchmarks on which each method that it needs has two finished "
        "runs; what else it would need is named as missing. The rules:"
    )
    rules = _list(f"`{c.id}`: {c.rule}" for c in claims.itertuples())
    return f"{markdown_grid(['id', 'claim', 'verdict', 'evidence'], lines)}\n{note}\n\n{rules}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _section(source: str, rows: pd.DataFrame) -> str:
    measures = list(rows["quantity"].unique())
    title = f"### {source}" + (f": {measures[0].replace('_', ' ')}" if len(measures) == 1 else "")
    if source == "Table 5":
        title += " (difference and interval as parts of the printed ratio)"
    lines = [
        [_name(row, many=len(measures) > 1), *_numbers(row), f"**{row.verdict}**", row.reason]
        for row in rows_of(rows, Row)
    ]
    header = ["number", "paper", "ours", "n", "difference", "90 % interval", "verdict", "reason"]
    return f"{title}\n\n{markdown_grid(header, lines)}"


def _name(row: Row, many: bool) -> str:
    parts = [benchmark_title(row.benchmark)]
    parts += [method_title(row.method)] if row.method else []
    parts += [row.quantity.replace("_", " ")] if many else []
    return ", ".join(parts)


def _numbers(row: Row) -> list[str]:
    return [
        _printed(row),
        with_std(row.ours, row.ours_std),
        str(row.n) if row.n else NONE,
        digits(row.difference, sign="+"),
        interval(row.low, row.high),
    ]


def _printed(row: Row) -> str:
    """As the paper prints it; Table 5's ratios are ours to compute."""
    if row.source == "Table 5" or row.printed == round(row.printed, DECIMALS):
        return with_std(row.printed, row.printed_std)
    return shortest(row.printed)
