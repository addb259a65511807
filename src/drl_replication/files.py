"""Files that are either whole or not there."""

import errno
import os
import re
from contextlib import suppress
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
    except BaseException as error:  # also an interrupt: nothing may stay behind
        with suppress(OSError):  # it may not even be there
            temporary.unlink()
        if isinstance(error, OSError):  # a full disk's error names no file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def check_writable(folder: Path) -> None:
    """Raise OSError naming `folder` if it is there and cannot be written, root or not."""
    if folder.exists() and not os.access(folder, os.W_OK):
        number = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number), str(folder))


def leftovers(path: Path) -> list[Path]:
    """Temporary files for `path` of processes that were killed (or that are writing it now)."""
    if not path.parent.is_dir():
        return []
    return [p for p in path.parent.iterdir() if _is_temporary(p.name, path.name)]


def _is_temporary(name: str, final: str) -> bool:
    return re.fullmatch(rf"\.{re.escape(final)}\.[0-9]+\.tmp", name) is not None
