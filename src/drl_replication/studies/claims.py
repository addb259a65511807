"""Which verdicts on claims hold under every variant, and which hang on a choice."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from drl_replication.studies.columns import Columns
from drl_replication.tables.frames import rows
from drl_replication.text.markdown import markdown_grid
from drl_replication.verdict.claims import RUNS, all_claims
from drl_replication.verdict.evidence import CLAIM_VERDICTS, OPEN

ROBUST, HANGS, UNJUDGED = "robust", "hangs on", OPEN


class JudgedClaim(NamedTuple):
    """A row: a claim under a variant."""

    id: str
    claim: str
    section: str
    variant: str
    family: str
    verdict: str
    provisional: bool  # of too few seeds
    evidence: str


def claims_by_variant(columns: Columns) -> pd.DataFrame:
    """Each claim on runs, judged under each variant, the base first.

    A variant's own runs take the place of the base's where it has some. Claims that are judged by
    figures are left out: no variant draws them anew. So are those on times, which tell how busy
    the machine was that a variant ran on.
    """
    wanted = [claim for claim in all_claims() if claim.source == RUNS]
    found = []
    for variant in columns.study.variants:
        evidence = columns.evidence(variant)
        if evidence is None:
            continue
        for claim in wanted:
            judged = claim.judged(evidence)
            facts = (claim.id, claim.sentence, claim.section, variant.name, variant.family)
            told = (judged.verdict, judged.provisional, judged.evidence)
            found.append(JudgedClaim._make((*facts, *told)))
    return pd.DataFrame(found, columns=list(JudgedClaim._fields))


class Dependence(NamedTuple):
    """A row: what a claim's verdict hangs on."""

    id: str
    claim: str
    section: str
    verdict: str  # under what the others are compared with
    word: str
    judged: int  # variants that can judge it
    agree: int  # of these, with the base's verdict
    on: str  # the variants that don't


def dependence(frame: pd.DataFrame, base: str) -> pd.DataFrame:
    """One row a claim: robust if every variant that can judge it agrees with the base."""
    found = []
    for name, part in frame.groupby("id", sort=False):
        judged = rows(part, JudgedClaim)
        [own] = [row for row in judged if row.variant == base]
        others = [row for row in judged if row.variant != base and row.verdict != OPEN]
        agree = sum(row.verdict == own.verdict for row in others)
        turned = [f"{row.variant} ({row.verdict})" for row in others if row.verdict != own.verdict]
        unjudged = own.verdict == OPEN or not others
        word = UNJUDGED if unjudged else HANGS if turned else ROBUST
        facts = (str(name), own.claim, own.section, own.verdict, word)
        found.append(Dependence(*facts, len(others), agree, ", ".join(turned)))
    return pd.DataFrame(found, columns=list(Dependence._fields))


def to_markdown(frame: pd.DataFrame, base: str, remarks: Sequence[str] = ()) -> str:
    """What each claim hangs on, and below it how often each verdict was given.

    `remarks` end the notes.
    """
    lines = [
        [
            f"`{row.id}`",
            f"“{row.claim}” ({row.section})",
            f"**{row.verdict}**",
            f"**{row.word}**",
            f"{row.agree} of {row.judged}",
            row.on,
        ]
        for row in rows(dependence(frame, base), Dependence)
    ]
    header = [
        "id",
        "claim",
        f"under `{base}`",
        "in a word",
        "variants that agree",
        "those that don't",
    ]
    counted = pd.crosstab(frame["id"], frame["verdict"]).reindex(
        index=frame["id"].unique(), columns=list(CLAIM_VERDICTS), fill_value=0
    )
    grid = [
        [f"`{name}`", *map(str, row)]
        for name, row in zip(counted.index, counted.to_numpy(), strict=True)
    ]
    notes = (
        f"- Robust: every variant that can judge it, at least one, has the verdict of `{base}`. It "
        "says nothing of choices that no variant makes.\n"
        "- A variant's runs take the place of the others where it has some; the study's benchmarks "
        "and seeds are the only ones, so that a claim on five benchmarks may stay open.\n"
        "- Claims that figures, experiments or times judge are not here.\n"
    )
    notes += "".join(f"- {remark}\n" for remark in remarks)
    counts = markdown_grid(["verdicts, all variants", *CLAIM_VERDICTS], grid)
    return f"# Claims by variant\n\n{markdown_grid(header, lines)}\n{notes}\n{counts}"
