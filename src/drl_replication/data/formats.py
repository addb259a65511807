"""The two file formats of the datasets: IDX (MNIST) and pickled batches (CIFAR)."""

import io
import math
import pickle

import numpy as np

from drl_replication.data.errors import DataError


def read_idx(content: bytes, where: object = "IDX data") -> np.ndarray:
    """Parse the IDX format: 0, 0, type (8 for uint8), rank, big-endian sizes, then the values.

    Returns:
        A writable uint8 array of the shape in the header, such as (N, 28, 28) or (N,).

    Raises:
        DataError: the header is none, is for another type, or doesn't match the length.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08" or content[3] not in (1, 2, 3):
        raise DataError(f"{where} starts with {content[:4]!r}, which is no IDX header of images")
    values_at = 4 + 4 * content[3]
    if len(content) <= values_at:
        raise DataError(f"{where} ends after {len(content)} bytes, before any value")
    sizes = [int.from_bytes(content[i : i + 4], "big") for i in range(4, values_at, 4)]
    values = np.frombuffer(content, np.uint8, offset=values_at)
    if math.prod(sizes) != values.size:
        raise DataError(f"{where} has {values.size} values, but its IDX header says {sizes}")
    return values.reshape(sizes).copy()


# What a damaged pickle ends with, besides DataError; its documentation promises no fewer.
UNPICKLING_ERRORS = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)


class _ArrayUnpickler(pickle.Unpickler):
    """Builds NumPy arrays and plain containers, and nothing that could run code."""

    allowed = {  # noqa: RUF012
        # NumPy's own takes a type and fills it later; an empty array does as well.
        ("numpy.core.multiarray", "_reconstruct"): lambda *_: np.ndarray(0, np.uint8),
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in self.allowed:
            raise DataError(f"the pickle asks for {module}.{name}, which no CIFAR batch needs")
        return self.allowed[module, name]


def read_cifar(content: bytes, label_key: str, where: object) -> tuple[np.ndarray, np.ndarray]:
    """Parse one CIFAR batch, whose checksum must have been compared before.

    Returns:
        Images (N, 3, 32, 32) as uint8 and labels (N,) as int64.

    Raises:
        DataError: the pickle asks for anything but arrays, or has no such labels.
    """
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    except UNPICKLING_ERRORS as error:
        raise DataError(f"{where} is no pickle of arrays: {error}") from error
    if not isinstance(batch, dict) or not {b"data", label_key.encode()} <= batch.keys():
        raise DataError(f"{where} is no CIFAR batch with data and {label_key}")
    images = batch[b"data"]
    if not (isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 2):
        raise DataError(f"{where} has data that are no rows of bytes")
    try:
        labels = np.array(batch[label_key.encode()], np.int64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} has {label_key} that are no numbers: {error}") from error
    if images.shape[1] != 3 * 32 * 32 or labels.shape != images.shape[:1]:
        raise DataError(f"{where} has data {images.shape} for {label_key} {labels.shape}")
    return images.reshape(-1, 3, 32, 32), labels
