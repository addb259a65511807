"""One thread a process: the workflow's cores each have a run of their own."""

import torch
from threadpoolctl import threadpool_limits


def use_one_thread() -> None:
    """Also for the same digits: NumPy's linear algebra rounds differently with other numbers."""
    torch.set_num_threads(1)
    threadpool_limits(1)
