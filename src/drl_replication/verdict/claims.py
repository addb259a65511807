"""The paper's claims, judged: its sentence, what is measured, the rule, and the verdict.

The claims themselves stand in claims.yaml, like a list of the paper's sentences.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import yaml

from drl_replication.paper.printed import benchmark_title
from drl_replication.text.notes import ENOUGH
from drl_replication.text.numbers import shortest
from drl_replication.verdict.comparability import incomparable_figure
from drl_replication.verdict.evidence import FEWEST, OPEN, Evidence, Judgement
from drl_replication.verdict.judges import (
    accuracies,
    correlations,
    experiments,
    figure_1,
    figure_2,
    figure_3,
    figure_4,
    times,
)

OTHERWISE = "not for "  # another reading of rho
RUNS, TIMES, EXPERIMENTS = "runs", "times", "experiments"  # sources besides the figures
OF_RUNS = (RUNS, TIMES)
ON_DATA = ("figure_2", "figure_3")
STEPS = 100  # of the range in which a threshold is varied
MODULES = (accuracies, correlations, experiments, figure_1, figure_2, figure_3, figure_4, times)
JUDGES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": judge
    for module in MODULES
    for name, judge in vars(module).items()
    if not name.startswith("_") and callable(judge)
}


@dataclass(frozen=True)
class Threshold:
    """A bound that somebody had to choose, and the range of others that one might."""

    value: float
    least: float
    most: float

    def others(self) -> list[float]:
        """Values from least to most, evenly; the chosen one is among them."""
        grid = np.linspace(self.least, self.most, STEPS + 1)
        return sorted({*map(float, grid.round(6)), self.value})


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and how it is judged."""

    id: str
    sentence: str
    section: str
    source: str  # of the evidence: runs, their times, experiments, or a figure
    rule: str
    judge: Callable[..., Judgement]  # of an `Evidence`, or of the JSON of the figure
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)

    def judged(self, evidence: Evidence, **changed: float) -> Judgement:
        """By its rule, with other thresholds where they are given."""
        bounds = {name: threshold.value for name, threshold in self.thresholds.items()} | changed
        if self.source == EXPERIMENTS:
            return self.judge(evidence, **bounds)
        if self.source in OF_RUNS:
            return self._of_runs(evidence, bounds)
        if self.source not in evidence.figures:
            return Judgement(OPEN, missing=[self.source.replace("figure_", "Figure ")])
        figure = evidence.figures[self.source]
        few = 0 < len(figure.get("seeds", [])) < ENOUGH
        return replace(self.judge(figure, **bounds), provisional=few)

    def _of_runs(self, evidence: Evidence, bounds: Mapping[str, float]) -> Judgement:
        """Where it is open for want of seeds, a provisional verdict by those that are there."""
        found = self.judge(evidence, **bounds)
        if found.verdict != OPEN:
            return found
        provisional = self.judge(replace(evidence, fewest=FEWEST), **bounds)
        return found if provisional.verdict == OPEN else replace(provisional, provisional=True)


@cache
def all_claims() -> tuple[Claim, ...]:
    """Those of claims.yaml, in its order."""
    text = files("drl_replication.verdict").joinpath("claims.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    words = {name: content[name] for name in ("most", "tried")}
    return tuple(_claim(name, row, words) for name, row in content["claims"].items())


def _claim(name: str, row: Mapping[str, Any], words: Mapping[str, str]) -> Claim:
    bounds = {n: Threshold(*map(float, t)) for n, t in (row.get("thresholds") or {}).items()}
    numbers = {n: shortest(t.value) for n, t in bounds.items()}
    numbers |= {f"{n}_percent": f"{shortest(100 * t.value)} %" for n, t in bounds.items()}
    comparisons = row.get("comparisons")
    return Claim(
        name,
        row["sentence"],
        row["section"],
        row["from"],
        row["rule"].format(**words, **numbers),
        partial(experiments.compared, comparisons) if comparisons else JUDGES[row["judge"]],
        bounds,
    )


def claims(evidence: Evidence, wanted: Iterable[Claim] | None = None) -> pd.DataFrame:
    """Each claim judged.

    Columns: id, claim (quoted), section, source, rule, verdict, evidence, provisional (of fewer
    than five runs of a method, or seeds of a figure) and robust (for which thresholds and readings
    of rho the verdict is the same).
    """
    chosen = all_claims() if wanted is None else wanted
    return pd.DataFrame([_row(claim, evidence) for claim in chosen])


def _row(claim: Claim, evidence: Evidence) -> dict[str, str | bool]:
    judgement = claim.judged(evidence)
    return {
        "id": claim.id,
        "claim": claim.sentence,
        "section": claim.section,
        "source": claim.source,
        "rule": claim.rule,
        "verdict": judgement.verdict,
        "evidence": " ".join(_sentences(judgement, _other_data(claim.source, evidence))),
        "provisional": judgement.provisional,
        "robust": "; ".join([*_ranges(claim, evidence), *_readings(claim, evidence, judgement)]),
    }


def _ranges(claim: Claim, evidence: Evidence) -> Iterator[str]:
    """For each threshold, the values around the chosen one for which the verdict is the same."""
    verdict = claim.judged(evidence).verdict
    if verdict == OPEN:
        return
    for name, threshold in claim.thresholds.items():
        values = threshold.others()
        same = [claim.judged(evidence, **{name: v}).verdict == verdict for v in values]
        first = last = values.index(threshold.value)
        while first > 0 and same[first - 1]:
            first -= 1
        while last < len(values) - 1 and same[last + 1]:
            last += 1
        tried = f"{shortest(threshold.least)} to {shortest(threshold.most)}"
        kept = f"{shortest(values[first])} to {shortest(values[last])}"
        yield f"{name.replace('_', ' ')}: {kept} (tried: {tried})"


def _readings(claim: Claim, evidence: Evidence, own: Judgement) -> Iterator[str]:
    """Of a claim on rho: under which readings of rho its verdict is another, or that none is."""
    if claim.source not in OF_RUNS:
        return
    found = {name: claim.judged(e) for name, e in evidence.other_readings_of_rho.items()}
    turned = [f"{name} ({j.verdict})" for name, j in found.items() if j.verdict != own.verdict]
    if turned:
        yield OTHERWISE + " nor for ".join(turned)
    elif own.verdict != OPEN and any(j.evidence != own.evidence for j in found.values()):
        yield "each reading of rho"


def _other_data(source: str, evidence: Evidence) -> str:
    """Why what was measured is not what the paper measured, if so."""
    if source in OF_RUNS:
        return "; ".join(f"{benchmark_title(b)}: {why}" for b, why in evidence.other.items())
    if source == EXPERIMENTS:
        return "; ".join(evidence.other_experiments)
    figure = evidence.figures.get(source)
    return incomparable_figure(figure) if figure and source in ON_DATA else ""


def _sentences(judgement: Judgement, other: str) -> Iterator[str]:
    if text := judgement.evidence:
        yield f"{text[0].upper()}{text[1:]}."
        if other:
            yield f"Not as in the paper: {other}."
    if judgement.missing:
        yield f"Missing: {'; '.join(judgement.missing)}."
