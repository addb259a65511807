"""The experiment behind Figure 2: two binary classifiers and the similarities of their pairs."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from drl_replication.data.datasets import Images
from drl_replication.experiments.similarities import draw_per_class, pair_similarities
from drl_replication.learning.networks import build_network
from drl_replication.learning.process import prepare_process
from drl_replication.learning.streams import to_unit_range
from drl_replication.measures.statistics import pearson
from drl_replication.records.experiments import finite
from drl_replication.seeding import generator

CLASSES = ((7, 9), (0, 1))  # Fig. 2a and 2b
POINTS = 500  # pairs of each kind that the record keeps for the scatter plot


def versions() -> dict[str, str]:
    """Of what takes part besides NumPy."""
    return {"torch": torch.__version__}


def measure(seed: int, settings: dict, images: Images) -> dict:
    """Train both classifiers and measure their test pairs: {"classifiers": {"7,9": {...}, ...}}.

    `settings`: of `figures.figure_2`. Raises ValueError when there are too few images.
    """
    prepare_process()
    return {
        "classifiers": {
            ",".join(map(str, classes)): classifier(classes, seed, settings, images)
            for classes in CLASSES
        }
    }


def classifier(classes: tuple[int, int], seed: int, settings: dict, images: Images) -> dict:
    """Train a classifier for two classes (ascending) and measure its test pairs: plain JSON."""
    part = CLASSES.index(classes)
    pool = np.flatnonzero(np.isin(images.train_labels, classes))
    n = settings["training_images"]
    if n > len(pool):
        raise ValueError(
            f"training_images of figure_2 is {n}, but classes {classes[0]} and {classes[1]} have "
            f"only {len(pool)}: ask for fewer."
        )
    drawn = generator(seed, "images", part).permutation(pool)[:n]
    inputs, labels = _tensors(images.train_images, images.train_labels, drawn, classes)
    network = build_network("dense", inputs[0].numel(), len(classes), seed)
    fit(network, inputs, labels, settings, generator(seed, "order", part))

    test = np.flatnonzero(np.isin(images.test_labels, classes))
    accuracy = _accuracy(network, *_tensors(images.test_images, images.test_labels, test, classes))
    rng = generator(seed, "figure", part)
    shown = draw_per_class(images.test_labels, classes, settings["test_images_per_class"], rng)
    probes = _tensors(images.test_images, images.test_labels, shown, classes)
    # Sec. 2.1: "concatenating the output of all layers"
    similarities = pair_similarities(network, *probes, network.representation["paper"])
    return {
        "test_images": len(test),
        "test_accuracy": accuracy,
        "training_accuracy": _accuracy(network, inputs, labels),
        **describe(similarities, rng),
    }


def _tensors(
    pixels: np.ndarray, labels: np.ndarray, index: np.ndarray, classes: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Network inputs (n, 28, 28) and labels 0 and 1 (n,) of the images at `index` (n,)."""
    inputs = to_unit_range(torch.from_numpy(pixels[index]))
    return inputs, torch.from_numpy(np.searchsorted(classes, labels[index]))


def fit(
    network: nn.Module, inputs: Tensor, labels: Tensor, settings: dict, rng: np.random.Generator
) -> None:
    """Plain SGD on the cross entropy, in a new random order each epoch."""
    optimiser = torch.optim.SGD(network.parameters(), lr=settings["learning_rate"])
    for _ in range(settings["epochs"]):
        order = torch.from_numpy(rng.permutation(len(labels)))
        for batch in order.split(settings["batch_size"]):
            optimiser.zero_grad()
            F.cross_entropy(network(inputs[batch])[-1], labels[batch]).backward()
            optimiser.step()


@torch.no_grad()
def _accuracy(network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    return int((network(inputs)[-1].argmax(1) == labels).sum()) / len(labels)


def describe(similarities: dict[str, dict[str, np.ndarray]], rng: np.random.Generator) -> dict:
    """What Fig. 2 shows of `similarities.pair_similarities`.

    `separation` is the probability that a random positive pair has more similar representations
    than a random negative one; `separable` says that all have ("perfectly separable").
    """
    h = similarities["representation"]
    kinds = {
        sign: _kind(similarities["gradient"][sign], h[sign], rng)
        for sign in ("positive", "negative")
    }
    below = np.searchsorted(np.sort(h["negative"]), h["positive"])
    return kinds | {
        "separable": bool(h["positive"].min() > h["negative"].max()),
        "separation": float(below.mean() / len(h["negative"])),
    }


def _kind(gradient: np.ndarray, representation: np.ndarray, rng: np.random.Generator) -> dict:
    """Numbers of one kind of pairs, and a few of the pairs to be drawn."""
    few = rng.permutation(len(gradient))[:POINTS]
    return {
        "pairs": len(gradient),
        "correlation": finite(pearson(gradient, representation)),
        "conflicting": float((gradient < 0).mean()),
        "lowest_gradient_similarity": float(gradient.min()),
        "representation_range": [float(representation.min()), float(representation.max())],
        "gradient": gradient[few].round(4).tolist(),
        "representation": representation[few].round(4).tolist(),
    }
