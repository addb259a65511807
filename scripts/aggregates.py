"""DRL against each rival over all benchmarks, and performance profiles, from the runs' measures."""

import argparse
import json
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.tables.aggregates import aggregates, document, profiles
from drl_replication.tables.frames import read_csv, to_csv


def aggregate(measures: Path, note: list[str], csv: Path, md: Path, output: Path) -> None:
    """Read the measures of all runs, and write the table and what a figure draws."""
    runs = read_csv(measures)
    frame = aggregates(runs)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, document(frame, note).markdown())
    write_text_atomically(output, json.dumps(profiles(runs)) + "\n")


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measures", type=Path, required=True, help="runs.csv")
    for file in ("csv", "md"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True, dest="output", help="the profiles")
    parser.add_argument("--note", action="append", default=[], help="a sentence to go below it")
    call(aggregate, parser)


if __name__ == "__main__":
    main()
