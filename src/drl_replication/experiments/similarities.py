"""Cosine similarities of representations and of gradients, pair by pair (Sec. 2.1 and 3).

A positive pair is two samples of one class, a negative pair two samples of two classes.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.gradients import gradient_gram
from drl_replication.learning.networks import DenseNetwork, Network

BINS = 100  # of a histogram over [-1, 1]


def pair_similarities(
    network: Network, inputs: Tensor, labels: Tensor, layers: Sequence[int]
) -> dict[str, dict[str, np.ndarray]]:
    """Similarities of all unordered pairs of N samples.

    Args:
        network: all of whose parameters are in nn.Linear modules.
        inputs: (N, ...) network inputs.
        labels: (N,).
        layers: which of the network's outputs are concatenated to the representation.

    Returns:
        {"representation" or "gradient": {"positive" or "negative": (pairs,) float64}}; a pair has
        the same place in both kinds. The gradient is that of a sample's cross entropy with
        respect to all parameters.
    """
    assert isinstance(network, DenseNetwork), "gradients without a loop need linear layers alone"
    # Where a sample is surely right, p - y is rounding noise in float32, and so is the gradient.
    exact, inputs = deepcopy(network).double().eval(), inputs.double()
    with torch.no_grad():
        outputs = exact(inputs)
        h = torch.cat([outputs[i] for i in layers], dim=1)
        grams = {"representation": (h @ h.T).numpy()}
    grams["gradient"] = gradient_gram(exact, inputs, labels, unit=True)
    first, second = np.triu_indices(len(labels), k=1)
    same = (labels[first] == labels[second]).numpy()
    return {
        kind: {"positive": values[same], "negative": values[~same]}
        for kind, gram in grams.items()
        for values in [cosines(gram)[first, second]]
    }


def cosines(gram: np.ndarray) -> np.ndarray:
    """Cosines (N, N) of the vectors with this Gram matrix (N, N); one of length zero has zeros."""
    norms = np.sqrt(gram.diagonal())
    scale = 1 / np.where(norms > 0, norms, np.inf)
    return np.clip(gram * scale * scale[:, None], -1, 1)


def draw_per_class(
    labels: np.ndarray, classes: Sequence[int], n: int, rng: np.random.Generator
) -> np.ndarray:
    """Indices of `n` random test images of each class, class by class: (len(classes) n,).

    Raises ValueError when a class has fewer.
    """
    pools = {c: np.flatnonzero(labels == c) for c in classes}
    for c, pool in pools.items():
        if n > len(pool):
            raise ValueError(
                f"test_images_per_class is {n}, but class {c} has only {len(pool)} test images: "
                "ask for fewer."
            )
    return np.concatenate([rng.permutation(pool)[:n] for pool in pools.values()])


def summary(values: np.ndarray) -> dict:
    """Number, mean, share under zero and histogram of similarities (pairs,): plain JSON."""
    return {
        "pairs": len(values),
        "mean": float(values.mean()),
        "conflicting": float((values < 0).mean()),
        "histogram": np.histogram(values, BINS, (-1, 1))[0].tolist(),
    }
