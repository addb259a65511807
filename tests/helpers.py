"""Records for the tests."""

import json
from pathlib import Path

import numpy as np

from drl_replication.measures import average_accuracy, average_forgetting
from drl_replication.paper import BENCHMARK_DATASETS
from drl_replication.records import record_path, settings_digest

RHO = {"floor": 1.5, "drop": 1.25, "rank": 180, "raised": 20}


def triangle(rows):
    """The rows of a matrix, filled up with nulls above the diagonal."""
    return [list(row) + [None] * (len(rows) - len(row)) for row in rows]


def make_settings(benchmark="split_mnist", **overrides):
    return {
        "benchmark": benchmark,
        "dataset": BENCHMARK_DATASETS.get(benchmark, "mnist"),
        "learning_rate": 0.2,
        "readings": {"subset": "per_seed", "min_positive_pairs": 1},
    } | overrides


def make_record(benchmark="split_mnist", method="er", seed=0, matrix=None, **overrides):
    """A valid run record; `matrix` is given by its rows, without nulls or with them."""
    matrix = triangle(matrix or [[0.9], [0.7, 0.8], [0.5, 0.6, 0.9]])
    settings = overrides.get("settings") or make_settings(benchmark)
    a = np.array(matrix, dtype=float)
    diverged = bool(np.isnan(a[-1]).any())
    record = {
        "schema_version": 1,
        "benchmark": benchmark,
        "method": method,
        "seed": seed,
        "accuracy_matrix": matrix,
        "average_accuracy": None if diverged else average_accuracy(a),
        "average_forgetting": None if diverged else average_forgetting(a),
        "rho": None if diverged else RHO["floor"],
        "rho_readings": None if diverged else {"hidden": RHO, "all": RHO},
        "training_seconds": 5.25,
        "evaluation_seconds": 1.0,
        "steps": 5000,
        "diverged": diverged,
        "diverged_at_step": 17 if diverged else None,
        "memory": {"groups": "class", "counts": [[30, 30] for _ in matrix]},
        "diagnostics": {"final_loss": 0.1, "hidden_units": 200, "dead_units": 3},
        "settings": settings,
        "settings_digest": settings_digest(settings),
        "provenance": {
            "package_version": "0.1.0",
            "python": "3.11.7",
            "torch": "2.0.0",
            "numpy": "2.0.0",
            "platform": "Linux-x86_64",
            "host": "node1",
            "cpu_model": "Some CPU",
            "device": "cpu",
            "threads": 1,
            "commit": None,
            "dirty": None,
            "data": {"dataset": settings["dataset"], "files": {"train": "0" * 64}},
            "started": "2024-01-31T23:59:59Z",
            "finished": "2024-02-01T00:00:30.5+00:00",
        },
    }
    return json.loads(json.dumps(record | overrides))  # no two records share a part


def place(root, record):
    """Write a record, valid or not, to its path under `root`."""
    path = record_path(root, record["benchmark"], record["method"], record["seed"])
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path
