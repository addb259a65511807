"""How far a run is and how long it will take, said in its log: a line a task of minutes."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.jobs.resources import cost
from drl_replication.learning.checkpoints import Checkpoint

# Between two lines: after a task, and in a task of hours.
AFTER_TASK_SECONDS, WITHIN_TASK_SECONDS = 30.0, 600.0


class Progress:
    """Of one run, since it began or went on.

    Args:
        name: of the run.
        method: an id of `learning.methods.METHODS`.
        settings: of the run.
        clock: seconds.
    """

    def __init__(
        self,
        name: str,
        method: str,
        settings: Mapping[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ):
        self.name, self.clock = name, clock
        self.tasks = BENCHMARKS[settings["benchmark"]].tasks
        self.samples: int = settings["training_images"]  # of a task
        self.costs = cost(settings["benchmark"], method)
        self.began = self.told = clock()
        self.first: float | None = None  # the part that was done when it was first asked
        self.task = 0

    def part(self, position: int) -> float:
        """The part of a run's time that is over after so many samples, by measured costs."""
        first = self.costs["first_task_seconds"]
        later = self.costs["later_task_seconds"]
        done = min(position, self.samples) * first + max(0, position - self.samples) * later
        return done / (self.samples * (first + (self.tasks - 1) * later))

    def start(self, position: int) -> None:
        """Note where the run begins or goes on."""
        self.first, self.began, self.told = self.part(position), self.clock(), self.clock()
        self.task = position // self.samples

    def line(self, position: int) -> str:
        """What to say now, at this sample; nothing if it is too early, or the run is over."""
        now, task, part = self.clock(), position // self.samples, self.part(position)
        pause = AFTER_TASK_SECONDS if task > self.task else WITHIN_TASK_SECONDS
        if self.first is None or part >= 1 or part <= self.first or now - self.told < pause:
            return ""
        self.told, self.task = now, task
        left = (now - self.began) * (1 - part) / (part - self.first)
        return f"{self.name}: {task} of {self.tasks} tasks, {part:.0%}, about {_told(left)} left"


def _told(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"


class ToldCheckpoint(Checkpoint):
    """A checkpoint that says, where there is no terminal with a bar, how far the run is."""

    def __init__(self, path: Path, fingerprint: str, progress: Progress):
        super().__init__(path, fingerprint)
        self.progress = progress

    def load(self) -> dict[str, Any] | None:
        """As any; and note where the run starts from."""
        saved = super().load()
        self.progress.start(saved["position"] if saved else 0)
        return saved

    def save(self, state: dict[str, Any]) -> None:
        """As any; and say how far the run is, if it is time."""
        super().save(state)
        if not sys.stderr.isatty() and (line := self.progress.line(state["position"])):
            print(line, file=sys.stderr, flush=True)
