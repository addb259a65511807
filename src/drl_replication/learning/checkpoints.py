"""Checkpoints: a killed run goes on from the last one, and ends as if nothing had happened.

The last two are kept, each written under another name first, so that whenever a process dies
there is a whole one; both are removed when the run's record is there.
"""

import hashlib
import io
import pickle
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from drl_replication.files import leftovers, write_bytes_atomically

MAGIC = b"DRL checkpoint 2\n"
DIGEST_BYTES, LENGTH_BYTES = 32, 8
HEADER_BYTES = len(MAGIC) + DIGEST_BYTES + LENGTH_BYTES  # the SHA-256 and the length of the rest
MAX_BYTES = 2**34  # some thousand times the largest network's


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
        write_bytes_atomically(self.path, _header(data) + data)

    def load(self) -> dict[str, Any] | None:
        """The last state that was written whole by a run with this fingerprint, if any.

        Raises OSError naming the file when there may be one, but it cannot be read now.
        """
        for path in (self.path, self.previous):
            try:
                data = _read_checked(path)
                saved = torch.load(io.BytesIO(data), weights_only=True)  # runs no code from it
            except (FileNotFoundError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError):
                continue  # none there, a damaged one, or none of ours
            except OSError as error:  # a failing disk's names no file
                raise OSError(error.errno, error.strerror, str(path)) from error
            if isinstance(saved, dict) and saved.get("fingerprint") == self.fingerprint:
                return saved["state"]
        return None

    def remove(self) -> None:
        """Forget both, and what a killed process was writing, when the run is finished."""
        for path in (self.path, self.previous, *leftovers(self.path)):
            path.unlink(missing_ok=True)


def _header(data: bytes) -> bytes:
    length = len(data).to_bytes(LENGTH_BYTES, "big")
    return MAGIC + hashlib.sha256(length + data).digest() + length


def _read_checked(path: Path) -> bytes:
    """What was saved at `path`; torch itself overlooks most flipped bits.

    Nothing is read before the file's size is the one that its header tells.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # a pipe or device may never end
        raise ValueError(f"{path} is no file")
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
        length, size = int.from_bytes(header[-LENGTH_BYTES:], "big"), status.st_size
        if not header.startswith(MAGIC) or length > MAX_BYTES or size != HEADER_BYTES + length:
            raise ValueError(f"{path} is no whole checkpoint")
        data = file.read(length)
    if _header(data) != header:
        raise ValueError(f"{path} is damaged")
    return data


def fingerprint(*facts: str) -> str:
    """Of all that a run depends on: a checkpoint of other settings, data or code is not used."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()
