"""Vanilla SGD without any scheduling (Sec. 5)."""

import numpy as np
import torch

from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import Memory, Shared
from drl_replication.learning.networks import Gradient


class SGD:
    """One step on the objective of a training batch."""

    bytes_held = 0  # besides the network and the memory

    def __init__(self, shared: Shared, memory: Memory, objective: Objective):
        self.stream, self.network, self.objective = shared.stream, shared.network, objective
        self.learning_rate: float = shared.settings["learning_rate"]
        self.own = objective.parameters()  # beta of R-Margin

    @torch.no_grad()
    def step(self, positions: np.ndarray) -> float:
        """Train on the samples at `positions` (B,); returns the objective before the step."""
        inputs, labels = self.stream.batch(positions)
        layers, backward = self.network.trace(inputs)
        loss = self.objective.of_batch(positions, layers, labels.numpy(force=True))
        self.network.descend(self.adjusted(backward(loss.at_layers)), self.learning_rate)
        for parameter, gradient in zip(self.own, loss.at_own, strict=True):
            parameter.sub_(gradient, alpha=self.learning_rate)
        return loss.value

    def adjusted(self, gradient: Gradient) -> Gradient:
        """The network's gradient to descend along: the loss's own here, projected in A-GEM."""
        return gradient

    def end_task(self) -> None:
        """The last sample of a task has been learned: nothing to do here."""

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs: nothing here."""
        return {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a :meth:`state`."""
