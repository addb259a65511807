"""The paper's losses for any PyTorch loop: add one, times lambda, to the cross entropy (Eq. 4).

Each takes the representations of a batch and its labels and gives a scalar that autograd derives.
In the paper a representation is the outputs of both hidden layers and the logits, concatenated;
for a ResNet the input of the last layer and the logits (Sec. 5).

These names and their arguments are stable: they change with a major version alone.
"""

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods import drl, multisim, rmargin

__all__ = ["INITIAL_BETA", "drl_loss", "margin_loss", "multisimilarity_loss"]

INITIAL_BETA = rmargin.INITIAL_BETA  # where the boundary of the margin loss starts (Appendix C)
NORMALISATIONS = ("pairs", "batch")
FORMS = ("printed", "hinge", "released")
SWITCHES = ("replace", "relabel")


def drl_loss(h: Tensor, labels: Tensor, alpha: float, normalisation: str = "pairs") -> Tensor:
    """Discriminative Representation Loss (Eq. 3): L_bt + alpha L_wi.

    L_bt is the mean inner product of the representations of two samples of different classes, and
    L_wi that of two samples of one class. With logits in h and alpha too small it is unbounded
    below; :func:`drl_replication.measures.alpha.alpha_bound` says how small.

    Args:
        h: (B, H) representations.
        labels: (B,) whole numbers.
        alpha: weight of the pairs of one class; Table 6 has 2 for MNIST and 0.1 for CIFAR.
        normalisation: "pairs" divides each sum by its number of pairs, as Eq. 3 is printed;
            "batch" both by B^2.

    Returns:
        () the loss; a kind of which the batch has no pair adds zero.

    Raises:
        ValueError: for other shapes, labels that are no whole numbers, or another normalisation.
    """
    _check(h, labels)
    _check_option("normalisation", normalisation, NORMALISATIONS)
    return drl.drl_loss(h, labels, alpha, normalisation)


def multisimilarity_loss(h: Tensor, labels: Tensor) -> Tensor:
    """Multisimilarity loss (Eq. 7; Wang et al., 2019), alpha 2, beta 40, gamma 0.5 (Appendix C).

    Args:
        h: (B, H) representations; their similarity is the cosine.
        labels: (B,) whole numbers.

    Returns:
        () the mean over the samples as anchors; one without pairs of a kind adds zero.

    Raises:
        ValueError: for other shapes, or labels that are no whole numbers.
    """
    _check(h, labels)
    return multisim.multisimilarity_loss(h, labels)


def margin_loss(
    h: Tensor,
    labels: Tensor,
    beta: Tensor | float,
    rng: np.random.Generator,
    *,
    form: str = "printed",
    switch: str = "replace",
    p_rho: float = rmargin.P_RHO,
) -> Tensor:
    """R-Margin (Eq. 8; Roth et al., 2020), a sum over all ordered pairs, gamma 0.2 (Appendix C).

    Args:
        h: (B, H) representations, L2-normalised here.
        labels: (B,) whole numbers.
        beta: () boundary between near and far, a parameter that learns with the network; it
            starts at `INITIAL_BETA`.
        rng: draws which negative pairs are switched, anew at each call.
        form: "printed" (Eq. 8, which has no hinge, so that beta cannot influence the network);
            "hinge" (each term cut at zero, as in Wu et al., 2017); "released" (as printed, with
            squared distances, and of the pairs, after the switch, those with i < j alone).
        switch: what takes the place of a switched pair (i, j): "replace" a positive pair (i, p),
            which is pushed apart; "relabel" the same pair, which is pulled together.
        p_rho: the probability that a negative pair is switched.

    Returns:
        () the loss.

    Raises:
        ValueError: for other shapes, labels that are no whole numbers, another form or switch, or
            a `p_rho` that is no probability.
    """
    _check(h, labels)
    _check_option("form", form, FORMS)
    _check_option("switch", switch, SWITCHES)
    if not 0 <= p_rho <= 1:
        raise ValueError(f"p_rho is {p_rho}, but a probability is from 0 to 1.")
    counts = rmargin.draw_pairs(labels.numpy(force=True), switch, rng, p_rho)
    positive, negative = (torch.from_numpy(pairs).to(h) for pairs in counts)
    return rmargin.margin_loss(h, positive, negative, torch.as_tensor(beta).to(h), form)


def _check(h: Tensor, labels: Tensor) -> None:
    if h.ndim != 2 or not h.is_floating_point():
        raise ValueError(
            f"The representations have shape {tuple(h.shape)} and type {h.dtype}; floating point "
            "of shape (B, H) is needed: flatten each sample's."
        )
    if labels.shape != h.shape[:1] or labels.is_floating_point():
        raise ValueError(
            f"The labels have shape {tuple(labels.shape)} and type {labels.dtype} for "
            f"{len(h)} representations: give one whole number a sample."
        )


def _check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, but must be one of: {', '.join(allowed)}.")
