"""Cosines of representations, and how a gradient at the cosines becomes one at their vectors."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def unit_rows(h: Tensor) -> Tensor:
    """The rows of h (B, H) with length one, to be derived by autograd; a zero row stays zero."""
    largest = h.detach().abs().amax(1, keepdim=True)  # squares neither under- nor overflow
    # Divided by infinity, a zero row and its gradient are zero.
    return F.normalize(h / largest.masked_fill(largest == 0, torch.inf), dim=1)


class Cosines:
    """Cosines s_ij = <h_i, h_j> / (n_i n_j) of the rows of h (B, H), in closed form.

    In float64, in which no square of a float32 under- or overflows, and distances of near points
    (2 - 2 s) keep their digits.
    """

    def __init__(self, h: np.ndarray):
        self.exact = h.astype(np.float64)
        gram = self.exact @ self.exact.T
        norms = np.sqrt(gram.diagonal())
        norms[norms == 0] = np.inf  # a zero row is orthogonal to all, and stays where it is
        self.scale = 1 / (norms[:, None] * norms)
        self.values = gram * self.scale  # (B, B)
        self.dtype = h.dtype

    def gradient(self, slopes: np.ndarray) -> np.ndarray:
        """Gradient (B, H) at h of a loss whose gradient at the cosines is `slopes` G (B, B).

        With K = G + G^T it is M h, where M = (K - diag((K * s) 1)) / (n n^T).
        """
        m = slopes + slopes.T
        m.flat[:: len(m) + 1] -= (m * self.values).sum(1)
        m *= self.scale
        return (m @ self.exact).astype(self.dtype)
