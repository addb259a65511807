"""From which alpha on L_bt + alpha L_wi (Eq. 3) cannot be lowered without end by whole classes."""

from collections.abc import Sequence

import numpy as np


def alpha_bound(counts: Sequence[int], normalisation: str = "pairs") -> float:
    """The smallest alpha for which the auxiliary loss is bounded below on class indicators.

    If all samples of class c have the representation v_c, the loss is a quadratic form of the v_c:
    v^T (A + alpha D) v with A = n_c n_c' / N_bt off the diagonal and D = n_c (n_c - 1) / N_wi on
    it. Below the largest eigenvalue of -D^(-1/2) A D^(-1/2) it has a negative direction, along
    which it falls without end wherever h is unbounded, as logits are.

    `counts`: samples of each class in the batch, two at least of each; `normalisation`: of the
    reading `drl_normalisation`. Raises ValueError for fewer than two classes, or single samples.
    """
    n = np.asarray(counts, dtype=float)
    if len(n) < 2 or n.min() < 2:
        raise ValueError(f"A bound needs two classes of two samples each, not {list(counts)}.")
    between, within = np.outer(n, n), n * (n - 1)
    np.fill_diagonal(between, 0)
    if normalisation == "pairs":
        between, within = between / between.sum(), within / within.sum()
    scaled = between / np.sqrt(np.outer(within, within))
    return float(np.linalg.eigvalsh(-scaled)[-1])


def balanced_counts(batch: int, classes: int) -> list[int]:
    """Samples of each class in a balanced batch (Alg. 3), the largest first."""
    each, more = divmod(batch, classes)
    return [each + 1] * more + [each] * (classes - more)
