"""Train one (benchmark, method, seed) and write its record; also the seeds that share a job.

By hand, from anywhere in the project's folder:

    python scripts/train.py --benchmark split_mnist --method drl --seed 0
    python scripts/train.py --benchmark split_mnist --method drl --seed 0 --configfile my.yaml
"""

import argparse
import json
import os
import sys
from pathlib import Path

from drl_replication.jobs.runs import DATA, DEVICES, make_each
from drl_replication.study.runs import Run


def by_hand(args: argparse.Namespace) -> None:
    """Fill in what the workflow would give: settings, verified data, place of the record."""
    from drl_replication.data.download import prepare
    from drl_replication.study import config
    from drl_replication.study.settings import run_settings

    if args.seed is None:
        raise ValueError("--seed is missing; allowed: a whole number")
    if args.threads < 1:
        raise ValueError(f"--threads is {args.threads}; allowed: a whole number from 1")
    defaults = [Path("config/config.yaml"), Path("config/studies.yaml")]
    loaded = config.load([*defaults, *args.configfile])
    config.check(loaded | {"seeds": [args.seed]})
    args.settings = run_settings(loaded, args.benchmark, args.method)
    results, dataset = Path(loaded["results_dir"]), args.settings["dataset"]
    args.checkpoint_every = args.checkpoint_every or loaded["checkpoint_every"]
    args.device = args.device or loaded["device"]["train"]
    args.keep_weights = loaded["keep_weights"]
    args.manifest = results / "data" / f"{dataset}.json"
    run = Run(args.benchmark, args.method, args.seed)
    args.output = args.output or [results / run.path]
    if [Run.at(output) for output in args.output] != [run]:
        raise ValueError(f"--output is {args.output[0]}; allowed: a path that ends in {run.path}")
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
    hand.add_argument(
        "--threads",
        type=int,
        default=1,
        help="of a run that alone is long (default: 1); rounds otherwise, as another machine does",
    )
    workflow = parser.add_argument_group("by the workflow")
    workflow.add_argument("--settings", type=json.loads, help="resolved settings of the run (JSON)")
    workflow.add_argument("--manifest", type=Path, help="checksums of the verified dataset")
    parser.add_argument("--device", choices=DEVICES, help="default: the configuration's, or auto")
    parser.add_argument(
        "--checkpoint-every",
        type=int,
        help="loaded samples (default: the configuration's, or 1000)",
    )
    args = parser.parse_args()
    told = [isinstance(args.settings, dict), args.manifest is not None, args.output is not None]
    if (args.benchmark is None) != all(told) or (args.benchmark and any(told[:2])):
        parser.error("give either --benchmark, or --settings with --manifest and --output")
    args.data_dir = os.environ.get("DRL_DATA_DIR") or None
    try:
        args.keep_weights = [int(seed) for seed in os.environ.get("DRL_KEEP_WEIGHTS", "").split()]
        if args.benchmark:
            by_hand(args)
        make_each(
            args.output,
            method=args.method,
            settings=args.settings,
            manifest=args.manifest,
            data_dir=args.data_dir,
            device=args.device or "auto",
            threads=args.threads,
            checkpoint_every=args.checkpoint_every or 1000,
            keep_weights=args.keep_weights,
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on from the last checkpoint")


if __name__ == "__main__":
    main()
