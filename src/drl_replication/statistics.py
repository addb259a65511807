"""Intervals, exact tests and rank correlations that the verdict and the comparisons rest on."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

RESAMPLES = 10_000
MAX_EXACT = 20  # pairs: 2^20 sign patterns are counted one by one


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


def bootstrap_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float],
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Percentile bootstrap over the first axis of `values`: rows (seeds, clusters) are redrawn.

    Resamples in which the statistic is not finite (no variation left) are left out; NaN if all
    are. The same values give the same interval. Raises ValueError for fewer than two rows.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        raise ValueError(f"A bootstrap needs at least two values, but there are {len(values)}.")
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(values), size=(resamples, len(values)))
    results = np.array([statistic(values[rows]) for rows in drawn])
    results = results[np.isfinite(results)]
    if not results.size:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(results, [tail, 1 - tail])
    return float(low), float(high)


def sign_flip_test(differences: Sequence[float]) -> float:
    """Exact two-sided p of paired differences (n,): could their signs as well be others?

    The share of all 2^n sign patterns whose |sum| is at least the observed one, which is among
    them, so that p >= 2^(1-n) unless all are zero. Raises ValueError for none or more than 20.
    """
    d = np.asarray(differences, dtype=float)
    if not 0 < len(d) <= MAX_EXACT:
        raise ValueError(f"The exact test takes 1 to {MAX_EXACT} pairs, but there are {len(d)}.")
    patterns = (np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1
    sums = np.abs((1 - 2 * patterns) @ d)
    rounding = 1e-12 * np.abs(d).sum()
    return float(np.mean(sums >= abs(d.sum()) - rounding))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p-values (m,) adjusted after Holm (1979) for the family-wise error; NaN stays NaN."""
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def kendall_tau(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Kendall's tau-b of two rankings of the same methods; NaN where one has no order at all."""
    return float(stats.kendalltau(ours, theirs).statistic)


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's correlation of (n,) and (n,); NaN where one of them doesn't vary."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale > 0 else float("nan")
