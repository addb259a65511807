"""The records of a study in one compact file, from which all that it says is made.

One JSON a line: the place of the run, and its record without what no output of a study reads.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drl_replication.records.runs import read_record
from drl_replication.records.strict_json import AGAIN, RecordError
from drl_replication.study.runs import Run
from drl_replication.study.study_files import StudyFile

Records = Mapping[Run, Mapping[str, Any]]
MADE_WITH = ("commit", "cpu_model", "data", "device", "torch", "numpy")  # of the provenance
LEFT_OUT = ("schema_version", "settings_digest")


def collected(study: StudyFile) -> bytes:
    """The records of all runs of a study, checked: the same bytes for the same records.

    Raises RecordError for a record that is missing, damaged or was made with other settings.
    """
    lines = []
    for *_, settings, runs in study.groups():
        for run in runs:
            record = read_record(study.results / run.path, settings)
            kept = {name: value for name, value in record.items() if name not in LEFT_OUT}
            kept["provenance"] = {n: record["provenance"].get(n) for n in MADE_WITH}
            lines.append(json.dumps([run.path, kept], sort_keys=True, separators=(",", ":")))
    return gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)


def read_records(path: Path, study: StudyFile) -> Records:
    """The records that :func:`collected` wrote, by run.

    Raises RecordError for a file of anything else, or one that lacks a run of the study or has it
    with other settings.
    """
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        found = {Run.at(place): record for place, record in map(json.loads, lines)}
    except (OSError, EOFError, zlib.error, ValueError, TypeError) as error:
        raise RecordError(f"{path} holds no records of a study ({error}): {AGAIN}.") from error
    for *_, settings, runs in study.groups():
        for run in runs:
            if run not in found or found[run].get("settings") != settings:
                raise RecordError(f"{path} lacks {run.path} with the study's settings: {AGAIN}.")
    return found
