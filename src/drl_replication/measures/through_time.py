"""Measures of a run that was evaluated on its way."""

from collections.abc import Sequence

import numpy as np


def average_anytime_accuracy(accuracies: Sequence[Sequence[float]]) -> float:
    """Mean over all evaluations of the mean accuracy on the tasks that had begun by then.

    `accuracies`: one row an evaluation, in time, one number a task. After Caccia et al. (2022).
    """
    return float(np.mean([np.mean(row) for row in accuracies]))


def worst_drop(accuracies: Sequence[Sequence[float]]) -> float:
    """The largest fall of the accuracy on any task from an earlier evaluation to a later one.

    `accuracies`: one row an evaluation, in time, one number a task that had begun; 0 for no fall.
    """
    highest: list[float] = []
    worst = 0.0
    for row in accuracies:
        highest = [*highest, *row[len(highest) :]]
        worst = max(worst, *(high - now for high, now in zip(highest, row, strict=True)))
        highest = [max(pair) for pair in zip(highest, row, strict=True)]
    return worst
