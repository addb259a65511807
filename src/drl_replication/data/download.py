"""Get datasets: from torchvision's addresses, from mirrors, or from an installed package.

Whatever a source sends, only content with the registered SHA-256 is ever written under its final
name, and every write is atomic.
"""

import gzip
import io
import tarfile
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util import Retry

from drl_replication.data.datasets import (
    DataFile,
    Dataset,
    check_content,
    dataset_root,
    find,
    read_checked,
    read_gzip,
    verify,
)
from drl_replication.data.embedded import embed
from drl_replication.data.errors import DataError, DownloadError, SourceError, without_secrets
from drl_replication.data.manifests import write_manifest
from drl_replication.files import write_bytes_atomically

CHUNK = 1 << 16
SLOWEST_BYTES_PER_SECOND = 100_000  # a source that is slower for a whole file counts as stuck
FIRST_PAUSE_SECONDS = 0.5  # before a third attempt, since the second one is made at once; doubles
ASK_LATER = {408, 425, 429, 500, 502, 503, 504}  # HTTP answers that another attempt may change
LONGEST_SECONDS = 86_400  # of silence: a day
GZIP_OVERHEAD = 4096  # more than gzip adds to bytes that it cannot compress
TAR_OVERHEAD = 1 << 20  # headers, padding and the small text files beside CIFAR's batches


@dataclass(frozen=True)
class Item:
    """What is downloaded in one piece: the .gz of one file, or an archive of several."""

    name: str
    files: tuple[DataFile, ...]
    limit: int  # bytes: no compression makes a file larger than it is


def prepare(
    dataset: str,
    manifest_path: str | Path,
    data_dir: str | Path | None = None,
    default_dir: str | Path = "data",
    mirrors: Sequence[str] = (),
    attempts: int = 3,
    timeout_seconds: float = 30,
    log: Callable[[str], None] = print,
) -> None:
    """Make sure that `dataset` is there, then write its manifest.

    A given `data_dir` is used as it is: nothing is downloaded or written there. Otherwise the
    data go to `default_dir`, as the embedded data always do.

    Raises:
        DataError: `data_dir` lacks the dataset or holds a wrong file.
        DownloadError: no source has it.
        OSError: `default_dir` or the manifest cannot be written.
    """
    root = dataset_root(dataset, data_dir, default_dir)
    if data_dir is None or find(dataset).embedded:
        checksums = fetch(dataset, root, mirrors, attempts, timeout_seconds, log)
    else:
        checksums = _use(dataset, root)
    write_manifest(manifest_path, dataset, checksums)
    log(f"{dataset}: all {len(checksums)} files under {root} have the registered SHA-256")


def _use(dataset: str, root: Path) -> dict[str, str]:
    if not root.is_dir():
        raise DataError(
            f"data_dir (or DRL_DATA_DIR) is {root}, which is no folder; set it to one that holds "
            f"{find(dataset).folder}, or unset it to have {dataset} downloaded"
        )
    try:
        return verify(dataset, root)
    except DataError as error:
        raise DataError(
            f"data_dir (or DRL_DATA_DIR) {root} has no right copy of {dataset}, and nothing is "
            f"ever downloaded into it: {error}"
        ) from error


def fetch(
    dataset: str,
    root: str | Path,
    mirrors: Sequence[str] = (),
    attempts: int = 3,
    timeout_seconds: float = 30,
    log: Callable[[str], None] = print,
) -> dict[str, str]:
    """Complete `dataset` under `root` in torchvision's layout; what is right already is kept.

    Args:
        dataset: a name in `DATASETS`.
        root: the folder of all datasets.
        mirrors: tried after torchvision's sources: http, https or file URLs, or folders.
        attempts: how often to ask a source that doesn't answer or breaks off.
        timeout_seconds: how long it may be silent; a whole file may take as much longer as
            `SLOWEST_BYTES_PER_SECOND` allows.
        log: told what is fetched from where.

    Returns:
        The SHA-256 of each file by its path relative to `root`.

    Raises:
        ValueError: a mirror or a number is not of the allowed kind.
        DownloadError: no source has the right file, each listed with its reason.
        OSError: `root` cannot be written.
    """
    entry, root = find(dataset), Path(root)
    if entry.embedded:
        return embed(root)
    if attempts < 1 or not 0 < timeout_seconds <= LONGEST_SECONDS:  # nor NaN
        raise ValueError(
            f"download has attempts {attempts} and timeout_seconds {timeout_seconds}; "
            f"allowed: at least 1, more than 0 and at most {LONGEST_SECONDS}"
        )
    folder = root / entry.folder
    folder.mkdir(parents=True, exist_ok=True)
    source = Source(entry, folder, attempts, timeout_seconds, log)
    places = [*entry.sources, *(place for mirror in mirrors for place in _places(entry, mirror))]
    for item in _items(entry):
        if _complete(entry, item, folder, log):
            continue
        worked = _obtain(source, item, places)
        # The next file asks the same place first: the others may take long to fail.
        places.remove(worked)
        places.insert(0, worked)
    return verify(dataset, root)


def _places(entry: Dataset, mirror: str) -> list[str | Path]:
    """Where a mirror may hold the files: directly, or in torchvision's folder."""
    mirror = str(mirror)
    try:
        url = urlsplit(mirror)
        url = url if url.port != 0 else urlsplit("unknown:")
    except ValueError:  # of brackets or a port that are none
        url = urlsplit("unknown:")
    if url.scheme in ("http", "https") and url.hostname:
        base = url._replace(path=url.path.rstrip("/") + "/", fragment="")
        return [base.geturl(), base._replace(path=f"{base.path}{entry.folder}/").geturl()]
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        folder = Path(url2pathname(url.path))
    elif url.scheme or not mirror:
        raise ValueError(
            f"download.mirrors.{entry.name} has {without_secrets(mirror)!r}; allowed: an http, "
            "https or file URL, or a folder"
        )
    else:
        folder = Path(mirror)
    return [folder, folder / entry.folder]


def _items(entry: Dataset) -> list[Item]:
    if entry.archive is not None:
        limit = sum(file.bytes for file in entry.files) + TAR_OVERHEAD
        return [Item(entry.archive.name, entry.files, limit)]
    return [Item(f"{f.name}.gz", (f,), f.bytes + GZIP_OVERHEAD) for f in entry.files]


def _complete(entry: Dataset, item: Item, folder: Path, log: Callable[[str], None]) -> bool:
    """Whether `folder` has the files already; a lone .gz is decompressed beside itself."""
    for file in item.files:
        try:
            content = read_checked(entry, file, folder)
        except DataError as error:
            if (folder / file.name).is_file():
                log(f"{entry.name}: {error}")
            return False
        if not (folder / file.name).is_file():  # torchvision reads it decompressed
            write_bytes_atomically(folder / file.name, content)
    return True


def _obtain(source: "Source", item: Item, places: list[str | Path]) -> str | Path:
    """Write the files of `item` from the first place that has them; return that place."""
    reasons = []
    for place in places:
        try:
            for name, content in source.contents(item, place):
                write_bytes_atomically(source.folder / name, content)
        except (SourceError, DataError) as error:
            reasons.append(f"  {without_secrets(str(place))}: {error}")
            continue
        source.log(f"{source.entry.name}: {item.name} from {without_secrets(str(place))}")
        return place
    raise DownloadError(
        "\n".join(
            [
                f"{item.name} of {source.entry.name} is at none of its sources:",
                *reasons,
                f"Set download.mirrors.{source.entry.name} to an http, https or file URL or a "
                "folder that has it, or data_dir (or DRL_DATA_DIR) to a folder with "
                f"{source.entry.folder} in torchvision's layout.",
            ]
        )
    )


@dataclass(frozen=True)
class Source:
    """How to ask any place for the files of one dataset, which will go to `folder`."""

    entry: Dataset
    folder: Path
    attempts: int
    timeout_seconds: float
    log: Callable[[str], None]

    def contents(self, item: Item, place: str | Path) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the checked content of each file to store.

        Raises:
            SourceError, DataError: the place doesn't have `item`, or not the right one.
            DownloadError: there is no room for it here.
        """
        if isinstance(place, Path):
            try:
                yield from self._from_folder(item, place)
            except OSError as error:
                raise SourceError(f"cannot be read: {error.strerror or error}") from error
            return
        url = urlsplit(place)  # a query stays a query
        with self._download(item, url._replace(path=url.path + item.name).geturl()) as stream:
            yield from _unpack(self.entry, item, stream)

    def _from_folder(self, item: Item, folder: Path) -> Iterator[tuple[str, bytes]]:
        packed = folder / item.name
        if packed.is_file():
            if packed.stat().st_size > item.limit:
                raise SourceError(f"{packed} is larger than the {item.limit} bytes it may have")
            with packed.open("rb") as stream:
                yield from _unpack(self.entry, item, stream)
        elif all((folder / file.name).is_file() for file in item.files):
            for file in item.files:
                yield file.name, read_checked(self.entry, file, folder)
        else:
            raise SourceError(f"has neither {item.name} nor its content")

    def _download(self, item: Item, url: str) -> BinaryIO:
        """Everything that `url` sends, asking again after a pause if that may help."""
        for attempt in range(1, self.attempts + 1):
            retry = _Retry(
                self.attempts - attempt, status_forcelist=ASK_LATER, raise_on_status=False,
                respect_retry_after_header=False, backoff_factor=FIRST_PAUSE_SECONDS,
            )  # fmt: skip
            try:
                return _get(url, item.limit, self.timeout_seconds, self.folder, retry)
            except _BrokeOffError as error:
                reason = error
            if attempt < self.attempts:
                self.log(f"{self.entry.name}: {without_secrets(url)}: {reason}; trying again")
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        raise SourceError(f"{reason} ({self.attempts} attempts)") from reason


class _BrokeOffError(Exception):
    """It answered, but didn't send all; another attempt may help, which `Retry` doesn't make."""


class _Retry(Retry):
    def increment(self, *arguments: Any, **options: Any) -> Retry:  # type: ignore[override]
        error = options.get("error")
        if isinstance(error, ConnectTimeoutError):
            raise error  # who drops packets for this long is behind a firewall, not busy
        return super().increment(*arguments, **options)


def _get(url: str, limit: int, timeout_seconds: float, folder: Path, retry: Retry) -> BinaryIO:
    """At most `limit` bytes from `url`, in a nameless temporary file of `folder`.

    The transfer has a thread of its own, which is left alone after the deadline: a socket's
    timeout starts anew with each byte, and looking up a name has none.
    """
    attempts = 1 + int(retry.total or 0)
    seconds = attempts * (timeout_seconds + limit / SLOWEST_BYTES_PER_SECOND)
    deadline = time.monotonic() + seconds
    scratch = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the caller closes it)
    outcome: Future[None] = Future()
    abandoned = threading.Event()

    def transfer() -> None:
        try:
            _receive(url, scratch, limit, timeout_seconds, deadline, retry)
            outcome.set_result(None)
        except Exception as error:  # whatever it is, the waiting thread raises it
            scratch.close()
            outcome.set_exception(error)
        if abandoned.is_set():
            scratch.close()

    threading.Thread(target=transfer, daemon=True).start()
    try:
        outcome.result(seconds)
    except TimeoutError as error:
        abandoned.set()
        if outcome.done():
            scratch.close()
        raise SourceError(f"not done after {seconds:.0f} seconds") from error
    scratch.seek(0)
    return scratch


def _receive(
    url: str, into: BinaryIO, limit: int, timeout_seconds: float, deadline: float, retry: Retry
) -> None:
    """Write what `url` sends; turn what goes wrong into SourceError or _BrokeOffError."""
    # Uncompressed: a .gz that was unpacked on the way would not be the file.
    headers = {"User-Agent": "drl-replication", "Accept-Encoding": "identity"}
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        try:
            response = session.get(url, headers=headers, timeout=timeout_seconds, stream=True)
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise SourceError(f"doesn't answer: {_innermost(error, url)}") from error
        with response:
            if not response.ok:
                tried = f" ({1 + int(retry.total or 0)} attempts)" * (
                    response.status_code in ASK_LATER
                )
                reason = f"{response.status_code} {response.reason}"
                raise SourceError(f"answers HTTP {reason}{tried}")
            _copy(response, into, limit, deadline)


def _copy(response: requests.Response, into: BinaryIO, limit: int, deadline: float) -> None:
    announced = response.raw.length_remaining or 0  # none if it comes in chunks
    received = 0
    if announced > limit:
        raise SourceError(f"announces {announced} bytes, but at most {limit} can be right")
    try:
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            received += len(chunk)
            if received > limit:
                raise SourceError(f"sends more than {limit} bytes, which cannot be right")
            if time.monotonic() > deadline:
                raise SourceError("too slow")
            _store(chunk, into)
    except HTTPError as error:
        raise _BrokeOffError(f"broke off: {_innermost(error, response.url)}") from error


def _innermost(error: BaseException, url: str) -> str:
    """What went wrong, without the layers around it, which quote the URL's query."""
    for inner in (getattr(error, "reason", None), *error.args):
        if isinstance(inner, Exception):
            return _innermost(inner, url)
    query = urlsplit(url).query
    text = str(error).replace(query, "***") if query else str(error)
    return without_secrets(text)


def _store(chunk: bytes, into: BinaryIO) -> None:
    try:
        into.write(chunk)
        into.flush()
    except OSError as error:  # no fault of the source: no other one will help
        raise DownloadError(f"what is downloaded cannot be stored: {error.strerror}") from error


def _unpack(entry: Dataset, item: Item, stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the checked content of each file to store from a .gz or an archive."""
    if entry.archive is not None:
        yield from _unpack_archive(entry, item, stream)
        return
    (file,) = item.files
    packed = stream.read()
    content = read_gzip(io.BytesIO(packed), file, item.name)
    check_content(content, file, item.name)
    yield item.name, packed  # as torchvision keeps it
    yield file.name, content


def _unpack_archive(entry: Dataset, item: Item, stream: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Only registered members, by their whole name; whatever else is inside is never written."""
    wanted = {f"{entry.folder}/{file.name}": file for file in item.files}
    try:
        with (
            gzip.GzipFile(fileobj=stream) as unpacked,
            tarfile.open(fileobj=cast(BinaryIO, _Limited(unpacked, item.limit)), mode="r|") as tar,
        ):
            for member in tar:
                if member.name in wanted:
                    file = wanted.pop(member.name)
                    yield file.name, _member(tar, member, file)
                if not wanted:
                    return
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise SourceError(f"{item.name} is truncated or no tar.gz archive: {error}") from error
    raise SourceError(f"{item.name} lacks {', '.join(sorted(wanted))}")


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo, file: DataFile) -> bytes:
    stream = tar.extractfile(member) if member.isreg() and member.size == file.bytes else None
    if stream is None:
        raise SourceError(f"{member.name} inside is no plain file of {file.bytes} bytes")
    content = stream.read()
    check_content(content, file, member.name)
    return content


class _Limited:
    """A stream that ends with an error when it goes on for too long: it may be a bomb."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self.stream, self.left = stream, limit

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        self.left -= len(chunk)
        if self.left < 0:
            raise SourceError("unpacks to more than all its files together")
        return chunk
