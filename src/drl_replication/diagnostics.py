"""Gradient diagnostics for any PyTorch model: do the gradients of two samples conflict?

By the cosine of the gradients of their losses with respect to all parameters (Sec. 2.1; Fig. 2
and 3). For the dense network of the paper `learning.gradients` has the same faster (Fact 1).

These names and their arguments are stable: they change with a major version alone.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

__all__ = ["cosines", "gradient_cosines", "pairs", "per_sample_gradients"]

Loss = Callable[..., Tensor]


def per_sample_gradients(
    model: nn.Module, inputs: Tensor, labels: Tensor, loss: Loss = F.cross_entropy
) -> Tensor:
    """The gradient of each sample's loss with respect to all parameters that learn.

    Args:
        model: in evaluation mode, so that samples don't depend on each other.
        inputs: (N, ...).
        labels: (N, ...).
        loss: of the model's outputs for a batch of one, and its labels.

    Returns:
        (N, P) gradients, P the number of those parameters, in the order of `parameters()`.

    Raises:
        ValueError: for a model in training mode, or one in which nothing learns.
    """
    if model.training:
        raise ValueError(
            "The model is in training mode, in which batch normalisation and dropout mix samples: "
            "call model.eval() first."
        )
    weights = {k: p.detach() for k, p in model.named_parameters() if p.requires_grad}
    if not weights:
        raise ValueError("No parameter of the model has requires_grad, so there is no gradient.")

    def of_one(chosen: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return loss(functional_call(model, chosen, (x[None],)), y[None])

    found = vmap(grad(of_one), in_dims=(None, 0, 0))(weights, inputs, labels)
    return torch.cat([found[name].flatten(1) for name in weights], dim=1)


def cosines(vectors: Tensor) -> Tensor:
    """The cosine of each two rows of `vectors` (N, D): (N, N); zero for a row of zeros."""
    norms = vectors.norm(dim=1, keepdim=True)
    unit = vectors / norms.masked_fill(norms == 0, torch.inf)
    return unit @ unit.T


def gradient_cosines(
    model: nn.Module, inputs: Tensor, labels: Tensor, loss: Loss = F.cross_entropy
) -> Tensor:
    """The cosine (N, N) of each two samples' gradients; arguments as `per_sample_gradients`.

    In float64, since a sample that is surely right has a gradient of rounding noise in float32.
    """
    return cosines(per_sample_gradients(model, inputs, labels, loss).double())


def pairs(matrix: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The entries of a symmetric (N, N) matrix for unordered pairs: of one class, of two classes.

    `(pairs(gradient_cosines(...), labels)[1] < 0).float().mean()` is the share in conflict among
    pairs of different classes. `labels`: (N,). Raises ValueError for other shapes.
    """
    if matrix.shape != (len(labels), len(labels)):
        raise ValueError(
            f"The matrix has shape {tuple(matrix.shape)} for {len(labels)} labels: one row and "
            "one column a sample are needed."
        )
    first, second = torch.triu_indices(len(labels), len(labels), offset=1, device=matrix.device)
    same = (labels[first.to(labels.device)] == labels[second.to(labels.device)]).to(matrix.device)
    values = matrix[first, second]
    return values[same], values[~same]
