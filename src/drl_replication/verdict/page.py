"""The verdict as a page: its summary, the order of the methods, the claims, then every number."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from drl_replication.paper.printed import BENCHMARK_TITLES, benchmark_title, method_title
from drl_replication.tables.frames import rows as rows_of
from drl_replication.text import notes
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.notes import ENOUGH
from drl_replication.text.numbers import (
    DECIMALS,
    NONE,
    digits,
    interval,
    listed,
    shortest,
    with_std,
)
from drl_replication.verdict import rules
from drl_replication.verdict.claims import OTHERWISE
from drl_replication.verdict.evidence import CLAIM_VERDICTS
from drl_replication.verdict.numbers import (
    PROVISIONAL,
    RANKED,
    Ranks,
    counts,
    deviation_counts,
    rank_agreement,
    with_margins,
)
from drl_replication.verdict.scoring import SCORED, Row

MARGIN_FACTORS = (0.5, 0.75, 1, 1.5, 2)


def to_markdown(rows: pd.DataFrame, claims: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    """The whole page; `rows` of `verdict`, `claims` of `claims`, `remarks` further sentences."""
    parts = [
        "# Verdict",
        *remarks,
        headline(rows, claims),
        "## Printed numbers",
        _counts(rows),
        _list(rules.OF_NUMBERS),
        "By benchmark, as reproduced / differs / inconclusive:",
        _columns(rows),
        "With other margins, as reproduced / differs / inconclusive:",
        _margins(rows),
        "## Deviations",
        _deviations(rows),
        rules.DEVIATIONS,
        "## Order of the methods",
        _ranks(rank_agreement(rows)),
        "## Claims",
        _claims(claims),
        "## Every printed number",
        *(_section(str(source), part) for source, part in rows.groupby("source", sort=False)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def headline(rows: pd.DataFrame, claims: pd.DataFrame) -> str:
    """The result: each table by itself, then the claims."""
    lines = []
    for source, n in counts(rows).iterrows():
        told = ", ".join(f"{verdict} {n[verdict]}" for verdict in SCORED if n[verdict])
        scored = sum(n[verdict] for verdict in SCORED)
        lines.append(f"{source}, {scored} of {n['printed']} scored: {told or 'none'}")
    judged = claim_counts(claims)
    told = ", ".join(f"{verdict} {n}" for verdict, n in judged.items() if n)
    return (
        f"**{'; '.join(lines)}. Of {len(claims)} claims: {told}.**{on_rho(claims)} "
        "Tables 1-3 are views of the same runs and must not be added up. What is not scored or "
        "cannot be judged is open and no evidence for the paper or against it."
    )


def claim_counts(claims: pd.DataFrame) -> dict[str, int]:
    """How many claims have each verdict; provisional ones apart."""
    n = claims["verdict"].mask(claims["provisional"], PROVISIONAL).value_counts()
    return {verdict: int(n.get(verdict, 0)) for verdict in (*CLAIM_VERDICTS, PROVISIONAL)}


def on_rho(claims: pd.DataFrame) -> str:
    """Which verdicts another reading of rho would change, in a sentence; nothing if none."""
    turned = claims.loc[claims["robust"].fillna("").str.contains(OTHERWISE), "id"]
    if turned.empty:
        return ""
    told = listed(f"`{name}`" for name in turned)
    return f" Another reading of ρ, which takes no run, changes the verdict on {told}."


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _counts(rows: pd.DataFrame) -> str:
    return _grid("source", counts(rows))


def _grid(corner: str, table: pd.DataFrame) -> str:
    lines = [
        [str(name), *(str(value) for value in line)]
        for name, line in zip(table.index, table.to_numpy(), strict=True)
    ]
    return markdown_grid([corner, *map(str, table.columns)], lines)


def _columns(rows: pd.DataFrame) -> str:
    """Each table's columns by themselves."""
    part = rows[rows["source"].isin(RANKED)]
    lines = []
    for source, table in part.groupby("source", sort=False):
        found = counts(table, "benchmark")
        cells = [
            _three(found.loc[b].to_dict()) if b in found.index else NONE for b in BENCHMARK_TITLES
        ]
        lines.append([str(source), *cells])
    return markdown_grid(["source", *map(benchmark_title, BENCHMARK_TITLES)], lines)


def _three(n: Mapping[Any, Any]) -> str:
    return " / ".join(str(n[verdict]) for verdict in SCORED)


def _margins(rows: pd.DataFrame) -> str:
    found = with_margins(rows, MARGIN_FACTORS)
    lines = [
        [str(source), *(_three(line) for line in part.to_dict("records"))]
        for source, part in found.groupby("source", sort=False)
    ]
    return markdown_grid(["source", *(f"margin × {f:g}" for f in MARGIN_FACTORS)], lines)


def _deviations(rows: pd.DataFrame) -> str:
    lines = [
        [str(source), *(str(n[verdict]) for verdict in SCORED)]
        + [digits(n[name], decimals=2) for name in ("median", "largest")]
        for source, n in deviation_counts(rows).to_dict("index").items()
    ]
    header = ["source", *SCORED, "median of ours / paper's", "largest"]
    return markdown_grid(header, lines)


def _ranks(agreement: pd.DataFrame) -> str:
    """Kendall's tau, one row a table and one column a benchmark."""
    cells = {(row.source, row.benchmark): _tau(row) for row in rows_of(agreement, Ranks)}
    lines = [[s, *(cells.get((s, b), NONE) for b in BENCHMARK_TITLES)] for s in RANKED]
    notes = [
        "Kendall's tau-b of ours and the paper's: 1 is the same order of the methods, 0 none, −1 "
        "the reverse; in brackets the number of methods, and the seeds of the one with the fewest "
        f"where these are under {ENOUGH}. Of seven methods without any agreement, |tau| is 0.71 or "
        "more in 3 of 100 cases.",
        "Table 3 is ranked without GSS's two misprinted cells.",
    ]
    if not agreement["comparable"].all():
        notes.append("†: other data, or less of it, than the paper's.")
    grid = markdown_grid(["source", *map(benchmark_title, BENCHMARK_TITLES)], lines)
    return f"{grid}\n{_list(notes)}"


def _tau(row: Ranks) -> str:
    if math.isnan(row.tau):
        return NONE
    few = f", n ≥ {row.n}{notes.PROVISIONAL}" if row.n < ENOUGH else ""
    tau = f"{digits(row.tau, decimals=2)} ({row.methods}{few})"
    return tau + ("" if row.comparable else " †")


def _claims(claims: pd.DataFrame) -> str:
    lines = [
        [
            f"`{c['id']}`",
            f"“{c['claim']}” ({c['section']})",
            f"**{c['verdict']}**" + (notes.PROVISIONAL if c["provisional"] else ""),
            str(c["evidence"]),
            c["robust"] or NONE,
        ]
        for c in claims.to_dict("records")
    ]
    bounds = _list(f"`{c['id']}`: {c['rule']}" for c in claims.to_dict("records"))
    grid = markdown_grid(["id", "claim", "verdict", "evidence", "same verdict for"], lines)
    return f"{grid}\n{rules.CLAIMS} The rules:\n\n{bounds}\n\n{rules.ALPHA}"


def _section(source: str, rows: pd.DataFrame) -> str:
    measures = list(rows["quantity"].unique())
    title = f"### {source}" + (f": {measures[0].replace('_', ' ')}" if len(measures) == 1 else "")
    if source == "Table 5":
        title += " (difference and interval as parts of the printed ratio)"
    found = rows_of(rows, Row)
    lines = [
        [_name(row, len(measures) > 1), *_numbers(row), _verdict(row), power(row), row.reason]
        for row in found
    ]
    header = ["number", "paper", "ours", "n", "difference", "90 % interval", "verdict", "power"]
    header += ["reason"]
    if rows["std_verdict"].any():
        header.append("deviations, ours / paper's")
        lines = [[*line, deviation(row)] for line, row in zip(lines, found, strict=True)]
    return f"{title}\n\n{markdown_grid(header, lines)}"


def _verdict(row: Row) -> str:
    return f"**{row.verdict}**" + (notes.PROVISIONAL if row.provisional else "")


def power(row: Row) -> str:
    """What the runs of an inconclusive number can show, and how many would decide."""
    if math.isnan(row.detectable):
        return ""
    runs = "none" if math.isinf(row.runs_to_decide) else f"{row.runs_to_decide:.0f}"
    return f"shows ±{digits(row.detectable)}; decides: {runs}"


def deviation(row: Row) -> str:
    """The ratio of the deviations, its interval and its verdict."""
    if not row.std_verdict:
        return ""
    ends = interval(row.std_low, row.std_high, decimals=2)
    return f"{digits(row.std_ratio, decimals=2)} {ends}, {row.std_verdict}"


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
