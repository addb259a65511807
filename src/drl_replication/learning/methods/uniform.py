"""Batches drawn uniformly: a control of A-GEM, and the two bounds that scores lie between."""

import numpy as np

from drl_replication.learning.methods.parts import AddThenDraw, Shared


class FromAll(AddThenDraw):
    """From all that the memory holds: A-GEM without its projection, of the whole stream `iid`."""

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions (B,) of a training batch, now that the loaded samples are stored."""
        return self.memory.draw_uniform(self.size, self.rng)


class FromCurrent(AddThenDraw):
    """From the current task's samples in the memory: nothing is replayed."""

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions (B,) of a training batch, now that the loaded samples are stored."""
        return self.memory.draw_uniform(self.size, self.rng, self.shared.current_groups)


class WholeStream:
    """A memory that holds every sample from the start: what nobody has who learns online."""

    def __init__(self, shared: Shared):
        self.sizes = np.bincount(shared.stream.groups, minlength=shared.stream.group_count)

    def __len__(self) -> int:
        return int(self.sizes.sum())

    def add(self, positions: np.ndarray) -> None:
        """Take in the loaded samples (n,), which are there already."""

    def draw_uniform(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` samples with replacement."""
        return rng.integers(len(self), size=n)

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs: nothing."""
        return {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Become the memory whose :meth:`state` this is."""
