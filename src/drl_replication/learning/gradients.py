"""Gradients of the cross entropy, and inner products of per-sample gradients."""

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.methods.loss import cross_entropy
from drl_replication.learning.networks import DenseNetwork, Gradient, Network


def gradient(
    network: Network, inputs: Tensor, labels: Tensor, weights: np.ndarray | None = None
) -> Gradient:
    """Gradient, at each parameter, of the mean cross entropy of a batch, or of a weighted sum."""
    (*hidden, logits), backward = network.trace(inputs)
    at_logits = cross_entropy(logits, labels.cpu().numpy(), weights)[1]
    return backward([*[None] * len(hidden), at_logits])


def gradient_products(
    network: Network, inputs: Tensor, labels: Tensor, samples: int, batches: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Inner products of the gradients of n single samples with those of K batches of samples.

    Args:
        network: in evaluation mode, so that samples don't depend on each other.
        inputs: (n + K b, ...) network inputs, first the single samples, then batch by batch.
        labels: (n + K b,).
        samples: n.
        batches: K.

    Returns:
        (n, K) inner products, (n,) squared norms of the samples' gradients and (K,) of the
        batches' mean gradients: in float64, in which no product of float32 numbers underflows.
    """
    sizes = [1] * samples + [(len(labels) - samples) // batches] * batches
    if isinstance(network, DenseNetwork) and inputs.device.type == "cpu":
        # A batch's gradient is the mean of its samples', so its products are means of theirs.
        starts = np.cumsum(sizes) - sizes
        gram = gradient_gram(network, inputs, labels)
        for axis in (0, 1):
            gram = np.add.reduceat(gram, starts.tolist(), axis)
        products = torch.from_numpy(gram / np.outer(sizes, sizes))
    else:
        parts = zip(inputs.split(sizes), labels.split(sizes), strict=True)
        gradients = [gradient(network, x, y) for x, y in parts]  # on a CPU faster than vmap
        rows = (torch.stack(p).flatten(1).double() for p in zip(*gradients, strict=True))
        products = torch.stack([r @ r.T for r in rows]).sum(0)
    squared = products.diagonal()
    return products[:samples, samples:], squared[:samples], squared[samples:]


def gradient_gram(
    network: DenseNetwork, inputs: Tensor, labels: Tensor, *, unit: bool = False
) -> np.ndarray:
    """Gram matrix of the per-sample gradients of the cross entropy, all parameters.

    For a linear layer the gradient of sample n is the outer product of its output gradient d_n
    and its input a_n (Fact 1), so <g_n, g_m> = <d_n, d_m> (<a_n, a_m> + 1), the 1 for the bias:
    one forward and one backward pass for all samples.

    Args:
        network: all of whose parameters are in linear layers.
        inputs: (N, ...) network inputs.
        labels: (N,).
        unit: scale each sample's loss so that its largest gradient at the logits is one: for
            cosines, which don't depend on it, however tiny the gradient.

    Returns:
        (N, N) float64 inner products of the gradients of each sample's own loss.
    """
    assert isinstance(network, DenseNetwork), "a parameter outside linear layers"
    layers, _ = network.trace(inputs)
    rows, logits = np.arange(len(labels)), layers[-1]
    at_logits = np.exp(logits - logits.max(1, keepdims=True))
    at_logits /= at_logits.sum(1, keepdims=True)
    # p_y - 1 from the others, since 1 - p_y is rounding noise where a sample is surely right
    at_logits[rows, labels.numpy()] = 0
    at_logits[rows, labels.numpy()] = -at_logits.sum(1)
    if unit:
        largest = np.abs(at_logits).max(1, keepdims=True)
        at_logits /= np.where(largest == 0, np.inf, largest)
    deltas = network.deltas(layers, [None, None, at_logits])
    pairs = zip((inputs.flatten(1).numpy(), *layers[:-1]), deltas, strict=True)
    exact = [(a.astype(np.float64), d.astype(np.float64)) for a, d in pairs]
    return np.sum([(a @ a.T + 1) * (d @ d.T) for a, d in exact], axis=0)
