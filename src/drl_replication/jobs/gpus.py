"""The GPUs of this machine, and which of them a process trains on. Imports no torch."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import TextIO

DRIVER = Path("/proc/driver/nvidia/gpus")
_claims: dict[int, TextIO] = {}  # of this process, until it ends


def count(driver: Path = DRIVER) -> int:
    """How many GPUs trainings may use here: those that the driver has and the user shows."""
    there = len(list(driver.iterdir())) if driver.is_dir() else 0
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if shown is None else min(there, len([n for n in shown.split(",") if n.strip()]))


def claim(names: list[str]) -> int:
    """The first of these GPUs that no other process of this machine has claimed.

    The claim lasts until this process ends, however that happens. If all are taken, by what no
    scheduler of ours knows of, one is shared.
    """
    for index, name in enumerate(names):
        if index in _claims:
            return index
        file = Path(tempfile.gettempdir(), f"drl-{os.getuid()}-gpu-{name}").open("a")  # noqa: SIM115
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _claims[index] = file
        return index
    return os.getpid() % len(names)
