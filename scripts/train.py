"""Train one method on one benchmark with one seed, and write the record of the run.

By hand, with the settings of the configuration:

    python scripts/train.py --benchmark split_mnist --method drl --seed 0

and with a difference to them: --configfile config/demo.yaml
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

from drl_replication.checkpoints import Checkpoint
from drl_replication.datasets import dataset_root
from drl_replication.records import read_record, record_path, write_record
from drl_replication.training import DEVICES, run

DATA = Path("data")  # where downloads and the embedded data go


def train(
    method: str,
    seed: int,
    settings: dict,
    data_dir: str | None,
    manifest: Path,
    output: Path,
    device: str,
    checkpoint_every: int,
) -> dict:
    """Run, going on from a checkpoint if there is one, and write the record to `output`.

    A record that stands there is put aside.
    """
    root = dataset_root(settings["dataset"], data_dir, DATA)
    checkpoint = sibling(output, "checkpoints").with_suffix(".pt")
    record = run(
        method,
        seed,
        settings,
        root,
        manifest,
        device=device,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        progress=True,
    )
    put_aside(output)
    write_record(output, record)
    Checkpoint(checkpoint, "").remove()
    return record


def sibling(output: Path, *folders: str) -> Path:
    """The place of a run in another folder beside `runs/`."""
    return output.parents[3].joinpath(*folders, *output.parts[-3:])


def put_aside(path: Path) -> None:
    """Keep the record that stands at `path`: `superseded/{its checksum}/` beside `runs/`."""
    if path.exists():
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        kept = sibling(path, "superseded", checksum)
        kept.parent.mkdir(parents=True, exist_ok=True)
        path.replace(kept)
        print(f"{path}: the record that was there is kept at {kept}", file=sys.stderr)


def check_place(output: Path, benchmark: str, method: str, seed: int) -> None:
    """Refuse a place that the record could not be written to, before anything is computed."""
    place = record_path(Path(), benchmark, method, seed)
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
    from drl_replication import config
    from drl_replication.download import prepare

    loaded = config.load([Path("config/config.yaml"), *args.configfile])
    args.settings = config.run_settings(loaded, args.benchmark, args.method)
    results, dataset = Path(loaded["results_dir"]), args.settings["dataset"]
    args.checkpoint_every = loaded["checkpoint_every"]
    args.device = args.device or loaded["device"]["train"]
    args.manifest = results / "data" / f"{dataset}.json"
    args.output = args.output or record_path(
        results / "runs", args.benchmark, args.method, args.seed
    )
    check_place(args.output, args.benchmark, args.method, args.seed)
    check_free(args.output, args.settings)
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
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--output", type=Path, help="record to write (default: its place in results)"
    )
    hand = parser.add_argument_group("by hand")
    hand.add_argument("--benchmark")
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
        record = train(
            args.method,
            args.seed,
            args.settings,
            args.data_dir,
            args.manifest,
            args.output,
            args.device or "auto",
            args.checkpoint_every,
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on from the last checkpoint")
    accuracy = record["average_accuracy"]
    result = "diverged" if accuracy is None else f"average accuracy {accuracy:.3f}"
    print(
        f"{args.output}: {result}, {record['training_seconds']:.1f} s of training", file=sys.stderr
    )


if __name__ == "__main__":
    main()
