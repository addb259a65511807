"""Where and with what a run was made."""

import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from drl_replication import __version__

ROOT = Path(__file__).resolve().parents[3]
COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


def provenance(device: str = "cpu", threads: int = 1, **versions: str) -> dict:
    """Versions, commit, machine and the device that was used: plain JSON.

    `versions` are of what else took part, such as `torch=torch.__version__`.
    """
    commit, dirty = _commit()
    return {
        "package_version": __version__,
        "python": platform.python_version(),
        **versions,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "cpu_model": _cpu_model(),
        "device": device,
        "threads": threads,
        "commit": commit,
        "dirty": dirty,
    }


def _commit() -> tuple[str | None, bool | None]:
    """The project's commit and whether tracked files differ from it; None where unknown.

    What git has packed, as for a zip download, has its commit in a file.
    """
    if not (ROOT / ".git").exists():
        packed = ROOT / ".git_archival.txt"
        match = COMMIT.search(packed.read_text("utf-8")) if packed.exists() else None
        return (match[0] if match else None), None
    try:
        status = _git("status", "--porcelain", "--untracked-files=no")
        return _git("rev-parse", "HEAD"), bool(status)
    except (OSError, subprocess.SubprocessError) as error:  # no git, no commit, another's folder
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()
        hint = f"; say: git config --global --add safe.directory {ROOT}" * ("dubious" in str(said))
        print(f"no commit is recorded, since git says of {ROOT}: {said[0]}{hint}", file=sys.stderr)
        return None, None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
