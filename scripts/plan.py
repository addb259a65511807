"""Print what the runs that are still to be made will cost, before anything is spent."""

import json

from drl_replication.data.datasets import DATASETS
from drl_replication.jobs.commands import call
from drl_replication.jobs.resources import predict
from drl_replication.jobs.store import Store
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.runs import key
from drl_replication.study.selection import Selection
from drl_replication.text.markdown import markdown_grid

RECORD_MB = 0.02  # at its place and in the store


def make_plan(selection: Selection) -> str:
    """A Markdown table: runs still to be made, core-hours and memory, by benchmark and method.

    The folder of results holds the measured costs in `plan/`, and in `data/` the manifests of
    verified datasets.
    """
    results = selection.results
    store = Store(results)
    rows, hours, todo, mb = [], 0.0, 0, 0.0
    for benchmark, methods in selection.settings.items():
        for method, settings in methods.items():
            runs = [r for r in selection.runs if (r.benchmark, r.method) == (benchmark, method)]
            n = sum(not store.has(key(method, run.seed, settings), run) for run in runs)
            if not n:
                continue
            cost = json.loads((results / "plan" / benchmark / f"{method}.json").read_text())
            run = predict(cost, settings)
            expected = n * run["seconds"] / 3600
            rows.append([benchmark, method, f"{n} of {len(runs)}", f"{run['seconds']:.0f}"])
            rows[-1] += [f"{expected:.2f}", f"{run['memory_mb']:.0f}"]
            hours, todo = hours + expected, todo + n
    missing = {s["dataset"] for methods in selection.settings.values() for s in methods.values()}
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
    call(lambda selection: print(make_plan(selection)), parser_for_runs(__doc__))


if __name__ == "__main__":
    main()
