"""DER++ (Buzzega et al., 2020): the network's earlier outputs are replayed with the samples."""

import numpy as np

from drl_replication.learning.methods.loss import CrossEntropy, Loss, cross_entropy
from drl_replication.learning.methods.parts import Shared


class WithLogits(CrossEntropy):
    """L + alpha x mean squared error between a sample's logits now and those it once had.

    They are those of the first step that it took part in; the error is that of the samples of
    earlier tasks in the batch (their Eq. 6; its two batches are the halves of one here, so that
    cross entropy replays the labels with the weight of the current half).
    """

    def __init__(self, shared: Shared):
        super().__init__(shared)
        self.shared, self.alpha = shared, float(shared.settings["derpp_alpha"])
        stream = shared.stream
        # Of the whole stream, for simplicity: those of samples that left the memory are not used.
        self.kept = np.full((len(stream.groups), stream.classes), np.nan, dtype=np.float32)
        self.bytes_per_sample = stream.classes * self.kept.itemsize

    def of_batch(self, positions: np.ndarray, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of the loss of the samples at `positions` (B,)."""
        logits = layers[-1]
        value, at_logits = cross_entropy(logits, labels)
        new = np.isnan(self.kept[positions, 0])
        self.kept[positions[new]] = logits[new]
        earlier = positions < self.shared.stream.starts[self.shared.task]
        if earlier.any():
            excess = logits[earlier] - self.kept[positions[earlier]]
            value += self.alpha * float(np.square(excess).mean())
            at_logits[earlier] += 2 * self.alpha / excess.size * excess
        return Loss(value, [*[None] * (len(layers) - 1), at_logits])

    def state(self) -> dict[str, np.ndarray]:
        """What :meth:`restore` needs, besides the parameters."""
        return {"kept": self.kept}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from a :meth:`state`."""
        self.kept = state["kept"]
