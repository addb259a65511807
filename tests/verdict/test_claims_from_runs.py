"""Claims that are judged from run records."""

import numpy as np
import pandas as pd
import pytest
from claim_evidence import (
    BENCHMARKS,
    METHODS,
    judged,
    make_evidence,
    runs,
    with_accuracies,
)
from helpers import make_record
from verdict_runs import evidence_of

from drl_replication.measures.statistics import holm, sign_flip_test
from drl_replication.paper.printed import BENCHMARK_TITLES
from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN
from drl_replication.verdict.judges.accuracies import paired_tests


@pytest.mark.parametrize(
    ("best_on", "benchmarks", "expected"),
    [
        (BENCHMARKS[:3], BENCHMARKS, HOLDS),
        (BENCHMARKS[:3], BENCHMARKS[:3], HOLDS),
        (BENCHMARKS[:2], BENCHMARKS, FAILS),
        (BENCHMARKS[:2], BENCHMARKS[:3], OPEN),
        ([], BENCHMARKS[:3], FAILS),
    ],
)
def test_drl_best(best_on, benchmarks, expected):
    verdict, text = judged("drl_best", runs(with_accuracies(best_on), benchmarks))
    assert verdict == expected
    assert f"best mean on {len(best_on)} of {len(benchmarks)} benchmarks" in text
    missing = [title for b, title in BENCHMARK_TITLES.items() if b not in benchmarks]
    assert all(title in text.partition("Missing:")[2] for title in missing)
    assert ("Missing" in text) == bool(missing)


def test_a_tie_after_rounding_is_best():
    tied = runs({"drl": {"accuracy": 0.7001}, "er": {"accuracy": 0.7004}})
    assert judged("drl_best", tied)[0] == HOLDS
    assert (
        judged("drl_best", runs({"drl": {"accuracy": 0.6994}, "er": {"accuracy": 0.7}}))[0] == FAILS
    )


def records(accuracies, seeds, benchmark="split_mnist"):
    """Real records; an accuracy of None diverges."""
    return [
        make_record(
            benchmark,
            method,
            seed,
            [[0.9], [a + noise, a]] if a else [[0.9, None], [None, None]],
        )
        for method, a in accuracies.items()
        for seed, noise in zip(range(seeds), np.linspace(0, 0.01, seeds) ** 2, strict=True)
    ]


def test_the_exact_tests_of_real_records():
    accuracies = dict.fromkeys(METHODS, 0.6) | {"drl": 0.7, "gss": 0.8}
    found = evidence_of(records(accuracies, 10))
    _, text = judged("drl_best", found)
    # All ten differences have one sign: p = 2/1024, six times that is under 5 %.
    assert "ahead of 5 and behind 1 of 6 rivals, and ahead of all six on 0 benchmarks" in text
    few = evidence_of(records(accuracies, 5))
    assert "ahead of 0 and behind 0 of 6" in judged("drl_best", few)[1]  # 6 * 2/32 > 5 %


def test_one_seed_or_a_diverged_second_one_is_missing():
    single = evidence_of(records(dict.fromkeys(METHODS, 0.6), 1))
    verdict, text = judged("drl_best", single)
    assert verdict == OPEN
    assert "Split MNIST (needs 2 finished runs of every method)" in text
    accuracies = dict.fromkeys(METHODS, 0.6) | {"gss": None}
    text = judged("drl_best", evidence_of(records(accuracies, 3)))[1]
    assert "Split MNIST (needs 2 finished runs of GSS-greedy)" in text


def test_metric_learning():
    others = {"ber": 0.75, "er": 0.5, "agem": 0.25, "gss": 0.875}  # median 0.625
    base = {m: {"accuracy": a} for m, a in others.items()}

    def verdict(multisim, rmargin, benchmarks=BENCHMARKS):
        mine = {"multisim": {"accuracy": multisim}, "rmargin": {"accuracy": rmargin}}
        return judged("metric_learning_good", runs(base | mine, benchmarks))

    assert verdict(0.63, 0.63)[0] == HOLDS
    assert verdict(0.625, 0.62)[0] == FAILS  # the median itself is not above it
    assert verdict(0.63, 0.62)[0] == MIXED
    assert verdict(0.63, 0.63, BENCHMARKS[:2])[0] == OPEN
    text = verdict(0.63, 0.24)[1]
    assert (
        "R-Margin is above the median of BER, ER, A-GEM and GSS on 0 and above A-GEM on 0" in text
    )


@pytest.mark.parametrize(("sign", "expected"), [(-1, HOLDS), (1, FAILS)])
def test_forgetting_and_intransigence(sign, expected):
    values = {
        m: {"forgetting": 0.1 * i, "intransigence": 0.5 + sign * 0.05 * i}
        for i, m in enumerate(METHODS)
    }
    verdict, text = judged("forgetting_conflicts", runs(values))
    assert verdict == expected
    assert f"Permuted MNIST {'−' * (sign < 0)}1.000" in text
    assert judged("forgetting_conflicts", runs(values, BENCHMARKS[:2]))[0] == OPEN


def rho_table(pooled, metric="average_accuracy", width=0.1):
    return pd.DataFrame(
        {
            "benchmark": b,
            "metric": metric,
            "pooled": r,
            "pooled_low90": r - width,
            "pooled_high90": r + width,
            "between": r,
            "within": r,
        }
        for b, r in pooled.items()
    )


@pytest.mark.parametrize(
    ("others", "exception", "width", "expected"),
    [
        ([-0.5, -0.6, -0.7, -0.8], 0.0, 0.1, HOLDS),
        ([-0.5, -0.6, -0.7, -0.8], -0.6, 0.1, MIXED),  # no exception
        ([-0.49, -0.6, -0.7, -0.8], 0.0, 0.1, MIXED),
        ([-0.5, -0.6, -0.7, -0.8], 0.0, 0.55, MIXED),  # two intervals reach 0
        ([0.9, 0.8, -0.2, -0.1], 0.0, 0.1, FAILS),
        ([-0.6, -0.6, -0.6], 0.0, 0.1, OPEN),
        ([-0.2, -0.2], 0.0, 0.1, FAILS),  # "all" can hold no more
        ([-0.6] * 4, None, 0.1, OPEN),
    ],
)
def test_rho_and_accuracy(others, exception, width, expected):
    names = [b for b in BENCHMARKS if b != "split_mnist"][: len(others)]
    pooled = dict(zip(names, others, strict=True))
    if exception is not None:
        pooled["split_mnist"] = exception
    found = make_evidence(runs({}, list(pooled)).runs, rho_table(pooled, width=width))
    verdict, text = judged("rho_accuracy", found)
    assert verdict == expected
    assert ("Missing" in text) == (len(pooled) < 5)


def test_a_correlation_without_an_interval_is_missing():
    found = make_evidence(runs({}).runs, rho_table(dict.fromkeys(BENCHMARKS, -0.9), width=np.nan))
    assert judged("rho_accuracy", found)[0] == OPEN


@pytest.mark.parametrize(
    ("intransigence", "forgetting", "expected"),
    [(0.7, -0.4, HOLDS), (0.7, 0.0, MIXED), (0.4, -0.4, MIXED), (0.4, 0.0, FAILS)],
)
def test_rho_on_split_mnist(intransigence, forgetting, expected):
    rho = pd.concat(
        [
            rho_table({"split_mnist": intransigence}, "average_intransigence"),
            rho_table({"split_mnist": forgetting}, "average_forgetting"),
        ]
    )
    found = make_evidence(runs({}, ["split_mnist"]).runs, rho)
    assert judged("rho_split_mnist", found)[0] == expected
    without = make_evidence(runs({}, ["split_fashion"]).runs, rho)
    assert judged("rho_split_mnist", without)[0] == OPEN


def times(ratios, benchmarks=("permuted_mnist", "split_mnist"), pairs=2):
    rows = [
        {"benchmark": b, "method": m, "ratio": r, "n_pairs": pairs}
        for b in benchmarks
        for m, r in ratios.items()
    ]
    return make_evidence(runs({}, benchmarks).runs, times=pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, HOLDS),
        ({"rmargin": 1.51}, MIXED),  # no more close to ER
        ({"agem": 2.99}, MIXED),
        ({"gss": 2.99}, MIXED),
        ({"drl": 4.0}, FAILS),
    ],
)
def test_cheap_methods(changes, expected):
    fast = dict.fromkeys(["drl", "multisim", "rmargin"], 1.5)
    ratios = fast | {"er": 1.0, "ber": 1.0, "agem": 4.0, "gss": 4.0} | changes
    verdict, _ = judged("representation_cheap", times(ratios))
    assert verdict == expected
    partial = judged("representation_cheap", times(ratios, ["split_mnist"]))
    assert partial[0] == {HOLDS: OPEN}.get(expected, expected)
    assert "Missing: Permuted MNIST" in partial[1]
    unpaired = judged("representation_cheap", times(ratios, pairs=1))
    assert unpaired[0] == OPEN
    assert "on the machine that ER ran on with the same seed" in unpaired[1]


@pytest.mark.parametrize(
    ("rho", "accuracy", "expected"),
    [(0.5, 0.6, HOLDS), (0.5, 0.7, HOLDS), (0.5, 0.8, FAILS), (1.0, 0.6, FAILS)],
)
def test_gss_and_rho(rho, accuracy, expected):
    values = {"gss": {"rho": rho, "accuracy": accuracy}}
    assert judged("gss_small_rho", runs(values))[0] == expected
    assert judged("gss_small_rho", runs(values, BENCHMARKS[:2]))[0] == OPEN


@pytest.mark.parametrize(
    ("er", "ber", "expected"),
    [(0.8, 0.8, HOLDS), (0.6, 0.6, FAILS), (0.8, 0.6, MIXED), (0.7, 0.7, FAILS)],
)
def test_random_samples_and_gss(er, ber, expected):
    values = {"er": {"accuracy": er}, "ber": {"accuracy": ber}}
    verdict, text = judged("random_beats_gss", runs(values))
    assert verdict == expected
    assert "significantly so on 0, GSS on 0" in text  # of two seeds
    significant = judged("random_beats_gss", runs(values, seeds=8))[1]
    assert ("significantly so on 5" in significant) == (max(er, ber) > 0.7)
    assert ("GSS on 5" in significant) == (min(er, ber) < 0.7)


def test_paired_tests_by_hand():
    frame = runs({}, ["split_mnist"], seeds=8).runs
    frame.loc[frame["method"] == "gss", "average_accuracy"] += [
        0.1,
        0.2,
        0.1,
        0.3,
        0.1,
        0.2,
        0.2,
        -0.1,
    ]
    frame.loc[(frame["method"] == "er") & (frame["seed"] == 0), "diverged"] = True
    tests = paired_tests(make_evidence(frame), "split_mnist", "gss", ["er", "ber"])
    d = np.array([0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.2, -0.1])
    np.testing.assert_allclose(tests["p"], holm([sign_flip_test(d[1:]), sign_flip_test(d)]))
    np.testing.assert_allclose(tests["difference"][1], d.mean())
