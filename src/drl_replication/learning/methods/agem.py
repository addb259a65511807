"""A-GEM (Chaudhry et al., 2019a): training batch from the memory, projected gradient."""

import numpy as np
import torch

from drl_replication.learning.gradients import gradient
from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import AddThenDraw, Shared
from drl_replication.learning.methods.ring import RingBuffer
from drl_replication.learning.methods.sgd import SGD
from drl_replication.learning.methods.vectors import like, vector
from drl_replication.learning.networks import Gradient


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

    def adjusted(self, gradient: Gradient) -> Gradient:
        """The network's gradient, projected where it conflicts with a reference batch's."""
        if self.shared.task == 0:
            return gradient
        earlier = ~self.shared.current_groups
        drawn = self.memory.draw_uniform(self.reference_size, self.shared.rng, earlier)
        return project(gradient, self.reference(drawn))

    def reference(self, positions: np.ndarray) -> Gradient:
        """The gradient of the mean cross entropy of the samples at `positions` (R,)."""
        weights = None
        if self.network.samples_apart:
            # 256 draws from 300 samples are some 160 samples: each once, as often as it counts.
            positions, counts = np.unique(positions, return_counts=True)
            weights = (counts / counts.sum()).astype(np.float32)
        inputs, labels = self.stream.batch(positions)
        return gradient(self.network, inputs, labels, weights)


def project(gradient: Gradient, reference: Gradient) -> Gradient:
    """g - (g.r / r.r) r where g.r < 0, else g, all parameters as one vector (A-GEM, Eq. 11).

    In float64, in which no product of float32 numbers under- or overflows.

    Args:
        gradient: g, one tensor a parameter, or one array for all.
        reference: r, of the same shapes.
    """
    g, r = vector(gradient), vector(reference)
    inner = torch.dot(g, r)
    if inner >= 0:
        return gradient
    return like(gradient, torch.sub(g, r, alpha=(inner / torch.dot(r, r)).item()))
