"""A method at work on a stream: the four parts of its row, and what they share."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.learning.methods import METHODS, part
from drl_replication.learning.methods.parts import Shared
from drl_replication.learning.networks import build_network
from drl_replication.learning.streams import Stream
from drl_replication.seeding import generator

# Images at a time; the ResNet's activations stay in the cache with fewer: half the time.
EVALUATION_BATCH = {"dense": 500, "resnet": 50}
WITH_STATE = ("memory", "objective", "update")  # of the parts, those that may hold some


class Learner:
    """Network, memory, batch rule, objective and update of one run."""

    def __init__(self, method: str, settings: dict[str, Any], stream: Stream, seed: int):
        self.settings, self.stream = settings, stream
        name = BENCHMARKS[settings["benchmark"]].network
        inputs = stream.images[0].numel()
        self.network = build_network(name, inputs, stream.classes, seed).to(stream.labels.device)
        self.evaluation_batch = EVALUATION_BATCH[name]
        self.rng, self.objective_rng = (generator(seed, use) for use in ("memory", "objective"))
        self.shared = Shared(settings, stream, self.network, self.rng, self.objective_rng)
        row = METHODS[method]
        self.memory = part(row.memory)(self.shared)
        self.batches = part(row.batches)(self.shared, self.memory)
        self.objective = part(row.objective)(self.shared)
        self.update = part(row.update)(self.shared, self.memory, self.objective)
        self.steps = 0

    @property
    def task(self) -> int:
        """That the samples now come from."""
        return self.shared.task

    def start_task(self, task: int) -> None:
        """Tell the parts that the samples now come from `task`."""
        self.shared.start_task(task)

    @np.errstate(over="ignore", invalid="ignore")  # what diverges is noticed by its loss
    def learn(self, loaded: np.ndarray) -> float:
        """Take in a loaded batch of positions (n,); returns the loss of the last step.

        Stops at a loss that is not finite. With a task's last sample, the task ends.
        """
        loss = math.nan
        for positions in self.batches(loaded):
            loss = self.update.step(positions)
            self.steps += 1
            if not math.isfinite(loss):
                return loss
        if loaded[-1] + 1 == self.stream.starts[self.task + 1]:
            self.update.end_task()
        return loss

    def bytes_held(self) -> int:
        """What is kept of the past besides the network: images, and what the method adds."""
        each = self.stream.images[0].nbytes + self.objective.bytes_per_sample
        return int(self.memory.sizes.sum()) * each + self.update.bytes_held

    def is_finite(self) -> bool:
        """Whether all that was learned are numbers: a last step may spoil it behind a good loss."""
        learned = [*self.network.state_dict().values(), *self.objective.parameters()]
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
        parts = [
            self.network(self.stream.normalise(x)) for x in images.split(self.evaluation_batch)
        ]
        self.network.train()
        return [torch.cat(layer) for layer in zip(*parts, strict=True)]

    def state(self) -> dict:
        """All that further learning depends on, as tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "objective": [p.detach() for p in self.objective.parameters()],
            "parts": {
                name: {k: torch.from_numpy(v) for k, v in getattr(self, name).state().items()}
                for name in WITH_STATE
            },
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
        for name, kept in state["parts"].items():
            getattr(self, name).restore({k: v.numpy() for k, v in kept.items()})
        self.rng.bit_generator.state = state["rng"]
        self.objective_rng.bit_generator.state = state["objective_rng"]
        self.steps = state["steps"]
