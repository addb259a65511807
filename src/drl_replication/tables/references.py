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

    Columns: benchmark, best_std (deviation over 10,000 draws of ten seeds, with replacement, joint
    for all methods), best_shift (how much lower it is on average of ten different seeds than that
    of all runs; 0 of ten). Only of benchmarks with ten seeds of each of the paper's methods; a
    diverged run takes no part in a*.
    """
    found = []
    for benchmark in dict.fromkeys(record["benchmark"] for record in records):
        learned, common = _learned([r for r in records if r["benchmark"] == benchmark])
        if len(common) >= PRINTED_SEEDS:
            found.append((benchmark, *_spread(learned, common, intransigence_reference)))
    return pd.DataFrame(found, columns=COLUMNS)


def _learned(records: Sequence[Record]) -> tuple[Array, Array]:
    """Learned accuracies (methods, seeds, T), NaN where none; the seeds that all methods have.

    Seeds on which every run diverged are left out.
    """
    runs = {(r["method"], r["seed"]): r for r in records}
    finished = {s for (m, s), r in runs.items() if m in METHOD_TITLES and not r["diverged"]}
    learned = np.full(
        (len(METHOD_TITLES), len(finished), len(records[0]["accuracy_matrix"])), np.nan
    )
    common = []
    for place, seed in enumerate(sorted(finished)):
        own = {m: runs[m, seed] for m in METHOD_TITLES if (m, seed) in runs}
        common += [place] * (len(own) == len(METHOD_TITLES))
        for row, method in enumerate(METHOD_TITLES):
            if method in own and not own[method]["diverged"]:
                learned[row, place] = learned_accuracy(accuracy_matrix(own[method]))
    return learned, np.array(common, dtype=int)


def _spread(learned: Array, common: Array, reading: str) -> tuple[float, float]:
    mean_best, generator = MEAN_BEST[reading], np.random.default_rng(0)
    n, own = len(common), learned[:, common]
    again = mean_best(own, generator.integers(n, size=(RESAMPLES, PRINTED_SEEDS)))
    others = generator.permuted(np.tile(np.arange(n), (RESAMPLES, 1)), axis=1)[:, :PRINTED_SEEDS]
    all_runs = np.arange(learned.shape[1])[None]
    few = all_runs.size == PRINTED_SEEDS
    shift = 0.0 if few else mean_best(own, others).mean() - mean_best(learned, all_runs)[0]
    return float(again.std(ddof=1)), float(shift)


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
