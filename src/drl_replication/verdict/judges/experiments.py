"""Claims judged by experiments of their own: runs with one thing changed, on small benchmarks.

A comparison is data of claims.yaml: a sum of measures of arms with signs, paired by seed, and
where its interval must lie.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from drl_replication.measures.statistics import (
    grouped_correlation,
    jackknife_interval,
    sign_flip_interval,
)
from drl_replication.paper.printed import benchmark_order, benchmark_title
from drl_replication.text.notes import ENOUGH
from drl_replication.text.numbers import digits, listed, with_interval
from drl_replication.verdict.evidence import (
    FAILS,
    HOLDS,
    OPEN,
    Evidence,
    Judgement,
    above,
    both,
    lead,
    side,
)
from drl_replication.verdict.scoring import INCONCLUSIVE

OUTCOMES = {HOLDS: "yes", FAILS: "no", INCONCLUSIVE: "open", OPEN: "too few pairs"}
NEEDED = "experiments of the claims with six seeds or more: snakemake claims makes them"
EQUAL = 0.9  # confidence of an interval that must lie inside a margin
OF_METHODS = ("drl", "ber", "er")  # whose gradients are compared on the way


def compared(
    comparisons: Sequence[Mapping[str, Any]], evidence: Evidence, margin: float = 0.0
) -> Judgement:
    """Whether each comparison comes out as it must, on each benchmark that has its arms.

    A comparison: `of` ({arm.measure: factor}), `lies` (above, below, or inside the margin),
    `bound` (0 without it), `benchmarks` (any without it), `lost` (what a diverged run counts as;
    it is left out without it) and `what` it is in words.
    """
    outcomes: list[str] = []
    texts, fewest = [], ENOUGH
    for comparison in comparisons:
        told = []
        for benchmark, values in _differences(comparison, evidence):
            outcome, interval = _outcome(values, comparison, margin)
            outcomes.append(outcome)
            fewest = min(fewest, len(values))
            number = with_interval(float(values.mean()), *interval, sign="+")
            place = f"{benchmark_title(benchmark)} " if benchmark else ""
            told.append(f"{place}{number} ({OUTCOMES[outcome]}, n = {len(values)})")
        if told:
            texts.append(f"{comparison['what']}: {', '.join(told)}")
    missing = [] if outcomes and OPEN not in outcomes else [NEEDED]
    return Judgement(both(outcomes), "; ".join(texts), missing, bool(texts) and fewest < ENOUGH)


def _differences(
    comparison: Mapping[str, Any], evidence: Evidence
) -> Iterator[tuple[str, "pd.Series[float]"]]:
    """By benchmark, the sums of a comparison, one a seed that has all of it."""
    factors: Mapping[str, float] = comparison["of"]
    wanted = comparison.get("benchmarks")
    for benchmark in sorted(evidence.arms, key=benchmark_order):
        table = evidence.arms[benchmark]
        if not set(factors) <= set(table) or (wanted and benchmark not in wanted):
            continue
        there = table[list(factors)]
        if "lost" in comparison:
            there = there.fillna(comparison["lost"])
        values = (there * pd.Series(factors)).sum(axis=1, skipna=False).dropna()
        if len(values):
            yield benchmark, values


def _outcome(
    values: "pd.Series[float]", comparison: Mapping[str, Any], margin: float
) -> tuple[str, tuple[float, float]]:
    bound = float(comparison.get("bound", 0.0))
    if comparison["lies"] == "inside":
        low, high = sign_flip_interval(values.to_numpy(), EQUAL)
        inside = [above((low, high), bound - margin), side((low, high), bound + margin)]
        return next((o for o in (OPEN, FAILS, INCONCLUSIVE) if o in inside), HOLDS), (low, high)
    interval = lead(values).interval
    if comparison["lies"] == "above":
        return above(interval, bound + margin), interval
    return side(interval, bound - margin), interval


def aligned_gradients_go_with_accuracy(evidence: Evidence) -> Judgement:
    """Mean cosine of current and earlier gradients against accuracy, within three methods."""
    found, texts = {}, []
    for benchmark, part in evidence.experiments.groupby("benchmark", sort=False):
        names = [(m, x) for m in OF_METHODS for x in ("cosine_with_earlier", "average_accuracy")]
        table = part.pivot(index="seed", columns=["arm", "measure"], values="value")
        if not set(names) <= set(table):
            continue
        table = table[names].dropna()
        values = table.to_numpy().reshape(len(table), len(OF_METHODS), 2)
        if len(values) < ENOUGH:
            found[str(benchmark)] = OPEN
            continue
        r = _within(values)
        interval = jackknife_interval(
            r, [_within(np.delete(values, i, axis=0)) for i in range(len(values))]
        )
        found[str(benchmark)] = above(interval, 0)
        outcome = OUTCOMES[found[str(benchmark)]]
        number = with_interval(r, *interval, sign="+")
        texts.append(f"{benchmark_title(str(benchmark))} {number} ({outcome}, n = {len(values)})")
    missing = [] if found and OPEN not in found.values() else [NEEDED]
    return Judgement(both(found.values()), "; ".join(texts), missing)


def _within(values: np.ndarray) -> float:
    """Correlation within methods, from (seeds, methods, 2)."""
    seeds, methods, _ = values.shape
    x, y = values.reshape(-1, 2).T
    groups = np.tile(np.arange(methods), seeds)
    return float(grouped_correlation(np.ones((1, len(x))), x, y, groups)[0])


def too_small_rho_is_detrimental(evidence: Evidence) -> Judgement:
    """The alpha of the smallest mean rho, if below BER's and Table 6's, against Table 6's."""
    found, texts = {}, []
    for benchmark, part in evidence.experiments.groupby("benchmark", sort=False):
        rho, accuracy = (
            part[part["measure"] == name].pivot(index="seed", columns="arm", values="value")
            for name in ("rho", "average_accuracy")
        )
        arms = [a for a in rho if str(a).startswith("drl_alpha_") and rho[a].count() >= ENOUGH]
        if not arms or not {"drl", "ber"} <= set(rho):
            continue
        smallest = rho[arms].mean().idxmin()
        below = both(side(lead(rho[smallest] - rho[than]).interval, 0) for than in ("ber", "drl"))
        worse = lead(accuracy[smallest] - accuracy["drl"])
        # Where rho is not small, nothing is said of what a small one does.
        found[str(benchmark)] = side(worse.interval, 0) if below == HOLDS else OPEN
        counts = "counts" if below == HOLDS else "does not count"
        texts.append(
            f"{benchmark_title(str(benchmark))}: rho {digits(rho[smallest].mean())} at alpha = "
            f"{str(smallest).removeprefix('drl_alpha_')} (BER {digits(rho['ber'].mean())}, Table "
            f"6's alpha {digits(rho['drl'].mean())}), accuracy minus that at Table 6's alpha "
            f"{worse.text} ({counts}, n = {rho[smallest].count()})"
        )
    judged = {b: v for b, v in found.items() if v != OPEN}
    lacking = [benchmark_title(b) for b, v in found.items() if v == OPEN]
    text = f"an alpha that drives rho below BER's and Table 6's on {listed(lacking)}"
    missing = [text] * bool(lacking) if found else [NEEDED]
    return Judgement(both(judged.values()), "; ".join(texts), missing)
