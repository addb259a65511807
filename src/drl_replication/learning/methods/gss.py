"""GSS-greedy (Aljundi et al., 2019, Alg. 2): a memory of diverse gradients."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.gradients import gradient_products
from drl_replication.learning.methods.parts import Shared

MEMORY_BATCHES = 10  # a candidate is compared with the gradients of this many memory batches


class NewThenReplay:
    """Each iteration a step on the new batch, then one on as many replayed samples.

    The new batch enters the memory after its iterations, scored with the network it trained.
    """

    def __init__(self, shared: Shared, memory: "GradientBuffer"):
        self.memory, self.rng = memory, shared.rng
        self.loading_batch_size: int = shared.settings["gss_batch_size"]
        self.iterations: int = shared.settings["gss_iterations"]

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the training batches for a loaded batch, then store it."""
        for _ in range(self.iterations):
            yield loaded
            if len(self.memory):
                yield self.memory.draw_uniform(self.loading_batch_size, self.rng)
        self.memory.add(loaded)


class GradientBuffer:
    """A fixed number of samples, each with the score that it entered with.

    A score is the maximal cosine similarity of a sample's gradient to those of random memory
    batches, plus one: low means diverse.
    """

    def __init__(self, shared: Shared):
        self.stream, self.network, self.rng = shared.stream, shared.network, shared.rng
        self.gate: str = shared.settings["readings"]["gss_gate"]
        self.capacity = min(shared.settings["memory_size"], len(shared.stream.groups))
        self.batch_size: int = shared.settings["gss_batch_size"]
        self.positions = np.zeros(self.capacity, dtype=np.int64)
        self.scores = np.zeros(self.capacity)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def sizes(self) -> np.ndarray:
        """(G,) samples held of each group."""
        held = self.stream.groups[self.positions[: self._length]]
        return np.bincount(held, minlength=self.stream.group_count)

    def draw_uniform(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` samples with replacement."""
        return self.positions[(rng.random(n) * self._length).astype(np.int64)]

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs."""
        return {"positions": self.positions[: len(self)], "scores": self.scores[: len(self)]}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Become the buffer whose :meth:`state` this is."""
        self._length = len(state["positions"])
        self.positions[: len(self)], self.scores[: len(self)] = state["positions"], state["scores"]

    def add(self, loaded: np.ndarray) -> None:
        """Store the candidates (n,): all while there is room, then by the two-stage draw.

        A full memory only changes for gradients that conflict with it: by the reading
        `gss_gate`, a candidate's own (its score is below 1) or the loaded batch's mean gradient,
        whose cosine with every memory batch's must then be negative.
        """
        scores, conflicting = self._score(loaded)
        for position, score, conflicts in zip(
            loaded.tolist(), scores.tolist(), conflicting.tolist(), strict=True
        ):
            slot = None
            if self._length < self.capacity:
                slot = self._length
                self._length += 1
            elif conflicts:
                slot = replaced_slot(self.scores, score, self.rng)
            if slot is not None:
                self.positions[slot], self.scores[slot] = position, score

    def _score(self, loaded: np.ndarray) -> tuple[Tensor, Tensor]:
        """Scores (n,) of the candidates, and which of them (n,) may replace."""
        if not self._length:  # nothing to compare with: neither similar nor opposed
            return torch.ones(len(loaded)), torch.zeros(len(loaded), dtype=torch.bool)
        size = min(self.batch_size, self._length)
        drawn = self.draw_uniform(MEMORY_BATCHES * size, self.rng)
        inputs, labels = self.stream.batch(np.concatenate([loaded, drawn]))
        self.network.eval()  # a sample's gradient must not depend on the others'
        products = gradient_products(self.network, inputs, labels, len(loaded), MEMORY_BATCHES)
        self.network.train()
        result = scores(*products)
        if self.gate == "sample":
            return result, result < 1
        batch_conflicts = (products[0].mean(0) < 0).all()  # of the mean gradient: signs suffice
        return result, batch_conflicts.expand(len(loaded))


def scores(inner: Tensor, squared: Tensor, batch_squared: Tensor) -> Tensor:
    """Maximal cosine similarity of each candidate's gradient to the batches' gradients, plus 1.

    Args:
        inner: (n, K) inner products of n candidates' gradients with those of K memory batches.
        squared: (n,) squared norms of the candidates' gradients.
        batch_squared: (K,) squared norms of the batches' gradients.

    Returns:
        (n,) scores in [0, 2]. A vanishing gradient is similar to none: cosine 0.
    """
    # A root before the product, which would underflow; what is divided by infinity is zero.
    norms = [s.clamp_min(0).sqrt() for s in (squared, batch_squared)]
    first, second = (n.masked_fill(n == 0, torch.inf) for n in norms)
    return (inner / first[:, None] / second).amax(1).clamp(-1, 1) + 1


def replaced_slot(scores: np.ndarray, score: float, rng: np.random.Generator) -> int | None:
    """Which slot of a full memory a candidate takes, if any (Aljundi et al., Alg. 2, line 10-14).

    A slot i is drawn with probability proportional to its score C_i, and the candidate with
    score c takes its place with probability C_i / (C_i + c).
    """
    ends = scores.cumsum()
    slot = int(ends.searchsorted(rng.random() * ends[-1], side="right"))
    slot = min(slot, len(scores) - 1)  # all scores may be zero
    return slot if rng.random() * (scores[slot] + score) < scores[slot] else None
