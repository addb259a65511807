"""Compare every number and every claim of the paper with ours, from the tables and the figures."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.tables.frames import to_csv
from drl_replication.verdict.claims import claims
from drl_replication.verdict.evidence import read_evidence
from drl_replication.verdict.numbers import verdict
from drl_replication.verdict.page import to_markdown


def make_verdict(
    runs: Path,
    tables: Sequence[Path],
    comparisons: Path,
    figures: Iterable[Path],
    experiments: Sequence[Path],
    note: list[str],
    csv: Path,
    md: Path,
    claims_csv: Path,
) -> None:
    """Read what the tables' rules wrote, and judge."""
    evidence = read_evidence(runs, tables, comparisons, figures, experiments)
    rows, judged = verdict(evidence), claims(evidence)
    write_text_atomically(csv, to_csv(rows))
    write_text_atomically(claims_csv, to_csv(judged))
    write_text_atomically(md, to_markdown(rows, judged, note))


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measures", type=Path, required=True, dest="runs", help="runs.csv")
    parser.add_argument("--tables", type=Path, nargs=5, required=True, help="CSV of Tables 1-5")
    parser.add_argument("--comparisons", type=Path, required=True, help="their CSV")
    parser.add_argument("--figures", type=Path, nargs="*", default=[], help="their JSON files")
    parser.add_argument(
        "--experiments", type=Path, nargs="*", default=[], help="records that judge claims"
    )
    for file in ("csv", "md"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True, dest="claims_csv")
    parser.add_argument("--note", action="append", default=[], help="a sentence to go on top")
    call(make_verdict, parser)


if __name__ == "__main__":
    main()
