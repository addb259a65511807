"""ER-ACE (Caccia et al., 2022): new classes don't push the old ones away."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from drl_replication.learning.methods.er import HalfCurrent
from drl_replication.learning.methods.loss import Objective
from drl_replication.learning.methods.parts import Shared


class HalfReplayed(HalfCurrent):
    """Half of the training batch from the current task's samples, half from the whole memory."""

    def replayed(self, n: int, first: np.ndarray, earlier: np.ndarray) -> np.ndarray:
        """The other `n` positions, beside the current task's: uniformly from the memory."""
        return self.memory.draw_uniform(n, self.rng)


class Asymmetric(Objective):
    """Cross entropy in which the current half of the batch sees its own classes alone.

    The replayed half sees all (their Eq. 3, as a mean over the batch like every loss here). Where
    all tasks have the same classes it is ordinary cross entropy, so the row needs tasks of classes.
    """

    def __init__(self, shared: Shared):
        super().__init__(shared)
        size: int = shared.settings["training_batch_size"]
        self.half = size - size // 2  # as in HalfCurrent

    def loss(self, layers: list[Tensor], labels: Tensor) -> Tensor:
        """The loss () of the network's layers [(B, .)], logits last, for labels (B,)."""
        logits = layers[-1]
        hidden = torch.zeros_like(logits, dtype=torch.bool)
        hidden[: self.half] = True
        hidden[: self.half, labels[: self.half].unique()] = False
        return F.cross_entropy(logits.masked_fill(hidden, -torch.inf), labels)
