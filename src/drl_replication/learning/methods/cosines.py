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
        exact = h.astype(np.float64)
        norms = np.sqrt(np.einsum("ij,ij->i", exact, exact))[:, None]
        norms[norms == 0] = np.inf
        self.inverse = 1 / norms  # 1 / n_i, or 0 for a zero row
        self.unit = exact * self.inverse
        self.values = self.unit @ self.unit.T  # (B, B)
        self.dtype = h.dtype

    def gradient(self, slopes: np.ndarray) -> np.ndarray:
        """Gradient (B, H) at h of a loss whose gradient at the cosines is `slopes` G (B, B).

        With K = G + G^T it is M h, where M = (K - diag((K * s) 1)) / (n n^T).
        """
        both = slopes + slopes.T
        both.flat[:: len(both) + 1] -= (both * self.values).sum(1)
        return (both @ self.unit * self.inverse).astype(self.dtype)
