"""Vanilla SGD without any scheduling (Sec. 5)."""

import numpy as np
import torch
from torch import Tensor


class SGD:
    """One step on the objective of a training batch."""

    def __init__(self, learner):
        self.learner = learner
        self.learning_rate = learner.settings["learning_rate"]
        # An objective may have parameters of its own (beta of R-Margin).
        self.parameters = [*learner.network.parameters(), *learner.objective.parameters()]

    def step(self, positions: np.ndarray) -> float:
        """Train on the samples at `positions` (B,); returns the loss before the step."""
        loss, gradient = self.learner.gradient(positions, self.parameters)
        gradient = self.adjusted(gradient)
        with torch.no_grad():  # without momentum and the like, torch.optim only adds bookkeeping
            for parameter, g in zip(self.parameters, gradient, strict=True):
                parameter.sub_(g, alpha=self.learning_rate)
        return loss

    def adjusted(self, gradient: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The gradient to descend along: the loss's own here, projected in A-GEM."""
        return gradient
