"""One run: a method learns a benchmark's stream once, and what it became is measured."""

import math
import time
from collections.abc import Iterator

import numpy as np
import torch
from tqdm import tqdm

from drl_replication.data.datasets import Images
from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.learning.learner import Learner
from drl_replication.learning.streams import build_stream
from drl_replication.measures.continual import average_accuracy, average_forgetting
from drl_replication.measures.rho import PROBE_IMAGES, rho_spectrum

PAUSE = 100  # samples between two looks at whether the network is finite
# Chances to show progress, and checkpoints, also by time: a job's time may be short, or steps long.
PAUSE_SECONDS, CHECKPOINT_SECONDS = 10.0, 20.0


def train(
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
    """The part of a run that needs no data files: learn all tasks, evaluating after each."""
    study = Study(Learner(method, settings, build_stream(settings, images, seed, device), seed))
    del images  # the stream has its own
    return complete(study, checkpoint, checkpoint_every, progress=progress)


def complete(
    study: "Study", checkpoint: Checkpoint | None, checkpoint_every: int, *, progress: bool
) -> dict:
    """The result of a study, learned to its end, from its checkpoint if there is one."""
    saved = checkpoint.load() if checkpoint else None
    if saved:
        study.restore(saved)
    hidden = None if progress else True  # None: shown if standard error is a terminal
    total, last, clock = int(study.starts[-1]), study.position, time.monotonic()
    with tqdm(total=total, initial=last, unit="image", disable=hidden) as bar:
        for boundary in study.learn():
            bar.update(study.position - bar.n)
            due = boundary or study.position - last >= checkpoint_every
            due = due or time.monotonic() - clock >= CHECKPOINT_SECONDS
            if checkpoint and due and not study.diverged:
                checkpoint.save(study.state())
                last, clock = study.position, time.monotonic()
    return study.result()


class Study:
    """A learner on its way through the stream, and what has been measured so far."""

    def __init__(self, learner: Learner):
        self.learner = learner
        self.starts = learner.stream.starts
        self.position = 0  # of the next sample
        self.accuracies: list[list[float]] = []  # a[t][i], i <= t
        self.counts: list[list[int]] = []  # samples of each group in the memory after task t
        self.seconds = {"training": 0.0, "evaluation": 0.0}
        self.loss = math.nan
        self.diverged = False
        self.pause = 0  # the position of the next look at the network

    def learn(self) -> Iterator[bool]:
        """Learn on to the end, pausing now and then; yields whether a task was just finished."""
        while self.position < self.starts[-1] and not self.diverged:
            task = len(self.accuracies)
            if self.learner.task != task:
                self.learner.start_task(task)
            self._learn_some(self.starts[task + 1])
            # Where it is noticed must not depend on the time.
            if not math.isfinite(self.loss) or self.position >= self.pause:
                self.diverged = not (math.isfinite(self.loss) and self.learner.is_finite())
            boundary = self.position == self.starts[task + 1] and not self.diverged
            if boundary:
                self._evaluate(task)
            yield boundary

    def _learn_some(self, end: int) -> None:
        clock = time.perf_counter()
        size = self.learner.batches.loading_batch_size
        self.pause = min((self.position // PAUSE + 1) * PAUSE, end)
        while self.position < self.pause:
            loaded = np.arange(self.position, min(self.position + size, end))
            self.loss = self.learner.learn(loaded)
            self.position += len(loaded)
            if not math.isfinite(self.loss) or time.perf_counter() - clock >= PAUSE_SECONDS:
                break
        self.seconds["training"] += time.perf_counter() - clock

    def _evaluate(self, task: int) -> None:
        clock = time.perf_counter()
        self.accuracies.append([self.learner.accuracy(i) for i in range(task + 1)])
        self.counts.append(self.learner.memory.sizes.tolist())
        self.seconds["evaluation"] += time.perf_counter() - clock

    def state(self) -> dict:
        """Where the study stands, for a checkpoint."""
        return {name: getattr(self, name) for name in STATE} | {"learner": self.learner.state()}

    def restore(self, state: dict) -> None:
        """Go on from a :meth:`state`."""
        for name in STATE:
            setattr(self, name, state[name])
        self.learner.restore(state["learner"])

    def result(self) -> dict:
        """The measures of the finished run: all null, never NaN, if it diverged."""
        learner, tasks = self.learner, self.learner.stream.tasks
        layers = learner.probe(PROBE_IMAGES)
        which = learner.network.representation
        hidden, everything = (
            np.concatenate([layers[i] for i in which[name]], axis=1) for name in ("hidden", "paper")
        )
        rows = [row + [None] * (tasks - len(row)) for row in self.accuracies]
        rows += [[None] * tasks for _ in range(tasks - len(rows))]
        diagnostics = {"final_loss": None, "hidden_units": hidden.shape[1], "dead_units": None}
        result = {
            "accuracy_matrix": rows,
            "average_accuracy": None,
            "average_forgetting": None,
            "rho": None,
            "rho_readings": None,
            "training_seconds": self.seconds["training"],
            "evaluation_seconds": self.seconds["evaluation"],
            "steps": learner.steps,
            "diverged": self.diverged,
            "diverged_at_step": learner.steps if self.diverged else None,
            "memory": {
                "groups": learner.stream.group_kind,
                "counts": self.counts,
                "bytes": learner.bytes_held(),
            },
            "diagnostics": diagnostics,
        }
        if self.diverged:
            return result
        rho = {
            "hidden": rho_spectrum(hidden),
            "all": rho_spectrum(everything),
        }
        matrix = np.array(rows, dtype=float)
        dead = int((hidden == 0).all(0).sum())
        return result | {
            "average_accuracy": average_accuracy(matrix),
            "average_forgetting": average_forgetting(matrix),
            "rho": rho["hidden"]["floor"],
            "rho_readings": rho,
            "diagnostics": diagnostics | {"final_loss": self.loss, "dead_units": dead},
        }


STATE = ("position", "accuracies", "counts", "seconds", "loss")
