"""How a process computes: its threads, and a C library that keeps the memory it needs again."""

import ctypes
from contextlib import suppress

import scipy.linalg.blas  # noqa: F401  a BLAS of its own: only what is loaded can be limited
import torch
from threadpoolctl import threadpool_limits

# glibc's mallopt parameters. With its own thresholds each step on CIFAR pays thousands of page
# faults for large blocks that it gives back and takes again.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
TRIM_BYTES, MMAP_BYTES = 256 * 2**20, 64 * 2**20


def prepare_process(threads: int = 1) -> None:
    """Once before anything is computed, by the workflow and by hand alike.

    Args:
        threads: of torch. The workflow's cores each have a run of their own; only a long one by
            hand is worth more.
    """
    # With another number sums round differently, NumPy's too.
    threadpool_limits(1)
    torch.set_num_threads(threads)
    with suppress(AttributeError, OSError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)
