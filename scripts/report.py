"""Write the report: one HTML page from run records, tables, the verdict and figures."""

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.records.reading import read
from drl_replication.report.page import render
from drl_replication.report.sources import Sources, table_number
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.selection import Selection
from drl_replication.tables.frames import read_csv


def make_report(
    selection: Selection,
    seeds: Sequence[int],
    readings: dict[str, str | int],
    tables: Sequence[Path],
    audit: Path,
    comparisons: Path,
    aggregates: Path,
    verdict: Path,
    claims: Path,
    figures: Sequence[Path],
    citation: Path,
    studies: Sequence[Path],
    note: Sequence[str],
    output: Path,
    published: Path | None = None,
) -> None:
    """Read everything and write the page; `seeds` are the selected ones."""
    sources = Sources(
        runs=list(zip(selection.files, selection.records(), strict=True)),
        settings=selection.settings,
        seeds=seeds,
        readings=readings,
        tables={table_number(path): read_csv(path) for path in tables},
        audit=read_csv(audit),
        comparisons=read_csv(comparisons),
        aggregates=read_csv(aggregates),
        verdict=read_csv(verdict),
        claims=read_csv(claims),
        figures={path.stem: (path, read(path, "figure")) for path in figures},
        citation=yaml.safe_load(citation.read_text("utf-8")),
        folder=output.parent,
        studies={path: read(path, "study_summary") for path in studies},
        notes=note,
        published=published,
    )
    write_text_atomically(output, render(sources))


def main() -> None:
    """Parse the arguments and write the files."""
    files = ["audit", "comparisons", "aggregates", "verdict", "claims", "citation", "output"]
    parser = parser_for_runs(__doc__, files=files)
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="selected")
    parser.add_argument("--readings", type=json.loads, required=True, help="{name: option}")
    parser.add_argument("--tables", type=Path, nargs="+", required=True, help="table_<number>.csv")
    parser.add_argument(
        "--figures", type=Path, nargs="*", default=[], help="JSON, with PNG and PDF beside it"
    )
    parser.add_argument("--studies", type=Path, nargs="*", default=[], help="their summary.json")
    parser.add_argument("--note", action="append", default=[], help="a sentence for the top")
    parser.add_argument("--published", type=Path, help="the verdict on the paper, to link to")
    call(make_report, parser)


if __name__ == "__main__":
    main()
