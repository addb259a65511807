"""Files that are either whole or not there."""

import os
from pathlib import Path


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8; otherwise as :func:`write_bytes_atomically`."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` so that a killed process or a full disk leaves no half-written file.

    The data go to a temporary file of the same folder (made if needed), which then takes the
    place of `path` in one step. Raises OSError when the folder or the disk doesn't allow it; what
    stood at `path` before is then still there.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # also an interrupt: nothing may stay behind
        temporary.unlink(missing_ok=True)
        raise
