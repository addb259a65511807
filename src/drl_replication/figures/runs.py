"""What the figures that are drawn from run records share: reading, grouping, layout, words."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.figures.style import PAGE_WIDTH, figure_of_words, new_figure, say
from drl_replication.measures.statistics import mean_interval
from drl_replication.paper.printed import (
    BENCHMARK_DATASETS,
    benchmark_order,
    benchmark_title,
    method_order,
)
from drl_replication.records.runs import collect, record_path
from drl_replication.text.coverage import missing_runs

Record = dict[str, Any]
Groups = dict[tuple[str, str], list[Record]]
Array = NDArray[Any]
NARROW = 0.16  # of a column's width, for a benchmark of which nothing can be drawn


@dataclass(frozen=True)
class Finished:
    """The finished runs of a selection, and what became of the others.

    benchmarks, methods: all that are selected, in the paper's order. groups: the finished runs of
    each (benchmark, method) that has some, by seed. diverged: how many of each diverged. missing:
    a clause.
    """

    benchmarks: list[str]
    methods: list[str]
    groups: Groups
    diverged: Counter[tuple[str, str]]
    missing: str

    def drawable(self) -> list[str]:
        """Benchmarks with finished runs."""
        return [b for b in self.benchmarks if any(b == benchmark for benchmark, _ in self.groups)]

    def methods_of(self, benchmark: str) -> list[str]:
        """Methods with finished runs of a benchmark."""
        return [method for b, method in self.groups if b == benchmark]

    def why_not(self, benchmark: str, method: str = "") -> str:
        """Why there is nothing of a method, or of a whole benchmark."""
        gone = sum(n for (b, m), n in self.diverged.items() if b == benchmark and method in ("", m))
        return f"{gone} of {gone} runs diverged" if gone else "not run"

    def details(self) -> list[str]:
        """Sentences on seeds and data, and on the runs that are missing."""
        basis = "; ".join(self._basis(benchmark) for benchmark in self.drawable())
        sentences = [f"Finished seeds: {basis or 'none'}."]
        return sentences + ([f"Missing: {self.missing}."] if self.missing else [])

    def provisos(self) -> str:
        """What a caption owes: data that are not the paper's, runs that diverged."""
        other: dict[tuple[str, str], list[str]] = {}
        for benchmark in self.drawable():
            dataset = self._dataset(benchmark)
            paper = BENCHMARK_DATASETS.get(benchmark, dataset)
            if dataset != paper:
                other.setdefault((dataset, paper), []).append(benchmark_title(benchmark))
        sentences = [
            f"On {dataset}, not {paper}: {', '.join(titles)}."
            for (dataset, paper), titles in other.items()
        ]
        if gone := self.diverged.total():
            total = gone + sum(map(len, self.groups.values()))
            sentences.append(f"Diverged and left out: {gone} of {total} runs.")
        return "".join(f" {sentence}" for sentence in sentences)

    def _dataset(self, benchmark: str) -> str:
        runs = next(runs for (b, _), runs in self.groups.items() if b == benchmark)
        return str(runs[0]["provenance"]["data"]["dataset"])

    def _basis(self, benchmark: str) -> str:
        """`Split MNIST 10 (mnist)`."""
        counts = sorted({len(self.groups[benchmark, m]) for m in self.methods_of(benchmark)})
        span = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        return f"{benchmark_title(benchmark)} {span} ({self._dataset(benchmark)})"


def finished_runs(
    records: Sequence[Path], settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Finished:
    """What the records at `records` give; none of them is no error.

    `settings`: {benchmark: {method: settings}} of all that are selected. Raises RecordError and
    ValueError as `records.runs.collect`, ValueError for a record of other tasks.
    """
    runs = collect(records, settings) if records else []
    runs.sort(key=lambda r: (benchmark_order(r["benchmark"]), method_order(r["method"]), r["seed"]))
    groups: Groups = {}
    for run in runs:
        _check_tasks(run)
        if not run["diverged"]:
            groups.setdefault((run["benchmark"], run["method"]), []).append(run)
    there = [(r["benchmark"], r["method"], r["seed"]) for r in runs]
    seeds = sorted({seed for *_, seed in there})
    wanted = [(b, m, s) for b, methods in settings.items() for m, s in product(methods, seeds)]
    return Finished(
        sorted(settings, key=benchmark_order),
        sorted({m for methods in settings.values() for m in methods}, key=method_order),
        groups,
        Counter((r["benchmark"], r["method"]) for r in runs if r["diverged"]),
        missing_runs(wanted, there),
    )


def _check_tasks(run: Record) -> None:
    """Sizes are the benchmark's, whatever a record holds. Raises ValueError, naming the record."""
    tasks, found = BENCHMARKS[run["benchmark"]].tasks, len(run["accuracy_matrix"])
    if found != tasks:
        raise ValueError(
            f"{record_path('', run['benchmark'], run['method'], run['seed'])} has {found} tasks, "
            f"but {run['benchmark']} has {tasks}: run its job again."
        )


def drawn_or_said(
    finished: Finished, draw: Callable[[Finished, dict[str, Any]], Figure], panels: dict[str, Any]
) -> Figure:
    """The figure, or in its place why there is none."""
    if finished.groups:
        return draw(finished, panels)
    gone = finished.diverged.total()
    why = f"all {gone} runs diverged" if gone else "no run is there"
    return figure_of_words(f"Nothing to draw: {why}.")


def benchmark_grid(
    finished: Finished,
    rows: int,
    row_height: float,
    weight: Callable[[str], float] = lambda benchmark: 1.0,
) -> tuple[Figure, dict[str, list[Axes]]]:
    """A figure with a column of panels for each benchmark that has finished runs.

    Of the others, a narrow column says why it is empty. `weight` gives the width of a column.
    """
    names, full = finished.benchmarks, finished.drawable()
    weights = [weight(b) if b in full else NARROW for b in names]
    options: dict[str, Any] = {
        "squeeze": False,
        "width_ratios": weights,
        "height": row_height * rows + 0.7,
    }
    width = min(PAGE_WIDTH, 1.2 + 2.2 * sum(weights))
    figure, axes = new_figure(rows, len(names), width=width, **options)
    for place, (column, benchmark) in enumerate(zip(axes.T, names, strict=True)):
        if benchmark in full:
            continue
        for axis in column:
            axis.remove()
        axis = figure.add_subplot(column[0].get_gridspec()[:, place])
        axis.axis("off")
        why = f"{benchmark_title(benchmark)}: {finished.why_not(benchmark)}"
        say(axis, why, rotation=90, fontsize=7, wrap=False)
    return figure, {b: list(axes[:, names.index(b)]) for b in full}


def usual_n(panels: Mapping[str, Mapping[str, Any]]) -> int:
    """The count of seeds that most panels of a benchmark have."""
    return Counter(len(panel["seeds"]) for panel in panels.values()).most_common(1)[0][0]


def mean_and_std(values: Array) -> tuple[Any, Any]:
    """Over the first axis: mean, and sample standard deviation (None for a single value)."""
    std = values.std(axis=0, ddof=1).tolist() if len(values) > 1 else None
    return values.mean(axis=0).tolist(), std


def with_interval(values: Array) -> dict[str, Any]:
    """Mean over the first axis and its 95 % interval of Student (None for a single value)."""
    result: dict[str, Any] = {"mean": values.mean(axis=0).tolist(), "low": None, "high": None}
    if len(values) > 1:
        flat = values.reshape(len(values), -1).T
        ends = np.array([mean_interval(v) for v in flat]).reshape(*values.shape[1:], 2)
        result |= {"low": ends[..., 0].tolist(), "high": ends[..., 1].tolist()}
    return result


def paired(of_run: Callable[[Record], Array], runs: list[Record], others: list[Record]) -> Any:
    """Seed by seed, `runs` minus `others`: seeds, mean, low and high; None without common seeds."""
    reference = {run["seed"]: of_run(run) for run in others}
    common = [run for run in runs if run["seed"] in reference]
    if not common:
        return None
    differences = np.array([of_run(run) - reference[run["seed"]] for run in common])
    seeds = [run["seed"] for run in common]
    return {"seeds": seeds, **with_interval(differences), "by_seed": differences.tolist()}
