"""Finished runs outlive the job that made them.

Snakemake deletes what a failed job made, and puts an older file that the job replaced back, taking
it for the new one. So whoever finishes a run writes its record to `checkpoints/` first, from where
it comes back; and records that are not current stand in no job's way, but in `superseded/`.

Imports no torch: Snakemake plans with it.
"""

import hashlib
import sys
from functools import cache
from pathlib import Path

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.files import write_bytes_atomically
from drl_replication.jobs.sources import PACKAGE, of_script
from drl_replication.learning.methods import METHODS
from drl_replication.records.runs import read_record
from drl_replication.records.strict_json import RecordError


@cache
def code_of_run(benchmark: str, method: str) -> str:
    """SHA-256 of the library's files and table rows that a run's numbers depend on."""
    parts = METHODS[method].parts
    digest = hashlib.sha256(repr((BENCHMARKS[benchmark], parts)).encode())
    for file in of_script(PACKAGE / "learning" / "training.py", *parts, relative_to=PACKAGE):
        digest.update(file.encode() + b"\0" + (PACKAGE / file).read_bytes())
    return digest.hexdigest()


def is_current(path: Path, settings: dict) -> bool:
    """Whether a valid record is there that these settings and the present code would give."""
    try:
        record = read_record(path, settings)
    except RecordError:
        return False
    code = code_of_run(record["benchmark"], record["method"])
    return record["provenance"].get("code") == code


def sibling(output: Path, *folders: str) -> Path:
    """The place of a run in another folder beside `runs/`."""
    return output.parents[3].joinpath(*folders, *output.parts[-3:])


def copy_of(output: Path) -> Path:
    """Where the record of a finished run is kept until the workflow is over."""
    return sibling(output, "checkpoints")


def finished(output: Path, settings: dict) -> Path | None:
    """A current record of a run: in its place, kept of a failed job, or once put aside."""
    aside = sorted(output.parents[3].glob(str(Path("superseded/*", *output.parts[-3:]))))
    places = (output, copy_of(output), *aside)
    return next((path for path in places if is_current(path, settings)), None)


def put_in_place(output: Path, record: Path) -> None:
    """Give `output` the content of a finished `record`; what stood there is put aside."""
    if record == output:
        return
    content = record.read_bytes()
    put_aside(output)
    write_bytes_atomically(output, content)


def put_aside(path: Path) -> None:
    """Keep the record that stands at `path`: `superseded/{its checksum}/` beside `runs/`."""
    if path.exists():
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        kept = sibling(path, "superseded", checksum)
        kept.parent.mkdir(parents=True, exist_ok=True)
        path.replace(kept)
        print(f"{path}: the record that was there is kept at {kept}", file=sys.stderr)


def put_back(output: Path, settings: dict) -> None:
    """Bring a finished run back that Snakemake deleted with the rest of its failed job."""
    if not output.exists() and is_current(copy_of(output), settings):
        put_in_place(output, copy_of(output))


def forget_copies(results: Path) -> None:
    """Delete the copies of records that are in their place: no job can fail any more."""
    for copy in results.glob("checkpoints/*/*/seed_*.json"):
        if (results / "runs").joinpath(*copy.parts[-3:]).exists():
            copy.unlink()
