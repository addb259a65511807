"""Discriminative Representation Loss (Eq. 3, 4)."""

from collections import Counter

import torch
from torch import Tensor

from drl_replication.learning.methods.loss import Loss, WithAuxiliary
from drl_replication.learning.methods.parts import Shared


class DRL(WithAuxiliary):
    """L + lambda (L_bt + alpha L_wi) (Eq. 4)."""

    def __init__(self, shared: Shared):
        super().__init__(shared, weight="drl_lambda")
        self.alpha: float = shared.settings["drl_alpha"]
        self.normalisation: str = shared.settings["readings"]["drl_normalisation"]
        self.identity = torch.eye(shared.stream.classes, device=shared.stream.labels.device)

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_bt + alpha L_wi () of the representation's layers [(B, .)] for labels (B,)."""
        return drl_loss(torch.cat(layers, dim=1), labels, self.alpha, self.normalisation)

    def weighted(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """Value and gradients of lambda (L_bt + alpha L_wi), in closed form."""
        between, within = pair_weights(labels, self.normalisation)
        h, one_hot = torch.cat(layers, dim=1), self.identity.index_select(0, labels)
        gradient = drl_gradient(
            h, one_hot, self.weight * between, self.weight * self.alpha * within
        )
        value = torch.dot(h.view(-1), gradient.view(-1)) / 2  # of a quadratic form
        return Loss(value, list(gradient.split([layer.shape[1] for layer in layers], dim=1)))


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
    between, within = pair_weights(labels, normalisation)
    products = h @ h.T
    return between * products[~same].sum() + alpha * within * products[same & others].sum()


def drl_gradient(h: Tensor, one_hot: Tensor, between: float, within: float) -> Tensor:
    """Gradient at `h` of the two weighted double sums of Eq. 3, without a loop over pairs.

    With S_c the sum of h over class c and S over all, the sum over ordered pairs of different
    classes is sum_i <h_i, S - S_{y_i}>, and that over pairs of one class sum_i <h_i, S_{y_i} -
    h_i>. Together they are a quadratic form <h, A h>, whose gradient is 2 A h; so the weighted
    sum itself is half the inner product of `h` and this gradient.

    Args:
        h: (B, H) representations.
        one_hot: (B, C) labels.
        between: weight of the sum over pairs of different classes: lambda / N_bt.
        within: weight of the sum over pairs of one class: lambda alpha / N_wi.

    Returns:
        (B, H) gradient 2 (between (S - S_{y_i}) + within (S_{y_i} - h_i)).
    """
    sums = one_hot.T @ h  # S_c
    # Two thin products instead of gathers: with B and C so small, calls cost more than flops.
    weights = one_hot.mul(2 * (within - between)).add_(2 * between)
    return torch.addmm(h, weights, sums, beta=-2 * within)


def pair_weights(labels: Tensor, normalisation: str) -> tuple[float, float]:
    """What L_bt and L_wi divide by, inverted, for the labels (B,) of a batch.

    "pairs": 1 / N_bt and 1 / N_wi, zero where there is no such pair; "batch": 1 / B^2 for both.
    """
    size = len(labels)
    if normalisation == "batch":
        return 1 / size**2, 1 / size**2
    counts = Counter(labels.tolist())  # faster than bincount for a batch
    same = sum(n * n for n in counts.values())  # pairs of one class, i = j included
    n_between, n_within = size * size - same, same - size
    return (1 / n_between if n_between else 0.0), (1 / n_within if n_within else 0.0)
