"""Gradients of the cross entropy, and inner products of per-sample gradients."""

from collections.abc import Sequence

import torch
from torch import Tensor

from drl_replication.learning.methods.loss import cross_entropy
from drl_replication.learning.networks import DenseNetwork, Network


def gradient(
    network: Network, inputs: Tensor, labels: Tensor, weights: Tensor | None = None
) -> Sequence[Tensor]:
    """Gradient, at each parameter, of the mean cross entropy of a batch, or of a weighted sum."""
    layers = network.traced(inputs)
    with torch.no_grad():
        at_logits = cross_entropy(layers[-1], labels, weights)[1]
    return network.backward(inputs, layers, [*[None] * (len(layers) - 1), at_logits])


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
    size = (len(labels) - samples) // batches
    if isinstance(network, DenseNetwork):
        # A batch's gradient is the mean of its samples', so its products are means of theirs.
        means = torch.eye(samples + batches, dtype=torch.float64, device=inputs.device)
        means = means.repeat_interleave(
            torch.tensor([1] * samples + [size] * batches, device=inputs.device), dim=1
        )
        means = means / means.sum(1, keepdim=True)
        gram = means @ gradient_gram(network, inputs, labels) @ means.T
    else:
        sizes = [1] * samples + [size] * batches
        parts = zip(inputs.split(sizes), labels.split(sizes), strict=True)
        gradients = [gradient(network, x, y) for x, y in parts]  # faster than vmap on a CPU
        rows = (torch.stack(p).flatten(1).double() for p in zip(*gradients, strict=True))
        gram = torch.stack([r @ r.T for r in rows]).sum(0)
    squared = gram.diagonal()
    return gram[:samples, samples:], squared[:samples], squared[samples:]


@torch.no_grad()
def gradient_gram(
    network: DenseNetwork, inputs: Tensor, labels: Tensor, *, unit: bool = False
) -> Tensor:
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
    layers = network(inputs)
    target = labels.unsqueeze(1)
    at_logits = layers[-1].softmax(1).scatter_(1, target, 0)
    # p_y - 1 from the others, since 1 - p_y is rounding noise where a sample is surely right
    at_logits.scatter_(1, target, -at_logits.sum(1, keepdim=True))
    if unit:
        largest = at_logits.abs().amax(1, keepdim=True)
        at_logits /= largest.masked_fill(largest == 0, torch.inf)
    deltas = network.deltas(layers, [None, None, at_logits])
    pairs = zip((inputs.flatten(1), *layers[:-1]), deltas, strict=True)
    exact = [(a.double(), d.double()) for a, d in pairs]
    return torch.stack([(a @ a.T + 1) * (d @ d.T) for a, d in exact]).sum(0)
