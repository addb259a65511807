"""Accuracy on every task after every task: which tasks are forgotten, and when."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.figures.runs import (
    Array,
    Finished,
    benchmark_grid,
    drawn_or_said,
    finished_runs,
    mean_and_std,
    paired,
    usual_n,
)
from drl_replication.figures.style import BLUE, ORANGE, PROVISIONAL, runs_told, say, styled
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.runs import accuracy_matrix

REFERENCE = "ber"  # DRL without its loss
COLOURS = LinearSegmentedColormap.from_list("worse to better", [BLUE, "white", ORANGE])
STRONG = 0.1  # difference to BER with the strongest colour


def draw(
    records: Sequence[Path], settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> tuple[Figure, dict[str, Any]]:
    """A matrix for each method (row) and benchmark (column), coloured by the difference to BER.

    `settings`: {benchmark: {method: settings}}. Returns the figure, and its numbers:
    `panels[benchmark][method]` has `seeds`, `mean` and `std`, (T, T) with null above the
    diagonal, and `difference` to BER, paired by seed. Raises as `finished_runs`.
    """
    finished = finished_runs(records, settings)
    panels: dict[str, Any] = {benchmark: {} for benchmark in finished.drawable()}
    for (benchmark, method), runs in finished.groups.items():
        mean, std = mean_and_std(np.array([accuracy_matrix(run) for run in runs]))
        others = finished.groups.get((benchmark, REFERENCE), [])
        found = None if method == REFERENCE else paired(accuracy_matrix, runs, others)
        panels[benchmark][method] = {
            "seeds": [run["seed"] for run in runs],
            "mean": _json(mean),
            "std": _json(std),
            "difference": found and {k: _json(found[k]) for k in ("seeds", "mean", "low", "high")},
        }
    final = {b: {m: p["mean"][-1] for m, p in ms.items()} for b, ms in panels.items()}
    return drawn_or_said(finished, _figure, panels), {
        "panels": panels,
        "summary": {"final": final},
        "caption": CAPTION + finished.provisos(),
        "details": finished.details(),
    }


CAPTION = (
    "Accuracy in % on the test set of each task (column of a panel) after learning each task "
    "(row); beside it, average accuracy at the end (Table 1). Colour: difference from BER, paired "
    "by seed; white where there is none. Bold: the 95 % interval (Student) of that difference "
    f"excludes 0. n under {PROVISIONAL} is provisional, and never bold. To notice: columns that "
    "fall, tasks forgotten."
)


def _json(values: Any) -> Any:
    """NaN becomes null, at any depth."""
    if isinstance(values, list):
        return [_json(value) for value in values]
    return None if isinstance(values, float) and np.isnan(values) else values


def _width(benchmark: str) -> float:
    """Of a column: the numbers of ten tasks need more room than those of five."""
    return 1 + max(0, BENCHMARKS[benchmark].tasks - 5) * 0.14


@styled()
def _figure(finished: Finished, panels: dict[str, Any]) -> Figure:
    figure, columns = benchmark_grid(finished, len(finished.methods), 1.02, _width)
    for benchmark, axes in columns.items():
        n = usual_n(panels[benchmark])
        axes[0].set_title(f"{benchmark_title(benchmark)}\n{runs_told(n)}")
        for axis, method in zip(axes, finished.methods, strict=True):
            axis.spines[:].set_visible(False)
            if method in panels[benchmark]:
                _panel(axis, panels[benchmark][method], n)
            else:
                say(axis, finished.why_not(benchmark, method))
                axis.set(xticks=[], yticks=[])
        axes[-1].set_xlabel("accuracy on task")  # after the heat map, which clears it
    left = next(iter(columns.values()))
    for axis, method in zip(left, finished.methods, strict=True):
        axis.set_ylabel(method_title(method))
    figure.supylabel("after learning task", fontsize=8)
    scale = ScalarMappable(Normalize(-100 * STRONG, 100 * STRONG), COLOURS)
    every = [axis for axes in columns.values() for axis in axes]
    place = {"location": "bottom", "shrink": 0.5, "aspect": 40, "pad": 0.02, "extend": "both"}
    bar = figure.colorbar(scale, ax=every, **place)  # type: ignore[arg-type]
    bar.set_label("difference from BER in percentage points")
    return figure


def _panel(axis: Axes, panel: Mapping[str, Any], usual: int) -> None:
    a, compared = np.array(panel["mean"], dtype=float), panel["difference"]
    colour = np.array(compared["mean"], dtype=float) if compared else 0 * a
    edges, size = np.arange(len(a) + 1) + 0.5, 5 if len(a) > 5 else 6
    axis.pcolormesh(edges, edges, np.ma.masked_invalid(colour), vmin=-STRONG, vmax=STRONG,
                    cmap=COLOURS, rasterized=True)  # fmt: skip
    axis.invert_yaxis()
    bold = _off_zero(compared, a)
    for t, i in (divmod(cell, len(a)) for cell in np.flatnonzero(~np.isnan(a)).tolist()):
        shade = colour[t, i] / STRONG
        look: dict[str, Any] = {"color": "white" if shade < -0.6 else "black"}
        look |= {"fontweight": "bold" if bold[t, i] else "normal"}
        place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size, "clip_on": True}
        text = axis.text(i + 1, t + 1, f"{100 * a[t, i]:.0f}", **place, **look)
        text.set_in_layout(False)  # it lies in the panel; hundreds of them make layout slow
    axis.set(xticks=range(1, len(a) + 1), yticks=range(1, len(a) + 1))
    axis.tick_params(length=0, pad=1, labelsize=size)
    n, told = len(panel["seeds"]), f"{a[-1].mean():.3f}"
    told = told if n == usual else f"n = {n}: {told}"
    axis.text(0.98, 0.97, told, transform=axis.transAxes, ha="right", va="top", fontsize=7)


def _off_zero(compared: Mapping[str, Any] | None, a: Array) -> Array:
    """Where the interval of the difference to BER lies off 0; nowhere with too few pairs."""
    if not compared or not compared["low"] or len(compared["seeds"]) < PROVISIONAL:
        return np.zeros(a.shape, dtype=bool)
    low, high = (np.array(compared[key], dtype=float) for key in ("low", "high"))
    off: Array = (low > 0) | (high < 0)
    return off
