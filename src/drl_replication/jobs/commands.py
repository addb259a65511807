"""What the command lines that make results from records have in common."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from drl_replication.study.readings import READINGS
from drl_replication.study.selection import read_selection


def parser_for_runs(
    description: str, readings: Iterable[str] = (), files: Iterable[str] = ()
) -> argparse.ArgumentParser:
    """A parser for the selected runs, an option for each reading, notes, and each file."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--selection", type=Path, required=True, help="of runs, as JSON")
    for name in readings:
        reading, option = READINGS[name], f"--{name.replace('_', '-')}"
        parser.add_argument(option, choices=reading.options, default=reading.default)
    for file in files:
        parser.add_argument(f"--{file}", type=Path, required=True)
    return parser


def call(function: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Call with the parsed arguments; what a user can mend ends with one sentence."""
    arguments = vars(parser.parse_args())
    try:
        if arguments.get("selection"):
            arguments["selection"] = read_selection(arguments["selection"])
        function(**arguments)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
