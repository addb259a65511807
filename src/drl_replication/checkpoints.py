"""Checkpoints: a killed run goes on from the last one, and ends as if nothing had happened.

The last two are kept, each written under another name first, so that whenever a process dies
there is a whole one; both are removed when the run's record is there.
"""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import torch

from drl_replication.files import write_bytes_atomically


class Checkpoint:
    """The checkpoint of one run at `path`, for the run with a `fingerprint` and no other."""

    def __init__(self, path: Path, fingerprint: str):
        self.path, self.fingerprint = path, fingerprint
        self.previous = path.with_suffix(".previous")

    def save(self, state: dict[str, Any]) -> None:
        """Write a state of tensors and plain values; the one before it is kept as well."""
        content = io.BytesIO()
        torch.save({"fingerprint": self.fingerprint, "state": state}, content)
        if self.path.exists():
            self.path.replace(self.previous)
        write_bytes_atomically(self.path, content.getvalue())

    def load(self) -> dict[str, Any] | None:
        """The last state that was written whole by a run with this fingerprint, if any."""
        for path in (self.path, self.previous):
            try:
                saved = torch.load(path, weights_only=True)  # runs no code from the file
            except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError):
                continue  # none there, or a damaged one
            if isinstance(saved, dict) and saved.get("fingerprint") == self.fingerprint:
                return saved["state"]
        return None

    def remove(self) -> None:
        """Forget both, when the run is finished."""
        self.path.unlink(missing_ok=True)
        self.previous.unlink(missing_ok=True)


def fingerprint(*facts: object, files: list[Path]) -> str:
    """Of all that a run depends on: a checkpoint of other settings, data or code is not used."""
    digest = hashlib.sha256(repr(facts).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
