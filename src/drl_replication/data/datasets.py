"""Datasets on disk: which files they need, whether these are the right ones, and their arrays.

Imports neither torch nor torchvision, which would cost every job seconds.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from drl_replication.data.errors import DataError
from drl_replication.data.formats import read_cifar, read_idx


@dataclass(frozen=True)
class Download:
    """A file as its host serves it, with the MD5 that torchvision publishes for it."""

    name: str
    bytes: int
    md5: str


@dataclass(frozen=True)
class DataFile:
    """A file as it is read: size and SHA-256 are those of the decompressed content."""

    name: str
    bytes: int
    sha256: str
    md5: str | None = None
    download: Download | None = None


@dataclass(frozen=True)
class Dataset:
    """One entry of datasets.yaml."""

    name: str
    title: str
    licence: str
    citation: str
    folder: str  # torchvision's, relative to the root of all datasets
    format: str  # "idx" or "cifar"
    image_shape: tuple[int, ...]
    classes: int
    training_images: int
    test_images: int
    sources: tuple[str, ...]
    files: tuple[DataFile, ...]
    training_files: tuple[str, ...]
    test_files: tuple[str, ...]
    archive: Download | None = None
    label_key: str | None = None
    training_images_by_class: tuple[int, ...] = ()  # where the classes differ
    embedded: bool = False  # made from an installed package, never downloaded

    def training_images_of(self, classes: Iterable[int]) -> int:
        """How many training images there are of these classes together."""
        each = self.training_images_by_class or self.classes * (
            self.training_images // self.classes,
        )
        return sum(each[label] for label in classes if label < self.classes)

    @property
    def checksums(self) -> dict[str, str]:
        """The SHA-256 of each file, by its path relative to the root."""
        return {f"{self.folder}/{file.name}": file.sha256 for file in self.files}


@dataclass(frozen=True)
class Images:
    """Images (N, *shape) as uint8 and their labels (N,) as int64."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def _download(entry: dict[str, Any] | None) -> Download | None:
    return None if entry is None else Download(**entry)


def _data_file(name: str, entry: dict[str, Any]) -> DataFile:
    return DataFile(name, **entry | {"download": _download(entry.get("download"))})


def _dataset(name: str, entry: dict[str, Any]) -> Dataset:
    lists = [key for key, value in entry.items() if isinstance(value, list)]
    return Dataset(
        name=name,
        **entry
        | {key: tuple(entry[key]) for key in lists}
        | {"files": tuple(_data_file(*item) for item in entry["files"].items())}
        | {"archive": _download(entry.get("archive"))},
    )


def _registry() -> dict[str, Dataset]:
    text = files("drl_replication.data").joinpath("datasets.yaml").read_text(encoding="utf-8")
    return {name: _dataset(name, entry) for name, entry in yaml.safe_load(text).items()}


DATASETS: dict[str, Dataset] = _registry()


def find(dataset: str) -> Dataset:
    """The registered dataset of that name.

    Raises:
        DataError: there is none.
    """
    if dataset not in DATASETS:
        raise DataError(f"dataset {dataset[:100]!r} is unknown; allowed: {', '.join(DATASETS)}")
    return DATASETS[dataset]


def dataset_root(dataset: str, data_dir: str | Path | None, default_dir: str | Path) -> Path:
    """The folder that `load` reads `dataset` under: the user's `data_dir`, if there is one.

    Embedded data always lie under `default_dir`, since nothing is ever written to `data_dir`.
    """
    if find(dataset).embedded or data_dir is None:
        return Path(default_dir)
    return Path(data_dir)


def verify(dataset: str, root: str | Path) -> dict[str, str]:
    """Check every file of `dataset` under `root`.

    Returns:
        The SHA-256 of the decompressed content of each, by its path relative to `root`.

    Raises:
        DataError: a file is missing, truncated, tampered with or swapped with another.
    """
    entry = find(dataset)
    for file in entry.files:
        read_checked(entry, file, Path(root) / entry.folder)
    return entry.checksums


def load(dataset: str, root: str | Path, checksums: Mapping[str, str] | None = None) -> Images:
    """Read the images of `dataset` under `root`; no byte is parsed before its checksum holds.

    Args:
        dataset: a name in `DATASETS`.
        root: the folder that holds all datasets in torchvision's layout.
        checksums: what a manifest says; must be the checksums of what is read.

    Returns:
        MNIST-likes as (N, 28, 28), CIFAR as (N, 3, 32, 32).

    Raises:
        DataError: a file is not the registered one, or not the one of the manifest.
    """
    entry, root = find(dataset), Path(root)
    if checksums is not None:
        _compare(entry, checksums)
    parsed = {}
    for file in entry.files:
        content = read_checked(entry, file, root / entry.folder)
        if file.name in entry.training_files + entry.test_files:
            parsed[file.name] = _parse(entry, content, root / entry.folder / file.name)
    train = _join(entry, [parsed[name] for name in entry.training_files])
    test = _join(entry, [parsed[name] for name in entry.test_files])
    return Images(*train, *test)


def _compare(entry: Dataset, checksums: Mapping[str, str]) -> None:
    for name in sorted(entry.checksums.keys() | checksums.keys()):
        ours, theirs = entry.checksums.get(name, "nothing"), checksums.get(name, "nothing")
        if ours != theirs:
            raise DataError(
                f"the manifest says {theirs} for {name}, but {entry.name} has {ours} there; "
                "make the manifest anew: snakemake --cores 1 --forcerun download"
            )


def read_checked(entry: Dataset, file: DataFile, folder: Path) -> bytes:
    """The decompressed content of one file in `folder`; MNIST-likes may be there as .gz instead.

    Raises:
        DataError: the file is missing or its content is not the registered one.
    """
    path = folder / file.name
    packed = folder / f"{file.name}.gz"
    if not path.is_file():
        if entry.format == "idx" and packed.is_file():
            return _read(packed, file)
        either = f" or {packed.name}" if entry.format == "idx" else ""
        raise DataError(
            f"{path}{either} of {entry.name} is missing; set data_dir (or DRL_DATA_DIR) to a "
            "folder that holds it in torchvision's layout, or unset both and run the download rule"
        )
    try:
        return _read(path, file)
    except DataError as error:
        if entry.format == "idx" and _is_right(packed, file):
            raise DataError(f"{error} ({packed.name} beside it is right)") from error
        raise


def _read(path: Path, file: DataFile) -> bytes:
    try:
        with path.open("rb") as stream:
            packed = path.suffix == ".gz"
            content = read_gzip(stream, file, path) if packed else stream.read(file.bytes + 1)
        check_content(content, file, path)
    except DataError as error:
        raise DataError(f"{error}; delete it and fetch it again") from error
    return content


def _is_right(path: Path, file: DataFile) -> bool:
    try:
        return path.is_file() and bool(_read(path, file))
    except DataError:
        return False


def read_gzip(stream: io.BufferedIOBase, file: DataFile, where: object) -> bytes:
    """Decompress `stream`, but no more than a byte past the registered size: it may be a bomb.

    Raises:
        DataError: it is truncated or not gzip.
    """
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            return unpacked.read(file.bytes + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{where} is truncated or no gzip file: {error}") from error


def check_content(content: bytes, file: DataFile, where: object) -> None:
    """Compare decompressed `content`, found at `where`, with what is registered for `file`.

    Raises:
        DataError: they differ; the message says in what.
    """
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataError(f"{where} {_difference(content, file)}")


def _difference(content: bytes, file: DataFile) -> str:
    digest = hashlib.sha256(content).hexdigest()
    for entry in DATASETS.values():
        for other in entry.files:
            if other.sha256 == digest:
                return f"holds the content of {other.name} of {entry.name}: it was swapped"
    if len(content) > file.bytes:
        return f"is too long: its content has more than the {file.bytes} bytes it should have"
    if len(content) < file.bytes:
        return f"is truncated: its content has {len(content)} bytes instead of {file.bytes}"
    return f"was changed: its content has SHA-256 {digest} instead of {file.sha256}"


def _parse(entry: Dataset, content: bytes, where: object) -> Any:
    if entry.format == "idx":
        return read_idx(content, where)
    return read_cifar(content, entry.label_key or "labels")


def _join(entry: Dataset, parts: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one split: two IDX arrays, or any number of CIFAR batches."""
    if entry.format == "cifar":
        parts = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    images, labels = parts[0], parts[1].astype(np.int64)
    # The bytes are the registered ones, so a surprise here is a mistake in the registry.
    assert images.shape[1:] == entry.image_shape, images.shape
    assert labels.shape == images.shape[:1], labels.shape
    return images, labels
