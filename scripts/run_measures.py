"""The measures of each run, from run records: what the verdict and the report read of them."""

from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.readings import READINGS_OF_TABLES
from drl_replication.study.selection import Selection
from drl_replication.tables.frames import to_csv
from drl_replication.tables.runs import run_measures


def measure_runs(selection: Selection, csv: Path, **readings: str) -> None:
    """Read all records of the selection, and write one row a run."""
    write_text_atomically(csv, to_csv(run_measures(selection.records(), **readings)))


def main() -> None:
    """Parse the arguments and write the file."""
    call(measure_runs, parser_for_runs(__doc__ or "", READINGS_OF_TABLES, ["csv"]))


if __name__ == "__main__":
    main()
