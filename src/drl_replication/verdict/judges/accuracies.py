"""Claims on accuracy, forgetting and intransigence, from the runs."""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from drl_replication.measures.statistics import holm, pearson, sign_flip_test
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.tables.comparisons import BETTER, LEVEL, RIVALS, WORSE
from drl_replication.text.numbers import DECIMALS, digits, listed
from drl_replication.verdict.evidence import Evidence, Judgement, both, majority

METRIC_LEARNING = ("multisim", "rmargin")
PLAIN = ("ber", "er", "agem", "gss")  # without a loss on representations
REPLAY = ("er", "ber")


def drl_is_best(evidence: Evidence) -> Judgement:
    """The best mean average accuracy of a benchmark, rounded as in the tables."""
    best = {}
    for benchmark in evidence.judged():
        means = evidence.means(benchmark, "average_accuracy").round(DECIMALS)
        best[benchmark] = list(means.index[means == means.max()])
    found = {benchmark: "drl" in methods for benchmark, methods in best.items()}
    leaders = (f"{benchmark_title(b)}: {listed(map(method_title, m))}" for b, m in best.items())
    tests = evidence.tests[
        (evidence.tests["comparison"] == RIVALS)
        & (evidence.tests["measure"] == "average_accuracy")
        & evidence.tests["benchmark"].isin(best)
    ]
    ahead = tests["verdict"] == BETTER
    everywhere = ahead.groupby(tests["benchmark"]).all()
    text = (
        f"DRL has the best mean on {sum(found.values())} of {len(found)} benchmarks "
        f"({'; '.join(leaders)}); in exact paired tests after Holm it is ahead of {ahead.sum()} "
        f"and behind {(tests['verdict'] == WORSE).sum()} of {len(tests)} rivals, and ahead of all "
        f"six on {everywhere.sum()} benchmarks"
    )
    return Judgement(majority(found), text if found else "", evidence.missing())


def metric_learning_is_good(evidence: Evidence) -> Judgement:
    """Each of the two against the median of the four methods without a representation loss."""
    methods = (*METRIC_LEARNING, *PLAIN)
    means = {b: evidence.means(b, "average_accuracy") for b in evidence.judged(methods)}
    found = {
        method: {b: bool(m[method] > m[list(PLAIN)].median()) for b, m in means.items()}
        for method in METRIC_LEARNING
    }
    text = "; ".join(
        f"{method_title(method)} is above the median of BER, ER, A-GEM and GSS on "
        f"{sum(found[method].values())} and above A-GEM on "
        f"{sum(m[method] > m['agem'] for m in means.values())} of {len(means)} benchmarks"
        for method in METRIC_LEARNING
    )
    verdict = both(majority(found[method]) for method in METRIC_LEARNING)
    return Judgement(verdict, text if means else "", evidence.missing(methods))


def forgetting_conflicts_with_intransigence(evidence: Evidence) -> Judgement:
    """The correlation of the two over the means of the seven methods."""
    values = {
        b: pearson(
            *(
                evidence.means(b, f"average_{measure}").to_numpy()
                for measure in ("forgetting", "intransigence")
            )
        )
        for b in evidence.judged()
    }
    found = {benchmark: value < 0 for benchmark, value in values.items()}
    text = f"negative on {sum(found.values())} of {len(found)} benchmarks ({_each(values)})"
    return Judgement(majority(found), text if values else "", evidence.missing())


def _each(values: Mapping[str, float]) -> str:
    return ", ".join(f"{benchmark_title(b)} {digits(v)}" for b, v in values.items())


def gss_has_small_rho_without_better_accuracy(evidence: Evidence) -> Judgement:
    """GSS against the median of the six others, in rho and in accuracy."""
    found, texts = {}, []
    for benchmark in evidence.judged():
        rho, accuracy = (evidence.means(benchmark, c) for c in ("rho", "average_accuracy"))
        smaller = rho["gss"] < rho.drop("gss").median()
        better = accuracy["gss"] > accuracy.drop("gss").median()
        found[benchmark] = bool(smaller and not better)
        texts.append(
            f"{benchmark_title(benchmark)}: rho {digits(rho['gss'])} against a median of "
            f"{digits(rho.drop('gss').median())}, rank {rho.rank()['gss']:.0f} of 7 from "
            f"below; accuracy rank {accuracy.rank(ascending=False)['gss']:.0f} of 7 from above"
        )
    text = f"so on {sum(found.values())} of {len(found)} benchmarks ({'; '.join(texts)})"
    return Judgement(majority(found), text if found else "", evidence.missing())


def paired_tests(
    evidence: Evidence, benchmark: str, method: str, rivals: Iterable[str]
) -> pd.DataFrame:
    """Exact tests of a method's accuracy minus its rivals', paired by seed, adjusted after Holm.

    Columns: rival, difference, p.
    """
    runs = evidence.finished(benchmark)
    table = runs.pivot(index="seed", columns="method", values="average_accuracy")
    rows = []
    for rival in rivals:
        differences = (table[method] - table[rival]).dropna()
        p = sign_flip_test(differences.to_numpy()) if len(differences) else math.nan
        means = evidence.means(benchmark, "average_accuracy")
        rows.append({"rival": rival, "difference": means[method] - means[rival], "p": p})
    frame = pd.DataFrame(rows)
    return frame.assign(p=holm(frame["p"].to_numpy()))


def significant(tests: pd.DataFrame, sign: int) -> list[str]:
    """Rivals from which the method differs in this direction."""
    return list(tests["rival"][(tests["p"] <= LEVEL) & (tests["difference"] * sign > 0)])


def random_samples_beat_gss(evidence: Evidence) -> Judgement:
    """ER and BER, whose memory doesn't look at gradients, against GSS."""
    methods = ("gss", *REPLAY)
    tests = {b: paired_tests(evidence, b, "gss", REPLAY) for b in evidence.judged(methods)}
    verdicts, texts = [], []
    for i, rival in enumerate(REPLAY):
        found = {b: bool(frame["difference"][i] < 0) for b, frame in tests.items()}
        verdicts.append(majority(found))
        confirmed = sum(rival in significant(frame, -1) for frame in tests.values())
        refuted = sum(rival in significant(frame, 1) for frame in tests.values())
        texts.append(
            f"{method_title(rival)} has the higher mean on {sum(found.values())} of {len(found)} "
            f"benchmarks (significantly so on {confirmed}, GSS on {refuted})"
        )
    text = "; ".join(texts) if tests else ""
    return Judgement(both(verdicts), text, evidence.missing(methods))
