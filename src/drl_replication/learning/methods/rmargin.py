"""R-Margin (Roth et al., 2020) as an auxiliary objective (Eq. 8)."""

import numpy as np
import torch
from torch import Tensor, nn

from drl_replication.learning.methods.cosines import Cosines, unit_rows
from drl_replication.learning.methods.loss import Derived, WithAuxiliary
from drl_replication.learning.methods.parts import Shared

GAMMA, INITIAL_BETA, P_RHO = 0.2, 0.6, 0.2  # Appendix C
COINCIDENT = 1e-7  # distance of unit vectors within float32's rounding: no direction to go


class RMargin(WithAuxiliary):
    """L + lambda L_margin with the rho regularisation drawn anew at every step."""

    def __init__(self, shared: Shared):
        super().__init__(shared, weight="rmargin_lambda")
        readings = shared.settings["readings"]
        self.form, self.switch = readings["rmargin_form"], readings["rmargin_switch"]
        if self.form == "released":  # the last hidden layer alone
            self.layers = shared.network.representation["hidden"][-1:]
        self.rng = shared.objective_rng
        self.beta = nn.Parameter(torch.tensor(INITIAL_BETA, device=shared.stream.labels.device))

    def parameters(self) -> list[nn.Parameter]:
        """The trainable boundary beta."""
        return [self.beta]

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_margin () of the representation's layers [(B, .)] for labels (B,)."""
        counts = draw_pairs(labels.cpu().numpy(), self.switch, self.rng)
        h = torch.cat(layers, dim=1)
        positive, negative = (torch.from_numpy(pairs).to(h) for pairs in counts)
        return margin_loss(h, positive, negative, self.beta, self.form)

    def derived(self, layers: list[np.ndarray], labels: np.ndarray) -> Derived:
        """Value of L_margin and its gradients at h (B, H) and beta, in closed form."""
        counts = draw_pairs(labels, self.switch, self.rng)
        h, beta = np.concatenate(layers, axis=1), self.beta.item()
        value, gradient, at_beta = margin_gradient(h, *counts, beta, self.form)
        return value, gradient, [torch.full_like(self.beta, at_beta)]


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
        (B, B) float64 counts of positive pairs and (B, B) of negative pairs.
    """
    size = len(labels)
    same = labels[:, None] == labels
    switched = (rng.random(same.shape) < p_rho) > same  # of the negative pairs
    positive = same.astype(np.float64)
    positive.flat[:: size + 1] = 0
    if switch == "relabel":
        return positive + switched, 1.0 - same - switched
    partners = same.sum(1) - 1
    switched &= partners[:, None] > 0
    negative = 1.0 - same - switched
    anchors = switched.nonzero()[0]
    # the k-th positive of an anchor, k uniform
    k = (rng.random(len(anchors)) * partners[anchors]).astype(np.int64)
    first = partners.cumsum() - partners  # of an anchor's positives in the list of all
    taken = positive.nonzero()[1][first[anchors] + k]
    pushed = np.bincount(anchors * size + taken, minlength=size * size)
    return positive, negative + pushed.reshape(size, size)


def margin_loss(h: Tensor, positive: Tensor, negative: Tensor, beta: Tensor, form: str) -> Tensor:
    """L_margin (Eq. 8): a sum over all ordered pairs, to be derived by autograd.

    Args:
        h: (B, H) representations, L2-normalised here.
        positive: (B, B) how often a pair counts as positive, adding gamma + (d - beta).
        negative: (B, B) how often a pair counts as negative, adding gamma - (d - beta).
        beta: () trainable boundary.
        form: "printed" (no hinge: beta's gradient does not depend on the network, nor the
            network's on beta), "hinge" (each term cut at zero), or "released" (as printed, with
            squared distances, and of the pairs, after the switch, those with i < j alone).
    """
    unit = unit_rows(h)
    # Without the matrix-product shortcut: exact for near points, gradient 0 for coincident ones.
    distance = torch.cdist(unit, unit, compute_mode="donot_use_mm_for_euclid_dist")
    if form == "released":
        positive, negative, distance = positive.triu(1), negative.triu(1), distance.square()
    pull, push = GAMMA + (distance - beta), GAMMA - (distance - beta)
    if form == "hinge":
        pull, push = pull.relu(), push.relu()
    return (positive * pull + negative * push).sum()


def margin_gradient(
    h: np.ndarray, positive: np.ndarray, negative: np.ndarray, beta: float, form: str
) -> tuple[float, np.ndarray, float]:
    """L_margin in closed form, and its gradients at h (B, H) and beta; arguments as above.

    As d^2 = |u|^2 + |v|^2 - 2 s for vectors with the cosine s, dd/ds = -1 / d and dd^2/ds = -2.
    """
    cosines = Cosines(h)
    lengths = cosines.values.diagonal()  # of a zero row 0
    squared = lengths + lengths[:, None] - 2 * cosines.values
    squared[squared < COINCIDENT**2] = 0
    if form == "released":
        distance, slope = squared, np.array(-2.0)
        positive, negative = np.triu(positive, 1), np.triu(negative, 1)
    else:
        distance = np.sqrt(squared)
        slope = -1 / np.where(distance == 0, np.inf, distance)
    excess = distance - beta
    if form == "hinge":
        positive, negative = positive * (excess > -GAMMA), negative * (excess < GAMMA)
    signed = positive - negative  # the gradient at the distances, and minus that at beta
    value = GAMMA * (positive.sum() + negative.sum()) + np.vdot(signed, excess)
    return float(value), cosines.gradient(slope * signed), -float(signed.sum())
