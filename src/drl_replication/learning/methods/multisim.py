"""Multisimilarity loss (Wang et al., 2019) as an auxiliary objective (Eq. 7)."""

import torch
from torch import Tensor

from drl_replication.learning.methods.cosines import Cosines, unit_rows
from drl_replication.learning.methods.loss import Loss, WithAuxiliary
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

    def weighted(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """Value and gradients of lambda L_multi, in closed form."""
        parts = layers if self.layerwise else [torch.cat(layers, dim=1)]
        function = layerwise_slopes if self.layerwise else multisimilarity_slopes
        value, gradients = torch.zeros((), device=labels.device), []
        for h in parts:
            cosines = Cosines(h)
            loss, slopes = function(cosines.values, *_pairs(labels, cosines.values))
            value = value + self.weight * loss
            gradients.append(cosines.gradient(slopes.mul_(self.weight)))
        if not self.layerwise:
            gradients = list(gradients[0].split([layer.shape[1] for layer in layers], dim=1))
        return Loss(value, gradients)


def multisimilarity_loss(h: Tensor, labels: Tensor) -> Tensor:
    """L_multi (Eq. 7): one log for each anchor, over its positive and over its negative pairs.

    Args:
        h: (B, H) representations; similarity is their cosine.
        labels: (B,).

    Returns:
        () mean over the anchors; an anchor without pairs of a kind adds zero.
    """
    unit = unit_rows(h)
    return multisimilarity_slopes(unit @ unit.T, *_pairs(labels, h))[0]


def multisimilarity_slopes(
    similarity: Tensor, positive: Tensor, negative: Tensor
) -> tuple[Tensor, Tensor]:
    """L_multi () (Eq. 7) of cosines (B, B) and masks (B, B) of pairs, and its gradient (B, B)."""
    pull = torch.exp(-ALPHA * (similarity - GAMMA)) * positive
    push = torch.exp(BETA * (similarity - GAMMA)) * negative
    pulls, pushes = pull.sum(1, keepdim=True), push.sum(1, keepdim=True)
    value = (pulls.log1p() / ALPHA + pushes.log1p() / BETA).mean()
    return value, (push / (1 + pushes) - pull / (1 + pulls)) / len(similarity)


def layerwise_loss(h: Tensor, labels: Tensor) -> Tensor:
    """The reading `multisim_form = layerwise`: one log over a layer's whole masked matrix.

    Masked-out entries stay as zero similarities, each adding a constant under the log.
    """
    unit = unit_rows(h)
    return layerwise_slopes(unit @ unit.T, *_pairs(labels, h))[0]


def layerwise_slopes(
    similarity: Tensor, positive: Tensor, negative: Tensor
) -> tuple[Tensor, Tensor]:
    """A layer's part () of `layerwise`, divided by B, and its gradient (B, B) at the cosines."""
    pull = torch.exp(-ALPHA * (similarity * positive - GAMMA))
    push = torch.exp(BETA * (similarity * negative - GAMMA))
    pulls, pushes, size = pull.sum(), push.sum(), len(similarity)
    value = (pulls.log1p() / ALPHA + pushes.log1p() / BETA) / size
    return value, (negative * push / (1 + pushes) - positive * pull / (1 + pulls)) / size


def _pairs(labels: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Masks (B, B), with numbers like those of a tensor, of positive and negative ordered pairs."""
    same = (labels[:, None] == labels).to(like.dtype)
    return same.clone().fill_diagonal_(0), 1 - same
