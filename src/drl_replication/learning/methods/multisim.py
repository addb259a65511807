"""Multisimilarity loss (Wang et al., 2019) as an auxiliary objective (Eq. 7)."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from drl_replication.learning.methods.loss import WithAuxiliary

ALPHA, BETA, GAMMA = 2.0, 40.0, 0.5  # Appendix C: "the same as in Roth et al. (2020)"


class MultiSim(WithAuxiliary):
    """L + lambda L_multi."""

    def __init__(self, learner):
        super().__init__(learner, weight="multisim_lambda")
        self.layerwise = learner.settings["readings"]["multisim_form"] == "layerwise"

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_multi () of the representation's layers [(B, .)] for labels (B,)."""
        if self.layerwise:
            return sum(layerwise_loss(layer, labels) for layer in layers)
        return multisimilarity_loss(torch.cat(layers, dim=1), labels)


def multisimilarity_loss(h: Tensor, labels: Tensor) -> Tensor:
    """L_multi (Eq. 7): one log for each anchor, over its positive and over its negative pairs.

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


def layerwise_loss(h: Tensor, labels: Tensor) -> Tensor:
    """The reading `multisim_form = layerwise`: one log over a layer's whole masked matrix.

    Masked-out entries stay as zero similarities, each adding a constant under the log.
    """
    similarity, positive, negative = _pairs(h, labels)
    pull = torch.exp(-ALPHA * (similarity * positive - GAMMA)).sum()
    push = torch.exp(BETA * (similarity * negative - GAMMA)).sum()
    return pull.log1p() / ALPHA + push.log1p() / BETA


def _pairs(h: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cosine similarities (B, B) and the masks (B, B) of positive and negative ordered pairs."""
    unit = F.normalize(h, dim=1)
    same = (labels[:, None] == labels).to(h.dtype)
    return unit @ unit.T, same - torch.eye(len(labels), dtype=h.dtype, device=h.device), 1 - same
