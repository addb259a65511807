"""Files that are either whole or not there."""

import errno
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

ABANDONED_SECONDS = 3600  # after which nobody is still writing a temporary file
TEMPORARY_BYTES = 2**18  # what a workflow needs room for in the folder for temporary files


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8; otherwise as :func:`write_bytes_atomically`."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` so that a killed process or a full disk leaves no half-written file.

    The data go to a temporary file of the same folder (made if needed), which then takes the
    place of `path` in one step. Raises OSError when the folder or the disk doesn't allow it; what
    stood at `path` before is then still there.
    """
    with _written(Path(path), data) as temporary:
        temporary.replace(path)


def write_once(path: Path, data: bytes) -> bool:
    """Write `data` to `path` unless something is there; returns whether it was written.

    Of several processes on several machines that write at once, one does. Otherwise as
    :func:`write_bytes_atomically`.
    """
    with _written(path, data) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if path.exists():
                return False
            temporary.replace(path)
    return True


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """A temporary file beside `path` that holds `data`; it is gone in the end, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")  # unique across machines
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    except OSError as error:  # a full disk's error names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:  # also after an interrupt
        with suppress(OSError):  # it may not even be there
            temporary.unlink()


def check_writable(folder: Path) -> None:
    """Raise OSError naming `folder` if it is there and cannot be written, root or not."""
    if folder.exists() and not os.access(folder, os.W_OK):
        number = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number), str(folder))


def check_folder(folder: Path) -> None:
    """Raise OSError naming a file that stands where `folder` is, or should come to be."""
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def check_temporary() -> None:
    """Raise OSError naming the folder for temporary files if nothing can be written to it.

    Python goes on to another folder then; the solver that Snakemake asks does not.
    """
    names = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    folder = names[0] if names else tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(TEMPORARY_BYTES))
            file.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, folder) from error


def leftovers(path: Path) -> list[Path]:
    """Temporary files for `path` that processes left which were killed long ago."""
    if not path.parent.is_dir():
        return []
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{32}}\.tmp")
    return [p for p in path.parent.iterdir() if name.fullmatch(p.name) and _is_abandoned(p)]


def _is_abandoned(temporary: Path) -> bool:
    try:
        return time.time() - temporary.stat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:  # its writer has just finished
        return False


# How whole files end; what a full disk or a power loss left ends otherwise.
ENDINGS = {
    **dict.fromkeys((".csv", ".json", ".md", ".tex"), b"\n"),
    ".html": b"</html>",
    ".pdf": b"%%EOF\n",
    ".png": b"IEND\xaeB`\x82",
    ".svg": b"</svg>\n",
}


def is_cut(path: Path) -> bool:
    """Whether a file is empty or lacks its end, as far as its kind tells."""
    ending = ENDINGS.get(path.suffix, b"")
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - max(1, len(ending))))
        return size == 0 or not file.read().endswith(ending)


def cut(results: Path) -> list[Path]:
    """What lacks its end of the files in `results` and the folders of what is made there.

    What is written in one step lacks it only after a power loss or the like.
    """
    folders = ("data", "tables", "figures", "experiments", "studies", "plan")
    found = (*results.glob("*.*"), *(p for name in folders for p in results.glob(f"{name}/**/*.*")))
    return [path for path in found if path.suffix in ENDINGS and path.is_file() and is_cut(path)]
