"""Claims on Figure 2: similarities of gradients and of representations."""

from collections.abc import Callable

import numpy as np

from drl_replication.measures.statistics import mean_interval
from drl_replication.text.numbers import digits, with_interval
from drl_replication.verdict.evidence import (
    FAILS,
    FEWEST,
    HOLDS,
    Judgement,
    Summary,
    above,
    both,
    change,
    every,
    one_seed,
)

CLASSIFIERS = ("0,1", "7,9")


def positive_pairs_hardly_conflict(figure: Summary, hardly: float) -> Judgement:
    """The share of positive pairs whose gradients have a negative similarity."""
    return _classifiers(
        figure, "positive_conflicting", lambda low, high: high <= hardly, "share in conflict"
    )


def negative_pairs_similarities_are_opposed(figure: Summary, strong: float) -> Judgement:
    """Correlation of the similarities of gradients and of representations, negative pairs."""
    return _classifiers(
        figure, "negative_correlation", lambda low, high: high <= -strong, "correlation"
    )


def positive_pairs_similarities_agree(figure: Summary, strong: float) -> Judgement:
    """Correlation of the similarities of gradients and of representations, positive pairs."""
    return _classifiers(
        figure, "positive_correlation", lambda low, high: low >= strong, "correlation"
    )


def _classifiers(
    figure: Summary, measure: str, rule: Callable[[float, float], bool], what: str
) -> Judgement:
    """A rule for the 90 % interval (Student's) of a measure, of each of the two classifiers."""
    values = {c: s[measure]["values"] for c, s in figure["summary"]["classifiers"].items()}
    found = {c: mean_interval(v, 0.9) for c, v in values.items() if len(v) >= FEWEST}
    verdict = every([rule(*ends) for ends in found.values()], len(CLASSIFIERS))
    text = "; ".join(
        f"classes {c}: {what} {with_interval(float(np.mean(values[c])), *ends)}, "
        f"n = {len(values[c])}"
        for c, ends in found.items()
    )
    missing = [f"Figure 2: two seeds of classes {c}" for c in CLASSIFIERS if c not in found]
    return Judgement(verdict, text, missing)


def negative_pairs_correlate_more(figure: Summary) -> Judgement:
    """Size of the correlation of negative pairs minus that of positive ones, paired by seed."""
    verdicts, texts = [], []
    for name in CLASSIFIERS:
        summary = figure["summary"]["classifiers"][name]
        positive, negative = (
            np.abs(summary[f"{kind}_correlation"]["values"]) for kind in ("positive", "negative")
        )
        larger = change(positive, negative)
        if larger is None:
            return one_seed("Figure 2")
        verdicts.append(above(larger.interval, 0))
        texts.append(f"classes {name}: {larger.text}, n = {len(negative)}")
    return Judgement(both(verdicts), "; ".join(texts))


def zero_and_one_are_separable(figure: Summary, share: float) -> Judgement:
    """Seeds for which a threshold on the representations' similarity tells the pairs apart."""
    summary = figure["summary"]
    separable = {c: summary["classifiers"][c]["separable"] for c in CLASSIFIERS}
    seeds = summary["seeds"]
    text = "; ".join(f"classes {c}: for {k} of {seeds} seeds" for c, k in separable.items())
    return Judgement(HOLDS if separable["0,1"] > share * seeds else FAILS, text)


def separable_classes_have_higher_accuracy(figure: Summary) -> Judgement:
    """Test accuracy of the classifier of {0, 1} against that of {7, 9}."""
    accuracies = [figure["summary"]["classifiers"][c]["test_accuracy"] for c in CLASSIFIERS]
    zero_one_ahead = change(*(a["values"] for a in reversed(accuracies)))
    if zero_one_ahead is None:
        return one_seed("Figure 2")
    zero_one, seven_nine = (digits(a["mean"]) for a in accuracies)
    text = f"{zero_one} against {seven_nine}, difference {zero_one_ahead.text}"
    return Judgement(above(zero_one_ahead.interval, 0), text)
