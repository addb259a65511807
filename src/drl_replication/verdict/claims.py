"""The paper's claims, judged: its sentence, what is measured, the rule, and the verdict.

The claims themselves stand in claims.yaml, like a list of the paper's sentences.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

import pandas as pd
import yaml

from drl_replication.paper.printed import benchmark_title
from drl_replication.verdict.comparability import incomparable_figure
from drl_replication.verdict.evidence import OPEN, Evidence, Judgement
from drl_replication.verdict.judges import (
    accuracies,
    correlations,
    figure_1,
    figure_2,
    figure_3,
    figure_4,
    times,
)

ON_DATA = ("figure_2", "figure_3")
JUDGES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": judge
    for module in (accuracies, correlations, figure_1, figure_2, figure_3, figure_4, times)
    for name, judge in vars(module).items()
    if not name.startswith("_") and callable(judge)
}


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and how it is judged."""

    id: str
    sentence: str
    section: str
    source: str  # of the evidence: runs, or a figure
    rule: str
    judge: Callable[..., Judgement]  # of an `Evidence`, or of the summary of the figure


def _read() -> tuple[Claim, ...]:
    text = files("drl_replication.verdict").joinpath("claims.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    return tuple(
        Claim(
            name,
            row["sentence"],
            row["section"],
            row["from"],
            row["rule"].replace("{most}", content["most"]),
            JUDGES[row["judge"]],
        )
        for name, row in content["claims"].items()
    )


CLAIMS = _read()


def claims(evidence: Evidence, wanted: Iterable[Claim] = CLAIMS) -> pd.DataFrame:
    """Each claim judged: columns id, claim (quoted), section, source, rule, verdict, evidence."""
    return pd.DataFrame([_row(claim, evidence) for claim in wanted])


def _row(claim: Claim, evidence: Evidence) -> dict[str, str]:
    judgement = _judged(claim, evidence)
    return {
        "id": claim.id,
        "claim": claim.sentence,
        "section": claim.section,
        "source": claim.source,
        "rule": claim.rule,
        "verdict": judgement.verdict,
        "evidence": " ".join(_sentences(judgement, _other_data(claim.source, evidence))),
    }


def _judged(claim: Claim, evidence: Evidence) -> Judgement:
    if claim.source == "runs":
        return claim.judge(evidence)
    if claim.source not in evidence.figures:
        return Judgement(OPEN, missing=[claim.source.replace("figure_", "Figure ")])
    return claim.judge(evidence.figures[claim.source]["summary"])


def _other_data(source: str, evidence: Evidence) -> str:
    """Why what was measured is not what the paper measured, if so."""
    if source == "runs":
        return "; ".join(f"{benchmark_title(b)}: {why}" for b, why in evidence.other.items())
    figure = evidence.figures.get(source)
    return incomparable_figure(figure) if figure and source in ON_DATA else ""


def _sentences(judgement: Judgement, other: str) -> Iterator[str]:
    if text := judgement.evidence:
        yield f"{text[0].upper()}{text[1:]}."
        if other:
            yield f"Not as in the paper: {other}."
    if judgement.missing:
        yield f"Missing: {'; '.join(judgement.missing)}."
