"""Softmax cross entropy: the objective of BER, ER, A-GEM and GSS, and the base of the others."""

from collections.abc import Iterable
from typing import NamedTuple

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class Loss(NamedTuple):
    """A loss by the tensors from which its backward pass starts.

    The first root is a scalar: the loss itself or, where the gradient of an auxiliary term is
    known in closed form, its cross entropy, followed by the layers that the gradient belongs to.
    """

    roots: list[Tensor]
    gradients: list[Tensor | None]  # of the loss at each root; None for the scalar


class CrossEntropy:
    """L, the mean over the batch."""

    def __init__(self, learner):
        pass

    def parameters(self) -> Iterable[nn.Parameter]:
        """What the objective itself learns: nothing here."""
        return ()

    def __call__(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """The loss of the network's layers [(B, .)], logits last, for labels (B,)."""
        loss = F.cross_entropy(layers[-1], labels)
        return Loss([loss], [None])


class WithAuxiliary(CrossEntropy):
    """L + lambda L_aux (Eq. 4); a method of deep metric learning gives `auxiliary`."""

    def __init__(self, learner, weight: str):
        super().__init__(learner)
        self.weight = learner.settings[weight]
        reading = learner.settings["readings"]["representation_layers"]
        self._layers = learner.network.representation[reading]

    def representation(self, layers: list[Tensor]) -> list[Tensor]:
        """The layers whose concatenation is the representation h (Sec. 5)."""
        return [layers[i] for i in self._layers]

    def auxiliary(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """L_aux () of the representation's layers [(B, .)] for labels (B,)."""
        raise NotImplementedError

    def __call__(self, layers: list[Tensor], labels: Tensor) -> Loss:
        """The loss of the network's layers [(B, .)], logits last, for labels (B,)."""
        auxiliary = self.auxiliary(self.representation(layers), labels)
        loss = F.cross_entropy(layers[-1], labels) + self.weight * auxiliary
        return Loss([loss], [None])
