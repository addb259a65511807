"""MIR (Aljundi et al., 2019): replay what the coming step would harm most."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from drl_replication.learning.gradients import gradient
from drl_replication.learning.methods.er import HalfCurrent
from drl_replication.learning.methods.parts import Shared
from drl_replication.learning.methods.ring import RingBuffer


class MostInterfered(HalfCurrent):
    """As ER, but of some candidates for the earlier half those whose loss would rise most.

    The step that harms them is a virtual one, on the current half alone (their Sec. 3.1).
    """

    def __init__(self, shared: Shared, memory: RingBuffer):
        super().__init__(shared, memory)
        self.candidates: int = shared.settings["mir_candidates"]
        self.learning_rate: float = shared.settings["learning_rate"]
        self.stream, self.network = shared.stream, shared.network

    def replayed(self, n: int, first: np.ndarray, earlier: np.ndarray) -> np.ndarray:
        """The `n` of the candidates whose loss rises most; of too few, some several times."""
        drawn = np.unique(self.memory.draw_uniform(self.candidates, self.rng, earlier))
        most_first = np.argsort(-self.rises(first, drawn), kind="stable")
        return np.resize(drawn[most_first[:n]], n)

    @torch.no_grad()
    def rises(self, current: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """By how much a step on `current` (b,) would raise the losses of `candidates`: (c,)."""
        before = self._losses(candidates)
        values = self.network.values
        kept = [value.clone() for value in values]
        self.network.descend(
            gradient(self.network, *self.stream.batch(current)), self.learning_rate
        )
        after = self._losses(candidates)
        for value, old in zip(values, kept, strict=True):
            value.copy_(old)
        return after - before

    def _losses(self, positions: np.ndarray) -> np.ndarray:
        self.network.eval()  # a candidate's loss must not depend on the others
        inputs, labels = self.stream.batch(positions)
        logits = torch.from_numpy(self.network.trace(inputs)[0][-1])
        self.network.train()
        return F.cross_entropy(logits, labels.cpu(), reduction="none").numpy()
