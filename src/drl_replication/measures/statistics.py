"""Intervals, exact tests and correlations that the verdict and the comparisons rest on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]
Numbers = Sequence[float] | Array

RESAMPLES = 10_000
MAX_EXACT = 40  # pairs; the 2^n sign patterns are counted from two halves of 2^(n/2)
CONSTANT = 1e-13  # spread in relation to the size of the values that is rounding noise


def difference_interval(
    mean: float,
    std: float,
    n: int,
    other_mean: float,
    other_std: float,
    other_n: int,
    confidence: float = 0.9,
) -> tuple[float, float]:
    """Welch's interval for the difference of two means, from their sample deviations (ddof 1).

    Degrees of freedom after Welch and Satterthwaite. With no spread at all, the interval is the
    difference itself. Raises ValueError if a group has fewer than two values.
    """
    if min(n, other_n) < 2:
        raise ValueError(f"An interval needs two values a group, but there are {n} and {other_n}.")
    difference = mean - other_mean
    parts = np.array([std**2 / n, other_std**2 / other_n])
    variance = parts.sum()
    if variance == 0:
        return difference, difference
    freedom = variance**2 / (parts**2 / (np.array([n, other_n]) - 1)).sum()
    half = stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance)
    return float(difference - half), float(difference + half)


def mean_interval(values: Numbers, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of a mean, from values (n,). Raises ValueError for fewer than two."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError(f"An interval needs at least two values, but there are {len(values)}.")
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def redraws(n: int, resamples: int = RESAMPLES) -> Array:
    """Which of n rows each bootstrap sample holds: (resamples, n), the same for the same n.

    Raises ValueError for fewer than two rows, which have nothing to vary.
    """
    if n < 2:
        raise ValueError(f"A bootstrap needs at least two values, but there are {n}.")
    return np.random.default_rng(0).integers(n, size=(resamples, n))


def percentiles(results: Array, confidence: float) -> tuple[float, float]:
    """The interval that holds the middle `confidence` of (resamples,), those not finite left out.

    NaN if none is finite.
    """
    results = results[np.isfinite(results)]
    if not results.size:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(results, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_mean_interval(values: Numbers, confidence: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap of the mean of (n,), the same for the same values.

    Raises ValueError for fewer than two.
    """
    values = np.asarray(values, dtype=float)
    return percentiles(values[redraws(len(values))].mean(axis=1), confidence)


def sign_flip_test(differences: Numbers) -> float:
    """Exact two-sided p of paired differences (n,): would other signs be as likely?

    The share of all 2^n sign patterns whose |sum| is at least the observed one, which is among
    them with its mirror image, so that p >= 2^(1-n).
    Raises ValueError for none, more than 40, or differences that are not finite.
    """
    d = np.asarray(differences, dtype=float)
    if not 0 < len(d) <= MAX_EXACT:
        raise ValueError(f"The exact test takes 1 to {MAX_EXACT} pairs, but there are {len(d)}.")
    if not np.isfinite(d).all():
        raise ValueError("A paired difference is not finite: leave diverged runs out.")
    observed = abs(d.sum()) - 1e-12 * np.abs(d).sum()  # a tie counts, whatever the rounding
    if observed <= 0:
        return 1.0
    half = len(d) // 2
    left, right = _signed_sums(d[:half]), np.sort(_signed_sums(d[half:]))
    above = len(right) - np.searchsorted(right, observed - left, side="left")
    below = np.searchsorted(right, -observed - left, side="right")
    return float((above + below).sum() / 2.0 ** len(d))


def _signed_sums(d: Array) -> Array:
    """The sum of (n,) under each of its sign patterns: (2^n,)."""
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def holm(p_values: Numbers) -> Array:
    """p-values (m,) adjusted after Holm (1979) for the family-wise error; NaN stays NaN.

    Only the others are counted as the family.
    """
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def kendall_tau(ours: Numbers, theirs: Numbers) -> float:
    """Kendall's tau-b of two rankings of the same methods; NaN where one has no order at all."""
    return float(stats.kendalltau(ours, theirs).statistic)


def pearson(x: Array, y: Array) -> float:
    """Pearson's correlation of (n,) and (n,); NaN where one of them doesn't vary."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return float(grouped_correlation(np.ones((1, len(x))), x, y, np.zeros(len(x), dtype=int))[0])


def grouped_correlation(weights: Array, x: Array, y: Array, groups: Array) -> Array:
    """Correlation of x and y (n,) after each group's mean is taken away, one a row of weights.

    With one group for all, Pearson's correlation. `weights` (rows, n) says how often a row has
    each point, so that a bootstrap is one call; `groups` (n,) numbers the groups from 0. Shape
    (rows,); NaN where x or y doesn't vary within the groups.
    """
    member = np.eye(groups.max() + 1)[groups]
    count = np.maximum(weights @ member, 1)  # a group without weight has sums of zero, and adds 0
    x, y = (_scaled(values) for values in (x, y))

    def scatter(a: Array, b: Array) -> Array:
        sums = [(weights * values) @ member for values in (a * b, a, b)]
        inside: Array = sums[0] - sums[1] * sums[2] / count
        total: Array = inside.sum(axis=1)
        return total

    scale = np.stack([scatter(x, x), scatter(y, y)])
    noise = 1e-12 * weights.sum(axis=1)
    scale[:, (scale <= noise).any(axis=0)] = np.nan
    correlation: Array = np.clip(scatter(x, y) / np.sqrt(scale.prod(axis=0)), -1, 1)
    return correlation


def _scaled(values: Array) -> Array:
    """Values (n,) with mean 0 and deviation 1, or zeros where they vary by rounding alone."""
    centred = values - values.mean()
    deviation = centred.std()
    constant = deviation <= CONSTANT * np.abs(values).max()
    return np.zeros_like(centred) if constant else centred / deviation


def fisher_interval(correlation: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Fisher's interval for the correlation of n independent points; NaN for n < 4.

    Its z = artanh r has the standard error 1 / sqrt(n - 3).
    """
    if n < 4 or not abs(correlation) < 1:
        return np.nan, np.nan
    half = stats.norm.ppf((1 + confidence) / 2) / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(correlation) + np.array([-half, half]))
    return float(low), float(high)
