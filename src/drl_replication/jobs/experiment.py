"""The job of an experiment: what a figure is drawn from, or claims are judged by, as one record."""

import argparse
import json
import os
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import Images, dataset_root, load
from drl_replication.records.experiments import Id, experiment_path, write_experiment
from drl_replication.records.manifests import read_manifest
from drl_replication.records.provenance import provenance

DATA = Path("data")  # where downloads and the embedded data go
EXPERIMENTS: dict[Id, str] = {  # and their modules in `experiments/`
    **{number: f"figure_{number}" for number in (1, 2, 3)},
    "claim_examples": "claim_examples",
    **{f"claim_runs_{b}": "claim_runs" for b, row in BENCHMARKS.items() if row.network == "dense"},
}


def experiment(text: str) -> Id:
    """The number of a figure, or a name, from a command line."""
    return int(text) if text.isdigit() else text


def parser(description: str) -> argparse.ArgumentParser:
    """The command line of such a job."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--figure", type=experiment, choices=EXPERIMENTS, required=True, help="or a name"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True, help="JSON")
    parser.add_argument("--manifest", type=Path, help="checksums of the dataset, if it uses one")
    parser.add_argument("--code", default="", help="its digest, to record")
    parser.add_argument("--output", type=Path, required=True, help="record to write")
    return parser


def make_experiment(
    figure: Id,
    seed: int,
    settings: dict,
    output: Path,
    manifest: Path | None = None,
    code: str = "",
) -> None:
    """Measure on the CPU with one thread and write the record.

    Args:
        figure: the paper's number of the figure, or a name; one of `EXPERIMENTS`, whose module
            has `measure` (of the seed, the settings and, with a manifest, the images) and
            `versions`.
        seed: of the experiment.
        settings: all that decides the result besides the seed.
        output: a path that ends as `experiment_path` says.
        manifest: checksums of the verified dataset; other bytes are refused. The dataset lies in
            DRL_DATA_DIR where that is set.
        code: its digest, `study.settings.claim_code` of an experiment that judges claims; recorded.

    Raises:
        ValueError: `output` is another place, or the data are not there as asked for.
        OSError: the place doesn't allow writing.
    """
    place = experiment_path("", figure, seed)
    if output.absolute().parts[-2:] != place.parts:
        raise ValueError(f"--output is {output}; allowed: a path that ends in {place}")
    module = import_module(f"drl_replication.experiments.{EXPERIMENTS[figure]}")
    started = datetime.now(UTC)
    made_with = provenance(**module.versions())
    if code:
        made_with["code"] = code
    images: tuple[Images, ...] = ()
    if manifest:
        dataset, checksums = read_manifest(manifest)
        root = dataset_root(dataset, os.environ.get("DRL_DATA_DIR") or None, DATA)
        images = (load(dataset, root, checksums),)
        made_with["data"] = {"dataset": dataset, "files": checksums}
    result = module.measure(seed, settings, *images)
    write_experiment(output, figure, seed, settings, result, made_with, started)
