"""Accuracy on every task after every task: which tasks are forgotten, and when."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from drl_replication.figures.runs import benchmarks_of, finished_runs, mean_and_std
from drl_replication.figures.style import SETTINGS, new_figure
from drl_replication.paper.printed import benchmark_title, method_order, method_title
from drl_replication.records.runs import accuracy_matrix

COLOURS = "cividis"  # made for colour-blind readers, and monotone in grey


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """A heat map for each method (row) and benchmark (column), on one scale.

    `settings`: {benchmark: {method: settings}}. Returns the figure, and its numbers:
    `panels[benchmark][method]` has `seeds`, `mean` and `std`, (T, T) with null above the diagonal.
    Raises as `finished_runs`.
    """
    groups, provisos = finished_runs(records, settings)
    panels: dict = {benchmark: {} for benchmark in benchmarks_of(groups)}
    for (benchmark, method), runs in groups.items():
        mean, std = mean_and_std(np.array([accuracy_matrix(run) for run in runs]))
        seeds = [run["seed"] for run in runs]
        panels[benchmark][method] = {"seeds": seeds, "mean": _json(mean), "std": _json(std)}
    final = {b: {m: p["mean"][-1] for m, p in ms.items()} for b, ms in panels.items()}
    return _figure(panels), {
        "panels": panels,
        "summary": {"final": final},
        "caption": f"{CAPTION} {provisos}",
    }


CAPTION = (
    "Accuracy on the test set of each task (column of a panel) after learning each task (row), "
    "mean over seeds; tasks not yet learned are left blank, and the number is the mean of the last "
    "row, Table 1's average accuracy. To notice: a column that darkens downwards is a task that is "
    "forgotten; a dark diagonal is a task that was never learned well."
)


def _json(matrix: list | None) -> list | None:
    """NaN becomes null."""
    return matrix and [[None if np.isnan(v) else v for v in row] for row in matrix]


@plt.rc_context(SETTINGS)
def _figure(panels: Mapping) -> Figure:
    methods = sorted({m for lines in panels.values() for m in lines}, key=method_order)
    figure, axes = new_figure(
        len(methods), len(panels), height=0.95 * len(methods) + 0.6, squeeze=False
    )
    for column, (benchmark, of_method) in zip(axes.T, panels.items(), strict=True):
        column[0].set_title(benchmark_title(benchmark))
        column[-1].set_xlabel("task")
        for axis, method in zip(column, methods, strict=True):
            _panel(axis, of_method.get(method))
    for axis, method in zip(axes[:, 0], methods, strict=True):
        axis.set_ylabel(method_title(method))
    scale = ScalarMappable(Normalize(0, 1), COLOURS)
    bar = figure.colorbar(scale, ax=axes, shrink=min(1, 3 / len(methods)), aspect=30, pad=0.02)
    bar.set_label("accuracy")
    figure.supylabel("after task", fontsize=8)
    bar.outline.set_visible(False)
    return figure


def _panel(axis: Axes, panel: Mapping | None) -> None:
    axis.spines[:].set_visible(False)
    if panel is None:
        axis.set_xticks([])
        axis.set_yticks([])
        axis.text(0.5, 0.5, "not run", ha="center", va="center", color="#666666")
        return
    a = np.array(panel["mean"], dtype=float)
    ends = [task if task in (1, len(a)) else "" for task in range(1, len(a) + 1)]
    options = {"vmin": 0, "vmax": 1, "cmap": COLOURS, "cbar": False, "rasterized": True}
    seaborn.heatmap(a, square=True, xticklabels=ends, yticklabels=ends, ax=axis, **options)
    axis.tick_params(length=0)
    axis.tick_params(axis="y", rotation=0)
    axis.text(
        0.96,
        0.94,
        f"{a[-1].mean():.3f}",
        transform=axis.transAxes,
        ha="right",
        va="top",
        fontsize=7,
    )
