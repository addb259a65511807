"""Average accuracy over the tasks seen so far, after each task: how methods forget on the way."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from drl_replication.figures.runs import benchmarks_of, finished_runs, mean_and_std
from drl_replication.figures.style import SETTINGS, label_panels, method_style, new_figure
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.runs import accuracy_matrix

COLUMNS = 3


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """One panel a benchmark, one line a method with its band of one standard deviation.

    `settings`: {benchmark: {method: settings}}. Returns the figure, and its numbers:
    `panels[benchmark][method]` has `seeds`, and `mean` and `std` (T,) after 1, ..., T tasks.
    Raises as `finished_runs`.
    """
    groups, provisos = finished_runs(records, settings)
    panels: dict = {benchmark: {} for benchmark in benchmarks_of(groups)}
    for (benchmark, method), runs in groups.items():
        mean, std = mean_and_std(np.array([curve(accuracy_matrix(run)) for run in runs]))
        seeds = [run["seed"] for run in runs]
        panels[benchmark][method] = {"seeds": seeds, "mean": mean, "std": std}
    final = {b: {m: line["mean"][-1] for m, line in ms.items()} for b, ms in panels.items()}
    return _figure(panels), {
        "panels": panels,
        "summary": {"final": final},
        "caption": f"{CAPTION} {provisos}",
    }


CAPTION = (
    "Average accuracy over the tasks seen so far against their number, mean over seeds with a "
    "band of one sample standard deviation (none for a single seed); the last point of a line is "
    "Table 1's number. The panels' axes differ. To notice: how far lines lie apart compared "
    "with their bands, and whether their order changes on the way."
)


def curve(a: np.ndarray) -> np.ndarray:
    """Mean accuracy over tasks 0..t after task t, for each t: (T, T) to (T,)."""
    return np.array([a[t, : t + 1].mean() for t in range(len(a))])


@plt.rc_context(SETTINGS)
def _figure(panels: Mapping) -> Figure:
    columns = min(COLUMNS, len(panels))
    rows = -(-(len(panels) + (len(panels) > 1)) // columns)  # one place for the legend
    figure, axes = new_figure(rows, columns, height=2.2 * rows, squeeze=False)
    places = axes.ravel().tolist()
    for axis, lines in zip(places, panels.values(), strict=False):
        _panel(axis, lines)
    label_panels(places, map(benchmark_title, panels))
    for axis in places[len(panels) :]:
        axis.axis("off")
    _legend(places, panels)
    figure.supylabel("average accuracy over the tasks seen", fontsize=8)
    return figure


def _panel(axis: Axes, lines: Mapping) -> None:
    for method, line in lines.items():
        mean = np.array(line["mean"])
        seen = np.arange(1, len(mean) + 1)
        style = method_style(method)
        axis.plot(seen, mean, markevery=(0, 1), **style)
        if line["std"]:
            std = np.array(line["std"])
            axis.fill_between(seen, mean - std, mean + std, color=style["color"], alpha=0.12, lw=0)
    axis.set_xlabel("tasks seen")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def _legend(places: list[Axes], panels: Mapping) -> None:
    """In the first empty place, or inside the only panel."""
    methods = dict.fromkeys(method for lines in panels.values() for method in lines)
    place = places[len(panels)] if len(places) > len(panels) else places[0]
    handles = [place.plot([], [], label=method_title(m), **method_style(m))[0] for m in methods]
    place.legend(handles=handles, loc="center" if len(places) > len(panels) else "best")
