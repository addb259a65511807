"""What the workflow's jobs do, what they cost, and where their results are kept."""

import os

# Before NumPy and torch are loaded, by hand as in the workflow: a job computes on one thread, and
# linear algebra that has started with more leaves them spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")
