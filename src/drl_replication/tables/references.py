"""What a* would have been with other seeds: it is a maximum, so it varies and grows with runs."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from drl_replication.measures.continual import Array, learned_accuracy
from drl_replication.measures.statistics import RESAMPLES
from drl_replication.paper.printed import METHOD_TITLES, PRINTED_SEEDS
from drl_replication.records.runs import accuracy_matrix
from drl_replication.tables.runs import Record

COLUMNS = ["benchmark", "best_std", "best_shift"]


def reference_spread(records: Sequence[Record], intransigence_reference: str) -> pd.DataFrame:
    """How mean a* varies when it is of as many seeds as the paper's, one row a benchmark.

    Columns: benchmark, best_std (deviation over 10,000 draws of ten seeds, joint for all methods),
    best_shift (how much lower it is on average than that of all seeds; 0 of ten). Ten seeds are
    drawn again with replacement, of more than ten each time others. Only of benchmarks with ten
    seeds of each of the paper's methods; a diverged run takes no part in a*.
    """
    found = []
    for benchmark in dict.fromkeys(record["benchmark"] for record in records):
        learned = _learned([r for r in records if r["benchmark"] == benchmark])
        if learned is not None:
            found.append((benchmark, *_spread(learned, intransigence_reference)))
    return pd.DataFrame(found, columns=COLUMNS)


def _learned(records: Sequence[Record]) -> Array | None:
    """Learned accuracies (methods, seeds, T) of seeds that all have, NaN where a run diverged."""
    runs = {(r["method"], r["seed"]): r for r in records}
    seeds = [s for s in sorted({s for _, s in runs}) if all((m, s) in runs for m in METHOD_TITLES)]
    if len(seeds) < PRINTED_SEEDS:
        return None
    nothing = np.full(len(records[0]["accuracy_matrix"]), np.nan)
    return np.array(
        [
            [
                nothing
                if runs[method, seed]["diverged"]
                else learned_accuracy(accuracy_matrix(runs[method, seed]))
                for seed in seeds
            ]
            for method in METHOD_TITLES
        ]
    )


def _spread(learned: Array, reading: str) -> tuple[float, float]:
    n, generator = learned.shape[1], np.random.default_rng(0)
    if n == PRINTED_SEEDS:
        draws = generator.integers(n, size=(RESAMPLES, n))
    else:
        seeds = np.tile(np.arange(n), (RESAMPLES, 1))
        draws = generator.permuted(seeds, axis=1)[:, :PRINTED_SEEDS]
    mean_best = MEAN_BEST[reading]
    drawn = mean_best(learned, draws)
    shift = 0.0 if n == PRINTED_SEEDS else drawn.mean() - mean_best(learned, np.arange(n)[None])[0]
    return float(drawn.std(ddof=1)), float(shift)


def _best_run(learned: Array, draws: Array) -> Array:
    best = np.nanmax(learned, axis=0)[draws].max(axis=1)
    return np.asarray(best.mean(axis=1))


def _best_mean(learned: Array, draws: Array) -> Array:
    means = [np.nanmean(method[draws], axis=1) for method in learned]
    return np.asarray(np.nanmax(means, axis=0).mean(axis=1))


def _per_seed(learned: Array, draws: Array) -> Array:
    return np.asarray(np.nanmax(learned, axis=0).mean(axis=1)[draws].mean(axis=1))


# By the reading `intransigence_reference`: mean a* of each draw (draws, seeds) -> (draws,).
MEAN_BEST: dict[str, Callable[[Array, Array], Array]] = {
    "best_run": _best_run,
    "best_mean": _best_mean,
    "per_seed": _per_seed,
}
