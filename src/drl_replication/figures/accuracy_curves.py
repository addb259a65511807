"""Average accuracy over the tasks seen so far, after each task: how methods forget on the way."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.figures.runs import (
    Array,
    Finished,
    Record,
    benchmark_grid,
    drawn_or_said,
    finished_runs,
    mean_and_std,
    paired,
    usual_n,
    with_interval,
)
from drl_replication.figures.style import (
    PROVISIONAL,
    method_style,
    runs_told,
    say,
    styled,
)
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.runs import accuracy_matrix

REFERENCE = "ber"  # DRL without its loss
THROUGH_TIME = "through_time"  # of a record with evaluations on the way


def draw(
    records: Sequence[Path], settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> tuple[Figure, dict[str, Any]]:
    """BER's accuracy, and under it each method's difference to it; one column a benchmark.

    `settings`: {benchmark: {method: settings}}. Returns the figure, and its numbers:
    `panels[benchmark][method]` has `seeds`, and `mean`, `std`, `low` and `high` (T,) where
    `seen` tasks were seen, which is 1, ..., T, or finer where runs were evaluated on their way;
    and `difference` to BER, paired by seed. Raises as `finished_runs`.
    """
    finished = finished_runs(records, settings)
    panels: dict[str, Any] = {benchmark: {} for benchmark in finished.drawable()}
    for (benchmark, method), runs in finished.groups.items():
        values = np.array([_of_run(run) for run in runs])
        _, std = mean_and_std(values)
        others = finished.groups.get((benchmark, REFERENCE), [])
        panels[benchmark][method] = {
            "seeds": [run["seed"] for run in runs],
            "seen": _seen(runs[0]),
            "std": std,
            **with_interval(values),
            "by_seed": values.tolist(),
            "difference": None if method == REFERENCE else paired(_of_run, runs, others),
        }
    final = {b: {m: line["mean"][-1] for m, line in ms.items()} for b, ms in panels.items()}
    return drawn_or_said(finished, _figure, panels), {
        "panels": panels,
        "summary": {"final": final, **_on_the_way(finished)},
        "caption": CAPTION + finished.provisos(),
        "details": finished.details(),
    }


CAPTION = (
    "Average accuracy over the tasks seen: BER's own (top), and each method minus BER, paired by "
    "seed, with 95 % intervals of Student; 0 is BER. Its last point belongs to Table 1. Where n "
    f"is under {PROVISIONAL}, differences are provisional: dashed, with thin lines for single "
    "seeds. To notice: where an interval leaves 0, and whether it stays away. Columns differ in "
    "scale."
)


def curve(a: Array) -> Array:
    """Mean accuracy over tasks 0..t after task t, for each t: (T, T) to (T,)."""
    return np.array([a[t, : t + 1].mean() for t in range(len(a))])


def _on_the_way(finished: Finished) -> dict[str, Any]:
    """Means over runs of the measures through time, of the methods whose runs all have them."""
    found: dict[str, Any] = {}
    for (benchmark, method), runs in finished.groups.items():
        if all(THROUGH_TIME in run for run in runs):
            found.setdefault(benchmark, {})[method] = {
                name: float(np.mean([run[THROUGH_TIME][name] for run in runs]))
                for name in ("average_anytime_accuracy", "worst_drop")
            }
    return {THROUGH_TIME: found} if found else {}


def _of_run(run: Record) -> Array:
    """On its way where it was evaluated there; the last point is the same."""
    if THROUGH_TIME in run:
        return np.array([np.mean(row) for row in run[THROUGH_TIME]["accuracies"]])
    return curve(accuracy_matrix(run))


def _seen(run: Record) -> list[float]:
    """How many tasks had been seen at each point of the curve; a part of one on the way."""
    tasks = len(run["accuracy_matrix"])
    if THROUGH_TIME not in run:
        return [float(t) for t in range(1, tasks + 1)]
    samples = np.array(run[THROUGH_TIME]["samples"])
    return [float(x) for x in samples * tasks / samples[-1]]


@styled()
def _figure(finished: Finished, panels: dict[str, Any]) -> Figure:
    """Without any run of BER, every panel shows a method's accuracy itself."""
    compared = any(REFERENCE in lines for lines in panels.values())
    methods = sorted(finished.methods, key=lambda m: m != REFERENCE)  # it first, the rest as is
    figure, columns = benchmark_grid(finished, len(methods), 0.78)
    for benchmark, axes in columns.items():
        lines, n = panels[benchmark], usual_n(panels[benchmark])
        axes[0].set_title(f"{benchmark_title(benchmark)}\n{runs_told(n)}")
        shown = {
            method: line
            if method == REFERENCE or not compared
            else line["difference"] | {"seen": line["seen"]}
            for method, line in lines.items()
            if method == REFERENCE or not compared or line["difference"]
        }
        for axis, method in zip(axes, methods, strict=True):
            if shown.get(method):
                _panel(axis, shown[method], method, n)
            else:
                no_pair = f"no seed with {method_title(REFERENCE)}"
                _nothing(axis, no_pair if method in lines else finished.why_not(benchmark, method))
        _same_scale(axes, methods, shown)
        _ticks(
            axes,
            BENCHMARKS[benchmark].tasks,
            any(line["seen"][0] < 1 for line in lines.values()),
        )
    for axis, method in zip(next(iter(columns.values())), methods, strict=True):
        title = method_title(method)
        axis.set_ylabel(title if method == REFERENCE or not compared else f"{title}\n− BER")
    figure.align_ylabels()
    figure.supylabel("average accuracy over the tasks seen", fontsize=8)
    return figure


def _panel(axis: Axes, line: Mapping[str, Any], method: str, usual: int) -> None:
    mean, n = np.array(line["mean"]), len(line["seeds"])
    seen, style = np.array(line["seen"]), method_style(method)
    if len(seen) > 1 and seen[0] < 1:
        style["marker"] = None  # of so many points
    style |= {"linestyle": "-" if n >= PROVISIONAL else "--", "markersize": 2.5, "linewidth": 1}
    if "difference" not in line:
        axis.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    if 1 < n < PROVISIONAL:
        axis.plot(seen, np.transpose(line["by_seed"]), color="0.6", linewidth=0.5)
    axis.plot(seen, mean, **style)
    if line["low"]:
        axis.fill_between(
            seen, line["low"], line["high"], color=style["color"], alpha=0.2, linewidth=0
        )
    if n != usual:
        axis.annotate(
            runs_told(n), (0.98, 0.97), xycoords="axes fraction", ha="right", va="top", fontsize=6
        )


def _nothing(axis: Axes, why: str) -> None:
    say(axis, why)
    axis.spines[:].set_visible(False)
    axis.set(xticks=[], yticks=[])


def _same_scale(axes: list[Axes], methods: list[str], shown: Mapping[str, Any]) -> None:
    """One scale for all but BER's own panel.

    An interval of two or three seeds may be so wide that nothing else would be seen: it is cut.
    """
    lines = [line for method, line in shown.items() if line and method != REFERENCE]
    values: list[list[float]] = []
    for line in lines:
        enough = len(line["seeds"]) >= PROVISIONAL
        values += [line["mean"], *([line["low"], line["high"]] if enough else line["by_seed"])]
    if not values:
        return
    low, high = np.min(values), np.max(values)
    room = 0.1 * (high - low) + 0.001
    for axis, method in zip(axes, methods, strict=True):
        if method != REFERENCE and shown.get(method):
            axis.set_ylim(low - room, high + room)


def _ticks(axes: list[Axes], tasks: int, fine: bool) -> None:
    for axis in axes:
        axis.set_xlim(0 if fine else 0.7, tasks + 0.3)
        if axis.get_lines():
            axis.set_xticks(range(1, tasks + 1), [""] * tasks)
            axis.yaxis.set_major_locator(MaxNLocator(3))
            axis.tick_params(labelsize=6, length=2)
    told = [str(t) if tasks <= 5 or t % 2 == 0 else "" for t in range(1, tasks + 1)]
    axes[-1].set_xticks(range(1, tasks + 1), told)
    axes[-1].set_xlabel("tasks seen")
