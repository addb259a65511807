"""Measures of a run: accuracy, forgetting, intransigence (Sec. 5) and the rho-spectrum (Appx. C).

`a` is an accuracy matrix of shape (T, T): `a[t, i]` is the accuracy on task i's test set after
learning task t. Entries above the diagonal (tasks not yet learned) are never read.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def _checked(a: Array) -> Array:
    a = np.asarray(a, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        raise ValueError(f"An accuracy matrix has shape (T, T) with T >= 1, not {a.shape}.")
    learned = a[np.tril_indices(len(a))]
    wrong = learned[~((learned >= 0) & (learned <= 1))]  # catches NaN too
    if wrong.size:
        raise ValueError(
            f"The accuracy matrix holds {wrong[0]} on or under its diagonal, where only numbers "
            "from 0 to 1 are allowed: leave diverged runs out, and give fractions, not percentages."
        )
    return a


def average_accuracy(a: Array) -> float:
    """Mean accuracy over all tasks after the last one (Sec. 5).

    `a`: (T, T). Raises ValueError for another shape or values outside [0, 1].
    """
    return float(_checked(a)[-1].mean())


def average_forgetting(a: Array) -> float:
    """Mean drop from a task's best accuracy before the last task to its final one (Sec. 5).

    Averages over the T - 1 tasks that can be forgotten, not over T; 0.0 when T = 1.
    It is negative when tasks improve after the rest was learned.
    `a`: (T, T). Raises ValueError for another shape or values outside [0, 1].
    """
    a = _checked(a)
    last = len(a) - 1
    if last == 0:
        return 0.0
    peak = np.array([a[i:last, i].max() for i in range(last)])
    return float(np.mean(peak - a[last, :last]))


def learned_accuracy(a: Array) -> Array:
    """Accuracy on each task right after learning it: the diagonal, shape (T,).

    `a`: (T, T). Raises ValueError for another shape or values outside [0, 1].
    """
    return np.diagonal(_checked(a)).copy()


def _per_task_maximum(diagonals: Array, methods: Array, seeds: Array, among: Array) -> Array:
    return np.broadcast_to(diagonals[among].max(axis=0), diagonals.shape)


def _best_method_mean(diagonals: Array, methods: Array, seeds: Array, among: Array) -> Array:
    means = [
        diagonals[among & (methods == method)].mean(axis=0) for method in np.unique(methods[among])
    ]
    return np.broadcast_to(np.max(means, axis=0), diagonals.shape)


def _per_seed_maximum(diagonals: Array, methods: Array, seeds: Array, among: Array) -> Array:
    same = [among & (seeds == seed) for seed in seeds]
    alone = [rows if rows.any() else seeds == seed for rows, seed in zip(same, seeds, strict=True)]
    return np.array([diagonals[rows].max(axis=0) for rows in alone])


INTRANSIGENCE_REFERENCES = {
    "best_run": _per_task_maximum,
    "best_mean": _best_method_mean,
    "per_seed": _per_seed_maximum,
}


def best_learned(
    diagonals: Array,
    reading: str,
    methods: Sequence[str],
    seeds: Sequence[int],
    among: Sequence[bool] | None = None,
) -> Array:
    """The reference a* of the average intransigence, one row a run: shape (runs, T).

    Sec. 5: "the best accuracy among all compared models" (reading `intransigence_reference`):
    best_run: per task the best over all methods and seeds;
    best_mean: per task the best over methods of the mean over seeds;
    per_seed: per task and seed the best over methods.

    `diagonals`: (runs, T), the learned accuracies of one benchmark's finished runs; `methods` and
    `seeds` say whose row each is; `among`: which are compared, all unless given.
    Raises ValueError for an unknown reading, lengths that don't match, or values outside [0, 1].
    """
    if reading not in INTRANSIGENCE_REFERENCES:
        raise ValueError(
            f"intransigence_reference is {reading!r}, but must be one of: "
            f"{', '.join(INTRANSIGENCE_REFERENCES)}."
        )
    diagonals = np.asarray(diagonals, dtype=float)
    if diagonals.ndim != 2 or not len(diagonals) == len(methods) == len(seeds) > 0:
        raise ValueError(
            f"The learned accuracies have shape {diagonals.shape} for {len(methods)} methods and "
            f"{len(seeds)} seeds: one row, one method and one seed a run are needed."
        )
    if not np.all((diagonals >= 0) & (diagonals <= 1)):
        raise ValueError(
            "The learned accuracies hold a value outside 0 to 1: leave diverged runs out."
        )
    compared = np.ones(len(diagonals), dtype=bool) if among is None else np.asarray(among)
    return INTRANSIGENCE_REFERENCES[reading](
        diagonals, np.asarray(methods), np.asarray(seeds), compared
    )


def average_intransigence(a: Array, best: Array) -> float:
    """Mean over tasks of `best[i] - a[i, i]` (Sec. 5).

    `a`: (T, T); `best`: (T,), a row of `best_learned`. Raises ValueError for other shapes or
    values outside [0, 1].
    """
    learned = learned_accuracy(a)
    best = np.asarray(best, dtype=float)
    if best.shape != learned.shape:
        raise ValueError(
            f"The reference has shape {best.shape}, but the matrix has {len(learned)} tasks: "
            "give one best accuracy a task."
        )
    return float(np.mean(best - learned))


def identity_sum(accuracy: float, forgetting: float, intransigence: float, tasks: int) -> float:
    """`accuracy + (T-1)/T forgetting + intransigence`, the left side of the identity."""
    return accuracy + (tasks - 1) / tasks * forgetting + intransigence


def identity_gap(a: Array, best: Array) -> float:
    """By how much the three measures of a run add up to more than the mean of `best`.

    accuracy + (T-1)/T forgetting + intransigence - mean a* is what tasks gain on average after
    their own training: >= 0 up to rounding, and 0 when no task peaks later. A negative value
    means that one of the three is wrong.

    `a`: (T, T); `best`: (T,). Raises ValueError as the measures do.
    """
    total = identity_sum(
        average_accuracy(a), average_forgetting(a), average_intransigence(a, best), len(a)
    )
    return total - float(np.mean(best))
