"""Run records: one JSON file a run, checked whenever it is written or read."""

import hashlib
import json
import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from drl_replication.files import write_text_atomically
from drl_replication.measures import average_accuracy, average_forgetting

SCHEMA_VERSION = 1
MAX_BYTES = 16 * 2**20  # a record has some 5 kB
MAX_DIGITS = 15  # of an integer: every one is exact as a float
TOLERANCE = 1e-9
AGAIN = "delete it and run the job again"


class RecordError(ValueError):
    """A run record that cannot be used; the message names the file, the value and what to do."""


def settings_digest(settings: Mapping) -> str:
    """First 16 hex digits of the SHA-256 of `settings` as canonical JSON.

    Canonical: sorted keys, no spaces. Raises ValueError when a setting is NaN or infinite.
    """
    return hashlib.sha256(_canonical(settings).encode()).hexdigest()[:16]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


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
    text = readable_json(record)
    _check(json.loads(text), Path(path))
    write_text_atomically(path, text)


def readable_json(value: Any) -> str:
    """JSON with a key or row of numbers a line. Raises ValueError for NaN and infinity."""
    return _one_line_rows(json.dumps(value, indent=2, allow_nan=False)) + "\n"


def _one_line_rows(text: str) -> str:
    """Put every innermost list of numbers on one line."""
    row = re.compile(r'\[\n\s+([^][{}"]*?)\n\s*\]')  # no JSON string holds a raw line break
    return row.sub(lambda match: "[" + re.sub(r"\n\s+", " ", match[1]) + "]", text)


def read_record(path: str | Path, settings: Mapping | None = None) -> dict:
    """Read a record and check it: schema, consistency, and `settings` where they are given.

    Raises RecordError, in one sentence, for a file that is missing, unreadable, too large or too
    deep, not JSON, of another schema version, against the schema, inconsistent in itself, not
    the run that its path says, or made with other settings than `settings`.
    """
    path = Path(path)
    try:
        record = read_json(path)
        _check(record, path)
        if settings is not None:
            check_settings(record["settings"], settings, path)
    except RecursionError:
        raise RecordError(f"{path} is nested too deeply to be a run record: {AGAIN}.") from None
    return record


def read_json(path: Path) -> Any:
    """The JSON of a file, strictly: no NaN, no key twice, no endless number or file.

    Raises RecordError for a file that is missing, unreadable, too large or not JSON;
    RecursionError for one that is nested too deeply.
    """
    return _parse(_read(path), path)


def _read(path: Path) -> str:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise RecordError(f"{path} is not a file, but a run record must be one: remove it.")
        if size > MAX_BYTES:
            raise RecordError(
                f"{path} has {size} bytes, but a run record has at most {MAX_BYTES}: {AGAIN}."
            )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing: run the job that makes it.") from error
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read ({error.strerror}): make it readable, or {AGAIN}."
        ) from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path} is not UTF-8 text (byte {error.start}): {AGAIN}.") from error
    if not text.strip():
        raise RecordError(f"{path} is empty: {AGAIN}.")
    return text


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"the integer {digits[:MAX_DIGITS]}... is too long")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:MAX_DIGITS]} is no finite number")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("an object has the same key twice")
    return result


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(
            text,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,  # NaN, Infinity: Python's json takes them, JSON has none
            object_pairs_hook=_object,
        )
    except ValueError as error:
        raise RecordError(f"{path} is not a whole, valid JSON file ({error}): {AGAIN}.") from error


@cache
def _validator() -> Draft202012Validator:
    source = files("drl_replication").joinpath("schemas/run.schema.json")
    return Draft202012Validator(json.loads(source.read_text(encoding="utf-8")))


def _check(record: Any, path: Path) -> None:
    _check_version(record, path)
    error = best_match(_validator().iter_errors(record))
    if error is not None:
        message = textwrap.shorten(error.message, 200, placeholder=" ...")
        raise RecordError(f"{path} breaks the schema at {error.json_path}: {message}; {AGAIN}.")
    for problem in _problems(record, path):
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


def _problems(record: dict, path: Path) -> Iterator[str]:
    """What the schema cannot say, in sentences; later ones count on the earlier ones."""
    yield from _identity_problems(record, path)
    yield from _matrix_problems(record)
    yield from _measure_problems(record)


def _identity_problems(record: dict, path: Path) -> Iterator[str]:
    settings, digest = record["settings"], record["settings_digest"]
    if digest != settings_digest(settings):
        yield f"settings_digest is {digest}, but its settings have {settings_digest(settings)}"
    run = [record[key] for key in ("benchmark", "method", "seed")]
    expected = record_path("", *run)
    if path.absolute().parts[-3:] != expected.parts:
        yield f"it says that it belongs at .../{expected}"
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


def check_settings(actual: Mapping, expected: Mapping, path: Path) -> None:
    """Raise RecordError, naming each difference, unless the settings are the expected ones."""
    if settings_digest(actual) == settings_digest(expected):
        return
    ours, theirs = dict(_flat(actual)), dict(_flat(expected))
    differing = [
        f"{key} is {ours.get(key, 'absent')}, expected {theirs.get(key, 'absent')}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]
    raise RecordError(
        f"{path} was made with other settings ({'; '.join(differing)}): run the job again, or "
        "configure what it was made with."
    )


def _flat(settings: Mapping, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys and the JSON of their values."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _canonical(value)
