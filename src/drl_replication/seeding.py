"""One independent random generator for each purpose, so that seeds pair across methods.

Seed s means the same images, permutations, order and initial weights for every method, since
what a method draws from its memory comes from a generator of its own.
"""

import numpy as np

PURPOSES = ("images", "permutations", "order", "weights", "memory", "objective", "figure")
ANY_SEED = 2**32 - 1  # stands for "the same whatever the seed"; seeds themselves are smaller


def generator(seed: int, purpose: str, task: int = 0) -> np.random.Generator:
    """The generator for a seed, a purpose and, where each task has its own, a task."""
    return np.random.default_rng([seed, PURPOSES.index(purpose), task])


def torch_seed(seed: int, purpose: str) -> int:
    """A seed for torch's own initialisers."""
    return int(generator(seed, purpose).integers(2**62))
