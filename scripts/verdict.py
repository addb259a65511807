"""Compare every number and every claim of the paper with ours, from run records and figures."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from drl_replication.claims import claims
from drl_replication.evidence import gather, read_figures
from drl_replication.files import write_text_atomically
from drl_replication.readings import READINGS_OF_TABLES
from drl_replication.rendering import to_csv
from drl_replication.tables import collect
from drl_replication.verdict import verdict
from drl_replication.verdict_report import to_markdown


def make_verdict(
    runs: Iterable[Path],
    settings: dict[str, dict[str, dict]],
    figures: Iterable[Path],
    note: list[str],
    csv: Path,
    md: Path,
    claims_csv: Path,
    **readings: str,
) -> None:
    """Read all records, which must have been made with `settings`, and judge."""
    records = collect(runs, settings)
    drawn = read_figures(figures)
    rows = verdict(records, **readings, figure_2=drawn.get("figure_2"))
    judged = claims(gather(records, **readings, figures=drawn))
    write_text_atomically(csv, to_csv(rows))
    write_text_atomically(claims_csv, to_csv(judged))
    write_text_atomically(md, to_markdown(rows, judged, note))


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run records")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="{benchmark: {method: {...}}}"
    )
    for name, reading in READINGS_OF_TABLES.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, choices=reading.options, default=reading.default)
    parser.add_argument("--figures", type=Path, nargs="*", default=[], help="their JSON files")
    parser.add_argument("--note", action="append", default=[], help="a sentence to go on top")
    for output in ("--csv", "--md"):
        parser.add_argument(output, type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True, dest="claims_csv")
    try:
        make_verdict(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
