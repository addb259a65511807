"""GEM (Lopez-Paz & Ranzato, 2017): no step raises the loss on any earlier task's memory."""

import numpy as np
import torch
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls
from torch import Tensor

from drl_replication.learning.gradients import gradient
from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import Shared
from drl_replication.learning.methods.ring import RingBuffer
from drl_replication.learning.methods.sgd import SGD
from drl_replication.learning.methods.vectors import like, vector
from drl_replication.learning.networks import Gradient

RIDGE = 1e-3  # on the diagonal of G G', in the authors' code


class ConstrainedSGD(SGD):
    """SGD on the gradient nearest to the loss's that conflicts with no earlier task's.

    Reading `gem_reference`: an earlier task's gradient is that of all its samples in the memory, or
    of its share of `gem_reference_batch_size` of them.
    """

    def __init__(self, shared: Shared, memory: RingBuffer, objective: Objective):
        super().__init__(shared, memory, objective)
        self.shared, self.memory = shared, memory
        readings = shared.settings["readings"]
        self.take_all = readings["gem_reference"] == "all"
        self.within = readings["gem_margin_form"] == "within"
        self.samples: int = shared.settings["gem_reference_batch_size"]
        self.margin: float = shared.settings["gem_margin"]

    def adjusted(self, gradient: Gradient) -> Gradient:
        """The network's gradient, moved where it conflicts with an earlier task's."""
        references = [vector(self.reference(task)) for task in self.earlier_tasks()]
        if not references:
            return gradient
        g, rows = vector(gradient), torch.stack(references)
        moved = constrained(g, rows, self.margin, within=self.within)
        return gradient if moved is g else like(gradient, moved)

    def earlier_tasks(self) -> list[int]:
        """Those of which the memory holds something."""
        sizes, stream = self.memory.sizes, self.stream
        return [t for t in range(self.shared.task) if sizes[stream.task_groups(t)].any()]

    def reference(self, task: int) -> Gradient:
        """The gradient of the mean cross entropy of a task's samples in the memory."""
        groups = self.stream.task_groups(task)
        if self.take_all:
            held = [self.memory.members(g) for g in groups.nonzero()[0].tolist()]
            drawn = np.concatenate(held)
        else:
            share = max(1, self.samples // self.shared.task)
            drawn = self.memory.draw_uniform(share, self.shared.rng, groups)
        return gradient(self.network, *self.stream.batch(drawn))


def constrained(
    g: Tensor, references: Tensor, margin: float, *, within: bool, ridge: float | None = None
) -> Tensor:
    """g itself where <g, g_k> >= 0 for all k, else g + G'v (their Eq. 11).

    v solves the dual, min 1/2 v'GG'v + (Gg)'v, by non-negative least squares: with P = LL' and
    u = v - floor >= 0, it is the least-squares problem L'u = -L^-1 (P floor + Gg).

    Args:
        g: (P,) float64.
        references: G, (K, P) float64.
        margin: gamma: a conflict adds at least so much of every earlier task's gradient.
        within: v >= gamma in the problem and a ridge on its diagonal, as in the authors' code; or
            v >= 0, and gamma is added to the solution, as in the paper.
        ridge: on the diagonal of P = GG'; that of the form if None.
    """
    inner = (references @ g).cpu().numpy()
    if (inner >= 0).all():
        return g
    gram = (references @ references.T).cpu().numpy()
    if not (np.isfinite(inner).all() and np.isfinite(gram).all()):  # the run has diverged
        return g
    # A vanishing gradient makes P singular: so little of its own scale changes no digit of v.
    tiny = np.finfo(float).eps * max(float(gram.trace()), np.finfo(float).tiny)
    ridge = (RIDGE if within else 0.0) if ridge is None else ridge
    gram += (ridge + tiny) * np.eye(len(gram))
    floor = np.full(len(gram), margin if within else 0.0)
    upper = cholesky(gram)  # L'
    right = solve_triangular(upper, -(gram @ floor + inner), trans="T")
    v = nnls(upper, right)[0] + margin
    return g + references.T @ torch.from_numpy(v).to(references)
