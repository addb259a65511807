"""Train one run: verified data in, its record out."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import torch

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import Images, load
from drl_replication.data.validation import HELD_OUT, hold_out
from drl_replication.jobs import gpus
from drl_replication.jobs.progress import Progress, ToldCheckpoint
from drl_replication.jobs.weights import write_weights
from drl_replication.learning.checkpoints import fingerprint
from drl_replication.learning.process import prepare_process
from drl_replication.learning.through_time import train_watched
from drl_replication.learning.training import train
from drl_replication.records.manifests import read_manifest
from drl_replication.records.provenance import provenance
from drl_replication.records.runs import SCHEMA_VERSION
from drl_replication.records.settings import settings_digest
from drl_replication.study.runs import code_of, key, read_by

VERSIONS = ("torch", "numpy", "device")  # with others a checkpoint is of another run


def train_run(
    method: str,
    seed: int,
    settings: dict,
    manifest: Path,
    data_root: Path,
    *,
    device: str = "auto",
    threads: int = 1,
    checkpoint: Path | None = None,
    checkpoint_every: int = 1000,
    finish: Callable[[dict], None] = lambda record: None,
    weights: Path | None = None,
) -> dict:
    """Train and measure one (benchmark, method, seed).

    Args:
        method, seed: an id of `learning.methods.METHODS`, and the seed of the run.
        settings: what `study.settings.run_settings` resolved for this benchmark and method.
        manifest: checksums of the verified dataset; other bytes are refused.
        data_root: folder that holds the dataset in torchvision's layout.
        device: "cpu", "cuda", or "auto": cuda for a ResNet where there is one, else cpu.
        threads: of torch; with another number sums round differently, as on another machine.
        checkpoint: where to keep the state; a run that was killed goes on from it.
        checkpoint_every: so many loaded samples, and after each task.
        finish: what to do with the record before the checkpoint is forgotten.
        weights: where to keep the final ones, if there is a checkpoint.

    Returns:
        The record of the run (records/schemas/run.json). Apart from times it is the same, bit for
        bit, whenever it is made from the same arguments on the same machine, and whether or not
        the run was killed in between.

    Raises:
        ValueError: the device or the data are not there as asked for.
    """
    prepare_process(threads)
    started = datetime.now(UTC)
    target = find_device(device, settings["benchmark"])
    made_with = _made_with(target, method, settings)
    _, checksums = read_manifest(manifest)
    kept = None
    if checkpoint:
        fact = fingerprint(key(method, seed, settings), *(made_with[name] for name in VERSIONS))
        name = f"{method} on {settings['benchmark']}, seed {seed}"
        kept = ToldCheckpoint(checkpoint, fact, Progress(name, method, settings))
    data = settings["dataset"], data_root, tuple(checksums.items()), settings.get(HELD_OUT)
    learn = train_watched if "evaluate_every" in settings else train
    images = _images(*data)
    result = learn(method, seed, settings, images, target, kept, checkpoint_every, progress=True)
    made_with |= {
        "data": {"dataset": settings["dataset"], "files": checksums},
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    record = _record(method, seed, settings, result, made_with)
    if kept and weights:
        write_weights(weights, kept, record)
    finish(record)
    if kept:
        kept.remove()
    return record


def _record(method: str, seed: int, settings: dict, result: dict, made_with: dict) -> dict:
    return {
        "schema_version": SCHEMA_VERSION,
        "benchmark": settings["benchmark"],
        "method": method,
        "seed": seed,
        **result,
        "settings": settings,
        "settings_digest": settings_digest(settings),
        "provenance": made_with,
    }


def _made_with(target: torch.device, method: str, settings: dict) -> dict:
    """The provenance, as of now: the commit may be another one when the run is over."""
    made = provenance(target.type, torch.get_num_threads(), torch=torch.__version__)
    if target.type == "cuda":
        made["gpu"] = torch.cuda.get_device_name(target)
    return made | {"code": code_of(settings["benchmark"], method, *read_by(settings))}


@lru_cache(maxsize=1)
def _images(
    dataset: str, root: Path, checksums: tuple[tuple[str, str], ...], held_out: float | None
) -> Images:
    """The images of a dataset, read once for all runs of a job."""
    images = load(dataset, root, dict(checksums))
    return hold_out(images, held_out) if held_out else images


def _gpu_names() -> list[str]:
    """What tells the GPUs apart that torch sees, also if other processes number them otherwise."""
    shown = range(torch.cuda.device_count())
    return [str(getattr(torch.cuda.get_device_properties(i), "uuid", i)) for i in shown]


def find_device(name: str, benchmark: str) -> torch.device:
    """The device of that name; "auto" leaves small networks on the CPU, which is faster there."""
    if name == "auto":
        dense = BENCHMARKS[benchmark].network == "dense"
        name = "cuda" if torch.cuda.is_available() and not dense else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("the device is 'cuda', but torch finds no GPU here; allowed: auto, cpu")
    if name == "cuda":  # otherwise cuDNN picks its algorithms by racing them, and rounds to TF32
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        torch.backends.cudnn.allow_tf32 = False
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        return torch.device(name, gpus.claim(_gpu_names()))
    return torch.device(name)
