"""What the runs of `claim_runs` are measured by, besides the measures of every run."""

import numpy as np
import torch

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.experiments.similarities import cosines
from drl_replication.learning.gradients import gradient, gradient_gram
from drl_replication.learning.learner import Learner
from drl_replication.learning.networks import DenseNetwork
from drl_replication.learning.training import Study

TEST_IMAGES = 200  # of each task, whose gradients are compared
QUARTER = 0.25  # of them, those with the most diverse gradients


def cosine_with_earlier(learner: Learner) -> float:
    """The cosine of the gradients of the memory's samples of the current task and of earlier ones.

    NaN where the memory lacks one of them, or a gradient is zero.
    """
    memory, current = learner.memory, learner.shared.current_groups
    sides = [
        np.concatenate([memory.members(g) for g in np.flatnonzero(mask & (memory.sizes > 0))])
        if (mask & (memory.sizes > 0)).any()
        else np.array([], dtype=int)
        for mask in (current, ~current)
    ]
    if not all(map(len, sides)):
        return float("nan")
    a, b = (gradient(learner.network, *learner.stream.batch(x))[0] for x in sides)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else float("nan")


def known_task_accuracy(study: Study) -> float:
    """Average accuracy if only the outputs of an image's task compete: as with several heads."""
    learner = study.learner
    found = []
    tasks = BENCHMARKS[learner.settings["benchmark"]].task_classes
    for (images, labels), classes in zip(learner.stream.tests, tasks, strict=True):
        own = learner.evaluate(images)[-1][:, list(classes)]
        chosen = torch.tensor(classes)[own.argmax(1)]
        found.append(float((chosen == labels).float().mean()))
    return float(np.mean(found))


def nearest_mean_accuracy(study: Study) -> float:
    """Average accuracy by the nearest of the classes' mean representations in the memory."""
    learner = study.learner
    memory, stream = learner.memory, learner.stream
    positions = np.concatenate([memory.members(g) for g in memory.sizes.nonzero()[0]])
    labels = stream.labels[positions]
    h = _representation(learner, stream.images[positions])
    classes = labels.unique()
    means = torch.stack([h[labels == c].mean(0) for c in classes])
    found = []
    for images, truth in stream.tests:
        nearest = torch.cdist(_representation(learner, images), means).argmin(1)
        found.append(float((classes[nearest] == truth).float().mean()))
    return float(np.mean(found))


def _representation(learner: Learner, images: torch.Tensor) -> torch.Tensor:
    layers = learner.evaluate(images)
    return torch.cat([layers[i] for i in learner.network.representation["paper"]], dim=1)


def misclassified_diverse(study: Study) -> float:
    """Share that is misclassified of the test images with the most diverse gradients."""
    return _misclassified(study.learner)[0]


def misclassified_others(study: Study) -> float:
    """Share that is misclassified of the other test images."""
    return _misclassified(study.learner)[1]


def _misclassified(learner: Learner) -> tuple[float, float]:
    """Of the quarter whose gradients have the lowest mean cosine with all others, and the rest."""
    network, tests = learner.network, learner.stream.tests
    assert isinstance(network, DenseNetwork), "gradients without a loop need linear layers alone"
    images = torch.cat([x[:TEST_IMAGES] for x, _ in tests])
    labels = torch.cat([y[:TEST_IMAGES] for _, y in tests])
    similar = cosines(gradient_gram(network, learner.stream.normalise(images), labels, unit=True))
    np.fill_diagonal(similar, np.nan)
    order = np.argsort(np.nanmean(similar, axis=1), kind="stable")
    wrong = (learner.evaluate(images)[-1].argmax(1) != labels).numpy()[order]
    few = round(QUARTER * len(wrong))
    return float(wrong[:few].mean()), float(wrong[few:].mean())
