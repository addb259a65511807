"""The job of an experiment on a dataset: verified images in, one record out."""

import argparse
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from drl_replication.datasets import Images, dataset_root, load, read_manifest
from drl_replication.experiments import experiment_path, write_experiment
from drl_replication.provenance import provenance

DATA = Path("data")  # where downloads and the embedded data go
Measure = Callable[[int, dict, Images], dict]


def parse(description: str) -> argparse.Namespace:
    """The command line of such a job; DRL_DATA_DIR names a folder with the datasets."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON")
    parser.add_argument("--manifest", type=Path, required=True, help="checksums of the dataset")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    args = parser.parse_args()
    args.data_dir = os.environ.get("DRL_DATA_DIR") or None
    return args


def run(
    figure: int,
    measure: Measure,
    dataset: str,
    seed: int,
    settings: dict,
    manifest: Path,
    output: Path,
    data_dir: str | None = None,
) -> None:
    """Measure on the CPU with one thread and write the record.

    Args:
        figure: the paper's number of the figure.
        measure: takes the seed, the settings and the images.
        dataset: its name.
        seed: of the experiment.
        settings: all that decides the result besides the seed.
        manifest: checksums of the verified dataset; other bytes are refused.
        output: `.../figure_{figure}/seed_{seed}.json`.
        data_dir: the user's folder of datasets, if there is one.

    Raises:
        ValueError: `output` is another place, or the data are not there as asked for.
        OSError: the place doesn't allow writing.
    """
    place = experiment_path("", figure, seed)
    if output.absolute().parts[-2:] != place.parts:
        raise ValueError(f"--output is {output}; allowed: a path that ends in {place}")
    torch.set_num_threads(1)
    threadpool_limits(1)  # NumPy's linear algebra rounds differently with another number
    started = datetime.now(UTC)
    made_with = provenance("cpu", torch.get_num_threads(), torch=torch.__version__)
    _, checksums = read_manifest(manifest)
    images = load(dataset, dataset_root(dataset, data_dir, DATA), checksums)
    result = measure(seed, settings, images)
    made_with["data"] = {"dataset": dataset, "files": checksums}
    write_experiment(output, figure, seed, settings, result, made_with, started)
