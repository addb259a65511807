"""MER (Riemer et al., 2019): steps on single samples, and part of the way back after each batch."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import Shared
from drl_replication.learning.methods.ring import RingBuffer
from drl_replication.learning.methods.sgd import SGD


class WithLoaded:
    """For each loaded sample s batches, each k - 1 draws from the memory and the sample (Alg. 1).

    The sample is the last of each batch, and enters the memory afterwards.
    """

    def __init__(self, shared: Shared, memory: RingBuffer):
        self.memory, self.rng = memory, shared.rng
        self.loading_batch_size: int = shared.settings["loading_batch_size"]
        self.batches: int = shared.settings["mer_batches"]
        self.draws: int = shared.settings["mer_batch_size"] - 1

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Yield all batches as one array of positions (s, k), then store the loaded samples."""
        draws = self.draws if len(self.memory) else 0
        shape = self.batches, draws
        drawn = np.zeros(shape, dtype=np.int64)
        if draws:
            drawn = self.memory.draw_uniform(self.batches * draws, self.rng).reshape(shape)
        yield np.hstack([drawn, np.tile(loaded, (self.batches, 1))])
        self.memory.add(loaded)


class MetaSGD(SGD):
    """SGD sample by sample; after each batch beta, after all gamma of the way is kept (Alg. 1).

    Reading `mer_algorithm`: Alg. 6 has one long batch, so that gamma alone counts. BatchNorm's
    averages go the same way as the parameters.
    """

    def __init__(self, shared: Shared, memory: RingBuffer, objective: Objective):
        super().__init__(shared, memory, objective)
        one_batch = shared.settings["readings"]["mer_algorithm"] == 6
        self.beta: float = 1.0 if one_batch else shared.settings["mer_beta"]
        self.gamma: float = shared.settings["mer_gamma"]

    @torch.no_grad()
    def step(self, positions: np.ndarray) -> float:
        """Learn batches of positions (s, k); returns the last one's mean loss, before each step."""
        start, losses = self._values(), [0.0]
        for batch in positions:
            before = self._values()
            losses = [super(MetaSGD, self).step(batch[i : i + 1]) for i in range(len(batch))]
            self._keep(self.beta, before)
        self._keep(self.gamma, start)
        return float(np.mean(losses))

    def _values(self) -> list[Tensor]:
        return [value.clone() for value in self.network.values]

    def _keep(self, share: float, since: list[Tensor]) -> None:
        """theta = theta_0 + share (theta - theta_0); exactly theta where the share is one."""
        for value, old in zip(self.network.values, since, strict=True):
            value.copy_(torch.lerp(old, value, share))
