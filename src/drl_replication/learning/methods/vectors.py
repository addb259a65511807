"""Gradients as single vectors in float64, for methods that change their direction."""

import numpy as np
import torch
from torch import Tensor

from drl_replication.learning.networks import Gradient


def vector(gradient: Gradient) -> Tensor:
    """All parts of a gradient, one after the other: (P,) float64."""
    flat = [torch.as_tensor(part).flatten() for part in gradient]
    return (torch.cat(flat) if len(flat) > 1 else flat[0]).double()


def like(gradient: Gradient, changed: Tensor) -> Gradient:
    """A vector (P,) in the parts and the precision of `gradient`."""
    if isinstance(gradient[0], np.ndarray):
        return [changed.numpy().astype(gradient[0].dtype)]
    parts = changed.to(gradient[0].dtype).split([part.numel() for part in gradient])
    return [p.view_as(part) for p, part in zip(parts, gradient, strict=True)]
