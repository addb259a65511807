"""The benchmarks with enough runs together: DRL against each rival, and performance profiles."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.figures.runs import finished_runs
from drl_replication.figures.style import (
    BLACK,
    GREY,
    figure_of_words,
    label_panels,
    legend_below,
    method_style,
    new_figure,
    say,
    styled,
)
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.runs import collect
from drl_replication.tables.aggregates import ALL, Probability, aggregates, profiles
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import run_measures
from drl_replication.text.notes import ENOUGH
from drl_replication.text.numbers import listed

CAPTION = (
    "(a) How probably a run of DRL is more accurate than one of each rival, with 95 % bootstrap "
    "intervals: on each benchmark (small) and over all (large). (b) The share of runs above each "
    "score ({}), mean of the benchmarks, with 95 % bands. {} To notice: does a large interval "
    "leave 0.5?"
)
MARKERS = "osD^v"  # of benchmarks
DASHES = ("-", (0, (6, 2)), "--", "-.", ":", (0, (3, 1, 1, 1)), (0, (1, 1)))  # of the profiles
NEARLY_ALL = 0.95  # of the runs


def draw(
    records: Sequence[Path], settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> tuple[Figure, dict[str, Any]]:
    """Of the runs that :func:`aggregates` and :func:`profiles` count.

    Returns the figure, and its numbers: `probabilities`, one row a rival and benchmark, and
    `profiles`. Raises as `finished_runs`.
    """
    finished = finished_runs(records, settings)
    measures = run_measures(collect(records, settings)) if records else None
    won = [] if measures is None else rows(aggregates(measures), Probability)
    spread = {"profiles": {}} if measures is None else profiles(measures)
    over_all = {row.rival: row.probability for row in won if row.benchmark == ALL}
    shown = won or spread["profiles"]
    words = f"Nothing to draw: no benchmark has {ENOUGH} runs of two methods."
    return _figure(won, spread) if shown else figure_of_words(words), {
        "probabilities": [row._asdict() for row in won],
        "profiles": spread,
        "summary": {"over_all": over_all},
        "caption": CAPTION.format(spread.get("normalisation", "accuracy"), _basis(won))
        + finished.provisos(),
        "details": finished.details(),
    }


def _basis(won: Sequence[Probability]) -> str:
    """Which benchmarks it is of, and how many runs of DRL or a rival each has at least."""
    fewest = {row.benchmark: min(r.n for r in won if r.benchmark == row.benchmark) for row in won}
    told = listed(f"{benchmark_title(b)} (n = {n})" for b, n in fewest.items() if b != ALL)
    return f"Of {told}." if won else ""


@styled()
def _figure(won: Sequence[Probability], spread: Mapping[str, Any]) -> Figure:
    figure, axes = new_figure(1, 2, height=3.0, width_ratios=[1, 1.2])
    handles = _forest(axes[0], won) + _profiles(axes[1], spread)
    label_panels(axes, ("DRL against each rival", "Performance profiles"))
    legend_below(figure, handles, width=1.05)
    return figure


def _forest(axis: Axes, won: Sequence[Probability]) -> list[Any]:
    """One row a rival; returns the handles of the legend."""
    if not won:
        say(axis, f"DRL and no rival have {ENOUGH} runs of one benchmark")
        axis.axis("off")
        return []
    rivals = list(dict.fromkeys(row.rival for row in won))
    benchmarks = [b for b in dict.fromkeys(row.benchmark for row in won) if b != ALL]
    markers = dict(zip(benchmarks, MARKERS, strict=False))
    step = 0.6 / len(benchmarks)
    for row in won:
        whole = row.benchmark == ALL
        place = len(benchmarks) if whole else benchmarks.index(row.benchmark)
        y = rivals.index(row.rival) - 0.3 + step * place
        color = BLACK if whole else GREY
        axis.plot([row.low, row.high], [y, y], color=color, lw=1.6 if whole else 0.6)
        marker = "d" if whole else markers.get(row.benchmark, "x")
        axis.plot(row.probability, y, marker, color=color, ms=5 if whole else 2.5)
    axis.axvline(0.5, color=GREY, lw=0.6, ls=":", zorder=0)
    axis.set_yticks(range(len(rivals)), [method_title(rival) for rival in rivals])
    axis.set(xlim=(-0.03, 1.03), ylim=(len(rivals) - 0.4, -0.6), xlabel="P(DRL > rival)")
    named = {**{b: benchmark_title(b) for b in benchmarks}, ALL: "all of these"}
    return [
        axis.plot(
            [],
            [],
            "d" if b == ALL else markers.get(b, "x"),
            color=BLACK if b == ALL else GREY,
            ms=5 if b == ALL else 2.5,
            label=title,
        )[0]
        for b, title in named.items()
    ]


def _profiles(axis: Axes, spread: Mapping[str, Any]) -> list[Any]:
    """One curve a method; returns the handles of the legend."""
    if not spread["profiles"]:
        say(axis, f"on no benchmark has each method {ENOUGH} runs")
        axis.axis("off")
        return []
    levels = np.array(spread["levels"])
    handles = []
    for (method, curve), dashes in zip(spread["profiles"].items(), cycle(DASHES), strict=False):
        style = {**method_style(method), "marker": None, "linewidth": 1.1, "linestyle": dashes}
        handles += axis.plot(levels, curve["share"], label=method_title(method), **style)
        band = {"color": style["color"], "alpha": 0.08, "linewidth": 0}
        axis.fill_between(levels, curve["low"], curve["high"], **band)
    shares = np.array([curve["share"] for curve in spread["profiles"].values()])
    bends = (shares < NEARLY_ALL).any(axis=0)  # left of there nothing is to be seen
    left = levels[max(int(bends.argmax()) - 5, 0)]
    axis.set(xlabel="score", ylabel="share of runs above", xlim=(left, levels[-1]), ylim=(0, 1.02))
    return handles
