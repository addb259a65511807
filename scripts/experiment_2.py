"""Train two binary classifiers and measure the similarities of their test pairs (Figure 2)."""

import sys
from pathlib import Path

from drl_replication.binary_classifiers import measure
from drl_replication.experiment_jobs import parse, run


def experiment_2(
    seed: int, settings: dict, manifest: Path, output: Path, data_dir: str | None = None
) -> None:
    """Write the record of one seed to `output`."""
    run(2, measure, settings["dataset"], seed, settings, manifest, output, data_dir)


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    args = parse(__doc__)
    try:
        experiment_2(**vars(args))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
