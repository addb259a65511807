"""Compare the memory of GSS-IQP with a random one on 2-D Gaussians: the record of Figure 1."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyscipopt
import scipy

from drl_replication.experiments import write_experiment
from drl_replication.memory_comparison import compare
from drl_replication.provenance import provenance


def make_experiment(seed: int, settings: dict, output: Path) -> None:
    """Run all repetitions and write the record."""
    started = datetime.now(UTC)
    result = compare(seed, settings)
    scip = str(pyscipopt.Model().version())
    made_with = provenance(scipy=scipy.__version__, pyscipopt=pyscipopt.__version__, scip=scip)
    write_experiment(output, 1, seed, settings, result, made_with, started)


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="figures: figure_1")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    try:
        make_experiment(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
