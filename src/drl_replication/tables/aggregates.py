"""All benchmarks together: how probably DRL beats each rival, and how the scores are spread.

After Agarwal et al. (2021): seeds are redrawn within each benchmark (stratified bootstrap).
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from drl_replication.learning.methods import METHODS
from drl_replication.measures.statistics import Array, percentiles, redraws
from drl_replication.paper.printed import benchmark_title, method_order, method_title
from drl_replication.tables.comparisons import DRL
from drl_replication.tables.frames import rows
from drl_replication.text import notes
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.numbers import count, digits, interval

ALL = "all"
SCORE = "average_accuracy"
BOUNDS = ("finetune", "iid")  # methods that learn without memory, and all at once
POINTS = 101  # of a profile


class Probability(NamedTuple):
    """A row: how probably a run of DRL has a higher accuracy than one of the rival."""

    benchmark: str  # or all
    rival: str
    benchmarks: int
    n: int
    probability: float
    low: float
    high: float


def aggregates(runs: pd.DataFrame) -> pd.DataFrame:
    """The probability that DRL beats each rival, on each benchmark and over all: `Probability`.

    The share of pairs of runs (any seeds) in which DRL's is higher, ties counted half; over all,
    the mean of the benchmarks. low and high: 95 %, seeds redrawn jointly for both methods within
    each benchmark. A diverged run loses to every finished one. Only of benchmarks on which both
    have five runs. `runs`: of `run_measures`.
    """
    scores = _scores(runs)
    rivals = sorted({str(m) for t in scores.values() for m in t if m != DRL}, key=method_order)
    found = []
    for rival in rivals:
        wins = {b: _wins(table, rival) for b, table in scores.items() if {DRL, rival} <= {*table}}
        wins = {b: w for b, w in wins.items() if len(w) >= notes.ENOUGH}
        drawn = {b: _drawn(w, seed) for seed, (b, w) in enumerate(wins.items())}
        for benchmark, w in wins.items():
            ends = percentiles(drawn[benchmark], 0.95)
            found.append(Probability(benchmark, rival, 1, len(w), float(w.mean()), *ends))
        if wins:
            mean = float(np.mean([w.mean() for w in wins.values()]))
            ends = percentiles(np.mean(list(drawn.values()), axis=0), 0.95)
            fewest = min(map(len, wins.values()))
            found.append(Probability(ALL, rival, len(wins), fewest, mean, *ends))
    return pd.DataFrame(found, columns=list(Probability._fields))


def _scores(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By benchmark: one row a seed, one column a method; a diverged run scores -inf."""
    scored = runs.assign(score=runs[SCORE].mask(runs["diverged"], -math.inf))
    return {
        str(benchmark): part.pivot(index="seed", columns="method", values="score")
        for benchmark, part in scored.groupby("benchmark", sort=False)
    }


def _wins(table: pd.DataFrame, rival: str) -> Array:
    """Of each run of DRL (rows) over each of the rival: 1, 0, or 0.5 for a tie."""
    pairs = table[[DRL, rival]].dropna().to_numpy()
    ours, theirs = pairs[:, :1], pairs[:, 1]
    return np.asarray((ours > theirs) + 0.5 * (ours == theirs))


def _drawn(wins: Array, seed: int) -> Array:
    """The share of wins in each bootstrap sample of seeds: (resamples,)."""
    weights = _weights(len(wins), seed)
    return np.asarray(((weights @ wins) * weights).sum(axis=1) / len(wins) ** 2)


@lru_cache(maxsize=16)
def _weights(n: int, seed: int) -> Array:
    """How often each of n seeds is in each sample, the same for all rivals: (resamples, n)."""
    chosen = redraws(n, seed=seed)
    return np.stack([np.bincount(sample, minlength=n) for sample in chosen]).astype(float)


def profiles(runs: pd.DataFrame) -> dict[str, Any]:
    """Performance profiles: for each method, the share of runs whose score exceeds each level.

    The mean of the benchmarks' shares, with its 95 % interval (seeds redrawn within benchmarks).
    Without a benchmark where all runs diverged, or are always wrong.
    Plain JSON, to be drawn: `normalisation` (a sentence), `levels`, `benchmarks`, and by method
    `share`, `low`, `high`. Only of benchmarks on which each method has five runs.
    """
    tables = {b: t for b, t in _scores(runs).items() if (t.count() >= notes.ENOUGH).all()}
    methods = [m for m in sorted(set(runs["method"]), key=method_order) if m not in BOUNDS]
    # One that means nothing on some benchmark can be in no mean over all.
    methods = [m for m in methods if m not in METHODS or not METHODS[m].only_groups]
    tables = {b: t for b, t in tables.items() if set(methods) <= set(t)}
    bounded = bool(tables) and all(_has_bounds(t) for t in tables.values())
    scores = {b: _normalised(t, bounded) for b, t in tables.items() if _means(t).max() > 0}
    found = np.array([v for s in scores.values() for v in s[methods].to_numpy().ravel()])
    finite = found[np.isfinite(found)] if np.isfinite(found).any() else np.array([0.0, 1.0])
    levels = np.linspace(finite.min(), finite.max(), POINTS)
    return {
        "normalisation": "0 is the mean of finetune, 1 that of iid"
        if bounded
        else "accuracy over the highest mean of the benchmark",
        "levels": levels.round(5).tolist(),
        "benchmarks": list(scores),
        "profiles": {m: _profile([s[m] for s in scores.values()], levels) for m in methods}
        if scores
        else {},
    }


def _means(table: pd.DataFrame) -> "pd.Series[float]":
    """Of each method, over its finished runs; NaN where all diverged."""
    return table.replace(-math.inf, math.nan).mean()


def _has_bounds(table: pd.DataFrame) -> bool:
    """Whether both bounds are there, and the upper one is above the lower one."""
    means = _means(table)
    return set(BOUNDS) <= set(table) and bool(means[BOUNDS[1]] > means[BOUNDS[0]])


def _normalised(table: pd.DataFrame, bounded: bool) -> pd.DataFrame:
    means = _means(table)
    low, high = (means[m] for m in BOUNDS) if bounded else (0.0, means.max())
    normalised: pd.DataFrame = (table - low) / (high - low)
    return normalised


def _profile(scores: Sequence["pd.Series[float]"], levels: Array) -> dict[str, list[float]]:
    above = [(s.dropna().to_numpy()[:, None] > levels).astype(float) for s in scores]
    drawn = np.mean(
        [a[redraws(len(a), 1000, seed)].mean(axis=1) for seed, a in enumerate(above)], axis=0
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    share = np.mean([a.mean(axis=0) for a in above], axis=0)
    named = {"share": share, "low": low, "high": high}
    return {name: values.round(5).tolist() for name, values in named.items()}


def document(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> Document:
    """One row a rival, one column a benchmark and one for all. `remarks` end the notes."""
    found = rows(frame, Probability)
    cells = {(row.benchmark, row.rival): row for row in found}
    benchmarks = [b for b in dict.fromkeys(row.benchmark for row in found) if b != ALL]
    shown = [*benchmarks, ALL]
    seeds = {b: count(r.n for r in found if r.benchmark == b) for b in benchmarks}
    return Document(
        title="All benchmarks together",
        caption="How probably a run of DRL has a higher average accuracy than one of each rival.",
        columns=[*map(benchmark_title, benchmarks), "all of these"],
        rows=[
            Row([method_title(rival)], [_stack(cells.get((b, rival))) for b in shown])
            for rival in sorted({row.rival for row in found}, key=method_order)
        ],
        notes=[
            "The share of pairs of runs in which DRL's is higher: 0.5 is no difference. 95 % "
            "interval: seeds redrawn jointly for both methods within each benchmark (10,000 "
            "resamples); of few seeds such an interval is somewhat too narrow.",
            f"Only benchmarks on which both have {notes.ENOUGH} runs; a diverged run loses.",
            f"Seeds: {notes.per_benchmark(seeds)}.",
            *remarks,
        ],
        corner="rival",
    )


def _stack(row: Probability | None) -> list[Cell]:
    if row is None:
        return [NOTHING]
    ends = interval(row.low, row.high, decimals=2)
    return [Cell(digits(row.probability, decimals=2), suffix=f" {ends}")]
