"""Make one of Tables 1 to 6 from run records, as CSV, Markdown and LaTeX."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.paper_tables import PAPER_TABLES, paper_table
from drl_replication.readings import READINGS_OF_TABLES
from drl_replication.rendering import to_csv
from drl_replication.tables import collect


def make_table(
    number: int,
    runs: Iterable[Path],
    settings: dict[str, dict[str, dict]],
    note: list[str],
    csv: Path,
    md: Path,
    tex: Path,
    **readings: str,
) -> None:
    """Read all records, which must have been made with `settings`, and write the table."""
    frame = paper_table(number, collect(runs, settings), readings)
    document = PAPER_TABLES[number].document(frame, note)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, document.markdown())
    write_text_atomically(tex, document.latex())


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, choices=PAPER_TABLES, required=True)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run records")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="{benchmark: {method: {...}}}"
    )
    for name, reading in READINGS_OF_TABLES.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, choices=reading.options, default=reading.default)
    parser.add_argument("--note", action="append", default=[], help="a sentence to go below it")
    for output in ("--csv", "--md", "--tex"):
        parser.add_argument(output, type=Path, required=True)
    try:
        make_table(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
