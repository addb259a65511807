"""Make sure that a dataset is there, and record which files it consists of."""

import argparse
import json
import os
import sys
from pathlib import Path

from drl_replication.data.datasets import DATASETS
from drl_replication.data.download import prepare


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, choices=DATASETS)
    parser.add_argument("--output", required=True, type=Path, help="manifest to write (JSON)")
    parser.add_argument("--default-dir", type=Path, default=Path("data"), help="where to store it")
    parser.add_argument("--attempts", type=int, default=3, help="per source and file")
    parser.add_argument("--timeout-seconds", type=float, default=30, help="of silence")
    return parser.parse_args(arguments)


def main() -> None:
    """Run `prepare`.

    DRL_DATA_DIR names a folder that is to be used as it is, DRL_MIRRORS lists by dataset, as JSON,
    the URLs and folders to try after the dataset's own sources.
    """
    args = parse()
    try:
        mirrors = json.loads(os.environ.get("DRL_MIRRORS") or "{}").get(args.dataset, [])
        prepare(
            dataset=args.dataset,
            manifest_path=args.output,
            data_dir=os.environ.get("DRL_DATA_DIR") or None,
            default_dir=args.default_dir,
            mirrors=mirrors,
            attempts=args.attempts,
            timeout_seconds=args.timeout_seconds,
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
