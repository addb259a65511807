"""Checkpoints: a killed run goes on from the last one, and ends as if nothing had happened.

The last two are kept, each written under another name first, so that whenever a process dies
there is a whole one; both are removed when the run's record is there.
"""

import hashlib
import io
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from drl_replication.files import leftovers, write_bytes_atomically

DIGEST_BYTES = 32  # SHA-256 of the rest of the file, before it


class Checkpoint:
    """The checkpoint of one run at `path`, for the run with a `fingerprint` and no other."""

    def __init__(self, path: Path, fingerprint: str):
        self.path, self.fingerprint = path, fingerprint
        self.previous = path.with_suffix(".previous")

    def save(self, state: dict[str, Any]) -> None:
        """Write a state of tensors and plain values; the one before it is kept as well."""
        content = io.BytesIO()
        torch.save({"fingerprint": self.fingerprint, "state": state}, content)
        data = content.getvalue()
        with suppress(FileNotFoundError):  # the first, or a twin has just finished the same run
            self.path.replace(self.previous)
        write_bytes_atomically(self.path, _digest(data) + data)

    def load(self) -> dict[str, Any] | None:
        """The last state that was written whole by a run with this fingerprint, if any."""
        for path in (self.path, self.previous):
            try:
                data = _read_checked(path)
                saved = torch.load(io.BytesIO(data), weights_only=True)  # runs no code from it
            except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError):
                continue  # none there, a damaged one, or none of ours
            if isinstance(saved, dict) and saved.get("fingerprint") == self.fingerprint:
                return saved["state"]
        return None

    def remove(self) -> None:
        """Forget both, and what a killed process was writing, when the run is finished."""
        for path in (self.path, self.previous, *leftovers(self.path)):
            path.unlink(missing_ok=True)


def _read_checked(path: Path) -> bytes:
    """What was saved at `path`; torch itself overlooks most flipped bits."""
    content = path.read_bytes() if path.is_file() else b""
    data = content[DIGEST_BYTES:]
    if _digest(data) != content[:DIGEST_BYTES]:
        raise ValueError(f"{path} is missing or damaged")
    return data


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def fingerprint(*facts: object, files: list[Path]) -> str:
    """Of all that a run depends on: a checkpoint of other settings, data or code is not used."""
    digest = hashlib.sha256(repr(facts).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
