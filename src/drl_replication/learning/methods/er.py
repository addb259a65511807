"""Experience Replay (Chaudhry et al., 2019b): half current task, half earlier."""

import numpy as np

from drl_replication.learning.methods.parts import AddThenDraw, Shared
from drl_replication.learning.methods.ring import RingBuffer


class HalfCurrent(AddThenDraw):
    """Half of the training batch from the current task's samples in memory, half from earlier.

    What counts as current is the reading `er_current`. Where there is nothing on one side, as in
    the first task, the whole batch comes from the other.
    """

    def __init__(self, shared: Shared, memory: RingBuffer):
        super().__init__(shared, memory)
        readings = shared.settings["readings"]
        self.by_sample = readings["er_current"] == "sample"
        self.uniform_at_first = readings["first_task"] == "uniform"
        self.groups = shared.stream.groups

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions (B,) of a training batch, now that the loaded samples are stored."""
        memory, rng, current = self.memory, self.rng, self._current(loaded)
        uniform = self.uniform_at_first and self.shared.task == 0
        if uniform or not memory.sizes[~current].any():
            return memory.draw_uniform(self.size, rng)
        half = self.size - self.size // 2  # of an odd batch, the current task has the larger half
        first = memory.draw_uniform(half, rng, current)
        return np.concatenate([first, self.replayed(self.size - half, first, ~current)])

    def replayed(self, n: int, first: np.ndarray, earlier: np.ndarray) -> np.ndarray:
        """The other `n` positions, beside the current task's: uniformly from the earlier groups.

        Args:
            n: how many.
            first: positions of the batch's current half.
            earlier: (G,) bool.
        """
        return self.memory.draw_uniform(n, self.rng, earlier)

    def _current(self, loaded: np.ndarray) -> np.ndarray:
        if not self.by_sample:
            return self.shared.current_groups
        mask = np.zeros_like(self.shared.current_groups)
        mask[self.groups[loaded]] = True
        return mask
