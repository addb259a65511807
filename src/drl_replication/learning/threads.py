"""One thread a process: the workflow's cores each have a run of their own."""

import scipy.linalg.blas  # noqa: F401  a BLAS of its own: only what is loaded can be limited
import torch
from threadpoolctl import threadpool_limits


def use_one_thread() -> None:
    """Also for the same digits: linear algebra rounds differently with other numbers."""
    torch.set_num_threads(1)
    threadpool_limits(1)
