"""The two file formats of the datasets: IDX (MNIST) and pickled batches (CIFAR)."""

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


def read_cifar(content: bytes, label_key: str) -> tuple[np.ndarray, np.ndarray]:
    """Parse one CIFAR batch, whose checksum must have been compared: a pickle can run anything.

    Returns:
        Images (N, 3, 32, 32) as uint8 and labels (N,) as int64.
    """
    batch = pickle.loads(content, encoding="bytes")
    return batch[b"data"].reshape(-1, 3, 32, 32), np.array(batch[label_key.encode()], np.int64)
