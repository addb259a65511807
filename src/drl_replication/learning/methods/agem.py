"""A-GEM (Chaudhry et al., 2019a): training batch from the memory, projected gradient."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.gradients import gradient
from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import AddThenDraw, Shared
from drl_replication.learning.methods.ring import RingBuffer
from drl_replication.learning.methods.sgd import SGD


class FromMemory(AddThenDraw):
    """Training batch by the reading `agem_batch`: whole memory, current task, or just loaded."""

    def __init__(self, shared: Shared, memory: RingBuffer):
        super().__init__(shared, memory)
        self.reading = shared.settings["readings"]["agem_batch"]

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions (B,) of a training batch, now that the loaded samples are stored."""
        if self.reading == "loaded":
            return loaded
        among = self.shared.current_groups if self.reading == "task" else None
        return self.memory.draw_uniform(self.size, self.rng, among)


class ProjectedSGD(SGD):
    """SGD on the gradient projected so as not to conflict with a reference batch.

    The reference batch is drawn from the earlier tasks' samples in the memory; there is none in
    the first task. Its gradient is that of its cross entropy.
    """

    def __init__(self, shared: Shared, memory: RingBuffer, objective: Objective):
        super().__init__(shared, memory, objective)
        self.shared, self.memory = shared, memory
        self.reference_size: int = shared.settings["agem_reference_batch_size"]

    def descend(self, gradients: Sequence[Tensor]) -> None:
        """Subtract the gradient, projected where it conflicts with a reference batch's."""
        if self.shared.task > 0:
            earlier = ~self.shared.current_groups
            drawn = self.memory.draw_uniform(self.reference_size, self.shared.rng, earlier)
            reference = self.reference(drawn)
            own = gradients[len(reference) :]  # of the objective's parameters, if any
            gradients = [*project(gradients[: len(reference)], reference), *own]
        super().descend(gradients)

    def reference(self, positions: np.ndarray) -> Sequence[Tensor]:
        """The gradient of the mean cross entropy of the samples at `positions` (R,)."""
        weights = None
        if self.network.samples_apart:
            # 256 draws from 300 samples are some 160 samples: each once, as often as it counts.
            positions, counts = np.unique(positions, return_counts=True)
            weights = torch.from_numpy(counts / counts.sum()).to(self.stream.labels.device).float()
        inputs, labels = self.stream.batch(positions)
        return gradient(self.network, inputs, labels, weights)


def project(gradient: Sequence[Tensor], reference: Sequence[Tensor]) -> Sequence[Tensor]:
    """g - (g.r / r.r) r where g.r < 0, else g, all parameters as one vector (A-GEM, Eq. 11).

    In float64, in which no product of float32 numbers under- or overflows.

    Args:
        gradient: g, one tensor a parameter.
        reference: r, of the same shapes.
    """
    g = torch.cat([part.flatten() for part in gradient]).double()
    r = torch.cat([part.flatten() for part in reference]).double()
    inner = torch.dot(g, r)
    if inner >= 0:
        return gradient
    projected = g.sub_(r.mul_(inner / torch.dot(r, r))).to(gradient[0].dtype)
    parts = projected.split([part.numel() for part in gradient])
    return [p.view_as(part) for p, part in zip(parts, gradient, strict=True)]
