"""A method at work on a stream: the four parts of its row, and what they share."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.streams import Stream
from drl_replication.learning.methods import METHODS, part
from drl_replication.learning.networks import build_network
from drl_replication.seeding import generator

EVALUATION_BATCH = 500


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
        inputs = stream.images[0].numel()
        self.network = build_network(name, inputs, stream.classes, seed).to(stream.labels.device)
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
        """Take in a loaded batch of positions (n,); returns the loss of the last step.

        Stops at a loss that is not finite.
        """
        loss = math.nan
        for positions in self.batches(loaded):
            loss = self.update.step(positions)
            self.steps += 1
            if not math.isfinite(loss):
                break
        return loss

    def is_finite(self) -> bool:
        """Whether all that was learned are numbers: a last step may spoil it behind a good loss."""
        learned = [*self.update.parameters, *self.network.buffers()]
        return all(bool(tensor.isfinite().all()) for tensor in learned)

    def accuracy(self, task: int) -> float:
        """Fraction of a task's whole test set that is classified right, single head."""
        images, labels = self.stream.tests[task]
        logits = self.evaluate(images)[-1]
        return int((logits.argmax(1) == labels).sum()) / len(labels)

    def probe(self, per_task: int) -> list[np.ndarray]:
        """The layers' outputs [(n, .)] on the first `per_task` test images of every task."""
        images = torch.cat([x[:per_task] for x, _ in self.stream.tests])
        return [layer.cpu().numpy() for layer in self.evaluate(images)]

    @torch.no_grad()
    def evaluate(self, images: Tensor) -> list[Tensor]:
        """The layers' outputs [(n, .)] on images (n, ...) uint8, BatchNorm with its averages."""
        self.network.eval()
        parts = [self.network(self.stream.normalise(x)) for x in images.split(EVALUATION_BATCH)]
        self.network.train()
        return [torch.cat(layer) for layer in zip(*parts, strict=True)]

    def state(self) -> dict:
        """All that further learning depends on, as tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "objective": [p.detach() for p in self.objective.parameters()],
            "memory": {k: torch.from_numpy(v) for k, v in self.memory.state().items()},
            "rng": self.rng.bit_generator.state,
            "objective_rng": self.objective_rng.bit_generator.state,
            "steps": self.steps,
        }

    def restore(self, state: dict) -> None:
        """Go on from a :meth:`state` of an equally built learner."""
        self.network.load_state_dict(state["network"])
        with torch.no_grad():
            for parameter, value in zip(
                self.objective.parameters(), state["objective"], strict=True
            ):
                parameter.copy_(value)
        self.memory.restore({k: v.numpy() for k, v in state["memory"].items()})
        self.rng.bit_generator.state = state["rng"]
        self.objective_rng.bit_generator.state = state["objective_rng"]
        self.steps = state["steps"]
