"""Print what the runs that are still to be made will cost, before anything is spent."""

import argparse
import json
import sys
from pathlib import Path

from drl_replication.data.datasets import DATASETS
from drl_replication.jobs.resources import is_done, predict
from drl_replication.records.runs import record_path
from drl_replication.text.markdown import markdown_grid

RECORD_MB = 0.01


def make_plan(results: Path, settings: dict[str, dict[str, dict]], seeds: list[int]) -> str:
    """A Markdown table: runs still to be made, core-hours and memory, by benchmark and method.

    `results` holds the records in `runs/`, the measured costs in `plan/` and the manifests of
    verified datasets in `data/`.
    """
    rows, hours, todo, mb = [], 0.0, 0, 0.0
    for benchmark, methods in settings.items():
        for method, run_settings in methods.items():
            n = sum(
                not is_done(record_path(results / "runs", benchmark, method, seed), run_settings)
                for seed in seeds
            )
            if not n:
                continue
            cost = json.loads((results / "plan" / benchmark / f"{method}.json").read_text())
            run = predict(cost, run_settings)
            expected = n * run["seconds"] / 3600
            rows.append([benchmark, method, f"{n} of {len(seeds)}", f"{run['seconds']:.0f}"])
            rows[-1] += [f"{expected:.2f}", f"{run['memory_mb']:.0f}"]
            hours, todo = hours + expected, todo + n
    missing = {s["dataset"] for methods in settings.values() for s in methods.values()}
    for name in sorted(
        name for name in missing if not (results / "data" / f"{name}.json").exists()
    ):
        mb += sum(file.bytes for file in DATASETS[name].files) / 1e6
    header = ["benchmark", "method", "runs to make", "seconds a run", "core-hours", "memory (MB)"]
    return (
        f"{markdown_grid(header, rows)}\n"
        f"In all {todo} runs, {hours:.1f} core-hours on a machine like this one; "
        f"disk: {todo * RECORD_MB:.0f} MB of records and at most {mb:.0f} MB of datasets that are "
        "not verified yet.\n"
    )


def main() -> None:
    """Parse the arguments and print the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of results")
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    try:
        print(make_plan(**vars(parser.parse_args())))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
