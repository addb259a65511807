"""A method at work on a stream: the four parts of its row, and what they share."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from drl_replication.benchmarks import BENCHMARKS
from drl_replication.methods import METHODS, part
from drl_replication.networks import build_network
from drl_replication.seeding import generator
from drl_replication.streams import Stream

EVALUATION_BATCH = 2000


class Learner:
    """Network, memory, batch rule, objective and update of one run.

    The parts are built in this order, each from the learner so far, and talk through it:
    `stream`, `settings`, `network`, `memory`, the number of the current `task`, the mask (G,) of
    its `current_groups`, and the generators `rng` (draws from the memory) and `objective_rng`.
    """

    def __init__(self, method: str, settings: dict, stream: Stream, seed: int):
        self.settings, self.stream = settings, stream
        self.rng = generator(seed, "memory")
        self.objective_rng = generator(seed, "objective")
        name = BENCHMARKS[settings["benchmark"]].network
        self.network = build_network(name, stream.images[0].numel(), stream.classes, seed)
        self.memory, self.batches, self.objective, self.update = None, None, None, None
        row = METHODS[method]
        self.memory = part(row.memory)(self)
        self.batches = part(row.batches)(self)
        self.objective = part(row.objective)(self)
        self.update = part(row.update)(self)
        self.steps = 0
        self.start_task(0)

    def start_task(self, task: int) -> None:
        """Tell the parts that the samples now come from `task`."""
        self.task = task
        self.current_groups = self.stream.task_groups(task)

    def gradient(
        self, positions: np.ndarray, parameters: Sequence[Tensor]
    ) -> tuple[float, tuple[Tensor, ...]]:
        """First root of the objective on the samples at `positions` (B,), and its gradient."""
        inputs, labels = self.stream.batch(positions)
        loss = self.objective(self.network(inputs), labels)
        gradient = torch.autograd.grad(loss.roots, parameters, loss.gradients)
        return loss.roots[0].item(), gradient

    def learn(self, loaded: np.ndarray) -> float:
        """Take in a loaded batch of positions (n,); returns the loss of the last step."""
        loss = float("nan")
        for positions in self.batches(loaded):
            loss = self.update.step(positions)
            self.steps += 1
        return loss

    @torch.no_grad()
    def accuracy(self, task: int) -> float:
        """Fraction of a task's whole test set that is classified right, single head."""
        images, labels = self.stream.tests[task]
        right = 0
        for x, y in zip(
            images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True
        ):
            right += int((self.network(self.stream.normalise(x))[-1].argmax(1) == y).sum())
        return right / len(labels)

    @torch.no_grad()
    def probe(self, per_task: int) -> list[np.ndarray]:
        """The layers' outputs [(n, .)] on the first `per_task` test images of every task."""
        images = torch.cat([x[:per_task] for x, _ in self.stream.tests])
        return [layer.numpy() for layer in self.network(self.stream.normalise(images))]
