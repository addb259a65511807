"""What all command lines have in common."""

import argparse
import sys
from collections.abc import Callable


def call(function: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Call with the parsed arguments; what a user can mend ends with one sentence."""
    try:
        function(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
