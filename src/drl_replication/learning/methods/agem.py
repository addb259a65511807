"""A-GEM (Chaudhry et al., 2019a): training batch from the memory, projected gradient."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.sgd import SGD


class FromMemory:
    """Training batch by the reading `agem_batch`: whole memory, current task, or just loaded."""

    def __init__(self, learner):
        self.learner = learner
        self.reading = learner.settings["readings"]["agem_batch"]
        self.size = learner.settings["training_batch_size"]
        self.loading_batch_size = learner.settings["loading_batch_size"]

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Store the loaded samples and yield the training batch."""
        memory, rng = self.learner.memory, self.learner.rng
        memory.add(loaded)
        if self.reading == "loaded":
            yield loaded
        else:
            among = self.learner.current_groups if self.reading == "task" else None
            yield memory.draw_uniform(self.size, rng, among)


class ProjectedSGD(SGD):
    """SGD on the gradient projected so as not to conflict with a reference batch.

    The reference batch is drawn from the earlier tasks' samples in the memory; there is none in
    the first task.
    """

    def __init__(self, learner):
        super().__init__(learner)
        self.reference_size = learner.settings["agem_reference_batch_size"]

    def adjusted(self, gradient: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The gradient, projected where it conflicts with a reference batch's."""
        if self.learner.task == 0:
            return gradient
        memory, rng = self.learner.memory, self.learner.rng
        reference = memory.draw_uniform(self.reference_size, rng, ~self.learner.current_groups)
        return project(gradient, self.learner.gradient(reference, self.parameters)[1])


def project(gradient: Sequence[Tensor], reference: Sequence[Tensor]) -> Sequence[Tensor]:
    """g - (g.r / r.r) r where g.r < 0, else g, all parameters as one vector (A-GEM, Eq. 11).

    Args:
        gradient: g, one tensor a parameter.
        reference: r, of the same shapes.
    """
    pairs = list(zip(gradient, reference, strict=True))
    inner = sum(torch.dot(g.flatten(), r.flatten()) for g, r in pairs)
    if inner >= 0:
        return gradient
    scale = inner / sum(r.square().sum() for r in reference)
    return [g - scale * r for g, r in pairs]
