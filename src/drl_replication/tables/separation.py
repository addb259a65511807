"""Which methods are told apart by tests, and so which are the best of a column: the one rule.

A column (one benchmark, one measure) has a best only if each method has runs enough. The best are
then those that no other is shown better than, by the tests of all pairs of the column, adjusted
together: the statements that the others are not the best hold at once, in 95 of 100 columns, and
whichever mean came out on top chooses nothing. Where no two methods are told apart, none is best.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import pandas as pd

from drl_replication.measures.statistics import (
    holm,
    sign_flip_interval,
    sign_flip_test,
    smallest_p,
)
from drl_replication.text.notes import ENOUGH

LEVEL = 0.05
BETTER, WORSE, NONE, FEW = "better", "worse", "no difference shown", "too few seeds"
RULE = (
    "the methods that no other of the paper's is shown better than, by the exact sign-flip tests "
    "of all pairs of methods in the column, paired by seed, adjusted after Holm (5 %)"
)

End = Literal["max", "min"]  # which one is the better
# The test of two methods: n, n_diverged, mean_difference, low, high and p.
Result = dict[str, Any]
Test = Callable[[str, str], Result]


@dataclass(frozen=True)
class Pair:
    """A pair, its result, and what the family leaves of it."""

    method: str
    rival: str
    n: int
    n_diverged: int
    mean_difference: float
    low: float
    high: float
    p: float
    p_holm: float
    verdict: str


def family(pairs: Sequence[tuple[str, str]], best: End, test: Test) -> list[Pair]:
    """The tests of (method, rival), adjusted together: each result with p_holm and verdict.

    The verdict on the method: better, worse, no difference shown, or too few seeds, of which no
    outcome could show one. What cannot be tested (p is NaN) is none of the family.
    """
    results = [test(*pair) for pair in pairs]
    adjusted = holm([result["p"] for result in results])
    # Holm's factor of the next one: those that are shown already make room.
    left = sum(not math.isnan(p) for p in adjusted) - sum(p <= LEVEL for p in adjusted)
    return [
        Pair(*pair, **result, p_holm=p, verdict=_verdict(result, p, left, best))
        for pair, result, p in zip(pairs, results, adjusted, strict=True)
    ]


def _verdict(result: Result, p: float, left: int, best: End) -> str:
    if math.isnan(p) or (p > LEVEL and smallest_p(int(result["n"])) * left > LEVEL):
        return FEW
    if p > LEVEL:
        return NONE
    return BETTER if (result["mean_difference"] > 0) == (best == "max") else WORSE


def paired(values: pd.DataFrame, method: str, rival: str, intervals: bool = True) -> Result:
    """The exact sign-flip test of differences by seed, and the interval that it doesn't reject.

    `values`: one row a seed and one column a method, NaN where a run diverged or is not there.
    Without intervals, which take ten times as long as the tests at 40 seeds, they are NaN.
    """
    d = (values[method] - values[rival]).dropna().to_numpy()
    low, high, p = math.nan, math.nan, math.nan
    if len(d) > 1:
        p = sign_flip_test(d)
        low, high = sign_flip_interval(d, 1 - LEVEL) if intervals else (low, high)
    mean = d.mean() if len(d) else math.nan
    return {"n": len(d), "n_diverged": 0, "mean_difference": mean, "low": low, "high": high, "p": p}


def each_pair(values: pd.DataFrame, methods: Sequence[str], best: End) -> list[Pair]:
    """The tests of all pairs of methods in one column; none where a method has too few runs.

    `values` as of `paired`. Pairs that share fewer than five seeds are not tested.
    """
    if (values.reindex(columns=list(methods)).count() < ENOUGH).any():
        return []

    def test(method: str, rival: str) -> Result:
        found = paired(values, method, rival, intervals=False)
        return found if found["n"] >= ENOUGH else found | {"p": math.nan}

    return family(list(combinations(methods, 2)), best, test)


def best_of(tested: Iterable[Pair]) -> list[str]:
    """Of the pairs of a column the methods that none is shown better than; none if that is all."""
    methods: dict[str, None] = {}
    worse = set()
    for pair in tested:
        methods |= dict.fromkeys((pair.method, pair.rival))
        if pair.verdict in (BETTER, WORSE):
            worse.add(pair.rival if pair.verdict == BETTER else pair.method)
    return [method for method in methods if method not in worse] if worse else []
