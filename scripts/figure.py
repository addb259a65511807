"""Draw a figure from its records: PDF, PNG, SVG, and every number drawn in a JSON."""

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from drl_replication.figures.style import save
from drl_replication.jobs.commands import call
from drl_replication.study.figures import FIGURES
from drl_replication.study.selection import Selection


def make_figure(
    name: str,
    selection: Selection | None,
    records: list[Path],
    settings: dict[str, Any],
    note: list[str],
    pdf: Path,
    png: Path,
    svg: Path,
    out: Path,
) -> None:
    """Read the records, of runs or made with `settings`, and write the figure."""
    if selection:
        records, settings = selection.paths, selection.settings
    figure, numbers = import_module(f"drl_replication.figures.{name}").draw(records, settings)
    numbers = {**numbers, "details": [*numbers.get("details", []), *note]}
    save(figure, numbers, (pdf, png, svg), out)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", choices=FIGURES, required=True)
    parser.add_argument("--selection", type=Selection, help="of runs, where it shows runs")
    parser.add_argument("--records", type=Path, nargs="*", default=[], help="else what it shows")
    parser.add_argument("--settings", type=json.loads, default={}, help="of the records")
    parser.add_argument("--note", action="append", default=[], help="a sentence for the details")
    for output in ("--pdf", "--png", "--svg"):
        parser.add_argument(output, type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True, dest="out")
    call(make_figure, parser)


if __name__ == "__main__":
    main()
