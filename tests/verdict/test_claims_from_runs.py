"""Claims that are judged from run records."""

from dataclasses import replace

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

from drl_replication.learning.networks import DenseNetwork, ReducedResNet18
from drl_replication.paper.printed import BENCHMARK_TITLES
from drl_replication.verdict import claims
from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN
from drl_replication.verdict.judges.times import SIZES
from drl_replication.verdict.scoring import INCONCLUSIVE


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
    assert text.count(": yes, highest mean DRL") == len(best_on)
    missing = [title for b, title in BENCHMARK_TITLES.items() if b not in benchmarks]
    assert all(title in text.partition("Missing:")[2] for title in missing)
    assert ("Missing" in text) == bool(missing)


def test_drl_is_best_only_if_ahead_of_every_rival():
    tied = runs({"drl": {"accuracy": 0.8}, "er": {"accuracy": 0.8}})
    verdict, text = judged("drl_best", tied)
    assert verdict == INCONCLUSIVE
    assert "Split MNIST: tied, " in text
    assert "DRL ahead of 5 and behind 0 of 6 rivals" in text


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
    _, text = judged("drl_best", evidence_of(records(accuracies, 10)))
    # All ten differences have one sign: p = 2/1024, six times that is under 5 %.
    assert "highest mean GSS-greedy, DRL ahead of 5 and behind 1 of 6 rivals" in text
    few = judged("drl_best", evidence_of(records(accuracies, 7)))[1]
    assert "too few pairs, highest mean" in few  # 6 * 2/128 > 5 %
    assert "ahead of 0 and behind 0 of 6" in few


@pytest.mark.parametrize(("seeds", "expected"), [(5, OPEN), (7, OPEN), (8, INCONCLUSIVE)])
def test_drl_best_is_not_mixed_where_no_outcome_could_be_else(seeds, expected):
    """Tied everywhere: 2/256 for each of six is the first that could show a rival ahead."""
    noise = np.resize([0.001, -0.001], seeds)
    tied = [
        make_record(benchmark, method, seed, [[0.9, None], [0.6 + change, 0.6 + change]])
        for benchmark in list(BENCHMARK_TITLES)[:3]
        for method in METHODS
        for seed, change in enumerate(noise * (1 if method == "drl" else -1))
    ]
    verdict, text = judged("drl_best", evidence_of(tied))
    assert verdict == expected
    assert text.count("too few pairs" if expected == OPEN else ": tied,") == 3


def test_too_few_runs_or_a_diverged_one_too_many_are_missing():
    single = evidence_of(records(dict.fromkeys(METHODS, 0.6), 4))
    verdict, text = judged("forgetting_conflicts", single)
    assert verdict == OPEN
    assert "Split MNIST (needs 5 finished runs of every method)" in text
    accuracies = dict.fromkeys(METHODS, 0.6) | {"gss": None}
    text = judged("drl_best", evidence_of(records(accuracies, 6)))[1]
    assert "Split MNIST (needs 5 finished runs of GSS-greedy)" in text


def test_a_verdict_of_few_runs_is_provisional():
    few = runs(with_accuracies(BENCHMARKS), seeds=4)
    row = claims.claims(few).set_index("id").loc["drl_best"]
    assert (row["verdict"], bool(row["provisional"])) == (HOLDS, True)
    enough = runs(with_accuracies(BENCHMARKS), seeds=6)
    assert not claims.claims(enough).set_index("id").loc["drl_best", "provisional"]
    # four pairs have no interval, so that nothing is counted
    assert judged("drl_lowers_rho", few)[0] == OPEN


def test_methods_without_a_common_seed_have_no_difference():
    accuracies = {"er": range(2), "agem": range(2, 4)}
    found = [
        make_record("split_mnist", method, seed, [[0.9, None], [0.6, 0.6]])
        for method, seeds in accuracies.items()
        for seed in seeds
    ]
    assert judged("er_beats_agem", evidence_of(found))[0] == OPEN


def test_metric_learning():
    others = {"ber": 0.75, "er": 0.5, "agem": 0.25, "gss": 0.875}  # median 0.625
    base = {m: {"accuracy": a} for m, a in others.items()}

    def verdict(multisim, rmargin, benchmarks=BENCHMARKS):
        mine = {"multisim": {"accuracy": multisim}, "rmargin": {"accuracy": rmargin}}
        return judged("metric_learning_good", runs(base | mine, benchmarks))

    assert verdict(0.63, 0.63)[0] == HOLDS
    assert verdict(0.62, 0.62)[0] == FAILS
    assert verdict(0.625, 0.625)[0] == INCONCLUSIVE  # tied with the median itself
    assert verdict(0.63, 0.62)[0] == MIXED
    assert verdict(0.63, 0.63, BENCHMARKS[:2])[0] == OPEN
    assert "R-Margin minus the median of BER, ER, A-GEM and GSS: " in verdict(0.63, 0.24)[1]


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


def test_one_method_that_turns_the_sign_leaves_the_claim_tied():
    values = {
        m: {"forgetting": 0.1 * i, "intransigence": 0.2 + 0.01 * i} for i, m in enumerate(METHODS)
    }
    values["rmargin"] = {"forgetting": 2.0, "intransigence": 0.0}  # alone makes it negative
    assert judged("forgetting_conflicts", runs(values))[0] == INCONCLUSIVE


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
        ([-0.45] * 4, 0.0, 0.1, INCONCLUSIVE),  # the intervals hold the threshold
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
    [
        (0.5, 0.6, HOLDS),
        (0.5, 0.7, HOLDS),
        (0.5, 0.8, FAILS),
        (1.5, 0.6, FAILS),
        (1.0, 0.6, INCONCLUSIVE),  # tied
    ],
)
def test_gss_and_rho(rho, accuracy, expected):
    values = {"gss": {"rho": rho, "accuracy": accuracy}}
    assert judged("gss_small_rho", runs(values))[0] == expected
    assert judged("gss_small_rho", runs(values, BENCHMARKS[:2]))[0] == OPEN


@pytest.mark.parametrize(
    ("er", "ber", "expected"),
    [(0.8, 0.8, HOLDS), (0.6, 0.6, FAILS), (0.8, 0.6, MIXED), (0.7, 0.7, INCONCLUSIVE)],
)
def test_random_samples_and_gss(er, ber, expected):
    values = {"er": {"accuracy": er}, "ber": {"accuracy": ber}}
    verdict, text = judged("random_beats_gss", runs(values))
    assert verdict == expected
    assert "ER minus GSS: Permuted MNIST " in text


@pytest.mark.parametrize(("er", "expected"), [(0.8, HOLDS), (0.6, FAILS), (0.7, INCONCLUSIVE)])
def test_er_and_agem(er, expected):
    assert judged("er_beats_agem", runs({"er": {"accuracy": er}}))[0] == expected


@pytest.mark.parametrize(("rho", "expected"), [(0.9, HOLDS), (1.1, FAILS), (1.0, INCONCLUSIVE)])
def test_drl_and_rho(rho, expected):
    assert judged("drl_lowers_rho", runs({"drl": {"rho": rho}}))[0] == expected


def test_another_reading_of_rho_may_turn_a_verdict_without_a_run():
    """DRL's rho is above BER's where tiny singular values count, and below where they don't."""
    readings = {"drl": {"floor": 1.1, "drop": 0.9}, "ber": {"floor": 1.0, "drop": 1.0}}
    found = [
        make_record(
            benchmark,
            method,
            seed,
            [[0.9, None], [0.6, 0.6]],
            rho=rho["floor"],
            rho_readings={"hidden": rho, "all": rho},
        )
        for benchmark in list(BENCHMARK_TITLES)[:3]
        for method in METHODS
        for seed in range(6)
        for rho in [readings.get(method, {"floor": 1.5, "drop": 1.5})]
    ]
    names = ("drl_lowers_rho", "gss_small_rho", "memory_uniform")
    wanted = [claim for claim in claims.all_claims() if claim.id in names]

    def robust(reading):
        frame = claims.claims(evidence_of(found, rho_null=reading), wanted)
        return frame.set_index("id")["verdict"]["drl_lowers_rho"], frame.set_index("id")["robust"]

    verdict, told = robust("floor")
    assert verdict == FAILS
    assert told["drl_lowers_rho"] == (
        "not for rho_null = drop (holds) nor for rho_layers = all with rho_null = drop (holds)"
    )
    assert "rho" not in told["memory_uniform"]
    verdict, told = robust("drop")
    assert verdict == HOLDS
    assert "not for rho_null = floor (does not hold)" in told["drl_lowers_rho"]


def test_an_uneven_memory():
    found = runs({})
    assert judged("memory_uniform", replace(found))[0] == HOLDS
    found.runs.loc[found.runs["method"] == "gss", "memory_spread"] = 50  # has another memory
    assert judged("memory_uniform", replace(found))[0] == HOLDS
    found.runs.loc[0, "memory_spread"] = 2
    assert judged("memory_uniform", replace(found))[0] == MIXED
    found.runs["memory_spread"] = 2
    assert judged("memory_uniform", replace(found))[0] == FAILS


def test_an_interval_decides_and_not_the_mean():
    frame = runs({}, seeds=8).runs
    noisy = [0.1, -0.08, 0.1, -0.08, 0.1, -0.08, 0.1, -0.08]
    for benchmark in BENCHMARKS:
        mine = (frame["benchmark"] == benchmark) & (frame["method"] == "er")
        frame.loc[mine, "average_accuracy"] += noisy
    verdict, text = judged("er_beats_agem", make_evidence(frame))
    assert verdict == INCONCLUSIVE
    assert "+0.010 [−0.080, 0.100] (tied)" in text


def test_the_loss_beside_the_network():
    verdict, text = judged("cost_small", make_evidence())
    assert verdict == MIXED
    assert "Split MNIST: 0.937" in text
    assert "Split CIFAR-10: 0.016" in text
    networks = {210: DenseNetwork(784, 10), 170: ReducedResNet18(10), 260: ReducedResNet18(100)}
    for units, weights in SIZES.values():
        assert sum(p.numel() for p in networks[units].parameters()) == weights


@pytest.mark.parametrize(
    ("accuracy", "forgetting", "intransigence", "expected"),
    [
        (0.0, -0.6, 0.6, HOLDS),
        (0.6, -0.6, 0.6, MIXED),
        (0.0, 0.6, 0.6, MIXED),
        (0.6, 0.6, 0.6, FAILS),
    ],
)
def test_cancelling_effects(accuracy, forgetting, intransigence, expected):
    pooled = {"accuracy": accuracy, "forgetting": forgetting, "intransigence": intransigence}
    rho = pd.concat(rho_table({"split_mnist": r}, f"average_{n}") for n, r in pooled.items())
    found = make_evidence(runs({}, ["split_mnist"]).runs, rho)
    assert judged("rho_cancels", found)[0] == expected
