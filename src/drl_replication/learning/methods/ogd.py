"""OGD (Farajtabar et al., 2020): steps orthogonal to what would change earlier tasks' outputs."""

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import Shared
from drl_replication.learning.methods.ring import RingBuffer
from drl_replication.learning.methods.sgd import SGD
from drl_replication.learning.methods.vectors import like, vector
from drl_replication.learning.networks import Gradient

BLOCK = 16  # directions at a time: they stay in the cache between the two products
DEPENDENT = 1e-6  # of a direction's length, below which what is left of it is rounding


class OrthogonalSGD(SGD):
    """SGD on the gradient minus its projections on the stored directions (their Alg. 1).

    At the end of a task, those of samples of the task in the memory are added: gradients of
    logits, not of the loss, by the reading `ogd_directions` of the true class's (gtl), of each
    (all), or of their mean (ave). Each is a whole parameter vector, in float64; steps, which are
    in float32, use a copy in float32, since reading all of it is nearly all that they cost.
    """

    def __init__(self, shared: Shared, memory: RingBuffer, objective: Objective):
        super().__init__(shared, memory, objective)
        self.shared, self.memory = shared, memory
        self.reading: str = shared.settings["readings"]["ogd_directions"]
        self.samples: int = shared.settings["ogd_samples"]
        weights = shared.network.weights
        size = sum(p.numel() for p in weights)
        self.hold(torch.zeros(0, size, dtype=torch.float64, device=weights[0].device))

    def hold(self, basis: Tensor) -> None:
        """Use the orthonormal rows of `basis` (n, P) from now on."""
        self.basis, self.rounded = basis, basis.float()

    @property
    def bytes_held(self) -> int:  # type: ignore[override]
        """Of the directions, and of their copy."""
        return self.basis.nbytes + self.rounded.nbytes

    def adjusted(self, gradient: Gradient) -> Gradient:
        """The network's gradient, orthogonal to all directions."""
        if not len(self.basis):
            return gradient
        return like(gradient, without(vector(gradient).float(), self.rounded))

    def end_task(self) -> None:
        """Add the directions of the task that ends, unless it is the last."""
        if self.shared.task + 1 < self.stream.tasks:
            groups = self.shared.current_groups.nonzero()[0].tolist()
            held = np.concatenate([self.memory.members(group) for group in groups])
            chosen = self.shared.rng.permutation(held)[: self.samples]
            self.network.eval()  # a sample's logits must not depend on the others'
            found = [d for position in chosen for d in self.directions(position)]
            self.network.train()
            self.hold(extended(self.basis, found))

    @torch.no_grad()
    def directions(self, position: int) -> list[Tensor]:
        """The gradients (P,) of logits of one sample, by the reading."""
        inputs, labels = self.stream.batch(np.array([position]))
        classes = self.stream.classes
        at_logits = {
            "gtl": np.eye(classes, dtype=np.float32)[labels.numpy(force=True)],
            "all": np.eye(classes, dtype=np.float32),
            "ave": np.full((1, classes), 1 / classes, dtype=np.float32),
        }[self.reading]
        found = []
        for row in at_logits:  # a way back can be gone only once
            layers, backward = self.network.trace(inputs)
            found.append(vector(backward([*[None] * (len(layers) - 1), row[None]])))
        return found

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs."""
        return {"basis": self.basis.numpy(force=True)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a :meth:`state`."""
        self.hold(torch.from_numpy(state["basis"]).to(self.basis))


def without(g: Tensor, basis: Tensor) -> Tensor:
    """g (P,) minus its projections on the orthonormal rows of `basis` (n, P), block by block."""
    for block in basis.split(BLOCK):
        g = g - (block @ g) @ block
    return g


def extended(basis: Tensor, directions: list[Tensor]) -> Tensor:
    """The orthonormal `basis` (n, P) with what is new in `directions` [(P,)], in their order.

    Gram-Schmidt, of the basis from all at once, and all of it twice: once leaves errors that grow
    with what was taken away. A direction of which nothing is left is dropped.
    """
    new = torch.cat([basis[:0], *(direction[None] for direction in directions)])
    lengths = new.norm(dim=1)
    for _ in range(2):
        new = new - (new @ basis.mT) @ basis
        n = 0
        for direction, length in zip(new, lengths, strict=True):
            left = without(direction, new[:n])
            if left.norm() > DEPENDENT * length:
                new[n] = left / left.norm()
                n += 1
        new, lengths = new[:n], new.new_ones(n)
    return torch.cat([basis, new])
