"""Measure what the steps of a method cost on this machine."""

import argparse
import json
from pathlib import Path

from drl_replication.costs import measure
from drl_replication.files import write_text_atomically


def measure_cost(method: str, settings: dict, output: Path) -> None:
    """Write the measured cost of a method on a benchmark as JSON."""
    write_text_atomically(output, json.dumps(measure(method, settings), indent=2) + "\n")


def main() -> None:
    """Parse the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", required=True)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--output", type=Path, required=True)
    measure_cost(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
