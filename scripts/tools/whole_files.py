"""Files that a tool writes as a whole: written, or with --check compared with what is there."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from markers import PROJECT


def main(description: str | None, files: Callable[[], Mapping[str, str]]) -> None:
    """Write each file (a path in the project), or with --check say which is stale, and exit 1."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    check = parser.parse_args().check
    for name, text in files().items():
        path = PROJECT / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            sys.exit(f"error: {name} is stale: run python scripts/tools/{Path(sys.argv[0]).name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
