"""Inner products of per-sample gradients of the cross entropy, in one batched pass."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap


def gradient_products(
    network: nn.Module, inputs: Tensor, labels: Tensor, samples: int, batches: int
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
        batches' mean gradients.
    """
    if _parameters_in(network, nn.Linear):
        gram = gradient_gram(network, inputs, labels)
        inner, squared = gram[:samples, samples:], gram.diagonal()[:samples]
        within = gram[samples:, samples:].unflatten(0, (batches, -1)).unflatten(2, (batches, -1))
        # A batch's gradient is the mean of its samples', so its products are means of theirs.
        batch_squared = within.mean((1, 3)).diagonal()
        return inner.unflatten(1, (batches, -1)).mean(2), squared, batch_squared
    single = batched_gradients(network, inputs[:samples, None], labels[:samples, None])
    mean = batched_gradients(
        network,
        inputs[samples:].unflatten(0, (batches, -1)),
        labels[samples:].unflatten(0, (batches, -1)),
    )
    inner = sum(s @ m.T for s, m in zip(single, mean, strict=True))
    squared, batch_squared = (sum(g.square().sum(1) for g in part) for part in (single, mean))
    return inner, squared, batch_squared


def batched_gradients(network: nn.Module, inputs: Tensor, labels: Tensor) -> list[Tensor]:
    """Gradient of the mean cross entropy of each of K batches, without a pass for each.

    Args:
        network: any, in evaluation mode.
        inputs: (K, b, ...).
        labels: (K, b).

    Returns:
        One (K, P) tensor for each parameter of P numbers.
    """
    parameters = {name: p.detach() for name, p in network.named_parameters()}
    buffers = dict(network.named_buffers())

    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(network, (parameters, buffers), (x,))[-1], y)

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, inputs, labels)
    return [g.flatten(1) for g in gradients.values()]


def _parameters_in(network: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether modules of one kind hold all parameters."""
    inside = sum(
        p.numel() for m in network.modules() if isinstance(m, kind) for p in m.parameters()
    )
    return inside == sum(p.numel() for p in network.parameters())


def gradient_gram(network: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """Gram matrix of the per-sample gradients of the cross entropy, all parameters.

    For a linear layer the gradient of sample n is the outer product of its output gradient d_n
    and its input a_n (Fact 1), so <g_n, g_m> = <d_n, d_m> (<a_n, a_m> + 1), the 1 for the bias:
    one forward and one backward pass for all samples.

    Args:
        network: all of whose parameters are in nn.Linear modules.
        inputs: (N, ...) network inputs.
        labels: (N,).

    Returns:
        (N, N) inner products of the gradients of each sample's own loss.
    """
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    assert _parameters_in(network, nn.Linear), "a parameter outside nn.Linear"
    seen: list[tuple[Tensor, Tensor]] = []
    hooks = [m.register_forward_hook(lambda _, a, o: seen.append((a[0], o))) for m in linear]
    try:
        logits = network(inputs)[-1]
    finally:
        for hook in hooks:
            hook.remove()
    loss = F.cross_entropy(logits, labels, reduction="sum")  # each sample's own loss
    deltas = torch.autograd.grad(loss, [output for _, output in seen])
    with torch.no_grad():
        return sum((a @ a.T + 1) * (d @ d.T) for (a, _), d in zip(seen, deltas, strict=True))
