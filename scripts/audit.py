"""Check our Tables 1-3, and the paper's, with the identity of the three measures."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call, parser_for_runs
from drl_replication.records.runs import collect
from drl_replication.tables.audit import audit, to_markdown
from drl_replication.tables.frames import to_csv


def make_audit(
    runs: Iterable[Path],
    settings: dict[str, dict[str, dict[str, Any]]],
    intransigence_reference: str,
    csv: Path,
    md: Path,
) -> None:
    """Read all records, which must have been made with `settings`, and write the audit."""
    frame = audit(collect(runs, settings), intransigence_reference)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, to_markdown(frame))


def main() -> None:
    """Parse the arguments and write the files."""
    call(make_audit, parser_for_runs(__doc__, ["intransigence_reference"], ["csv", "md"]))


if __name__ == "__main__":
    main()
