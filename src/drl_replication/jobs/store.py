"""The store: where the record of every finished run is kept, for ever, under its key.

Whoever finishes a run writes its record here first and then to its place under `runs/`. So what
Snakemake deletes after a failed job comes back, and a setting that is changed back finds its old
runs. Imports no torch: Snakemake plans with it.
"""

from pathlib import Path
from typing import Any

from drl_replication.files import write_bytes_atomically, write_once
from drl_replication.records.runs import read_anywhere, to_json
from drl_replication.records.strict_json import RecordError, UnreadableError, read_json
from drl_replication.study.runs import Run, key_of

OLDER = "0.1.0"  # the version that had no store


class Store:
    """The finished and unfinished runs of a folder of results."""

    def __init__(self, results: str | Path):
        self.results = Path(results)

    def check_version(self) -> None:
        """Raise ValueError for the results of the version before, whose code gave other digits."""
        records = sorted(self.results.glob("runs/*/*/seed_*.json"))
        if not records or (self.results / "store").exists():
            return
        try:
            version = read_json(records[0])["provenance"]["package_version"]
        except (RecordError, RecursionError, KeyError, TypeError):
            return  # damaged, or made by hand: told where it is used
        if version == OLDER:
            raise ValueError(
                f"{self.results} holds runs of version {OLDER}, whose code gave other digits; "
                "allowed: another results_dir, or records_only: true to use them as they are"
            )

    def record(self, key: str) -> Path:
        """Where the record of a finished run is kept."""
        return self.results / "store" / f"{key}.json"

    def checkpoint(self, key: str) -> Path:
        """Where the state of a run under way is kept."""
        return self.results / "checkpoints" / f"{key}.pt"

    def find(self, key: str) -> dict[str, Any] | None:
        """The record of a finished run; None if there is none, or only a damaged one.

        Raises:
            UnreadableError: there may be one, but it cannot be read now.
        """
        return _valid(self.record(key), key)

    def has(self, key: str, run: Run) -> bool:
        """Whether a run is finished, be it in the store or at its place. Raises as `find`."""
        at_place = (self.results / run.path).exists() and not self.holds_other(key, run)
        return at_place or self.find(key) is not None

    def keep(self, record: dict[str, Any]) -> None:
        """Store the record of a finished run. A twin that was faster keeps its own there.

        Raises RecordError when it is not valid, OSError when the place doesn't allow writing.
        """
        key = key_of(record)
        path = self.record(key)
        if not write_once(path, to_json(record, path).encode()) and self.find(key) is None:
            write_bytes_atomically(path, to_json(record, path).encode())  # over a damaged one

    def put(self, key: str, run: Run) -> None:
        """Bring the record of a finished run to its place; what stands there may be replaced."""
        self.adopt(run)
        write_bytes_atomically(self.results / run.path, self.record(key).read_bytes())

    def holds_other(self, key: str, run: Run) -> bool:
        """Whether something else than a record of this key stands at the place of a run.

        A glance for planning, at thousands of records: they are checked whole where they are used.
        Raises UnreadableError as :func:`find`.
        """
        path = self.results / run.path
        try:
            return path.exists() and key_of(read_json(path)) != key
        except UnreadableError:
            raise
        except (RecordError, RecursionError, KeyError, TypeError, AttributeError):
            return True  # damaged, or no record at all

    def adopt(self, run: Run) -> None:
        """Keep what stands at the place of a run, if it is a record that the store lacks."""
        record = _valid(self.results / run.path)
        if record is not None and self.find(key_of(record)) is None:
            self.keep(record)

    def put_back(self, keys: dict[Run, str]) -> None:
        """Bring back the finished ones of these runs that are missing at their places."""
        for run, key in keys.items():
            if not (self.results / run.path).exists() and self.find(key) is not None:
                self.put(key, run)


def _valid(path: Path, key: str | None = None) -> dict[str, Any] | None:
    """The record at `path`, if it is a whole one, and of that key."""
    try:
        record = read_anywhere(path)
    except UnreadableError:
        raise
    except RecordError:
        return None
    return record if key in (None, key_of(record)) else None
