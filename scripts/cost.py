"""Measure what the steps of a method cost on this machine."""

import argparse
import json
import sys
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.costs import measure


def measure_cost(method: str, settings: dict, output: Path) -> None:
    """Write the measured cost of a method on a benchmark as JSON."""
    write_text_atomically(output, json.dumps(measure(method, settings), indent=2) + "\n")


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", required=True)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--output", type=Path, required=True)
    try:
        measure_cost(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
