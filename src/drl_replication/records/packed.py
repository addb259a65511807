"""The run records of a benchmark in one compressed file, `runs/{benchmark}.jsonl.gz`.

One record a line, whole. It serves where the file of a record is missing, so that many runs can be
kept in a repository; a record at its own place goes before it.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from drl_replication.records.strict_json import AGAIN, RecordError, parse_json

MAX_BYTES = 2**28  # unpacked: some 80,000 records


def pack(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Records as they stand in the file, by method and seed: the same bytes for the same ones."""
    ordered = sorted(records, key=lambda record: (record["method"], record["seed"]))
    lines = (json.dumps(record, separators=(",", ":"), allow_nan=False) for record in ordered)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def packed_path(path: Path) -> Path:
    """The file that may hold the record of a place `{benchmark}/{method}/seed_{seed}.json`."""
    folder = path.parent.parent
    return folder.parent / f"{folder.name}.jsonl.gz"


def holder(path: Path) -> Path:
    """The file that a record is read from: its own where that exists, else the packed one."""
    return path if path.exists() else packed_path(path)


def is_there(path: Path) -> bool:
    """Whether there is a record for a place, of its own or packed.

    Raises RecordError for a packed file that cannot be used.
    """
    return path.exists() or path.name in _names(path)


def _names(path: Path) -> Mapping[str, Any]:
    """What the packed file has of the method of a place: {`seed_0.json`: record}."""
    packed = packed_path(path)
    if not packed.exists():
        return {}
    stat = packed.stat()
    return _read(packed, stat.st_mtime_ns, stat.st_size).get(path.parent.name, {})


def read_packed(path: Path) -> dict[str, Any] | None:
    """The record of a place in the packed file, a copy, unchecked; None if there is none.

    Raises RecordError for a file that holds no records.
    """
    record = _names(path).get(path.name)
    return None if record is None else json.loads(json.dumps(record))


def places(runs: Path) -> list[Path]:
    """The places of all records below the folder `runs`, of their own or packed, in order.

    Raises RecordError for a packed file that cannot be used.
    """
    found = set(runs.glob("*/*/seed_*.json"))
    for packed in runs.glob("*.jsonl.gz"):
        folder = runs / packed.name.removesuffix(".jsonl.gz")
        stat = packed.stat()
        content = _read(packed, stat.st_mtime_ns, stat.st_size)
        found |= {folder / method / name for method, names in content.items() for name in names}
    return sorted(found)


@lru_cache(maxsize=16)
def _read(packed: Path, changed: int, size: int) -> dict[str, dict[str, Any]]:
    """By method and name of file; `changed` and `size` are those of the file that was read."""
    try:
        with gzip.open(packed) as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        found: dict[str, dict[str, Any]] = {}
        for line in data.decode().splitlines():
            record = parse_json(line, packed)
            name = f"seed_{record['seed']}.json"
            if found.setdefault(record["method"], {}).setdefault(name, record) is not record:
                raise ValueError(f"{record['method']}/{name} is there twice")
        if not found:
            raise ValueError("it is empty")
    except (
        OSError,
        EOFError,
        zlib.error,
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
    ) as error:
        raise RecordError(
            f"{packed} holds no packed run records ({error}): {AGAIN.replace('job', 'rule pack')}."
        ) from error
    return found
