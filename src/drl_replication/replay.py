"""The paper's memory for any PyTorch loop: a ring buffer that gives balanced batches.

These names and their arguments are stable: they change with a major version alone.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods import ber, ring

__all__ = ["RingBuffer"]


class RingBuffer:
    """A FIFO of samples per class under one total budget (Alg. 1).

    Over budget, the largest class loses its oldest sample. The samples lie in one block, on the
    device of the first ones, so that no step costs more as more classes are seen.
    """

    def __init__(self, capacity: int, classes: int, seed: int = 0):
        """`capacity` samples of at most `classes` classes; `seed` decides what is drawn.

        Raises ValueError for a capacity or a number of classes under one.
        """
        for name, value in {"capacity": capacity, "classes": classes}.items():
            if value < 1:
                raise ValueError(f"{name} is {value}, but at least 1 is needed.")
        self._places = _Places(capacity, classes)
        self._rng = np.random.default_rng(seed)
        self._block: tuple[Tensor, Tensor] | None = None  # inputs and labels by place

    def __len__(self) -> int:
        """The number of samples held."""
        return len(self._places)

    @property
    def counts(self) -> np.ndarray:
        """(classes,) how many samples of each class are held."""
        return self._places.sizes.copy()

    def add(self, inputs: Tensor, labels: Tensor) -> None:
        """Store a loaded batch, then drop what is over budget.

        Args:
            inputs: (n, ...) of the same shape, type and device every time.
            labels: (n,) classes from 0 to `classes` - 1.

        Raises:
            ValueError: for a number of labels that is not the inputs', another class, or inputs
                of another shape than the first ones'.
        """
        numbers, groups = self._checked(inputs, labels), len(self._places.sizes)
        wrong = numbers[(numbers < 0) | (numbers >= groups)]
        if wrong.size:
            raise ValueError(f"A label is {wrong[0]}, but must be from 0 to {groups - 1}.")
        if self._block is None:
            rows = len(self._places.groups)
            self._block = (
                inputs.new_empty(rows, *inputs.shape[1:]),
                torch.empty(rows, dtype=torch.int64, device=inputs.device),
            )
        for sample, label in zip(inputs.detach(), numbers.tolist(), strict=True):
            place = self._places.take(label)
            self._block[0][place], self._block[1][place] = sample, label
            self._places.add(np.array([place]))

    def balanced(
        self, batch_size: int, current: Tensor | None = None, min_positive_pairs: int = 1
    ) -> tuple[Tensor, Tensor]:
        """A batch balanced over the classes seen (Alg. 2 and 3), drawn with replacement.

        Args:
            batch_size: B.
            current: labels (n,) of the loaded batch, whose classes are then in every batch, but for
                those of which the memory holds nothing.
            min_positive_pairs: 1 for a positive pair at least of each class in the batch, for
                which there are fewer classes in it if need be; 0 without.

        Returns:
            (B, ...) inputs and (B,) labels.

        Raises:
            ValueError: for an empty memory, another `min_positive_pairs`, or a batch that cannot
                hold the classes of `current`, each as often as it must be.
        """
        self._check_draw(batch_size)
        if min_positive_pairs not in (0, 1):
            raise ValueError(f"min_positive_pairs is {min_positive_pairs}, but must be 0 or 1.")
        seen = self._places.sizes.nonzero()[0]
        now = seen[:0] if current is None else np.unique(current.numpy(force=True))
        now = np.intersect1d(now, seen)
        least = max(1, len(now)) * (1 + min_positive_pairs)
        if batch_size < least:
            raise ValueError(f"batch_size is {batch_size}, but at least {least} is needed.")
        groups = ber.select_classes(now, seen, batch_size, min_positive_pairs, self._rng)
        return self._at(self._places.draw(groups, self._rng))

    def uniform(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """A batch drawn uniformly over all samples held, with replacement: see `balanced`."""
        self._check_draw(batch_size)
        return self._at(self._places.draw_uniform(batch_size, self._rng))

    def _at(self, places: np.ndarray) -> tuple[Tensor, Tensor]:
        assert self._block is not None
        rows = torch.from_numpy(places).to(self._block[1].device)
        return self._block[0][rows], self._block[1][rows]

    def _checked(self, inputs: Tensor, labels: Tensor) -> np.ndarray:
        if labels.shape != inputs.shape[:1] or labels.is_floating_point():
            raise ValueError(
                f"The labels have shape {tuple(labels.shape)} and type {labels.dtype} for "
                f"{len(inputs)} inputs: give one whole number a sample."
            )
        if self._block is not None and inputs.shape[1:] != self._block[0].shape[1:]:
            raise ValueError(
                f"The inputs have shape {tuple(inputs.shape[1:])} each, but those held have "
                f"{tuple(self._block[0].shape[1:])}: all must have the same."
            )
        return labels.numpy(force=True)

    def _check_draw(self, batch_size: int) -> None:
        if not len(self):
            raise ValueError("The memory is empty: add samples before drawing a batch.")
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}, but at least 1 is needed.")


class _Places(ring.RingBuffer):
    """The ring buffer of the runs over the rows of a block; a row that leaves is used again."""

    def __init__(self, capacity: int, classes: int):
        # One row more than the budget: a sample enters before another leaves.
        groups = np.zeros(capacity + 1, dtype=np.int64)
        settings: Any = {"memory_size": capacity, "readings": {"memory_eviction": "fifo"}}
        shared: Any = SimpleNamespace(
            stream=SimpleNamespace(groups=groups, group_count=classes), settings=settings
        )
        super().__init__(shared)
        self._free = list(range(capacity + 1))

    def take(self, group: int) -> int:
        """A free row, from now on of this group; `add` it next."""
        place = self._free.pop()
        self.groups[place] = group
        return place

    def _evict(self, group: int) -> None:
        self._free.append(int(self.members(group)[0]))
        super()._evict(group)
