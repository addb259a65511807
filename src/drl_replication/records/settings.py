"""The settings that a record was made with: their digest, and what differs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drl_replication.records.strict_json import RecordError


def settings_digest(settings: Mapping) -> str:
    """First 16 hex digits of the SHA-256 of `settings` as canonical JSON.

    Canonical: sorted keys, no spaces. Raises ValueError when a setting is NaN or infinite.
    """
    return hashlib.sha256(_canonical(settings).encode()).hexdigest()[:16]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


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
