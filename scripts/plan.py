"""Print what the runs that are still to be made will cost, before anything is spent."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from drl_replication.data.datasets import DATASETS
from drl_replication.jobs.commands import call
from drl_replication.jobs.resources import predict
from drl_replication.jobs.store import Store
from drl_replication.records.reading import read
from drl_replication.study.runs import Run, key
from drl_replication.study.selection import Selection
from drl_replication.study.study_files import read_study
from drl_replication.text.markdown import markdown_grid

RECORD_MB = 0.02  # at its place and in the store
Group = tuple[str, str, dict, list[Run]]  # benchmark, method, settings, runs


def make_plan(selection: Selection | None = None, study: list[Path] | None = None) -> None:
    """Print what is still to be made of the selected runs, or of studies."""
    if study:
        contents = [read_study(path) for path in study]
        print(plan(contents[0].results, [group for c in contents for group in c.groups()]))
    elif selection:
        groups = [
            (
                benchmark,
                method,
                settings,
                [r for r in selection.runs if (r.benchmark, r.method) == (benchmark, method)],
            )
            for benchmark, methods in selection.settings.items()
            for method, settings in methods.items()
        ]
        print(plan(selection.results, groups))


def plan(results: Path, groups: Sequence[Group]) -> str:
    """A Markdown table: runs still to be made, core-hours and memory, by benchmark and method.

    `groups`: runs that have the same settings. The folder of results holds the measured costs in
    `plan/`, and in `data/` the manifests of verified datasets.
    """
    store = Store(results)
    total: dict[tuple[str, str], list[float]] = {}
    for benchmark, method, settings, runs in groups:
        row = total.setdefault((benchmark, method), [0, 0, 0.0, 0.0])
        lacking = sum(not store.has(key(method, run.seed, settings), run) for run in runs)
        row[0], row[1] = row[0] + lacking, row[1] + len(runs)
        if lacking:
            cost = read(results / "plan" / benchmark / f"{method}.json", "cost")
            run = predict(cost, settings)
            row[2] += cost["startup_seconds"] + lacking * run["seconds"]  # short runs: one job
            row[3] = max(row[3], run["memory_mb"])
    rows = [
        [*pair, f"{n:.0f} of {of:.0f}", f"{s / n:.0f}", f"{s / 3600:.2f}", f"{mb:.0f}"]
        for pair, (n, of, s, mb) in total.items()
        if n
    ]
    todo, hours = sum(r[0] for r in total.values()), sum(r[2] for r in total.values()) / 3600
    datasets = {settings["dataset"] for *_, settings, _ in groups}
    missing = [name for name in datasets if not (results / "data" / f"{name}.json").exists()]
    mb = sum(file.bytes for name in missing for file in DATASETS[name].files) / 1e6
    header = ["benchmark", "method", "runs to make", "seconds a run", "core-hours", "memory (MB)"]
    return (
        f"{markdown_grid(header, rows)}\n"
        f"In all {todo:.0f} runs, {hours:.1f} core-hours on a machine like this one; "
        f"disk: {todo * RECORD_MB:.0f} MB of records and at most {mb:.0f} MB of datasets that are "
        "not verified yet.\n"
    )


def main() -> None:
    """Parse the arguments and print the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--selection", type=Selection, help="of runs, as JSON")
    which.add_argument("--study", type=Path, nargs="+", help="the JSON of a study, or of several")
    call(make_plan, parser)


if __name__ == "__main__":
    main()
