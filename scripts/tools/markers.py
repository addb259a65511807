"""Generated parts of hand-written documents: `<!-- name:start -->` ... `<!-- name:end -->`."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def filled(document: str, parts: Mapping[str, str]) -> str:
    """The document with each named part replaced; ValueError if a marker is not there once."""
    for name, text in parts.items():
        start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        if document.count(start) != 1 or document.count(end) != 1:
            raise ValueError(f"the markers {start} and {end} must each be there once")
        before, _, rest = document.partition(start)
        document = f"{before}{start}\n{text.strip()}\n{end}{rest.partition(end)[2]}"
    return document


def main(description: str, documents: Mapping[str, Mapping[str, str]]) -> None:
    """Fill the parts of each document (a path in the project), or with --check only compare."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    check = parser.parse_args().check
    for name, parts in documents.items():
        path = PROJECT / name
        old = path.read_text(encoding="utf-8")
        try:
            new = filled(old, parts)
        except ValueError as error:
            sys.exit(f"error: {name}: {error}")
        if check and new != old:
            sys.exit(f"error: {name} is stale: run python scripts/tools/{Path(sys.argv[0]).name}")
        if new != old:
            path.write_text(new, encoding="utf-8")
