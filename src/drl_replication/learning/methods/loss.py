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


Derived = tuple[float, np.ndarray, Sequence[Tensor]]


class Objective:
    """A loss of the network's layers: its equation is `loss`, a scalar that autograd can derive.

    A closed form of value and gradients, in place of `__call__`, is the faster way.
    """

    bytes_per_sample = 0  # that a sample in the memory costs besides its image

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

    def of_batch(self, positions: np.ndarray, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """The same, for an objective that must know which samples these are: `positions` (B,)."""
        return self(layers, labels)

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs, besides the parameters."""
        return {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a :meth:`state`."""


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
    at_layers: list[np.ndarray | None] = [
        g if g is None else g.numpy() for g in gradients[: len(layers)]
    ]
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

    def derived(self, layers: list[np.ndarray], labels: np.ndarray) -> Derived:
        """Value of L_aux and gradients at h (B, H) and own parameters; closed forms are faster."""
        value, at_layers, at_own = by_autograd(self.auxiliary, layers, labels, self.parameters())
        reached = [
            g if g is not None else np.zeros_like(h) for g, h in zip(at_layers, layers, strict=True)
        ]
        return value, np.concatenate(reached, axis=1), at_own

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        auxiliary = self.auxiliary([layers[i] for i in self.layers], labels)
        return super().loss(layers, labels) + self.weight * auxiliary

    def __call__(self, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of the loss at these layers."""
        value, at_layers, _ = super().__call__(layers, labels)
        auxiliary, at_h, at_own = self.derived([layers[i] for i in self.layers], labels)
        at_h *= self.weight
        end = 0
        for i in self.layers:
            start, end = end, end + layers[i].shape[1]
            part, before = at_h[:, start:end], at_layers[i]
            at_layers[i] = part if before is None else before + part
        return Loss(value + self.weight * auxiliary, at_layers, [self.weight * g for g in at_own])
