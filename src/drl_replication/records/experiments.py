"""Experiment records: what figures are drawn from and claims judged by, besides run records.

Figures 1 to 3 need computations of their own (a solver, two classifiers, gradients of trained
networks), and so do claims. Each is one job that writes one JSON, so that a figure can be drawn
anew in a second. An experiment is known by the number of its figure, or by a name.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drl_replication.files import write_text_atomically
from drl_replication.records.settings import check_settings, settings_digest
from drl_replication.records.strict_json import AGAIN, RecordError, read_json, readable_json

SCHEMA_VERSION = 1
Id = int | str  # of an experiment
IDS: dict[str, type] = {"figure": int, "experiment": str}  # the one key or the other
KEYS: dict[str, type] = {
    "schema_version": int,
    "seed": int,
    "settings": dict,
    "settings_digest": str,
    "result": dict,
    "provenance": dict,
}


def experiment_path(root: str | Path, which: Id, seed: int) -> Path:
    """Where a record stands under `root`: `figure_{figure}/seed_{seed}.json`, or by its name."""
    return Path(root, name_of(which), f"seed_{seed}.json")


def name_of(which: Id) -> str:
    """`figure_2`, or the name itself."""
    return f"figure_{which}" if isinstance(which, int) else which


def write_experiment(
    path: str | Path,
    which: Id,
    seed: int,
    settings: Mapping,
    result: Mapping,
    made_with: Mapping,
    started: datetime,
) -> None:
    """Write the record of an experiment: either whole or not at all.

    Args:
        path: its place, of :func:`experiment_path`.
        which: the paper's number of the figure that is drawn from it, or its name.
        seed: of the experiment.
        settings: all that decides the result besides the seed; plain JSON.
        result: what was measured; plain JSON without NaN.
        made_with: of :func:`provenance.provenance`, with the data's checksums if data were used.
        started: when, in UTC.

    Raises:
        ValueError: a value is NaN or infinite.
        OSError: the place doesn't allow writing.
    """
    record = {
        "schema_version": SCHEMA_VERSION,
        ("figure" if isinstance(which, int) else "experiment"): which,
        "seed": seed,
        "settings": settings,
        "settings_digest": settings_digest(settings),
        "result": result,
        "provenance": {
            **made_with,
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }
    write_text_atomically(path, readable_json(record))


def read_experiment(path: str | Path, settings: Mapping | None = None) -> dict:
    """Read an experiment's record and check it: form, place, and `settings` where given.

    Raises RecordError, in one sentence, for a file that cannot be used or was made with others.
    """
    path = Path(path)
    try:
        record = read_json(path)
    except RecursionError:
        raise RecordError(f"{path} is nested too deeply to be a record: {AGAIN}.") from None
    _check_form(record, path)
    if settings is not None:
        check_settings(record["settings"], settings, path)
    return record


def _check_form(record: Any, path: Path) -> None:
    found = [k for k in IDS if isinstance(record, dict) and set(record) == {*KEYS, k}]
    if not found:
        raise RecordError(
            f"{path} is no experiment record, since it is not an object with exactly the keys "
            f"{', '.join(KEYS)} and figure or experiment: {AGAIN}."
        )
    (own,) = found
    for key, kind in {**KEYS, own: IDS[own]}.items():
        if type(record[key]) is not kind:
            raise RecordError(f"{path} has a {key} that is no {kind.__name__}: {AGAIN}.")
    if record["schema_version"] != SCHEMA_VERSION:
        raise RecordError(
            f"{path} has schema_version {record['schema_version']}, but this version of the "
            f"package reads {SCHEMA_VERSION}: {AGAIN}."
        )
    if record["settings_digest"] != settings_digest(record["settings"]):
        raise RecordError(f"{path} has settings that its settings_digest does not fit: {AGAIN}.")
    place = experiment_path("", record[own], record["seed"])
    if path.absolute().parts[-2:] != place.parts:
        raise RecordError(f"{path} says that it belongs at .../{place}: {AGAIN}.")


def read_experiments(paths: list[Path], settings: Mapping | None = None) -> list[dict]:
    """The records at `paths`, by seed. Raises RecordError as :func:`read_experiment`."""
    return sorted((read_experiment(p, settings) for p in paths), key=lambda r: r["seed"])


def finite(value: float) -> float | None:
    """A number for JSON, which has no NaN and no infinity: None stands for them."""
    return float(value) if math.isfinite(value) else None
