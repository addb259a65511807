"""Make one of Tables 1 to 6 from run records, as CSV, Markdown and LaTeX."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call, parser_for_runs
from drl_replication.records.runs import collect
from drl_replication.study.readings import READINGS_OF_TABLES
from drl_replication.tables.all_six import PAPER_TABLES, paper_table
from drl_replication.tables.frames import to_csv


def make_table(
    number: int,
    runs: Iterable[Path],
    settings: dict[str, dict[str, dict[str, Any]]],
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
    """Parse the arguments and write the files."""
    parser = parser_for_runs(__doc__, READINGS_OF_TABLES, ["csv", "md", "tex"])
    parser.add_argument("--number", type=int, choices=PAPER_TABLES, required=True)
    parser.add_argument("--note", action="append", default=[], help="a sentence to go below it")
    call(make_table, parser)


if __name__ == "__main__":
    main()
