"""Parts of methods that only the runs of `claim_runs` have, and how a learner gets one."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from drl_replication.learning.learner import Learner
from drl_replication.learning.methods.ber import Balanced
from drl_replication.learning.methods.er import HalfCurrent
from drl_replication.learning.methods.loss import Derived, Loss, WithAuxiliary
from drl_replication.learning.methods.multisim import MultiSim
from drl_replication.learning.methods.rmargin import RMargin, draw_pairs, margin_gradient
from drl_replication.learning.methods.sgd import SGD

ITERATIONS = 5


def batches(rule: type) -> Callable[[Learner], None]:
    """A change that gives a learner, which has not begun, another rule of batches."""

    def change(learner: Learner) -> None:
        learner.batches = rule(learner.shared, learner.memory)

    return change


def objective(kind: type) -> Callable[[Learner], None]:
    """A change that gives it another objective."""

    def change(learner: Learner) -> None:
        learner.objective = kind(learner.shared)
        learner.update = SGD(learner.shared, learner.memory, learner.objective)

    return change


class NoSwitch(RMargin):
    """R-Margin with p_rho = 0: no negative pair is switched."""

    def derived(self, layers: list[np.ndarray], labels: np.ndarray) -> Derived:
        """As R-Margin's, of all pairs as they are."""
        pairs = draw_pairs(labels, self.switch, self.rng, p_rho=0.0)
        h = np.concatenate(layers, axis=1)
        value, gradient, at_beta = margin_gradient(h, *pairs, self.beta.item(), self.form)
        return value, gradient, [torch.full_like(self.beta, at_beta)]


class Alone(WithAuxiliary):
    """lambda L_aux without the cross entropy."""

    def __call__(self, layers: list[np.ndarray], labels: np.ndarray) -> Loss:
        """Value and gradients of lambda L_aux at these layers, whose logits belong to h."""
        value, at_h, at_own = self.derived([layers[i] for i in self.layers], labels)
        ends = np.cumsum([layers[i].shape[1] for i in self.layers])[:-1]
        at = dict(zip(self.layers, np.split(self.weight * at_h, ends, axis=1), strict=True))
        at_layers = [at.get(i) for i in range(len(layers))]
        return Loss(self.weight * value, at_layers, [self.weight * g for g in at_own])


class MultiSimAlone(Alone, MultiSim):
    """Multisimilarity without the cross entropy."""


class RMarginAlone(Alone, RMargin):
    """R-Margin without the cross entropy."""


class LoadedOnce(HalfCurrent):
    """ER's batches, but their current half is what was just loaded, and nothing else."""

    def draw(self, loaded: np.ndarray) -> np.ndarray:
        """The positions of a training batch: (B,), in the first task the loaded ones alone (n,)."""
        earlier = ~self.shared.current_groups
        if not self.memory.sizes[earlier].any():
            return loaded
        half = self.size - self.size // 2
        rest = self.memory.draw_uniform(self.size - half, self.rng, earlier)
        return np.concatenate([np.resize(loaded, half), rest])


class FiveTimes(Balanced):
    """BER's batches, five in turn for each loaded batch."""

    def __call__(self, loaded: np.ndarray) -> Iterator[np.ndarray]:
        """Store the loaded samples and yield the training batches."""
        self.memory.add(loaded)
        for _ in range(ITERATIONS):
            yield self.draw(loaded)
