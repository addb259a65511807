"""Claims on accuracy, forgetting and rho of the methods, from the runs.

On each benchmark a claim holds, doesn't, or is tied where the paired 95 % interval holds 0.
"""

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from drl_replication.measures.statistics import pearson
from drl_replication.paper.printed import METHOD_TITLES, benchmark_title, method_title
from drl_replication.tables.comparisons import RIVALS
from drl_replication.tables.separation import BETTER, FEW, WORSE
from drl_replication.text.numbers import digits
from drl_replication.verdict.evidence import (
    FAILS,
    HOLDS,
    MIXED,
    OPEN,
    Evidence,
    Judgement,
    above,
    both,
    lead,
    majority,
    side,
)
from drl_replication.verdict.scoring import INCONCLUSIVE

METRIC_LEARNING = ("multisim", "rmargin")
PLAIN = ("ber", "er", "agem", "gss")  # without a loss on representations
OUTCOMES = {HOLDS: "yes", FAILS: "no", INCONCLUSIVE: "tied", OPEN: "too few pairs"}


def _decided(found: Mapping[str, str]) -> str:
    """On most benchmarks, without those on which there are too few pairs for an interval."""
    return majority({benchmark: v for benchmark, v in found.items() if v != OPEN})


def drl_is_best(evidence: Evidence) -> Judgement:
    """Ahead of each rival by its own interval; not, if a rival is ahead after Holm."""
    tests = evidence.tests[
        (evidence.tests["comparison"] == RIVALS)
        & (evidence.tests["measure"] == "average_accuracy")
        & evidence.tests["benchmark"].isin(evidence.judged())
    ]
    found, texts = {}, []
    for benchmark, part in tests.groupby("benchmark", sort=False):
        behind = part["verdict"] == WORSE
        best = (part["low"] > 0).all() and len(part) == len(METHOD_TITLES) - 1
        neither = OPEN if (part["verdict"] == FEW).any() else INCONCLUSIVE
        found[str(benchmark)] = HOLDS if best else FAILS if behind.any() else neither
        leader = evidence.means(str(benchmark), "average_accuracy").idxmax()
        texts.append(
            f"{benchmark_title(str(benchmark))}: {OUTCOMES[found[str(benchmark)]]}, highest mean "
            f"{method_title(str(leader))}, DRL ahead of {(part['verdict'] == BETTER).sum()} and "
            f"behind {behind.sum()} of {len(part)} rivals"
        )
    return Judgement(_decided(found), "; ".join(texts), evidence.missing())


def metric_learning_is_good(evidence: Evidence) -> Judgement:
    """Each of the two against the median of the four methods without a representation loss."""
    return _each_of(
        METRIC_LEARNING,
        (*METRIC_LEARNING, *PLAIN),
        evidence,
        lambda values, method: values[method] - values[list(PLAIN)].median(axis=1, skipna=False),
        "the median of BER, ER, A-GEM and GSS",
    )


def random_samples_beat_gss(evidence: Evidence) -> Judgement:
    """ER and BER, whose memory doesn't look at gradients, against GSS."""
    return _each_of(
        ("er", "ber"),
        ("gss", "er", "ber"),
        evidence,
        lambda values, method: values[method] - values["gss"],
        "GSS",
    )


def er_beats_agem(evidence: Evidence) -> Judgement:
    """The two that can be run; MER is not among the paper's methods."""
    return _each_of(
        ("er",),
        ("er", "agem"),
        evidence,
        lambda values, method: values[method] - values["agem"],
        "A-GEM",
    )


def _each_of(
    methods: Iterable[str],
    needed: tuple[str, ...],
    evidence: Evidence,
    difference: Callable[[pd.DataFrame, str], "pd.Series[float]"],
    than: str,
) -> Judgement:
    """Whether each of the methods has the higher accuracy on most benchmarks."""
    values = {b: evidence.paired(b, "average_accuracy") for b in evidence.judged(needed)}
    verdicts, texts = [], []
    for method in methods:
        leads = {b: lead(difference(table, method)) for b, table in values.items()}
        found = {b: above(found.interval, 0) for b, found in leads.items()}
        verdicts.append(_decided(found))
        told = ", ".join(
            f"{benchmark_title(b)} {leads[b].text} ({OUTCOMES[v]})" for b, v in found.items()
        )
        texts.append(f"{method_title(method)} minus {than}: {told}")
    return Judgement(both(verdicts), "; ".join(texts) if values else "", evidence.missing(needed))


def forgetting_conflicts_with_intransigence(evidence: Evidence) -> Judgement:
    """The correlation of the two over the means of the seven methods, whichever is left out."""
    found, texts = {}, []
    for benchmark in evidence.judged():
        measures = ("average_forgetting", "average_intransigence")
        means = pd.concat([evidence.means(benchmark, name) for name in measures], axis=1)
        all_of_them = pearson(*means.to_numpy().T)
        without = [pearson(*means.drop(index=m).to_numpy().T) for m in means.index]
        found[benchmark] = side((min(without), max(without)), 0)
        texts.append(
            f"{benchmark_title(benchmark)} {digits(all_of_them)}, without one method "
            f"{digits(min(without))} to {digits(max(without))}"
        )
    return Judgement(majority(found), "; ".join(texts), evidence.missing())


def gss_has_small_rho_without_better_accuracy(evidence: Evidence) -> Judgement:
    """GSS against the median of the six others, in rho and in accuracy."""
    found, texts = {}, []
    for benchmark in evidence.judged():
        rho, accuracy = (
            lead(values["gss"] - values.drop(columns="gss").median(axis=1, skipna=False))
            for values in (evidence.paired(benchmark, c) for c in ("rho", "average_accuracy"))
        )
        smaller, better = side(rho.interval, 0), above(accuracy.interval, 0)
        found[benchmark] = FAILS if better == HOLDS else smaller
        texts.append(
            f"{benchmark_title(benchmark)}: rho {rho.text}, accuracy {accuracy.text} "
            f"({OUTCOMES[found[benchmark]]})"
        )
    text = f"GSS minus the median of the others: {'; '.join(texts)}"
    return Judgement(_decided(found), text if found else "", evidence.missing())


def drl_lowers_rho(evidence: Evidence) -> Judgement:
    """DRL's rho against BER's, which differs from it by the auxiliary loss alone."""
    methods = ("drl", "ber")
    tables = {b: evidence.paired(b, "rho") for b in evidence.judged(methods)}
    leads = {b: lead(table["drl"] - table["ber"]) for b, table in tables.items()}
    found = {b: side(change.interval, 0) for b, change in leads.items()}
    text = "; ".join(
        f"{benchmark_title(b)} {leads[b].text} ({OUTCOMES[v]})" for b, v in found.items()
    )
    return Judgement(_decided(found), text, evidence.missing(methods))


def memory_is_uniform(evidence: Evidence, uneven: int = 1) -> Judgement:
    """Samples of each seen class in memory after each task: the most minus the fewest."""
    found: dict[str, str] = {}
    texts = []
    methods = [method for method in METHOD_TITLES if method != "gss"]  # its memory is another
    for benchmark in evidence.judged(methods):
        runs = evidence.finished(benchmark)
        runs = runs[runs["method"].isin(methods)]
        most = int(runs["memory_spread"].max())
        found[benchmark] = HOLDS if most <= uneven else FAILS
        texts.append(
            f"{benchmark_title(benchmark)}: at most {most} sample{'s' * (most != 1)} between "
            f"the largest and the smallest group, in {len(runs)} runs"
        )
    return Judgement(_all(found), "; ".join(texts), evidence.missing(methods))


def _all(found: Mapping[str, str]) -> str:
    if FAILS in found.values():
        return MIXED if HOLDS in found.values() else FAILS
    return majority(found)
