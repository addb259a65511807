"""Check our Tables 1-3, and the paper's, with the identity of the three measures."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from drl_replication.audit import audit, to_markdown
from drl_replication.files import write_text_atomically
from drl_replication.measures import INTRANSIGENCE_REFERENCES
from drl_replication.rendering import to_csv
from drl_replication.tables import collect


def make_audit(
    runs: Iterable[Path],
    settings: dict[str, dict[str, dict]],
    intransigence_reference: str,
    csv: Path,
    md: Path,
) -> None:
    """Read all records, which must have been made with `settings`, and write the audit."""
    frame = audit(collect(runs, settings), intransigence_reference)
    write_text_atomically(csv, to_csv(frame))
    write_text_atomically(md, to_markdown(frame))


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run records")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="{benchmark: {method: {...}}}"
    )
    parser.add_argument(
        "--intransigence-reference", choices=INTRANSIGENCE_REFERENCES, default="best_run"
    )
    for output in ("--csv", "--md"):
        parser.add_argument(output, type=Path, required=True)
    try:
        make_audit(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
