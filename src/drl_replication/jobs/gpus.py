"""The GPUs of this machine, and which of them a process trains on. Imports no torch."""

import fcntl
import os
import tempfile
from itertools import takewhile
from pathlib import Path
from typing import TextIO

DRIVER = Path("/proc/driver/nvidia/gpus")
_claims: dict[int, TextIO] = {}  # of this process, until it ends


def count(driver: Path = DRIVER) -> int:
    """How many GPUs trainings may use here: those that the driver has and the user shows.

    As CUDA does, it reads CUDA_VISIBLE_DEVICES up to the first that is none.
    """
    there = len(list(driver.iterdir())) if driver.is_dir() else 0
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is None:
        return there

    def is_one(name: str) -> bool:
        return int(name) < there if name.isdigit() else name.startswith(("GPU-", "MIG-"))

    names = (name.strip() for name in shown.split(","))
    return min(there, sum(1 for _ in takewhile(is_one, names)))


def claim(names: list[str]) -> int:
    """The first of these GPUs that no other process of this machine has claimed, once for all.

    The claim lasts until this process ends, however that happens. If all are taken, by what no
    scheduler of ours knows of, one is shared.
    """
    if _claims:
        return next(iter(_claims))
    for index, name in enumerate(names):
        file = Path(tempfile.gettempdir(), f"drl-{os.getuid()}-gpu-{name}").open("a")  # noqa: SIM115
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _claims[index] = file
        return index
    return os.getpid() % len(names)
