"""What the four parts of a method are given, and what is asked of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from drl_replication.learning.networks import Network
from drl_replication.learning.streams import Stream


@dataclass
class Shared:
    """What all parts of a learner may use: each takes from it what it needs."""

    settings: dict[str, Any]
    stream: Stream
    network: Network
    rng: np.random.Generator  # draws from the memory
    objective_rng: np.random.Generator
    task: int = field(init=False)  # that the samples now come from
    current_groups: np.ndarray = field(init=False)  # (G,) bool: those that occur in it

    def __post_init__(self) -> None:
        self.start_task(0)

    def start_task(self, task: int) -> None:
        """The samples now come from `task`."""
        self.task, self.current_groups = task, self.stream.task_groups(task)


class Memory(Protocol):
    """Built from what is shared; holds positions in the stream."""

    sizes: np.ndarray  # (G,) samples held of each group

    def __len__(self) -> int: ...

    def add(self, positions: np.ndarray) -> None:
        """Take in the loaded samples (n,)."""

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs."""

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Become the memory whose :meth:`state` this is."""


class Batches(Protocol):
    """Built from what is shared and the memory; the training batches for each loaded batch."""

    loading_batch_size: int

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Store the loaded samples (n,), and yield training batches of positions (B,)."""


class AddThenDraw:
    """The batch rules of the paper: what is loaded enters the memory, which gives the batch."""

    def __init__(self, shared: Shared, memory: Any):
        self.shared, self.memory, self.rng = shared, memory, shared.rng
        self.size: int = shared.settings["training_batch_size"]
        self.loading_batch_size: int = shared.settings["loading_batch_size"]

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Store the loaded samples and yield the training batch."""
        self.memory.add(loaded)
        yield self.draw(loaded)

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions (B,) of a training batch, now that the loaded samples are stored."""
        raise NotImplementedError
