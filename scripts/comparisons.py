"""Test the methods against each other, measure by measure, from run records."""

from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.selection import Selection
from drl_replication.tables.comparisons import comparisons, to_markdown
from drl_replication.tables.frames import to_csv


def make_comparisons(
    selection: Selection,
    intransigence_reference: str,
    reference: str,
    note: list[str],
    csv: Path,
    md: Path,
) -> None:
    """Read all records of the selection, and write the comparisons."""
    frame = comparisons(selection.records(), intransigence_reference, reference)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, to_markdown(frame, note))


def main() -> None:
    """Parse the arguments and write the files."""
    parser = parser_for_runs(__doc__, ["intransigence_reference"], ["csv", "md"])
    parser.add_argument("--reference", default="drl", help="a method to be compared with all too")
    parser.add_argument("--note", action="append", default=[], help="a sentence to go below it")
    call(make_comparisons, parser)


if __name__ == "__main__":
    main()
