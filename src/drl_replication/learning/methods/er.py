"""Experience Replay (Chaudhry et al., 2019b): half current task, half earlier."""

from collections.abc import Iterator

import numpy as np


class HalfCurrent:
    """Half of the training batch from the current task's samples in memory, half from earlier.

    What counts as current is the reading `er_current`. Where there is nothing on one side, as in
    the first task, the whole batch comes from the other.
    """

    def __init__(self, learner):
        readings = learner.settings["readings"]
        self.learner = learner
        self.by_sample = readings["er_current"] == "sample"
        self.uniform_at_first = readings["first_task"] == "uniform"
        self.size = learner.settings["training_batch_size"]
        self.loading_batch_size = learner.settings["loading_batch_size"]

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Store the loaded samples and yield the training batch."""
        memory, rng = self.learner.memory, self.learner.rng
        memory.add(loaded)
        current = self._current(loaded)
        if (self.uniform_at_first and self.learner.task == 0) or not memory.sizes[~current].any():
            yield memory.draw_uniform(self.size, rng)
        else:
            half = (
                self.size - self.size // 2
            )  # of an odd batch, the current task has the larger half
            yield np.concatenate(
                [
                    memory.draw_uniform(half, rng, current),
                    memory.draw_uniform(self.size - half, rng, ~current),
                ]
            )

    def _current(self, loaded: np.ndarray) -> np.ndarray:
        if not self.by_sample:
            return self.learner.current_groups
        mask = np.zeros_like(self.learner.current_groups)
        mask[self.learner.stream.groups[loaded]] = True
        return mask
