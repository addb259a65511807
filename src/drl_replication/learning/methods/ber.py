"""Balanced Experience Replay (Alg. 2 and 3): also the batch rule of DRL and its rivals."""

import numpy as np

from drl_replication.learning.methods.parts import AddThenDraw, Shared
from drl_replication.learning.methods.ring import RingBuffer


class Balanced(AddThenDraw):
    """Training batches that are balanced over the seen classes (or task ids) (Alg. 2)."""

    def __init__(self, shared: Shared, memory: RingBuffer):
        super().__init__(shared, memory)
        readings = shared.settings["readings"]
        self.min_positive_pairs: int = readings["min_positive_pairs"]
        self.uniform_at_first = readings["first_task"] == "uniform"
        self.groups = shared.stream.groups

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions (B,) of a training batch, now that the loaded samples are stored."""
        if self.uniform_at_first and self.shared.task == 0:
            return self.memory.draw_uniform(self.size, self.rng)
        current = np.unique(self.groups[loaded])  # C_t
        seen = self.memory.sizes.nonzero()[0]  # C
        groups = select_classes(current, seen, self.size, self.min_positive_pairs, self.rng)
        # PAPER does not say whether the m_c samples are drawn with replacement; we do.
        return self.memory.draw(groups, self.rng)


def select_classes(
    current: np.ndarray,
    seen: np.ndarray,
    batch_size: int,
    min_positive_pairs: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Class selection for BER (Alg. 3): the class of each sample of a training batch.

    Args:
        current: C_t, the classes of the loading batch, sorted, without repetition.
        seen: C, the classes in the memory, sorted, C_t included.
        batch_size: B.
        min_positive_pairs: m_p, 0 or 1.
        rng: draws the classes.

    Returns:
        (B,) classes: n_c of each in C_s, and one more of each in C_r.
    """
    per_class, rest = divmod(batch_size, len(seen))  # n_c, r_c
    if per_class > 1 or min_positive_pairs == 0:
        selected = seen  # C_s
        if per_class == 0:
            # PAPER: Alg. 3 draws C_r from all classes; Sec. 4 wants the current task in every
            # batch. With fewer places than classes only keeping C_t in C_r serves both.
            others = np.setdiff1d(seen, current)
            extra = np.concatenate([current, _sample(others, rest - len(current), rng)])
        else:
            extra = _sample(seen, rest, rng)  # C_r
    else:
        per_class = 2
        others = np.setdiff1d(seen, current)
        chosen = _sample(others, batch_size // 2 - len(current), rng)  # n_s of C - C_t
        selected = np.concatenate([chosen, current])
        extra = _sample(selected, batch_size % 2, rng)
    return np.concatenate([np.repeat(selected, per_class), extra])


def _sample(classes: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` of the classes without replacement (all, if there are no more)."""
    return rng.permutation(classes)[: max(n, 0)] if n > 0 else classes[:0]
