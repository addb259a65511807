"""What an objective gives, and softmax cross entropy: the objective of BER, ER, A-GEM and GSS."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from drl_replication.learning.methods.parts import Shared


class Loss(NamedTuple):
    """A loss as its value and its gradients; the network's backward pass goes on from there."""

    value: float
    at_layers: list[np.ndarray | None]  # (B, .) at each layer; None where it is zero
    at_own: Sequence[Tensor] = ()  # at the objective's own parameters


class Objective:
    """A loss of the network's layers: its equation is `loss`, a scalar that autograd can derive.

    A closed form of value and gradients, in place of `__call__`, is the faster way.
    """

    def __init__(self, shared: Shared):
        pass

    def parameters(self) -> Sequence[nn.Parameter]:
        """What the objective itself learns: nothing here."""
        return ()

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        raise NotImplementedError

    def __call__(self, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of the loss at these layers."""
        return by_autograd(self.loss, layers, labels, self.parameters())


def by_autograd(
    loss: Callable[[list[Tensor], Tensor], Tensor],
    layers: list[np.ndarray],
    labels: np.ndarray,
    own: Sequence[Tensor] = (),
) -> Loss:
    """Value and gradients, at layers and an objective's `own` parameters, of any scalar."""
    with torch.enable_grad():
        leaves = [torch.from_numpy(layer).requires_grad_() for layer in layers]
        value = loss(leaves, torch.from_numpy(labels))
        gradients = torch.autograd.grad(value, [*leaves, *own], allow_unused=True)
    at_layers = [g if g is None else g.numpy() for g in gradients[: len(layers)]]
    at_own = [
        torch.zeros_like(p) if g is None else g
        for p, g in zip(own, gradients[len(layers) :], strict=True)
    ]
    return Loss(value.item(), at_layers, at_own)


class CrossEntropy(Objective):
    """L, the mean over the batch."""

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        return F.cross_entropy(layers[-1], labels)

    def __call__(self, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of the loss at these layers."""
        value, gradient = cross_entropy(layers[-1], labels)
        return Loss(value, [*[None] * (len(layers) - 1), gradient])


def cross_entropy(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Sum of the samples' weighted cross entropies, and its gradient: w_i (softmax - one-hot).

    Args:
        logits: (B, C).
        labels: (B,).
        weights: (B,); the mean over the batch without them.
    """
    rows = np.arange(len(labels))
    shifted = logits - logits.max(1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(1, keepdims=True)
    losses = np.log(total[:, 0]) - shifted[rows, labels]
    p /= total
    p[rows, labels] -= 1
    if weights is None:
        p /= len(labels)
        return float(losses.sum()) / len(labels), p
    p *= weights[:, None]
    return float(losses @ weights), p


class WithAuxiliary(CrossEntropy):
    """L + lambda L_aux (Eq. 4); a method of deep metric learning gives `auxiliary`."""

    def __init__(self, shared: Shared, weight: str):
        super().__init__(shared)
        self.weight: float = shared.settings[weight]
        reading = shared.settings["readings"]["representation_layers"]
        self.layers = shared.network.representation[reading]  # which make up h (Sec. 5)

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_aux () of the representation's layers [(B, .)] for labels (B,), as an equation."""
        raise NotImplementedError

    def derived(self, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of L_aux at these layers; a closed form is faster."""
        return by_autograd(self.auxiliary, layers, labels, self.parameters())

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        auxiliary = self.auxiliary([layers[i] for i in self.layers], labels)
        return super().loss(layers, labels) + self.weight * auxiliary

    def __call__(self, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of the loss at these layers."""
        value, at_layers, _ = super().__call__(layers, labels)
        auxiliary = self.derived([layers[i] for i in self.layers], labels)
        for i, gradient in zip(self.layers, auxiliary.at_layers, strict=True):
            weighted = self.weight * gradient
            at_layers[i] = weighted if at_layers[i] is None else at_layers[i] + weighted
        own = [self.weight * g for g in auxiliary.at_own]
        return Loss(value + self.weight * auxiliary.value, at_layers, own)


def split(gradient: np.ndarray, layers: list[np.ndarray]) -> list[np.ndarray]:
    """A gradient (B, H) at concatenated layers [(B, .)], layer by layer."""
    ends = np.cumsum([layer.shape[1] for layer in layers]).tolist()
    return [
        gradient[:, end - layer.shape[1] : end] for layer, end in zip(layers, ends, strict=True)
    ]
