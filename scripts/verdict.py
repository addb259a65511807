"""Compare every number and every claim of the paper with ours, from run records and figures."""

from collections.abc import Iterable
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.readings import READINGS_OF_TABLES
from drl_replication.study.selection import Selection
from drl_replication.text.documents import to_csv
from drl_replication.verdict.claims import claims
from drl_replication.verdict.evidence import gather, read_figures
from drl_replication.verdict.numbers import verdict
from drl_replication.verdict.page import to_markdown


def make_verdict(
    selection: Selection,
    figures: Iterable[Path],
    note: list[str],
    csv: Path,
    md: Path,
    claims_csv: Path,
    **readings: str,
) -> None:
    """Read all records of the selection, and judge."""
    records = selection.records()
    drawn = read_figures(figures)
    rows = verdict(records, **readings, figure_2=drawn.get("figure_2"))
    judged = claims(gather(records, **readings, figures=drawn))
    write_text_atomically(csv, to_csv(rows))
    write_text_atomically(claims_csv, to_csv(judged))
    write_text_atomically(md, to_markdown(rows, judged, note))


def main() -> None:
    """Parse the arguments and write the files."""
    parser = parser_for_runs(__doc__, READINGS_OF_TABLES, ["csv", "md"])
    parser.add_argument("--figures", type=Path, nargs="*", default=[], help="their JSON files")
    parser.add_argument("--claims", type=Path, required=True, dest="claims_csv")
    parser.add_argument("--note", action="append", default=[], help="a sentence to go on top")
    call(make_verdict, parser)


if __name__ == "__main__":
    main()
