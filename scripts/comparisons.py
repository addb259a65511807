"""Test the methods against each other, measure by measure, from run records."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call, parser_for_runs
from drl_replication.records.runs import collect
from drl_replication.tables.comparisons import comparisons, to_markdown
from drl_replication.tables.frames import to_csv


def make_comparisons(
    runs: Iterable[Path],
    settings: dict[str, dict[str, dict[str, Any]]],
    intransigence_reference: str,
    note: list[str],
    csv: Path,
    md: Path,
) -> None:
    """Read all records, which must have been made with `settings`, and write the comparisons."""
    frame = comparisons(collect(runs, settings), intransigence_reference)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, to_markdown(frame, note))


def main() -> None:
    """Parse the arguments and write the files."""
    parser = parser_for_runs(__doc__, ["intransigence_reference"], ["csv", "md"])
    parser.add_argument("--note", action="append", default=[], help="a sentence to go below it")
    call(make_comparisons, parser)


if __name__ == "__main__":
    main()
