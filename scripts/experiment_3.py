"""Train BER and DRL on Split MNIST and measure what DRL changes (Figure 3)."""

import sys
from pathlib import Path

from drl_replication.drl_effects import measure
from drl_replication.experiment_jobs import parse, run


def experiment_3(
    seed: int, settings: dict, manifest: Path, output: Path, data_dir: str | None = None
) -> None:
    """Write the record of one seed to `output`."""
    run(3, measure, settings["drl"]["dataset"], seed, settings, manifest, output, data_dir)


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    args = parse(__doc__)
    try:
        experiment_3(**vars(args))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
