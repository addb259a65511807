"""The job of one run: verified data in, one record out."""

from datetime import UTC, datetime
from pathlib import Path

import torch

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import load
from drl_replication.data.manifests import read_manifest
from drl_replication.jobs.safekeeping import code_of_run
from drl_replication.jobs.sources import PACKAGE, of_script
from drl_replication.learning.checkpoints import Checkpoint, fingerprint
from drl_replication.learning.methods import METHODS
from drl_replication.learning.threads import use_one_thread
from drl_replication.learning.training import train
from drl_replication.records.provenance import provenance
from drl_replication.records.runs import SCHEMA_VERSION
from drl_replication.records.settings import settings_digest

DEVICES = ("auto", "cpu", "cuda")


def run(
    method: str,
    seed: int,
    settings: dict,
    data_root: Path,
    manifest: Path,
    *,
    device: str = "auto",
    checkpoint: Path | None = None,
    checkpoint_every: int = 1000,
    progress: bool = False,
) -> dict:
    """Train and measure one (benchmark, method, seed).

    Args:
        method: an id of `methods.METHODS`.
        seed: of the run.
        settings: what `study.settings.run_settings` resolved for this benchmark and method.
        data_root: folder that holds the dataset in torchvision's layout.
        manifest: checksums of the verified dataset; other bytes are refused.
        device: "cpu", "cuda", or "auto": cuda for a ResNet where there is one, else cpu.
        checkpoint: where to keep the state; a run that was killed goes on from it.
        checkpoint_every: so many loaded samples, and after each task.
        progress: show a bar, if standard error is a terminal.

    Returns:
        The record of the run (records/run.schema.json). Apart from times it is the same, bit for
        bit, whenever it is made from the same arguments on the same machine, and whether or not
        the run was killed in between.

    Raises:
        ValueError: the device or the data are not there as asked for.
    """
    use_one_thread()
    started = datetime.now(UTC)
    target = find_device(device, settings["benchmark"])
    # Now, since the commit may be another one when the run is over.
    made_with = provenance(target.type, torch.get_num_threads(), torch=torch.__version__)
    made_with["code"] = code_of_run(settings["benchmark"], method)
    _, checksums = read_manifest(manifest)
    kept = None
    if checkpoint:
        parts = METHODS[method].parts
        files = [PACKAGE / f for f in of_script(Path(__file__), *parts, relative_to=PACKAGE)]
        rows = (parts, BENCHMARKS[settings["benchmark"]])
        versions = tuple(made_with[name] for name in ("torch", "numpy", "device"))
        facts = (method, seed, settings, checksums, rows, versions)
        kept = Checkpoint(checkpoint, fingerprint(*facts, files=files))
    result = train(
        method,
        seed,
        settings,
        load(settings["dataset"], data_root, checksums),
        target,
        kept,
        checkpoint_every,
        progress=progress,
    )
    return {
        "schema_version": SCHEMA_VERSION,
        "benchmark": settings["benchmark"],
        "method": method,
        "seed": seed,
        **result,
        "settings": settings,
        "settings_digest": settings_digest(settings),
        "provenance": {
            **made_with,
            "data": {"dataset": settings["dataset"], "files": checksums},
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }


def find_device(name: str, benchmark: str) -> torch.device:
    """The device of that name; "auto" leaves small networks on the CPU, which is faster there."""
    if name == "auto":
        dense = BENCHMARKS[benchmark].network == "dense"
        name = "cuda" if torch.cuda.is_available() and not dense else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("the device is 'cuda', but torch finds no GPU here; allowed: auto, cpu")
    if name == "cuda":  # otherwise cuDNN picks its algorithms by racing them
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        torch.use_deterministic_algorithms(True, warn_only=True)
    return torch.device(name)
