"""The job of an experiment: what one of Figures 1 to 3 is drawn from, as one record."""

import argparse
import json
import os
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from drl_replication.data.datasets import Images, dataset_root, load
from drl_replication.data.manifests import read_manifest
from drl_replication.records.experiments import experiment_path, write_experiment
from drl_replication.records.provenance import provenance

DATA = Path("data")  # where downloads and the embedded data go
FIGURES = (1, 2, 3)


def parser(description: str) -> argparse.ArgumentParser:
    """The command line of such a job."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--figure", type=int, choices=FIGURES, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON")
    parser.add_argument("--manifest", type=Path, help="checksums of the dataset, if it uses one")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    return parser


def make_experiment(
    figure: int, seed: int, settings: dict, output: Path, manifest: Path | None = None
) -> None:
    """Measure on the CPU with one thread and write the record.

    Args:
        figure: the paper's number of the figure, whose module in `experiments/` has `measure`
            (of the seed, the settings and, with a manifest, the images) and `versions`.
        seed: of the experiment.
        settings: all that decides the result besides the seed.
        output: `.../figure_{figure}/seed_{seed}.json`.
        manifest: checksums of the verified dataset; other bytes are refused. The dataset lies in
            DRL_DATA_DIR where that is set.

    Raises:
        ValueError: `output` is another place, or the data are not there as asked for.
        OSError: the place doesn't allow writing.
    """
    place = experiment_path("", figure, seed)
    if output.absolute().parts[-2:] != place.parts:
        raise ValueError(f"--output is {output}; allowed: a path that ends in {place}")
    module = import_module(f"drl_replication.experiments.figure_{figure}")
    started = datetime.now(UTC)
    made_with = provenance(**module.versions())
    images: tuple[Images, ...] = ()
    if manifest:
        dataset, checksums = read_manifest(manifest)
        root = dataset_root(dataset, os.environ.get("DRL_DATA_DIR") or None, DATA)
        images = (load(dataset, root, checksums),)
        made_with["data"] = {"dataset": dataset, "files": checksums}
    result = module.measure(seed, settings, *images)
    write_experiment(output, figure, seed, settings, result, made_with, started)
