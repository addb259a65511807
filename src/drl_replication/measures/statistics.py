"""Intervals, exact tests and correlations that the verdict and the comparisons rest on."""

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

Array = NDArray[Any]
Numbers = Sequence[float] | Array

RESAMPLES = 10_000
POWER = 0.8
MOST_RUNS = 100_000  # more than anybody makes
MAX_EXACT = 40  # pairs; the 2^n sign patterns are counted from two halves of 2^(n/2)
BLOCK = 2**13  # sums that are looked up together
MAX_LISTED = 18  # pairs whose subsets are listed one by one
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

    With no spread at all, the interval is the difference itself. Raises ValueError if a group has
    fewer than two values.
    """
    if min(n, other_n) < 2:
        raise ValueError(f"An interval needs two values a group, but there are {n} and {other_n}.")
    parts = [(std**2 / n, n - 1), (other_std**2 / other_n, other_n - 1)]
    return interval_around(mean - other_mean, parts, confidence)


# Independent parts of an estimate's error: (variance, degrees of freedom) each.
Parts = Sequence[tuple[float, float]]


def interval_around(estimate: float, parts: Parts, confidence: float) -> tuple[float, float]:
    """Student's interval of an estimate, degrees of freedom after Welch and Satterthwaite."""
    half = half_width(parts, confidence)
    return estimate - half, estimate + half


def half_width(parts: Parts, confidence: float) -> float:
    """Half the width of that interval."""
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return 0.0
    freedom = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    return float(stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance))


def detectable(parts: Parts, confidence: float, power: float = POWER) -> float:
    """The smallest true difference from a bound for which the interval excludes it so often."""
    return half_width(parts, confidence) + half_width(parts, 2 * power - 1)


def runs_to_decide(distance: float, parts_of: Callable[[int], Parts], confidence: float) -> float:
    """The fewest runs whose interval is no wider than the distance to a bound; inf if none is.

    If the estimate stayed where it is: `distance` of it from the bound, `parts_of(n)` of its error.
    """
    enough = [half_width(parts_of(n), confidence) <= distance for n in (2, MOST_RUNS)]
    if not enough[1]:
        return math.inf
    few, many = (1, 2) if enough[0] else (2, MOST_RUNS)
    while many - few > 1:
        middle = (few + many) // 2
        wide = half_width(parts_of(middle), confidence) > distance
        few, many = (middle, many) if wide else (few, middle)
    return many


def ratio_interval(
    std: float, n: int, other_std: float, other_n: int, confidence: float = 0.9
) -> tuple[float, float]:
    """The F interval of the ratio of two normal deviations, from sample ones (ddof 1).

    Infinite where the other is 0. Raises ValueError if a group has fewer than two values.
    """
    if min(n, other_n) < 2:
        raise ValueError(f"An interval needs two values a group, but there are {n} and {other_n}.")
    if other_std == 0:
        return math.inf, math.inf
    tails = (1 + confidence) / 2, (1 - confidence) / 2
    quantiles = stats.f.ppf(tails, n - 1, other_n - 1)
    low, high = std / other_std / np.sqrt(quantiles)
    return float(low), float(high)


def mean_interval(values: Numbers, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of a mean, from values (n,). Raises ValueError for fewer than two."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError(f"An interval needs at least two values, but there are {len(values)}.")
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values)
    return float(values.mean() - half), float(values.mean() + half)


def redraws(n: int, resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """Which of n rows each bootstrap sample holds: (resamples, n), the same for the same n, seed.

    Raises ValueError for fewer than two rows, which have nothing to vary.
    """
    if n < 2:
        raise ValueError(f"A bootstrap needs at least two values, but there are {n}.")
    return np.random.default_rng(seed).integers(n, size=(resamples, n))


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
    d = _checked_differences(differences)
    observed = abs(d.sum()) - 1e-12 * np.abs(d).sum()  # a tie counts, whatever the rounding
    if observed <= 0:
        return 1.0
    half = len(d) // 2
    low = _pairs_at_most(_sums(d[:half], -d[:half]), _sums(d[half:], -d[half:]), -observed)
    return low / 2.0 ** (len(d) - 1)  # with the mirror image of each


def _checked_differences(differences: Numbers) -> Array:
    d = np.asarray(differences, dtype=float)
    if not 0 < len(d) <= MAX_EXACT:
        raise ValueError(f"The exact test takes 1 to {MAX_EXACT} pairs, but there are {len(d)}.")
    if not np.isfinite(d).all():
        raise ValueError("A paired difference is not finite: leave diverged runs out.")
    return d


def _sums(one: Array, other: Array) -> Array:
    """The sorted sums of (n,) and (n,), of each place the one or the other value: (2^n,)."""
    sums = np.zeros(2 ** len(one), one.dtype)
    for i, (a, b) in enumerate(zip(one, other, strict=True)):
        known, new = sums[: 2**i], sums[2**i : 2 ** (i + 1)]
        np.add(known, b, out=new)
        known += a
    sums.sort()
    return sums


def _pairs_at_most(left: Array, right: Array, bound: float) -> int:
    """How many of all pairs of (m,) and (n,), sorted both, have a sum of at most `bound`.

    Block by block: of neighbours on the left, the places on the right lie together, in the cache.
    """
    needles = bound - left[::-1]
    starts = range(0, len(needles), BLOCK)
    found = 0
    for block in (needles[start : start + BLOCK] for start in starts):
        low, high = np.searchsorted(right, block[[0, -1]], side="right")
        found += low * len(block) + np.searchsorted(right[low:high], block, side="right").sum()
    return int(found)


def smallest_p(pairs: int) -> float:
    """What the sign-flip test of so many pairs can say at most."""
    return min(1.0, 2.0 ** (1 - pairs))


def sign_flip_interval(differences: Numbers, confidence: float = 0.95) -> tuple[float, float]:
    """The shifts that the sign-flip test of paired differences (n,) doesn't reject.

    A shift below the mean has p = 2 (1 + m) / 2^n, where m of the 2^n - 1 subsets have a mean not
    above it (Hartigan, 1969), so that the ends are order statistics of the subsets' means. NaN
    where the test of so few pairs rejects nothing (n < 6 at 95 %).
    Raises ValueError as `sign_flip_test`.
    """
    d = np.sort(_checked_differences(differences))
    return _sign_flip_interval(tuple(d.tolist()), confidence)


@lru_cache(maxsize=4096)  # each threshold of a claim asks for the same ones again
def _sign_flip_interval(ordered: tuple[float, ...], confidence: float) -> tuple[float, float]:
    d = np.array(ordered)
    rank = math.floor((1 - confidence) / 2 * 2.0 ** len(d) + 1e-9)  # of the subsets' means
    if rank < 1:
        return math.nan, math.nan
    if d[0] == d[-1]:
        return float(d[0]), float(d[0])
    low, high = _subset_mean(d, rank), -_subset_mean(-d[::-1], rank)
    if sign_flip_test(d) > 1 - confidence:  # of ties an end is near enough, but on the other side
        return min(low, 0.0), max(high, 0.0)
    return low, high


def _subset_mean(d: Array, rank: int) -> float:
    """The `rank`-th smallest mean of a subset of (n,), near enough for four digits."""
    if len(d) <= MAX_LISTED:
        sums, sizes = np.zeros(1), np.zeros(1)
        for value in d:
            sums, sizes = (np.concatenate([a, a + b]) for a, b in ((sums, value), (sizes, 1)))
        return float(np.partition(sums[1:] / sizes[1:], rank - 1)[rank - 1])
    half, n, variance = len(d) // 2, len(d), d.var()

    def shift(score: float) -> float:
        """For which a subset's sum is at most 0 with this normal score, if it were normal."""
        return float(d.mean() + score * math.sqrt(variance / (n - score**2)))

    @cache
    def excess(score: float) -> float:
        x = (d - shift(score)).astype(np.float32)  # twice as fast
        left, right = (_sums(0 * part, part) for part in (x[:half], x[half:]))
        return float(special.ndtri(_pairs_at_most(left, right, 0.0) / 2.0**n)) - goal

    goal = float(special.ndtri((rank + 0.5) / 2.0**n))
    low, high = (goal * factor for factor in (1.02, 0.98))  # nearly normal
    while excess(low) > 0:
        low *= 1.1
    while excess(high) < 0:
        high *= 0.9
    return shift(optimize.brentq(excess, low, high, xtol=1e-4))


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


def jackknife_interval(
    estimate: float, without: Numbers, confidence: float = 0.95
) -> tuple[float, float]:
    """Student's interval of a correlation from what it is without each cluster (clusters,).

    Of the pseudo-values of its artanh, which is nearly normal. NaN for fewer than three clusters,
    or where a correlation is NaN or ±1.
    """
    r = np.asarray(without, dtype=float)
    if len(r) < 3 or not (np.abs([estimate, *r]) < 1).all():
        return math.nan, math.nan
    pseudo = len(r) * np.arctanh(estimate) - (len(r) - 1) * np.arctanh(r)
    low, high = np.tanh(mean_interval(pseudo, confidence))
    return float(low), float(high)
