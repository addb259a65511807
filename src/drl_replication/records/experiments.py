"""Experiment records: what figures are drawn from and claims judged by, besides run records.

Figures 1 to 3 need computations of their own (a solver, two classifiers, gradients of trained
networks), and so do claims. Each is one job that writes one JSON, so that a figure can be drawn
anew in a second. An experiment is known by the number of its figure, or by a name.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.records.reading import read
from drl_replication.records.settings import check_settings, settings_digest
from drl_replication.records.strict_json import AGAIN, RecordError, readable_json

SCHEMA_VERSION = 1
Id = int | str  # of an experiment


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
    record = read(path, "experiment")
    _check_consistency(record, path)
    if settings is not None:
        check_settings(record["settings"], settings, path)
    return record


def _check_consistency(record: dict, path: Path) -> None:
    if record["settings_digest"] != settings_digest(record["settings"]):
        raise RecordError(f"{path} has settings that its settings_digest does not fit: {AGAIN}.")
    which = record["figure"] if "figure" in record else record["experiment"]
    place = experiment_path("", which, record["seed"])
    if path.absolute().parts[-2:] != place.parts:
        raise RecordError(f"{path} says that it belongs at .../{place}: {AGAIN}.")


def read_experiments(paths: list[Path], settings: Mapping | None = None) -> list[dict]:
    """The records at `paths`, by seed. Raises RecordError as :func:`read_experiment`."""
    return sorted((read_experiment(p, settings) for p in paths), key=lambda r: r["seed"])


def finite(value: float) -> float | None:
    """A number for JSON, which has no NaN and no infinity: None stands for them."""
    return float(value) if math.isfinite(value) else None
