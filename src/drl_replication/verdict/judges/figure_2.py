"""Claims on Figure 2: similarities of gradients and of representations."""

from collections.abc import Callable

from drl_replication.text.numbers import digits, with_interval
from drl_replication.verdict.evidence import (
    FAILS,
    HOLDS,
    Judgement,
    Summary,
    above,
    change,
    every,
    one_seed,
)

HARDLY = 0.05  # share of pairs
STRONG = 0.5  # correlation
CLASSIFIERS = ("0,1", "7,9")


def positive_pairs_hardly_conflict(summary: Summary) -> Judgement:
    """The share of positive pairs whose gradients have a negative similarity."""
    return _classifiers(
        summary, "positive_conflicting", lambda low, high: high <= HARDLY, "share in conflict"
    )


def negative_pairs_similarities_are_opposed(summary: Summary) -> Judgement:
    """Correlation of the similarities of gradients and of representations, negative pairs."""
    return _classifiers(
        summary, "negative_correlation", lambda low, high: high <= -STRONG, "correlation"
    )


def positive_pairs_similarities_agree(summary: Summary) -> Judgement:
    """Correlation of the similarities of gradients and of representations, positive pairs."""
    return _classifiers(
        summary, "positive_correlation", lambda low, high: low >= STRONG, "correlation"
    )


def _classifiers(
    summary: Summary, measure: str, rule: Callable[[float, float], bool], what: str
) -> Judgement:
    """A rule for the 90 % interval of a measure, of each of the two classifiers."""
    found = {c: s[measure] for c, s in summary["classifiers"].items() if s[measure]["interval90"]}
    verdict = every([rule(*stat["interval90"]) for stat in found.values()], len(CLASSIFIERS))
    text = "; ".join(
        f"classes {c}: {what} {with_interval(s['mean'], *s['interval90'])}, n = {len(s['values'])}"
        for c, s in found.items()
    )
    missing = [f"Figure 2: two seeds of classes {c}" for c in CLASSIFIERS if c not in found]
    return Judgement(verdict, text, missing)


def zero_and_one_are_separable(summary: Summary) -> Judgement:
    """Seeds for which a threshold on the representations' similarity tells the pairs apart."""
    separable = {c: summary["classifiers"][c]["separable"] for c in CLASSIFIERS}
    seeds = summary["seeds"]
    text = "; ".join(f"classes {c}: for {k} of {seeds} seeds" for c, k in separable.items())
    return Judgement(HOLDS if 2 * separable["0,1"] > seeds else FAILS, text)


def separable_classes_have_higher_accuracy(summary: Summary) -> Judgement:
    """Test accuracy of the classifier of {0, 1} against that of {7, 9}."""
    accuracies = [summary["classifiers"][c]["test_accuracy"] for c in CLASSIFIERS]
    zero_one_ahead = change(*(a["values"] for a in reversed(accuracies)))
    if zero_one_ahead is None:
        return one_seed("Figure 2")
    zero_one, seven_nine = (digits(a["mean"]) for a in accuracies)
    text = f"{zero_one} against {seven_nine}, difference {zero_one_ahead.text}"
    return Judgement(above(zero_one_ahead.interval, 0), text)
