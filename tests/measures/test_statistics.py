"""Each function against another library, a closed form or brute force."""

import itertools
from collections import Counter
from fractions import Fraction
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drl_replication.measures import statistics

SAMPLES = [np.random.default_rng(seed).normal(0.3, 1, n) for seed, n in [(0, 10), (1, 7), (2, 2)]]
values = st.floats(-10, 10, allow_subnormal=False)


def summary(sample):
    return sample.mean(), sample.std(ddof=1), len(sample)


# Intervals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.9, 0.95])
@pytest.mark.parametrize(("a", "b"), list(itertools.permutations(SAMPLES, 2)))
def test_welch_as_in_scipy(a, b, confidence):
    oracle = stats.ttest_ind(a, b, equal_var=False).confidence_interval(confidence)
    ours = statistics.difference_interval(*summary(a), *summary(b), confidence)
    np.testing.assert_allclose(ours, oracle, rtol=1e-10)


def test_welch_without_spread():
    low, high = statistics.difference_interval(0.75, 0, 5, 0.5, 0, 3)
    assert low == high == 0.25
    # spread in one group alone: its own degrees of freedom
    half = stats.t.ppf(0.95, 4) * 0.2 / np.sqrt(5)
    low, high = statistics.difference_interval(0.75, 0.2, 5, 0.5, 0, 3)
    np.testing.assert_allclose([low, high], [0.25 - half, 0.25 + half])


def test_intervals_need_two_values():
    for call in (
        lambda: statistics.difference_interval(0.5, 0, 1, 0.5, 0.1, 10),
        lambda: statistics.mean_interval([0.5]),
        lambda: statistics.redraws(1),
        lambda: statistics.bootstrap_mean_interval([]),
    ):
        with pytest.raises(ValueError, match="two values"):
            call()


@pytest.mark.parametrize("sample", SAMPLES)
def test_students_interval_as_in_scipy(sample):
    oracle = stats.ttest_1samp(sample, 0).confidence_interval(0.9)
    np.testing.assert_allclose(statistics.mean_interval(sample, 0.9), oracle)


def test_a_bootstrap_of_three_against_all_27_samples():
    sample = np.array([1.0, 2.0, 9.0])
    means = [np.mean(drawn) for drawn in itertools.product(sample, repeat=3)]
    # the lowest and the highest mean are each 1 of 27, more than the 2.5 % of a tail
    interval = statistics.bootstrap_mean_interval(sample)
    np.testing.assert_allclose(interval, [min(means), max(means)])
    interval = statistics.bootstrap_mean_interval(sample, confidence=0.6)
    np.testing.assert_allclose(interval, np.quantile(means, [0.2, 0.8], method="inverted_cdf"))


def test_bootstrap_as_in_scipy_and_always_the_same():
    sample = SAMPLES[0]
    ours = statistics.bootstrap_mean_interval(sample)
    oracle = stats.bootstrap((sample,), np.mean, method="percentile", rng=1).confidence_interval
    np.testing.assert_allclose(ours, oracle, atol=0.1 * sample.std())
    assert ours == statistics.bootstrap_mean_interval(sample)


def test_redraws_take_whole_rows_and_percentiles_leave_out_what_has_no_value():
    pairs = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
    found = [statistics.pearson(*pairs[rows].T) for rows in statistics.redraws(3, 200)]
    assert np.isnan(found).any()  # of constant samples
    np.testing.assert_allclose(statistics.percentiles(np.array(found), 0.95), [1, 1])
    assert np.isnan(statistics.percentiles(np.array([np.nan, np.inf]), 0.95)).all()


# Tests --------------------------------------------------------------------------------------------


def brute_force(d):
    sums = [abs(np.dot(signs, d)) for signs in itertools.product([1, -1], repeat=len(d))]
    return np.mean([s >= abs(sum(d)) - 1e-9 for s in sums])


@pytest.mark.parametrize("seed", range(5))
def test_sign_flips_of_ten_as_in_scipy_and_by_brute_force(seed):
    d = np.random.default_rng(seed).normal(0.4, 1, 10)
    exact = stats.permutation_test(
        (d,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert statistics.sign_flip_test(d) == pytest.approx(exact.pvalue, rel=1e-12)
    assert statistics.sign_flip_test(d) == pytest.approx(brute_force(d), rel=1e-12)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_sign_flips_with_ties(d):
    assert statistics.sign_flip_test(np.array(d) / 10) == brute_force(d)  # 0.1 + 0.2 > 0.3


@pytest.mark.parametrize("n", [1, 2, 3, 10, 21, 40])
def test_the_smallest_p(n):
    assert statistics.sign_flip_test(np.arange(1, n + 1)) == 2.0 ** (1 - n)
    assert statistics.sign_flip_test(np.zeros(n)) == 1


@pytest.mark.parametrize("d", [[], np.ones(41), [0.1, np.nan], [np.inf]])
def test_sign_flips_that_cannot_be_tested(d):
    with pytest.raises(ValueError, match=r"1 to 40 pairs|not finite"):
        statistics.sign_flip_test(d)


def test_holm_by_hand():
    # sorted 0.01 x 4, 0.02 x 3, 0.03 x 2, 0.2 x 1; the third may not fall under the second
    np.testing.assert_allclose(
        statistics.holm([0.02, 0.2, 0.01, 0.03]), [0.06, 0.2, 0.04, 0.06], rtol=1e-12
    )
    np.testing.assert_allclose(
        statistics.holm([0.02, np.nan, 0.01, 0.9]), [0.04, np.nan, 0.03, 0.9]
    )
    np.testing.assert_array_equal(statistics.holm([0.7, 0.6]), [1, 1])
    assert statistics.holm([]).shape == (0,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_rejects_as_the_procedure_does(p):
    rejected = set()
    for step, i in enumerate(np.argsort(p, kind="stable")):  # Holm (1979), step by step
        if p[i] * (len(p) - step) > 0.05:
            break
        rejected.add(i)
    assert set(np.flatnonzero(statistics.holm(p) <= 0.05)) == rejected


# Correlations -------------------------------------------------------------------------------------


def test_kendall_by_hand():
    assert statistics.kendall_tau([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)  # 5 - 1 of 6
    # (1, 2) is tied in one ranking: 5 concordant of sqrt(5 x 6)
    assert statistics.kendall_tau([1, 1, 2, 3], [1, 2, 3, 4]) == pytest.approx(5 / np.sqrt(30))
    assert np.isnan(statistics.kendall_tau([1, 1], [1, 2]))


@given(st.lists(st.tuples(values, values), min_size=2, max_size=30))
def test_pearson_as_in_numpy(pairs):
    x, y = np.array(pairs).T
    if min(x.std(), y.std()) > 1e-6:
        assert statistics.pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
        assert statistics.pearson(x * 1e-9, y + 1000) == pytest.approx(
            np.corrcoef(x, y)[0, 1], abs=1e-4
        )


def test_pearson_of_what_does_not_vary():
    assert np.mean([0.1] * 3) != 0.1  # so that the differences from the mean are not zero
    for constant in ([0.1] * 3, [5.0] * 3, [0.0] * 3, [0.3, 0.1 + 0.2, 0.3]):
        assert np.isnan(statistics.pearson(constant, [1.0, 2.0, 4.0]))
        assert np.isnan(statistics.pearson([1.0, 2.0, 4.0], constant))


def naive_grouped(weights, x, y, groups):
    """Repeat each point as often as its weight says, centre each group, correlate."""
    index = np.repeat(np.arange(len(x)), weights.astype(int))
    x, y, groups = x[index].copy(), y[index].copy(), groups[index]
    for group in set(groups):
        x[groups == group] -= x[groups == group].mean()
        y[groups == group] -= y[groups == group].mean()
    return np.corrcoef(x, y)[0, 1]


def test_grouped_correlation_against_repeated_points():
    rng = np.random.default_rng(3)
    groups = rng.permutation(np.repeat(np.arange(4), [5, 3, 6, 4]))
    x = rng.normal(size=18) + 30 * groups
    y = 0.5 * x + rng.normal(size=18)
    weights = rng.integers(0, 3, size=(20, 18)).astype(float)
    weights[0, groups == 1] = 0  # a group that a sample has none of
    expected = [naive_grouped(w, x, y, groups) for w in weights]
    np.testing.assert_allclose(
        statistics.grouped_correlation(weights, x, y, groups), expected, rtol=1e-9
    )
    together = np.zeros_like(groups)
    expected = [naive_grouped(w, x, y, together) for w in weights]
    np.testing.assert_allclose(
        statistics.grouped_correlation(weights, x, y, together), expected, rtol=1e-9
    )


def test_grouped_correlation_of_one_point_a_group():
    ones = np.ones((1, 3))
    x = np.array([0.1, 0.2, 0.7])
    assert np.isnan(statistics.grouped_correlation(ones, x, x**2, np.arange(3))).all()


@pytest.mark.parametrize("n", [4, 7, 70])
def test_fisher_as_in_scipy(n):
    x, y = np.random.default_rng(n).normal(size=(2, n))
    oracle = stats.pearsonr(x, y).confidence_interval(0.95)
    ours = statistics.fisher_interval(statistics.pearson(x, y), n)
    np.testing.assert_allclose(ours, oracle, rtol=1e-9)


@pytest.mark.parametrize(("r", "n"), [(0.5, 3), (1.0, 7), (np.nan, 7)])
def test_fisher_without_an_interval(r, n):
    assert np.isnan(statistics.fisher_interval(r, n)).all()


# Intervals that agree with the exact test ---------------------------------------------------------


@pytest.mark.parametrize("n", [6, 7, 10])
@pytest.mark.parametrize("seed", range(5))
def test_the_sign_flip_interval_is_what_the_test_does_not_reject(n, seed):
    d = np.random.default_rng(seed).normal(0.2, 1, n).round(seed + 1)  # some with ties
    low, high = statistics.sign_flip_interval(d)
    inside = np.linspace(low, high, 50)
    outside = [*(low - np.geomspace(1e-9, 3, 20)), *(high + np.geomspace(1e-9, 3, 20))]
    assert all(statistics.sign_flip_test(d - shift) > 0.05 for shift in inside)
    assert all(statistics.sign_flip_test(d - shift) <= 0.05 for shift in outside)


@pytest.mark.parametrize("n", [19, 26])
def test_the_interval_of_many_pairs_as_by_listing_them_all(n, monkeypatch):
    d = np.random.default_rng(n).normal(0.2, 1, n)
    found = statistics.sign_flip_interval(d)
    scale = d.std() / np.sqrt(n)
    for end, outward in zip(found, (-1, 1), strict=True):
        assert statistics.sign_flip_test(d - end - outward * 1e-3 * scale) <= 0.05
        assert statistics.sign_flip_test(d - end + outward * 1e-3 * scale) > 0.05
    if n == 19:
        monkeypatch.setattr(statistics, "MAX_LISTED", 19)
        listed = statistics.sign_flip_interval(d)
        np.testing.assert_allclose(found, listed, atol=1e-3 * scale)


def listed_by_size_and_sum(d):
    """How many subsets of whole numbers have each size and sum."""
    found = Counter({(0, 0): 1})
    for value in map(int, d):
        found += Counter({(k + 1, s + value): n for (k, s), n in found.items()})
    return found


@pytest.mark.parametrize("n", [6, 17, 24, 40])
@pytest.mark.parametrize("largest", [1, 30])
def test_any_number_of_pairs_against_all_their_subsets(n, largest):
    generator = np.random.default_rng(n + largest)
    d = generator.integers(-largest // 2, largest + 1, n)
    d[:2] = -1, largest
    subsets = listed_by_size_and_sum(d)
    observed = abs(d.sum())
    extreme = sum(m for (_, s), m in subsets.items() if abs(d.sum() - 2 * s) >= observed)
    assert statistics.sign_flip_test(d / 8) == extreme / 2**n
    means = Counter()
    for (size, total), m in subsets.items():
        if size:
            means[Fraction(total, size)] += m
    ends = []
    for mirror in (1, -1):
        seen, ordered = 0, sorted(means, key=lambda mean: mirror * mean)
        for mean in ordered:
            seen += means[mean]
            if seen >= 2**n // 40:  # 2.5 % of the subsets
                ends.append(float(mean))
                break
    np.testing.assert_allclose(statistics.sign_flip_interval(d), ends, atol=1e-4 * d.std())


@pytest.mark.parametrize("d", [[0] * 19 + [0.01], [0] * 22 + [0.02, -0.01, 0.03], [0] * 30 + [-1]])
def test_many_ties_do_not_put_an_end_on_the_other_side_of_zero(d):
    low, high = statistics.sign_flip_interval(d)
    assert (low <= 0 <= high) == (statistics.sign_flip_test(d) > 0.05)


def test_forty_pairs_are_tested_in_a_second():
    d = np.random.default_rng(40).normal(0.3, 1, 40)
    start = process_time()
    statistics.sign_flip_test(d), statistics.sign_flip_interval(d)
    assert process_time() - start < 1


def test_five_pairs_have_no_interval():
    assert np.isnan(statistics.sign_flip_interval([1, 2, 3, 4, 5])).all()
    assert statistics.sign_flip_interval([0.5] * 6) == (0.5, 0.5)
    assert statistics.smallest_p(6) == statistics.sign_flip_test([1] * 6)


def test_the_sign_flip_interval_holds_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(0)
    samples = generator.standard_t(4, (1500, 8))
    found = [statistics.sign_flip_interval(d) for d in samples]
    held = np.mean([low <= 0 <= high for low, high in found])
    assert 0.94 < held < 0.975  # 1 - 2 * 6 / 256 = 0.953 for eight pairs


# Deviations, power, jackknife ---------------------------------------------------------------------


def test_the_ratio_of_deviations_holds_the_true_one():
    generator = np.random.default_rng(1)
    ours, theirs = generator.normal(0, 3, (4000, 10)), generator.normal(5, 2, (4000, 7))
    ends = [
        statistics.ratio_interval(a, 10, b, 7)
        for a, b in zip(ours.std(axis=1, ddof=1), theirs.std(axis=1, ddof=1), strict=True)
    ]
    assert 0.88 < np.mean([low <= 1.5 <= high for low, high in ends]) < 0.92
    assert statistics.ratio_interval(0.1, 5, 0, 5) == (np.inf, np.inf)


def test_runs_to_decide_is_the_first_that_is_narrow_enough():
    def parts(n):
        return [(0.02**2 / n, n - 1), (0.008**2 / 10, 9)]

    n = int(statistics.runs_to_decide(0.008, parts, 0.9))
    assert statistics.half_width(parts(n), 0.9) <= 0.008 < statistics.half_width(parts(n - 1), 0.9)
    assert statistics.runs_to_decide(0.003, parts, 0.9) == np.inf  # theirs alone is wider
    assert statistics.runs_to_decide(10, parts, 0.9) == 2


def test_the_jackknife_of_a_correlation_holds_the_true_one():
    """Four methods, five seeds: each seed moves all methods."""
    generator = np.random.default_rng(2)
    methods = generator.normal(size=(2, 4, 1))

    def draw(n):
        own = generator.normal(size=(2, 4, n))
        own[1] += 0.5 * own[0]
        return methods + 0.5 * generator.normal(size=(2, 1, n)) + own

    def correlation(xy):
        return np.corrcoef(xy[0].ravel(), xy[1].ravel())[0, 1]

    true, held = correlation(draw(100_000)), 0
    for _ in range(800):
        xy = draw(5)
        without = [correlation(np.delete(xy, i, axis=2)) for i in range(5)]
        low, high = statistics.jackknife_interval(correlation(xy), without, 0.9)
        held += low <= true <= high
    assert 0.86 < held / 800 < 0.94


def test_no_jackknife_of_two_or_of_a_perfect_correlation():
    assert np.isnan(statistics.jackknife_interval(0.5, [0.4, 0.6])).all()
    assert np.isnan(statistics.jackknife_interval(1.0, [0.4, 0.6, 0.5])).all()
    assert np.isnan(statistics.jackknife_interval(0.5, [0.4, np.nan, 0.5])).all()
