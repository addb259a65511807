"""A run that is also evaluated on its way, every so many loaded samples.

A module of its own, so that nothing of it is in the key of a run that is evaluated after each task
alone: there `training.train` is what learns.
"""

import time
from collections.abc import Iterator

import torch

from drl_replication.data.datasets import Images
from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.learning.learner import Learner
from drl_replication.learning.streams import build_stream
from drl_replication.learning.training import Study, complete
from drl_replication.measures.through_time import average_anytime_accuracy, worst_drop


class WatchedStudy(Study):
    """A study with the accuracy on each task seen, every `every` samples (a multiple of 100)."""

    def __init__(self, learner: Learner, every: int):
        super().__init__(learner)
        self.every = every
        self.positions: list[int] = []  # loaded samples before each evaluation
        self.on_the_way: list[list[float]] = []  # accuracies on the tasks that had begun

    def learn(self) -> Iterator[bool]:
        """As a study's, evaluating in its pauses; after a task, its own evaluation is taken."""
        for boundary in super().learn():
            last = self.positions[-1] if self.positions else 0
            due = self.position // self.every > last // self.every
            if boundary:
                self._note(list(self.accuracies[-1]))
            elif due and not self.diverged:
                clock = time.perf_counter()
                self._note([self.learner.accuracy(i) for i in range(self.learner.task + 1)])
                self.seconds["evaluation"] += time.perf_counter() - clock
            yield boundary

    def _note(self, accuracies: list[float]) -> None:
        self.positions.append(self.position)
        self.on_the_way.append(accuracies)

    def state(self) -> dict:
        """With what was measured on the way."""
        return super().state() | {"positions": self.positions, "on_the_way": self.on_the_way}

    def restore(self, state: dict) -> None:
        """Go on from a :meth:`state`."""
        super().restore(state)
        self.positions, self.on_the_way = list(state["positions"]), list(state["on_the_way"])

    def result(self) -> dict:
        """With `through_time`, whose measures are null for a diverged run."""
        measured: dict[str, float | None] = dict.fromkeys(
            ("average_anytime_accuracy", "worst_drop")
        )
        if not self.diverged:
            measured = {
                "average_anytime_accuracy": average_anytime_accuracy(self.on_the_way),
                "worst_drop": worst_drop(self.on_the_way),
            }
        found = {"samples": self.positions, "accuracies": self.on_the_way, **measured}
        return super().result() | {"through_time": found}


def train_watched(
    method: str,
    seed: int,
    settings: dict,
    images: Images,
    device: torch.device | str = "cpu",
    checkpoint: Checkpoint | None = None,
    checkpoint_every: int = 1000,
    *,
    progress: bool = False,
) -> dict:
    """As `training.train`, with evaluations every `evaluate_every` samples."""
    learner = Learner(method, settings, build_stream(settings, images, seed, device), seed)
    study = WatchedStudy(learner, settings["evaluate_every"])
    return complete(study, checkpoint, checkpoint_every, progress=progress)
