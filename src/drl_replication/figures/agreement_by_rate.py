"""How far our accuracies are from the printed ones at each learning rate, by method."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.figures.style import (
    BLACK,
    label_panels,
    legend_below,
    method_style,
    new_figure,
    styled,
)
from drl_replication.paper.printed import (
    benchmark_order,
    benchmark_title,
    method_order,
    method_title,
)
from drl_replication.study.paper_settings import hyperparameters
from drl_replication.tables.frames import read_csv
from drl_replication.text.numbers import count

MARGIN = 0.02  # of the verdict on Table 1
CAPTION = (
    "Table 1's accuracies, ours minus the paper's, against the learning rate, all else as in the "
    "paper; bars: 90 % intervals, where it may be judged. Grey: the margin of ±0.02; dotted: the "
    "printed rate; black: the mean of |ours − paper's|. To notice: whether one rate brings all "
    "methods to the print, or each wants its own."
)
LATE = " Other rates than the printed one were decided on after results were seen."
DETAIL = "Methods whose rate is no setting of the variants are left out, as GSS-greedy's own."


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """One panel a benchmark, one line a method; `records` is the study's `rates.csv` alone.

    Returns the figure, and its numbers: `panels[benchmark][method]` has lists by learning rate.
    Raises ValueError if there is nothing to draw.
    """
    frame = read_csv(records[0])
    cell = [frame["benchmark"], frame["method"]]
    frame = frame[frame["learning_rate"].groupby(cell).transform("nunique") > 1]
    if frame.empty:
        raise ValueError(
            f"{records[0]} holds one learning rate of each method or none, so there is nothing to "
            "draw: add "
            "variants that change nothing but the learning rate."
        )
    panels = {
        str(benchmark): _panel(str(benchmark), part)
        for benchmark, part in sorted(
            frame.groupby("benchmark", sort=False), key=lambda pair: benchmark_order(str(pair[0]))
        )
    }
    distances = {b: panel["distance"] for b, panel in panels.items()}
    return _figure(panels), {
        "panels": panels,
        "summary": distances,
        "caption": f"{CAPTION} Means of {count(frame['n'])} seeds."
        + (LATE if (frame["decided"] == "after").any() else ""),
        "details": [DETAIL],
    }


def _panel(benchmark: str, frame: pd.DataFrame) -> dict[str, Any]:
    distance = frame.assign(d=frame["difference"].abs()).groupby("learning_rate")["d"].mean()
    methods = sorted(frame["method"].unique(), key=method_order)
    return {
        "printed_rate": hyperparameters(benchmark)["learning_rate"],
        "distance": {"learning_rate": distance.index.tolist(), "mean": distance.tolist()},
        "methods": {m: _line(frame[frame["method"] == m]) for m in methods},
    }


def _line(part: pd.DataFrame) -> dict[str, list[float | None]]:
    part = part.sort_values("learning_rate")
    names = ("learning_rate", "difference", "low", "high")
    return {n: [None if np.isnan(v) else float(v) for v in part[n]] for n in names}


@styled()
def _figure(panels: Mapping[str, Mapping[str, Any]]) -> Figure:
    figure, axes = new_figure(1, len(panels), height=2.6, squeeze=False)
    places = list(np.ravel(np.asarray(axes, dtype=object)))
    for axis, panel in zip(places, panels.values(), strict=True):
        _draw_panel(axis, panel)
    label_panels(places, map(benchmark_title, panels))
    places[0].set_ylabel("accuracy, ours − paper's")
    methods = dict.fromkeys(m for panel in panels.values() for m in panel["methods"])
    handles = [places[0].plot([], [], label=method_title(m), **method_style(m))[0] for m in methods]
    handles.append(places[0].plot([], [], color=BLACK, lw=2, label="mean distance")[0])
    legend_below(figure, handles, width=0.9)
    return figure


def _draw_panel(axis: Axes, panel: Mapping[str, Any]) -> None:
    axis.axhspan(-MARGIN, MARGIN, color="#dddddd", lw=0)
    axis.axvline(panel["printed_rate"], color=BLACK, ls=":", lw=0.8)
    for method, line in panel["methods"].items():
        style = method_style(method)
        y = np.array(line["difference"], dtype=float)
        axis.plot(line["learning_rate"], y, linewidth=1, **style)
        ends = np.array([line["low"], line["high"]], dtype=float)
        axis.vlines(line["learning_rate"], *ends, color=style["color"], lw=0.6)
    distance = panel["distance"]
    axis.plot(distance["learning_rate"], distance["mean"], color=BLACK, lw=2)
    axis.set_xscale("log")
    rates = distance["learning_rate"]
    axis.set_xticks(rates, [f"{rate:g}" for rate in rates], rotation=45)
    axis.minorticks_off()
    axis.set_xlabel("learning rate")
