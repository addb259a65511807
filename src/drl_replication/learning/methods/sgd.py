"""Vanilla SGD without any scheduling (Sec. 5)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import Memory, Shared


class SGD:
    """One step on the objective of a training batch."""

    def __init__(self, shared: Shared, memory: Memory, objective: Objective):
        self.stream, self.network, self.objective = shared.stream, shared.network, objective
        self.learning_rate: float = shared.settings["learning_rate"]
        # An objective may have parameters of its own (beta of R-Margin).
        self.parameters = [*shared.network.weights, *objective.parameters()]

    @torch.no_grad()
    def step(self, positions: np.ndarray) -> float:
        """Train on the samples at `positions` (B,); returns the objective before the step."""
        inputs, labels = self.stream.batch(positions)
        layers = self.network.traced(inputs)
        loss = self.objective(layers, labels)
        gradient = self.network.backward(inputs, layers, loss.at_layers)
        self.descend([*gradient, *loss.at_own])
        return loss.value.item()

    def descend(self, gradients: Sequence[Tensor]) -> None:
        """Subtract the gradients, one tensor a parameter, times the learning rate."""
        # What torch.optim calls as well: one call for all parameters.
        torch._foreach_sub_(self.parameters, gradients, alpha=self.learning_rate)
