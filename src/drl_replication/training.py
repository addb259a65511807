"""One run: a method learns a benchmark's stream once, and what it became is measured."""

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from drl_replication import measures
from drl_replication.benchmarks import BENCHMARKS
from drl_replication.datasets import Images, load, read_manifest
from drl_replication.learner import Learner
from drl_replication.provenance import provenance
from drl_replication.records import SCHEMA_VERSION, settings_digest
from drl_replication.streams import build_stream

PROBE_IMAGES = 200  # of each task, for the rho-spectrum and the dead units
PROGRESS_EVERY = 100


def run(
    method: str,
    seed: int,
    settings: dict,
    data_root: Path,
    manifest: Path,
    progress: bool = False,
) -> dict:
    """Train and measure one (benchmark, method, seed).

    Args:
        method: an id of `methods.METHODS`.
        seed: of the run.
        settings: what `config.run_settings` resolved for this benchmark and method.
        data_root: folder that holds the dataset in torchvision's layout.
        manifest: checksums of the verified dataset; other bytes are refused.
        progress: show a bar, if standard error is a terminal.

    Returns:
        The record of the run (schemas/run.schema.json). Apart from times it is the same, bit for
        bit, whenever it is made from the same arguments on the same machine.
    """
    torch.set_num_threads(1)
    started = datetime.now(UTC)
    _, checksums = read_manifest(manifest)
    images = load(settings["dataset"], data_root, checksums)
    result = train(method, seed, settings, images, progress)
    return {
        "schema_version": SCHEMA_VERSION,
        "benchmark": settings["benchmark"],
        "method": method,
        "seed": seed,
        **result,
        "settings": settings,
        "settings_digest": settings_digest(settings),
        "provenance": {
            **provenance(),
            "data": {"dataset": settings["dataset"], "files": checksums},
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }


def train(method: str, seed: int, settings: dict, images: Images, progress: bool = False) -> dict:
    """The part of :func:`run` that needs no files: learn all tasks, evaluating after each."""
    stream = build_stream(settings, images, seed)
    learner = Learner(method, settings, stream, seed)
    accuracies = np.full((stream.tasks, stream.tasks), np.nan)
    counts = []
    seconds = {"training": 0.0, "evaluation": 0.0}
    loss, diverged = math.nan, False
    bar = tqdm(total=len(stream.labels), unit="sample", disable=None if progress else True)
    for task in range(stream.tasks):
        learner.start_task(task)
        clock = time.perf_counter()
        for loaded in loads(stream.starts[task : task + 2], learner.batches.loading_batch_size):
            loss = learner.learn(loaded)
            if not math.isfinite(loss):
                diverged = True
                break
            if loaded[0] % PROGRESS_EVERY == 0:
                bar.update(int(loaded[0]) - bar.n)
        seconds["training"] += time.perf_counter() - clock
        counts.append(learner.memory.sizes.tolist())
        if diverged:
            break
        clock = time.perf_counter()
        accuracies[task, : task + 1] = [learner.accuracy(i) for i in range(task + 1)]
        seconds["evaluation"] += time.perf_counter() - clock
    bar.update(len(stream.labels) - bar.n if not diverged else 0)
    bar.close()
    kind = BENCHMARKS[settings["benchmark"]].kind
    return {
        **measure(learner, accuracies, loss, diverged),
        "training_seconds": seconds["training"],
        "evaluation_seconds": seconds["evaluation"],
        "steps": learner.steps,
        "diverged": diverged,
        "diverged_at_step": learner.steps if diverged else None,
        "memory": {
            "groups": "task" if kind == "permuted" else "class",
            "counts": counts,
        },
    }


def loads(span: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The positions of a task (start, end) in batches of `size`, the last one maybe smaller."""
    positions = np.arange(*span)
    return (positions[i : i + size] for i in range(0, len(positions), size))


def measure(learner: Learner, accuracies: np.ndarray, loss: float, diverged: bool) -> dict:
    """The measures of a finished run (spec: all null, never NaN, if it diverged)."""
    *hidden, logits = learner.probe(PROBE_IMAGES)
    hidden = np.concatenate(hidden, axis=1)
    result = {
        "accuracy_matrix": [
            [None if math.isnan(a) else a for a in row] for row in accuracies.tolist()
        ],
        "average_accuracy": None,
        "average_forgetting": None,
        "rho": None,
        "rho_readings": None,
        "diagnostics": {"final_loss": None, "hidden_units": hidden.shape[1], "dead_units": None},
    }
    if diverged:
        return result
    rho = {
        "hidden": measures.rho_spectrum(hidden),
        "all": measures.rho_spectrum(np.concatenate([hidden, logits], axis=1)),
    }
    dead = int((hidden == 0).all(0).sum())
    return result | {
        "average_accuracy": measures.average_accuracy(accuracies),
        "average_forgetting": measures.average_forgetting(accuracies),
        "rho": rho["hidden"]["floor"],
        "rho_readings": rho,
        "diagnostics": result["diagnostics"] | {"final_loss": loss, "dead_units": dead},
    }
