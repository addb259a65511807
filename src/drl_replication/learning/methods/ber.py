"""Balanced Experience Replay (Alg. 2 and 3): also the batch rule of DRL and its rivals."""

from collections.abc import Iterator

import numpy as np


class Balanced:
    """Training batches that are balanced over the seen classes (or task ids)."""

    def __init__(self, learner):
        readings = learner.settings["readings"]
        self.learner = learner
        self.min_positive_pairs = readings["min_positive_pairs"]
        self.uniform_at_first = readings["first_task"] == "uniform"
        self.size = learner.settings["training_batch_size"]
        self.loading_batch_size = learner.settings["loading_batch_size"]

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Store the loaded samples and yield the training batch (Alg. 2)."""
        memory, rng = self.learner.memory, self.learner.rng
        memory.add(loaded)
        if self.uniform_at_first and self.learner.task == 0:
            yield memory.draw_uniform(self.size, rng)
        else:
            current = np.unique(self.learner.stream.groups[loaded])  # C_t
            seen = memory.sizes.nonzero()[0]  # C
            groups = select_classes(current, seen, self.size, self.min_positive_pairs, rng)
            # PAPER does not say whether the m_c samples are drawn with replacement; we do.
            yield memory.draw(groups, rng)


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
