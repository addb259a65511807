"""R-Margin (Roth et al., 2020) as an auxiliary objective (Eq. 8)."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from drl_replication.learning.methods.loss import WithAuxiliary

GAMMA, INITIAL_BETA, P_RHO = 0.2, 0.6, 0.2  # Appendix C


class RMargin(WithAuxiliary):
    """L + lambda L_margin with the rho regularisation drawn anew at every step."""

    def __init__(self, learner):
        super().__init__(learner, weight="rmargin_lambda")
        readings = learner.settings["readings"]
        self.form, self.switch = readings["rmargin_form"], readings["rmargin_switch"]
        self.rng = learner.objective_rng
        self.beta = nn.Parameter(torch.tensor(INITIAL_BETA, device=learner.stream.labels.device))

    def parameters(self) -> list[nn.Parameter]:
        """The trainable boundary beta."""
        return [self.beta]

    def representation(self, layers: list[Tensor]) -> list[Tensor]:
        """The last hidden layer alone under `rmargin_form = released`."""
        return [layers[-2]] if self.form == "released" else super().representation(layers)

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_margin () of the representation's layers [(B, .)] for labels (B,)."""
        positive, negative = draw_pairs(labels.cpu().numpy(), self.switch, self.rng)
        h = torch.cat(layers, dim=1)
        counts = (torch.from_numpy(pairs).to(h) for pairs in (positive, negative))
        return margin_loss(h, *counts, self.beta, self.form)


def draw_pairs(
    labels: np.ndarray, switch: str, rng: np.random.Generator, p_rho: float = P_RHO
) -> tuple[np.ndarray, np.ndarray]:
    """How often each ordered pair counts as positive and as negative, after the rho switch.

    Args:
        labels: (B,).
        switch: "replace": with probability `p_rho` the place of a negative pair (i, j) is taken
            by a positive pair (i, p), p drawn from the anchor's class, which is then pushed apart
            (an anchor without positives keeps its negatives); "relabel": the negative pair is
            treated as a positive one.
        rng: draws the switches.
        p_rho: probability of a switch.

    Returns:
        (B, B) counts of positive pairs and (B, B) of negative pairs.
    """
    same = labels[:, None] == labels
    positive = same & ~np.eye(len(labels), dtype=bool)
    partners = positive.sum(1)
    switched = ~same & (rng.random(same.shape) < p_rho)
    if switch == "relabel":
        return (positive | switched).astype(np.float32), (~same & ~switched).astype(np.float32)
    switched &= partners[:, None] > 0
    negative = (~same & ~switched).astype(np.float32)
    anchors = switched.nonzero()[0]
    # the k-th positive of an anchor, k uniform
    k = (rng.random(len(anchors)) * partners[anchors]).astype(np.int64)
    by_anchor = np.argsort(~positive, axis=1, kind="stable")  # positives first
    np.add.at(negative, (anchors, by_anchor[anchors, k]), 1)
    return positive.astype(np.float32), negative


def margin_loss(h: Tensor, positive: Tensor, negative: Tensor, beta: Tensor, form: str) -> Tensor:
    """L_margin (Eq. 8): a sum over all ordered pairs.

    Args:
        h: (B, H) representations, L2-normalised here.
        positive: (B, B) how often a pair counts as positive, adding gamma + (d - beta).
        negative: (B, B) how often a pair counts as negative, adding gamma - (d - beta).
        beta: () trainable boundary.
        form: "printed" (no hinge: beta's gradient does not depend on the network, nor the
            network's on beta), "hinge" (each term cut at zero), or "released" (as printed, with
            squared distances and each unordered pair once).
    """
    unit = F.normalize(h, dim=1)
    # Without the matrix-product shortcut: exact for near points, gradient 0 for coincident ones.
    distance = torch.cdist(unit, unit, compute_mode="donot_use_mm_for_euclid_dist")
    if form == "released":
        upper = torch.ones_like(positive).triu(1)
        positive, negative, distance = positive * upper, negative * upper, distance.square()
    excess = distance - beta
    pull, push = GAMMA + excess, GAMMA - excess
    if form == "hinge":
        pull, push = pull.relu(), push.relu()
    return (positive * pull + negative * push).sum()
