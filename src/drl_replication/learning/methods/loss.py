"""What an objective gives, and softmax cross entropy: the objective of BER, ER, A-GEM and GSS."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from drl_replication.learning.methods.parts import Shared


class Loss(NamedTuple):
    """A loss as its value and its gradients; the network's backward pass goes on from there."""

    value: Tensor  # ()
    at_layers: list[
        Tensor | None
    ]  # (B, .) at each layer; None where the loss does not depend on it
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

    def __call__(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """Value and gradients of the loss at these layers."""
        return by_autograd(lambda h: self.loss(h, labels), layers, self.parameters())


def by_autograd(
    loss: Callable[[list[Tensor]], Tensor], layers: list[Tensor], own: Sequence[Tensor] = ()
) -> Loss:
    """Value and gradients, at layers and an objective's `own` parameters, of any scalar."""
    with torch.enable_grad():
        leaves = [layer.detach().requires_grad_() for layer in layers]
        value = loss(leaves)
        gradients = torch.autograd.grad(value, [*leaves, *own], allow_unused=True)
    at_own = [
        torch.zeros_like(p) if g is None else g
        for p, g in zip(own, gradients[len(layers) :], strict=True)
    ]
    return Loss(value.detach(), list(gradients[: len(layers)]), at_own)


class CrossEntropy(Objective):
    """L, the mean over the batch."""

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        return F.cross_entropy(layers[-1], labels)

    def __call__(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """Value and gradients of the loss at these layers."""
        value, gradient = cross_entropy(layers[-1], labels)
        return Loss(value, [*[None] * (len(layers) - 1), gradient])


def cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Sum of the samples' weighted cross entropies, and its gradient: w_i (softmax - one-hot).

    Args:
        logits: (B, C).
        labels: (B,).
        weights: (B,); the mean over the batch without them.
    """
    target = labels.unsqueeze(1)
    share = logits.new_full(target.shape, 1 / len(labels)) if weights is None else weights[:, None]
    log_p = logits.log_softmax(1)
    value = -torch.dot(log_p.gather(1, target).view(-1), share.view(-1))
    return value, log_p.exp_().mul_(share).scatter_add_(1, target, -share)


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

    def weighted(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """Value and gradients of lambda L_aux at these layers; a closed form is faster."""
        return by_autograd(
            lambda h: self.weight * self.auxiliary(h, labels), layers, self.parameters()
        )

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        auxiliary = self.auxiliary([layers[i] for i in self.layers], labels)
        return super().loss(layers, labels) + self.weight * auxiliary

    def __call__(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """Value and gradients of the loss at these layers."""
        entropy, at_layers, _ = super().__call__(layers, labels)
        auxiliary = self.weighted([layers[i] for i in self.layers], labels)
        for i, gradient in zip(self.layers, auxiliary.at_layers, strict=True):
            before = at_layers[i]
            at_layers[i] = gradient if before is None else before + gradient
        return Loss(entropy + auxiliary.value, at_layers, auxiliary.at_own)
