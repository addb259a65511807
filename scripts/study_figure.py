"""Draw a figure of a study from its CSV: PDF, PNG, SVG, and every number drawn in a JSON."""

import argparse
from importlib import import_module
from pathlib import Path

from drl_replication.figures.style import save
from drl_replication.jobs.commands import call
from drl_replication.study.studies import FIGURES


def make_figure(name: str, csv: Path, pdf: Path, png: Path, svg: Path, out: Path) -> None:
    """Read the CSV, and write the figure."""
    figure, numbers = import_module(f"drl_replication.figures.{name}").draw([csv], {})
    save(figure, numbers, (pdf, png, svg), out)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", choices=FIGURES, required=True)
    for option in ("--csv", "--pdf", "--png", "--svg"):
        parser.add_argument(option, type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True, dest="out")
    call(make_figure, parser)


if __name__ == "__main__":
    main()
