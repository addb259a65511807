"""Check our Tables 1-3, and the paper's, with the identity of the three measures."""

from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.selection import Selection
from drl_replication.tables.audit import audit, to_markdown
from drl_replication.tables.frames import to_csv


def make_audit(
    selection: Selection,
    intransigence_reference: str,
    csv: Path,
    md: Path,
) -> None:
    """Read all records of the selection, and write the audit."""
    frame = audit(selection.records(), intransigence_reference)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, to_markdown(frame))


def main() -> None:
    """Parse the arguments and write the files."""
    call(make_audit, parser_for_runs(__doc__, ["intransigence_reference"], ["csv", "md"]))


if __name__ == "__main__":
    main()
