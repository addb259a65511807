"""Records, images, settings and learners for the tests."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import torch

from drl_replication.data.datasets import DATASETS, Images
from drl_replication.learning.learner import Learner
from drl_replication.learning.methods import METHODS
from drl_replication.learning.process import prepare_process
from drl_replication.learning.streams import Stream, build_stream, to_unit_range
from drl_replication.measures.continual import average_accuracy, average_forgetting
from drl_replication.paper.printed import BENCHMARK_DATASETS
from drl_replication.records.runs import record_path
from drl_replication.records.settings import settings_digest
from drl_replication.study import config
from drl_replication.study.paper_settings import hyperparameters
from drl_replication.study.runs import Run, code_of
from drl_replication.study.settings import run_settings

PROJECT = Path(__file__).parents[1]
CONFIG = PROJECT / "config" / "config.yaml"
SPLIT, PERMUTED = "split_mnist", "permuted_mnist"
prepare_process()  # as in a run
RHO = {"floor": 1.5, "drop": 1.25, "rank": 180, "raised": 20}


def triangle(rows):
    """The rows of a matrix, filled up with nulls above the diagonal."""
    return [list(row) + [None] * (len(rows) - len(row)) for row in rows]


def make_settings(benchmark="split_mnist", **overrides):
    return {
        "benchmark": benchmark,
        "dataset": BENCHMARK_DATASETS.get(benchmark, "mnist"),
        "learning_rate": hyperparameters(benchmark).get("learning_rate", 0.2),
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
            "package_version": "0.2.0",
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


def made_now(record):
    """The record as if the present code had made it on the registered data."""
    made = record["provenance"]
    made["code"] = code_of(record["benchmark"], record["method"])
    made["data"]["files"] = DATASETS[record["settings"]["dataset"]].checksums
    return record


def place(root, record):
    """Write a record, valid or not, to its path under `root`."""
    path = record_path(root, record["benchmark"], record["method"], record["seed"])
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path


def selection(folder, paths, settings):
    """The argument that tells a script of the records at `paths`, which lie in one `runs/`."""
    runs = [Run.at(path) for path in paths]
    results = Path(str(paths[0]).removesuffix(runs[0].path))
    content = {"results": str(results), "runs": [run.path for run in runs], "settings": settings}
    file = Path(folder, "selection.json")
    file.write_text(json.dumps(content))
    return [f"--selection={file}"]


def tiny_images(per_class=6, tests=4, shape=(4, 4), seed=0):
    """Ten classes, each a pattern of its own under noise, in mixed order."""
    rng = np.random.default_rng(seed)
    patterns = rng.integers(0, 200, (10, *shape))

    def draw(n):
        labels = rng.permutation(np.repeat(np.arange(10), n))
        noise = rng.integers(0, 56, (len(labels), *shape))
        return (patterns[labels] + noise).astype(np.uint8), labels.astype(np.int64)

    return Images(*draw(per_class), *draw(tests))


@cache
def _default_config():
    return config.load([CONFIG])


def default_config():
    """The project's own configuration, checked: a fresh copy."""
    return deepcopy(_default_config())


def tiny_settings(method, benchmark=SPLIT, **changes):
    """What `run_settings` resolves, with hyperparameters and readings changed by their names."""
    result = default_config()
    block = result["settings"][benchmark]
    block.update(training_images=8, memory_size=20)
    for key, value in changes.items():
        table = result["readings"] if key in result["readings"] else block
        assert key in table, key
        table[key] = value
    return run_settings(result, benchmark, method)


def make_learner(method="ber", benchmark=SPLIT, seed=0, images=None, task=0, **changes):
    """A learner on tiny images; in a later `task` the memory holds all that came before it."""
    settings = tiny_settings(method, benchmark, **changes)
    stream = build_stream(settings, images or tiny_images(), seed)
    learner = Learner(method, settings, stream, seed)
    for earlier in range(task):
        learner.start_task(earlier)
        learner.memory.add(np.arange(*stream.starts[earlier : earlier + 2]))
    learner.start_task(task)
    return learner


def make_stream(groups, images=None):
    """One task of samples that belong to `groups`."""
    groups = np.asarray(groups, dtype=np.int64)
    images = torch.zeros(len(groups), 1, dtype=torch.uint8) if images is None else images
    return Stream(
        images=images,
        labels=torch.from_numpy(groups),
        groups=groups,
        group_kind="class",
        group_count=int(groups.max()) + 1,
        starts=np.array([0, len(groups)]),
        tests=((images, torch.from_numpy(groups)),),
        classes=int(groups.max()) + 1,
        normalise=to_unit_range,
    )


def methods_with(part):
    """The methods whose row has a part, such as `ring:RingBuffer`."""
    return [name for name, row in METHODS.items() if part in row.parts]


def assert_frequencies(counts, probabilities):
    """Each count is within 5 standard deviations of a multinomial's mean."""
    counts, p = np.asarray(counts), np.asarray(probabilities)
    n = counts.sum()
    assert abs(p.sum() - 1) < 1e-9
    assert (np.abs(counts - n * p) <= 5 * np.sqrt(n * p * (1 - p)) + 1e-9).all(), (counts, n * p)


def write_config(folder, text, name="change.yaml"):
    path = folder / name
    path.write_text(text)
    return path


def without_times(record):
    """A record of a run or an experiment as JSON, but for how long it took and when."""
    provenance = {k: v for k, v in record["provenance"].items() if k not in ("started", "finished")}
    kept = {k: v for k, v in record.items() if not k.endswith("_seconds")}
    return json.dumps(kept | {"provenance": provenance})
