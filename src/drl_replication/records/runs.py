"""Run records: one JSON file a run, checked whenever it is written or read."""

import json
import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jsonschema.exceptions import best_match

from drl_replication.files import write_text_atomically
from drl_replication.measures.continual import (
    average_accuracy,
    average_forgetting,
)
from drl_replication.records.packed import is_there, read_packed
from drl_replication.records.schemas import Validator
from drl_replication.records.settings import check_settings, settings_digest
from drl_replication.records.strict_json import AGAIN, RecordError, read_json, readable_json

SCHEMA_VERSION = 1
TOLERANCE = 1e-9


def accuracy_matrix(record: Mapping) -> np.ndarray:
    """The accuracy matrix of a record, shape (T, T), with NaN where the record has null."""
    return np.array(record["accuracy_matrix"], dtype=float)


def record_path(root: str | Path, benchmark: str, method: str, seed: int) -> Path:
    """Where a run's record stands under `root`: `{benchmark}/{method}/seed_{seed}.json`."""
    return Path(root, benchmark, method, f"seed_{seed}.json")


def write_record(path: str | Path, record: Mapping) -> None:
    """Check a record and write it: either whole or not at all.

    Raises RecordError when `read_record` would refuse it, ValueError when it holds NaN or
    infinity, OSError when the place doesn't allow writing.
    """
    text = to_json(record, Path(path))
    _check_place(record, Path(path))
    write_text_atomically(path, text)


def to_json(record: Mapping, path: Path) -> str:
    """A record as it is written to `path`. Raises RecordError and ValueError as `write_record`."""
    text = readable_json(record)
    _check(json.loads(text), path)
    return text


def read_record(path: str | Path, settings: Mapping | None = None) -> dict:
    """Read the record of a run at its place, or the packed one of that place, and check it.

    Raises RecordError as `read_anywhere`, for a record that belongs elsewhere, and for one that
    was made with other settings than `settings`, where they are given.
    """
    path = Path(path)
    record = None if path.exists() else read_packed(path)
    if record is None:
        record = read_anywhere(path)
    else:
        _check(record, path)
    _check_place(record, path)
    if settings is not None:
        check_settings(record["settings"], settings, path)
    return record


def read_anywhere(path: Path) -> dict:
    """Read a record and check its schema and consistency, wherever it stands.

    Raises RecordError, in one sentence, for a file that is missing, unreadable, too large or too
    deep, not JSON, of another schema version, against the schema, or inconsistent in itself.
    """
    try:
        record = read_json(path)
        _check(record, path)
    except RecursionError:
        raise RecordError(f"{path} is nested too deeply to be a run record: {AGAIN}.") from None
    return record


def _check_place(record: Mapping, path: Path) -> None:
    place = record_path("", *(record[key] for key in ("benchmark", "method", "seed")))
    if path.absolute().parts[-3:] != place.parts:
        raise RecordError(
            f"{path} contradicts itself: it says that it belongs at .../{place}; {AGAIN}."
        )


@cache
def _validator() -> Any:
    source = files("drl_replication.records").joinpath("run.schema.json")
    return Validator(json.loads(source.read_text(encoding="utf-8")))


def _check(record: Any, path: Path) -> None:
    _check_version(record, path)
    error = best_match(_validator().iter_errors(record))
    if error is not None:
        message = textwrap.shorten(error.message, 200, placeholder=" ...")
        raise RecordError(f"{path} breaks the schema at {error.json_path}: {message}; {AGAIN}.")
    for problem in _problems(record):
        raise RecordError(f"{path} contradicts itself: {problem[:500]}; {AGAIN}.")


def _check_version(record: Any, path: Path) -> None:
    version = record.get("schema_version") if isinstance(record, dict) else None
    if type(version) is not int:
        raise RecordError(
            f"{path} is no run record, since it is not an object with an integer "
            f"schema_version: {AGAIN}."
        )
    if version > SCHEMA_VERSION:
        raise RecordError(
            f"{path} has schema_version {version}, newer than {SCHEMA_VERSION}, which this "
            "version of the package reads: update the package."
        )
    if version < SCHEMA_VERSION:
        raise RecordError(
            f"{path} has schema_version {version}, older than {SCHEMA_VERSION}, which this "
            f"version of the package reads: {AGAIN}."
        )


def _problems(record: dict) -> Iterator[str]:
    """What the schema cannot say, in sentences; later ones count on the earlier ones."""
    yield from _identity_problems(record)
    yield from _matrix_problems(record)
    yield from _measure_problems(record)


def _identity_problems(record: dict) -> Iterator[str]:
    settings, digest = record["settings"], record["settings_digest"]
    if digest != settings_digest(settings):
        yield f"settings_digest is {digest}, but its settings have {settings_digest(settings)}"
    run = [record[key] for key in ("benchmark", "method", "seed")]
    for key, value in zip(("benchmark", "method", "seed"), run, strict=True):
        if settings.get(key, value) != value:
            yield f"{key} is {value!r}, but settings.{key} is {settings[key]!r}"
    dataset = record["provenance"]["data"]["dataset"]
    if settings.get("dataset", dataset) != dataset:
        yield f"it was made from {dataset!r}, but settings.dataset is {settings['dataset']!r}"


def _matrix_problems(record: dict) -> Iterator[str]:
    rows, diverged = record["accuracy_matrix"], record["diverged"]
    tasks = len(rows)
    reached = sum(row != [None] * len(row) for row in rows)
    if reached == tasks and diverged:
        yield "diverged is true, but the last row of accuracy_matrix is there"
    if reached < tasks and not diverged:
        yield "diverged is false, but accuracy_matrix has rows of nulls only"
    for t, row in enumerate(rows):
        filled = t + 1 if t < reached else 0
        if [value is not None for value in row] != [i < filled for i in range(tasks)]:
            wanted = f"{filled} numbers, then {tasks - filled} nulls"
            yield f"row {t} of accuracy_matrix does not hold {wanted}"
    counts = len(record["memory"]["counts"])
    if counts > tasks or (counts < tasks and not diverged):
        yield f"memory.counts has {counts} rows for {tasks} tasks"


def _measure_problems(record: dict) -> Iterator[str]:
    if record["diverged"]:
        return
    a = accuracy_matrix(record)
    expected = {
        "average_accuracy": average_accuracy(a),
        "average_forgetting": average_forgetting(a),
        "rho": record["rho_readings"]["hidden"]["floor"],
    }
    for key, value in expected.items():
        if not math.isclose(record[key], value, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            source = "rho_readings" if key == "rho" else "accuracy_matrix"
            yield f"{key} is {record[key]!r}, but {source} gives {value!r}"


def collect(
    paths: Iterable[str | Path], settings: Mapping[str, Mapping[str, Mapping]]
) -> list[dict]:
    """Read the records at `paths`; `settings` are {benchmark: {method: settings}} of all expected.

    Raises RecordError naming every missing file, or the first record that cannot be used or was
    made with other settings; ValueError for no paths, or one that is not of an expected run.
    """
    places = [Path(path) for path in paths]
    if not places:
        raise ValueError("No run is expected, but a table needs one at least: select some.")
    expected = {(b, m): s for b, methods in settings.items() for m, s in methods.items()}
    pairs = [(path.parts[-3], path.parts[-2]) for path in places]
    for path, pair in zip(places, pairs, strict=True):
        if pair not in expected:
            raise ValueError(
                f"{path} is not one of the expected runs, which are of: "
                f"{', '.join('/'.join(key) for key in expected)}."
            )
    missing = [str(path) for path in places if not is_there(path)]
    if missing:
        raise RecordError(
            f"{len(missing)} of {len(places)} run records are missing: {', '.join(missing)}: "
            "run the jobs that make them."
        )
    return [read_record(path, expected[pair]) for path, pair in zip(places, pairs, strict=True)]
