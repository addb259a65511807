"""JSON, read strictly and written readably."""

import json
import math
import re
from pathlib import Path
from typing import Any

MAX_BYTES = 16 * 2**20  # a record has some 5 kB


MAX_DIGITS = 15  # of an integer: every one is exact as a float


AGAIN = "delete it and run the job again"


class RecordError(ValueError):
    """A run record that cannot be used; the message names the file, the value and what to do."""


class UnreadableError(RecordError):
    """A file that may well be right, but cannot be read now: nobody may take it for missing."""


def readable_json(value: Any) -> str:
    """JSON with a key or row of numbers a line. Raises ValueError for NaN and infinity."""
    return _one_line_rows(json.dumps(value, indent=2, allow_nan=False)) + "\n"


def _one_line_rows(text: str) -> str:
    """Put every innermost list of numbers on one line."""
    row = re.compile(r'\[\n\s+([^][{}"]*?)\n\s*\]')  # no JSON string holds a raw line break
    return row.sub(lambda match: "[" + re.sub(r"\n\s+", " ", match[1]) + "]", text)


def read_json(path: Path) -> Any:
    """The JSON of a file, strictly: no NaN, no key twice, no endless number or file.

    Raises RecordError for a file that is missing, unreadable, too large or not JSON;
    RecursionError for one that is nested too deeply.
    """
    return parse_json(_read(path), path)


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
        raise UnreadableError(
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


def parse_json(text: str, path: Path) -> Any:
    """The JSON of a text from `path`, as strictly. Raises as `read_json`, of the text."""
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
