"""Discriminative Representation Loss (Eq. 3, 4)."""

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.loss import Derived, WithAuxiliary
from drl_replication.learning.methods.parts import Shared


class DRL(WithAuxiliary):
    """L + lambda (L_bt + alpha L_wi) (Eq. 4)."""

    def __init__(self, shared: Shared):
        super().__init__(shared, weight="drl_lambda")
        self.alpha: float = shared.settings["drl_alpha"]
        self.normalisation: str = shared.settings["readings"]["drl_normalisation"]

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_bt + alpha L_wi () of the representation's layers [(B, .)] for labels (B,)."""
        return drl_loss(torch.cat(layers, dim=1), labels, self.alpha, self.normalisation)

    def derived(self, layers: list[np.ndarray], labels: np.ndarray) -> Derived:
        """Value of L_bt + alpha L_wi and its gradient at h (B, H), in closed form."""
        h = np.concatenate(layers, axis=1)
        return *drl_gradient(h, labels, self.alpha, self.normalisation), ()


def drl_loss(h: Tensor, labels: Tensor, alpha: float, normalisation: str = "pairs") -> Tensor:
    """L_bt + alpha L_wi (Eq. 3), pair by pair: for any network, to be derived by autograd.

    Args:
        h: (B, H) representations.
        labels: (B,).
        alpha: weight of the pairs of one class.
        normalisation: see :func:`pair_weights`.
    """
    same = labels[:, None] == labels
    others = ~torch.eye(len(labels), dtype=torch.bool, device=h.device)
    between, within = pair_weights(same.cpu().numpy(), normalisation)
    products = h @ h.T
    return between * products[~same].sum() + alpha * within * products[same & others].sum()


def drl_gradient(
    h: np.ndarray, labels: np.ndarray, alpha: float, normalisation: str = "pairs"
) -> tuple[float, np.ndarray]:
    """L_bt + alpha L_wi and its gradient (B, H) in closed form; arguments as of :func:`drl_loss`.

    The loss is a quadratic form <h, A h>, where A holds 1 / N_bt for pairs of different classes,
    alpha / N_wi for pairs of one class and zero for i = j. So its gradient is 2 A h, and the loss
    itself half the inner product of h and this gradient.
    """
    same = labels[:, None] == labels
    between, within = pair_weights(same, normalisation)
    weights = np.where(same, 2 * alpha * within, 2 * between).astype(h.dtype)
    weights.flat[:: len(labels) + 1] = 0
    gradient = weights @ h
    return float(np.vdot(h, gradient)) / 2, gradient


def pair_weights(same: np.ndarray, normalisation: str) -> tuple[float, float]:
    """What L_bt and L_wi divide by, inverted, for the mask (B, B) of pairs of one class.

    "pairs": 1 / N_bt and 1 / N_wi, zero where there is no such pair; "batch": 1 / B^2 for both.
    """
    if normalisation == "batch":
        return 1 / same.size, 1 / same.size
    ones = int(np.count_nonzero(same))  # pairs of one class, i = j included
    n_between, n_within = same.size - ones, ones - len(same)
    return (1 / n_between if n_between else 0.0), (1 / n_within if n_within else 0.0)
