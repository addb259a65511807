"""Bring the records of a study's runs together in one compact file."""

import argparse
from pathlib import Path

from drl_replication.files import write_bytes_atomically
from drl_replication.jobs.commands import call
from drl_replication.studies.records import collected
from drl_replication.study.study_files import read_study


def make_records(study: Path, output: Path) -> None:
    """Read the records, and write them."""
    write_bytes_atomically(output, collected(read_study(study)))


def main() -> None:
    """Parse the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="its JSON")
    parser.add_argument("--output", type=Path, required=True, help="JSON lines, compressed")
    call(make_records, parser)


if __name__ == "__main__":
    main()
