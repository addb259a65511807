"""Inner products of per-sample gradients without the gradients themselves."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


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
    assert sum(p.numel() for m in linear for p in m.parameters()) == sum(
        p.numel() for p in network.parameters()
    ), "a parameter outside nn.Linear"
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
