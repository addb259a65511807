"""The paper's claims that the figures can judge: one function a claim.

Each takes the `summary` of one figure. A stat there holds `values` (one a seed or repetition),
`mean`, `std`, and for some an interval.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from drl_replication.measures.statistics import bootstrap_mean_interval
from drl_replication.text.documents import digits
from drl_replication.verdict.evidence import (
    FAILS,
    FEWEST,
    HOLDS,
    MIXED,
    OPEN,
    Judgement,
    every,
    side,
)

HARDLY = 0.05  # share of pairs
STRONG = 0.5  # correlation
SATURATED = 0.1  # of the whole drop
MUCH_HIGHER = 0.1  # probability
STANDARD_ERRORS = 3
CLASSIFIERS = ("0,1", "7,9")


def _one_seed(what: str, needed: str = "seeds") -> Judgement:
    return Judgement(OPEN, "", [f"{what}: two {needed} at least"])


def diverse_gradients_sit_at_the_boundary(summary: Mapping) -> Judgement:
    """Mean distance to the boundary, of selected samples over that of all."""
    stat = summary["distance_ratio"]
    if not stat.get("interval"):
        return _one_seed("Figure 1", "repetitions")
    return Judgement(
        side(stat["interval"], 1),
        f"the samples that GSS-IQP selects lie at {digits(stat['mean'])} {_span(stat['interval'])} "
        f"times the mean distance of all samples ({summary['repetitions']} repetitions, "
        f"{summary['solved']} solved to optimality, within 1e-6 in the mean cosine)",
    )


def random_memory_beats_gss_iqp(summary: Mapping) -> Judgement:
    """Accuracy over all three classes after task 2, random minus GSS-IQP."""
    if not summary["difference"].get("interval"):
        return _one_seed("Figure 1", "repetitions")
    share = summary["share"]
    cases = {_percent(size): s for size, s in summary["sizes"].items()}
    places = {place: sizes[share] for place, sizes in summary["places"].items()}
    cases |= {f"{_percent(share)} with the third class {p}": s for p, s in places.items()}
    texts = [
        f"memory of {case}: {_with_span(s['difference']['mean'], s['difference']['interval'])}, "
        f"better in {s['random_better']} and worse in {s['gss_better']} of {s['repetitions']} "
        "repetitions"
        for case, s in cases.items()
    ]
    found = {_is_above(s["difference"]["interval"], 0) for s in places.values()}
    return Judgement(found.pop() if len(found) == 1 else MIXED, "; ".join(texts))


def _percent(share: str) -> str:
    return f"{100 * float(share):g} %"


def positive_pairs_hardly_conflict(summary: Mapping) -> Judgement:
    """The share of positive pairs whose gradients have a negative similarity."""
    return _classifiers(
        summary, "positive_conflicting", lambda low, high: high <= HARDLY, "share in conflict"
    )


def negative_pairs_similarities_are_opposed(summary: Mapping) -> Judgement:
    """Correlation of the similarities of gradients and of representations, negative pairs."""
    return _classifiers(
        summary, "negative_correlation", lambda low, high: high <= -STRONG, "correlation"
    )


def positive_pairs_similarities_agree(summary: Mapping) -> Judgement:
    """Correlation of the similarities of gradients and of representations, positive pairs."""
    return _classifiers(
        summary, "positive_correlation", lambda low, high: low >= STRONG, "correlation"
    )


def _classifiers(
    summary: Mapping, measure: str, rule: Callable[[float, float], bool], what: str
) -> Judgement:
    """A rule for the 90 % interval of a measure, of each of the two classifiers."""
    found = {c: s[measure] for c, s in summary["classifiers"].items() if s[measure]["interval90"]}
    verdict = every([rule(*stat["interval90"]) for stat in found.values()], len(CLASSIFIERS))
    text = "; ".join(
        f"classes {c}: {what} {digits(s['mean'])} {_span(s['interval90'])}, n = {len(s['values'])}"
        for c, s in found.items()
    )
    missing = [f"Figure 2: two seeds of classes {c}" for c in CLASSIFIERS if c not in found]
    return Judgement(verdict, text, missing)


def zero_and_one_are_separable(summary: Mapping) -> Judgement:
    """Seeds for which a threshold on the representations' similarity tells the pairs apart."""
    separable = {c: summary["classifiers"][c]["separable"] for c in CLASSIFIERS}
    seeds = summary["seeds"]
    text = "; ".join(f"classes {c}: for {k} of {seeds} seeds" for c, k in separable.items())
    return Judgement(HOLDS if 2 * separable["0,1"] > seeds else FAILS, text)


def separable_classes_have_higher_accuracy(summary: Mapping) -> Judgement:
    """Test accuracy of the classifier of {0, 1} against that of {7, 9}."""
    accuracies = [summary["classifiers"][c]["test_accuracy"] for c in CLASSIFIERS]
    change = _change(*(a["values"] for a in reversed(accuracies)))
    if change is None:
        return _one_seed("Figure 2")
    zero_one, seven_nine = (digits(a["mean"]) for a in accuracies)
    text = f"{zero_one} against {seven_nine}, difference {_with_span(*change)}"
    return Judgement(_is_above(change[1], 0), text)


def alpha_lowers_rho_and_saturates(summary: Mapping) -> Judgement:
    """Rho at the largest alpha against the smallest; the last step against the whole change.

    Asked twice where runs diverged: an alpha just above those hardly learns, and rho falls from
    there without saying much.
    """
    diverged = {name: n for name, n in summary["diverged"].items() if n}
    told = "; ".join(
        f"{n} of {n + len(summary['finished'][name])} diverged at {_at(name)}"
        for name, n in diverged.items()
    )
    alphas = sorted((a for a, s in summary["rho"].items() if len(s["values"]) >= FEWEST), key=float)
    whole = _fall_of_rho(summary, alphas)
    parts = [whole]
    if set(diverged) & set(alphas):
        parts.append(_fall_of_rho(summary, [a for a in alphas if a not in diverged]))
    verdicts = {part.verdict for part in parts} - {OPEN}
    verdict = whole.verdict if whole.verdict == OPEN or len(verdicts) == 1 else MIXED
    texts = [
        whole.evidence,
        *(f"where every run finished: {p.evidence}" for p in parts[1:] if p.evidence),
    ]
    ber = f"BER's is {digits(summary['rho_ber']['mean'])}"
    return Judgement(verdict, "; ".join(filter(None, [*texts, ber, told])), whole.missing)


def _fall_of_rho(summary: Mapping, alphas: Sequence[str]) -> Judgement:
    """The claim on these alphas, in the order of numbers."""
    if len(alphas) < 3:
        return Judgement(OPEN, "", ["Figure 3: three alphas with two finished seeds each"])
    rho, (first, last) = summary["rho"], (alphas[0], alphas[-1])
    values = [
        dict(zip(summary["finished"][a], rho[a]["values"], strict=True)) for a in (first, last)
    ]
    seeds = [seed for seed in values[0] if seed in values[1]]
    change = _change(*([v[seed] for seed in seeds] for v in values))
    if change is None:
        return Judgement(OPEN, "", [f"Figure 3: two seeds with {_at(first)} and {last}"])
    lower = side(change[1], 0)
    steps = [rho[b]["mean"] - rho[a]["mean"] for a, b in pairwise(alphas)]
    saturates = abs(steps[-1]) <= SATURATED * abs(rho[last]["mean"] - rho[first]["mean"])
    text = (
        f"rho is {digits(rho[first]['mean'])} at {_at(first)} and {digits(rho[last]['mean'])} at "
        f"{last} (change over the {len(seeds)} seeds that finished both "
        f"{_with_span(*change)}), its first step {digits(steps[0], '+')}, its last, from "
        f"{alphas[-2]}, {digits(steps[-1], '+')}"
    )
    return Judgement(MIXED if lower == HOLDS and not saturates else lower, text)


def _at(name: str) -> str:
    return "BER" if name == "ber" else f"alpha = {name}"


def drl_makes_representations_less_similar(summary: Mapping) -> Judgement:
    """Mean cosine similarity of representations, DRL minus BER: both kinds of pairs."""
    return _similarities(summary, "representation")


def drl_makes_gradients_less_similar(summary: Mapping) -> Judgement:
    """The same for gradients."""
    return _similarities(summary, "gradient")


def drl_makes_gradients_less_diverse(summary: Mapping) -> Judgement:
    """Pairs of different classes: is their similarity higher, and do fewer conflict strongly?"""
    mean = _similarities(summary, "gradient", ["different"], above=True)
    conflicts = summary["conflicts"]
    change = _change(conflicts["ber"]["values"], conflicts["drl"]["values"])
    if change is None:
        return mean
    fewer = side(change[1], 0)
    text = (
        f"share under {digits(conflicts['threshold'])}: BER {digits(conflicts['ber']['mean'])}, "
        f"DRL {digits(conflicts['drl']['mean'])}, change {_with_span(*change)}"
    )
    verdict = mean.verdict if mean.verdict == fewer else MIXED
    return Judgement(verdict, f"{mean.evidence}; {text}")


def _similarities(
    summary: Mapping,
    kind: str,
    all_pairs: Sequence[str] = ("different", "same"),
    above: bool = False,
) -> Judgement:
    """Is the similarity lower with DRL than with BER, or higher?"""
    parts = summary["similarity"][kind]
    found, texts = [], []
    for pairs in all_pairs:
        ber, drl = (parts[method][pairs] for method in ("ber", "drl"))
        change = _change(ber["values"], drl["values"])
        if change is None:
            return _one_seed("Figure 3")
        found.append(_is_above(change[1], 0) if above else side(change[1], 0))
        texts.append(
            f"{pairs} class: BER {digits(ber['mean'])}, DRL {digits(drl['mean'])}, change "
            f"{_with_span(*change)}"
        )
    verdict = found[0] if len(set(found)) == 1 else MIXED
    return Judgement(verdict, "; ".join(texts) + f"; n = {summary['seeds']}")


def inner_product_is_negative_near_the_boundary(summary: Mapping) -> Judgement:
    """P(S < 0) of situation (a) against (b) and (c)."""
    a, b, c = (summary[name] for name in "abc")
    found = [
        a["probability"] - other["probability"]
        > max(MUCH_HIGHER, STANDARD_ERRORS * np.hypot(a["standard_error"], other["standard_error"]))
        for other in (b, c)
    ]
    text = ", ".join(f"({n}) {digits(summary[n]['probability'])}" for n in "abc")
    return Judgement(every(found, 2), f"P(S < 0): {text}")


def _change(before: Sequence[float], after: Sequence[float]) -> tuple | None:
    """Mean change, paired by seed, and its 95 % interval; None for fewer than two seeds."""
    if len(before) < FEWEST:
        return None
    values = np.subtract(after, before)
    return float(values.mean()), bootstrap_mean_interval(values)


def _is_above(interval: Sequence[float], bound: float) -> str:
    low, high = interval
    return side((-high, -low), -bound)


def _span(interval: Sequence[float]) -> str:
    return f"[{digits(interval[0])}, {digits(interval[1])}]"


def _with_span(mean: float, interval: Sequence[float]) -> str:
    return f"{digits(mean, '+')} {_span(interval)}"
