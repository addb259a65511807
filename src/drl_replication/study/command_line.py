"""What the command lines that make results from run records have in common."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from drl_replication.study.readings import READINGS
from drl_replication.study.selection import Selection


def parser_for_runs(
    description: str, readings: Iterable[str] = (), files: Iterable[str] = ()
) -> argparse.ArgumentParser:
    """A parser for the selected runs, an option for each reading, and each file."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--selection", type=Selection, required=True, help="of runs, as JSON")
    for name in readings:
        reading, option = READINGS[name], f"--{name.replace('_', '-')}"
        parser.add_argument(option, choices=reading.options, default=reading.default)
    for file in files:
        parser.add_argument(f"--{file}", type=Path, required=True)
    return parser
