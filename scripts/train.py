"""Train one method on one benchmark with one or more seeds, and write the record of each run.

By hand, with the settings of the configuration:

    python scripts/train.py --benchmark split_mnist --method drl --seed 0

and with a difference to them: --configfile config/demo.yaml
"""

import argparse
import json
import os
import re
import sys
import traceback
from pathlib import Path

from drl_replication.data.datasets import dataset_root
from drl_replication.jobs.safekeeping import copy_of, finished, put_in_place
from drl_replication.jobs.train import DEVICES, run
from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.records.runs import read_record, record_path, write_record

DATA = Path("data")  # where downloads and the embedded data go


def train_each(outputs: list[Path], **arguments) -> None:
    """Train the seed of each output; one that fails does not keep the others from their turn.

    Args:
        outputs: the places of the records, each ending in `{benchmark}/{method}/seed_{seed}.json`.
        arguments: of :func:`train`, but for the seed and the output.

    Raises:
        ValueError: runs failed; it says which, and why.
    """
    problems = []
    for output in outputs:
        seed = int(re.fullmatch(r"seed_(\d+)\.json", output.name)[1])
        try:
            train(seed=seed, output=output, **arguments)
        except (ValueError, OSError) as error:
            problems.append(f"seed {seed}: {error}" if len(outputs) > 1 else str(error))
        except Exception as error:  # a mistake in a method may concern one seed alone
            if len(outputs) == 1:
                raise
            traceback.print_exc()
            problems.append(f"seed {seed}: {error!r}")
    if problems:
        raise ValueError("; ".join(problems))


def train(
    method: str,
    seed: int,
    settings: dict,
    data_dir: str | None,
    manifest: Path,
    output: Path,
    device: str,
    checkpoint_every: int,
) -> None:
    """Run, going on from a checkpoint if there is one, and write the record to `output`.

    What was finished with these settings and this code is not computed again. Another record
    that stands at `output` is put aside.
    """
    place = finished(output, settings)
    if place is None:
        place = copy_of(output)
        checkpoint = place.with_suffix(".pt")
        record = run(
            method,
            seed,
            settings,
            dataset_root(settings["dataset"], data_dir, DATA),
            manifest,
            device=device,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            progress=True,
        )
        write_record(place, record)
        Checkpoint(checkpoint, "").remove()
    else:
        print(f"{output}: was finished before, with these settings and this code", file=sys.stderr)
    put_in_place(output, place)
    record = read_record(output)
    accuracy = record["average_accuracy"]
    result = "diverged" if accuracy is None else f"average accuracy {accuracy:.3f}"
    print(f"{output}: {result}, {record['training_seconds']:.1f} s of training", file=sys.stderr)


def check_place(outputs: list[Path], benchmark: str, method: str, seed: int) -> None:
    """Refuse a place that the record could not be written to, before anything is computed."""
    place, output = record_path(Path(), benchmark, method, seed), outputs[0]
    if output.parts[-3:] != place.parts or len(output.absolute().parts) < 5:
        raise ValueError(f"--output is {output}; allowed: a path that ends in runs/{place}")


def check_free(output: Path, settings: dict) -> None:
    """By hand, a record is not replaced: the workflow would not notice other settings."""
    if output.exists():
        same = read_record(output)["settings"] == settings
        made = (
            "is there already, with the same settings" if same else "was made with other settings"
        )
        raise ValueError(
            f"{output} {made}; give another results_dir in a configuration file, another "
            "--output, or move it away"
        )


def by_hand(args: argparse.Namespace) -> None:
    """Fill in what the workflow would give: settings, verified data, place of the record."""
    # Only here, so that the workflow does not rerun trainings when configuration code changes.
    from drl_replication.data.download import prepare
    from drl_replication.study import config
    from drl_replication.study.settings import run_settings

    loaded = config.load([Path("config/config.yaml"), *args.configfile])
    args.settings = run_settings(loaded, args.benchmark, args.method)
    results, dataset = Path(loaded["results_dir"]), args.settings["dataset"]
    args.checkpoint_every = loaded["checkpoint_every"]
    args.device = args.device or loaded["device"]["train"]
    args.manifest = results / "data" / f"{dataset}.json"
    if args.seed is None:
        raise ValueError("--seed is missing; allowed: a whole number")
    place = record_path(results / "runs", args.benchmark, args.method, args.seed)
    args.output = args.output or [place]
    check_place(args.output, args.benchmark, args.method, args.seed)
    check_free(args.output[0], args.settings)
    args.data_dir = args.data_dir or loaded["data_dir"]
    if not args.manifest.exists():
        options = {key: loaded["download"][key] for key in ("attempts", "timeout_seconds")}
        mirrors = loaded["download"]["mirrors"].get(dataset, [])
        prepare(dataset, args.manifest, args.data_dir, DATA, mirrors, **options)


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--method", required=True)
    parser.add_argument(
        "--output",
        type=Path,
        nargs="+",
        help="records to write, one a seed (by hand one; default: its place in results)",
    )
    hand = parser.add_argument_group("by hand")
    hand.add_argument("--benchmark")
    hand.add_argument("--seed", type=int)
    hand.add_argument(
        "--configfile", type=Path, nargs="+", default=[], help="on top of config.yaml"
    )
    workflow = parser.add_argument_group("by the workflow")
    workflow.add_argument("--settings", type=json.loads, help="resolved settings of the run (JSON)")
    workflow.add_argument("--manifest", type=Path, help="checksums of the verified dataset")
    parser.add_argument("--device", choices=DEVICES, help="default: the configuration's, or auto")
    parser.add_argument("--checkpoint-every", type=int, default=1000, help="loaded samples")
    args = parser.parse_args()
    if (args.settings is None) == (args.benchmark is None):
        parser.error("give either --benchmark, or --settings with --manifest and --output")
    args.data_dir = os.environ.get("DRL_DATA_DIR") or None
    try:
        if args.benchmark:
            by_hand(args)
        train_each(
            args.output,
            method=args.method,
            settings=args.settings,
            data_dir=args.data_dir,
            manifest=args.manifest,
            device=args.device or "auto",
            checkpoint_every=args.checkpoint_every,
        )
        if args.benchmark:  # no workflow around it that could take the record away again
            copy_of(args.output[0]).unlink(missing_ok=True)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on from the last checkpoint")


if __name__ == "__main__":
    main()
