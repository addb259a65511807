"""Multisimilarity loss (Wang et al., 2019) as an auxiliary objective (Eq. 7)."""

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.cosines import Cosines, unit_rows
from drl_replication.learning.methods.loss import Derived, WithAuxiliary
from drl_replication.learning.methods.parts import Shared

ALPHA, BETA, GAMMA = 2.0, 40.0, 0.5  # Appendix C: "the same as in Roth et al. (2020)"


class MultiSim(WithAuxiliary):
    """L + lambda L_multi."""

    def __init__(self, shared: Shared):
        super().__init__(shared, weight="multisim_lambda")
        self.layerwise = shared.settings["readings"]["multisim_form"] == "layerwise"

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_multi () of the representation's layers [(B, .)] for labels (B,)."""
        if self.layerwise:
            return torch.stack([layerwise_loss(layer, labels) for layer in layers]).sum()
        return multisimilarity_loss(torch.cat(layers, dim=1), labels)

    def derived(self, layers: list[np.ndarray], labels: np.ndarray) -> Derived:
        """Value of L_multi and its gradient at h (B, H), in closed form."""
        if self.layerwise:
            values, gradients = zip(*(layerwise_gradient(h, labels) for h in layers), strict=True)
            return sum(values), np.concatenate(gradients, axis=1), ()
        return *multisimilarity_gradient(np.concatenate(layers, axis=1), labels), ()


def multisimilarity_loss(h: Tensor, labels: Tensor) -> Tensor:
    """L_multi (Eq. 7): one log for each anchor, over its positive and over its negative pairs.

    To be derived by autograd, for any network.

    Args:
        h: (B, H) representations; similarity is their cosine.
        labels: (B,).

    Returns:
        () mean over the anchors; an anchor without pairs of a kind adds zero.
    """
    similarity, positive, negative = _pairs(h, labels)
    pull = torch.exp(-ALPHA * (similarity - GAMMA)) * positive
    push = torch.exp(BETA * (similarity - GAMMA)) * negative
    return (pull.sum(1).log1p() / ALPHA + push.sum(1).log1p() / BETA).mean()


def multisimilarity_gradient(h: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """L_multi (Eq. 7) and its gradient (B, H), in closed form; arguments as above."""
    cosines, same, size = Cosines(h), labels[:, None] == labels, len(labels)
    excess = cosines.values - GAMMA
    pull = np.exp(-ALPHA * excess) * same
    pull.flat[:: size + 1] = 0
    push = np.exp(BETA * excess) * ~same
    pulls, pushes = 1 + pull.sum(1, keepdims=True), 1 + push.sum(1, keepdims=True)
    value = (np.log(pulls).sum() / ALPHA + np.log(pushes).sum() / BETA) / size
    return float(value), cosines.gradient((push / pushes - pull / pulls) / size)


def layerwise_loss(h: Tensor, labels: Tensor) -> Tensor:
    """The reading `multisim_form = layerwise`: one log over a layer's whole masked matrix, by B.

    Masked-out entries stay as zero similarities, each adding a constant under the log.
    """
    similarity, positive, negative = _pairs(h, labels)
    pull = torch.exp(-ALPHA * (similarity * positive - GAMMA)).sum()
    push = torch.exp(BETA * (similarity * negative - GAMMA)).sum()
    return (pull.log1p() / ALPHA + push.log1p() / BETA) / len(labels)


def layerwise_gradient(h: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """A layer's part of `layerwise` and its gradient (B, H), in closed form."""
    cosines, positive = Cosines(h), labels[:, None] == labels
    negative = ~positive
    positive.flat[:: len(labels) + 1] = False
    pull = np.exp(-ALPHA * (cosines.values * positive - GAMMA))
    push = np.exp(BETA * (cosines.values * negative - GAMMA))
    pulls, pushes = pull.sum(), push.sum()
    value = (np.log1p(pulls) / ALPHA + np.log1p(pushes) / BETA) / len(labels)
    slopes = (negative * push / (1 + pushes) - positive * pull / (1 + pulls)) / len(labels)
    return float(value), cosines.gradient(slopes)


def _pairs(h: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cosine similarities (B, B) and the masks (B, B) of positive and negative ordered pairs."""
    unit = unit_rows(h)
    same = (labels[:, None] == labels).to(h.dtype)
    return unit @ unit.T, same - torch.eye(len(labels), dtype=h.dtype, device=h.device), 1 - same
