"""What the command lines that make results from records have in common."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from drl_replication.study.readings import READINGS


def parser_for_runs(
    description: str, readings: Iterable[str] = (), files: Iterable[str] = ()
) -> argparse.ArgumentParser:
    """A parser for `--runs`, `--settings`, an option for each reading, and each file."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="run records")
    parser.add_argument(
        "--settings",
        type=json.loads,
        required=True,
        help="of the runs: {benchmark: {method: {...}}}",
    )
    for name in readings:
        reading, option = READINGS[name], f"--{name.replace('_', '-')}"
        parser.add_argument(option, choices=reading.options, default=reading.default)
    for file in files:
        parser.add_argument(f"--{file}", type=Path, required=True)
    return parser


def call(function: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Call with the parsed arguments; what a user can mend ends with one sentence."""
    try:
        function(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
