"""DRL minus its best rival under every variant, sorted; below it what each variant changes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.figures.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    label_panels,
    new_figure,
    styled,
)
from drl_replication.paper.printed import benchmark_order, benchmark_title, method_title
from drl_replication.tables.frames import read_csv
from drl_replication.text.numbers import count

ROW_INCHES = 0.13  # of a choice below the curves
MOST_ROWS = 45  # of choices with their values; with more, those of one name share a row
CAPTION = (
    "Average accuracy of DRL minus that of the rival that is best on the same seeds, which favours "
    "it; under every variant, sorted, with Student's 95 % intervals, {n}, the widest cut off. "
    "Orange: what the others are compared with; blue: one learning rate for all; grey: another for "
    "DRL alone. Below: what a variant changes. To notice: whether the sign hangs on a choice."
)
DETAIL = (
    "The best of several means is too good by chance, which pulls the difference down. A variant "
    "that changes neither DRL nor that rival repeats the orange point; where variants are counted, "
    "each value counts once."
)


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """One column a benchmark; `records` is the study's `curve.csv` alone, `settings` unused.

    Returns the figure, and its numbers: `panels[benchmark]` is a list of variants in their order.
    Raises ValueError if there is nothing to draw.
    """
    frame = read_csv(records[0])
    if frame.empty:
        raise ValueError(
            f"{records[0]} holds no comparison of DRL with a rival, so there is nothing to draw: "
            "add DRL and another of the paper's methods to the study."
        )
    panels = {
        str(benchmark): _points(part.to_dict("records"))
        for benchmark, part in sorted(
            frame.groupby("benchmark", sort=False), key=lambda pair: benchmark_order(str(pair[0]))
        )
    }
    choices = _label(panels)
    ahead = {
        b: {
            "specifications": len(points),
            "ahead": sum(p["low"] > 0 for p in points),
            "behind": sum(p["high"] < 0 for p in points),
        }
        for b, points in panels.items()
    }
    rivals = sorted({p["rival"] for points in panels.values() for p in points})
    names = ", ".join(map(method_title, rivals))
    return _figure(panels, choices), {
        "panels": panels,
        "summary": ahead,
        "caption": CAPTION.format(n=count(frame["n"])) + _late(frame),
        "details": [DETAIL, f"Rivals: {names}."],
    }


def _late(frame: pd.DataFrame) -> str:
    """Which families of variants were decided on after results were seen."""
    late = frame.loc[frame["decided"] == "after", "family"].unique()
    return f" Decided on after results were seen: {', '.join(late)}." if len(late) else ""


def _label(panels: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """Give each point its `choices`, and return all of them, for the rows below the curves."""
    points = [point for panel in panels.values() for point in panel]
    changes = [[(n, v.partition(" on ")[0]) for n, v in p["changes"].items()] for p in points]
    pairs = {pair for part in changes for pair in part}
    short = len(pairs) > MOST_ROWS
    for point, part in zip(points, changes, strict=True):
        point["choices"] = [n if short else f"{n} {value}" for n, value in part]
    names = sorted(pairs, key=lambda pair: (pair[0], _size(pair[1]), pair[1]))
    return list(dict.fromkeys(n if short else f"{n} {value}" for n, value in names))


def _size(value: str) -> float:
    try:
        return float(value.removeprefix("x"))
    except ValueError:
        return 0.0


def _points(rows: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    ordered = sorted(rows, key=lambda row: row["difference"])
    kept = ("variant", "even", "rival", "n", "difference", "low", "high")
    return [{n: row[n] for n in kept} | {"changes": json.loads(row["changes"])} for row in ordered]


@styled()
def _figure(panels: Mapping[str, list[dict[str, Any]]], choices: Sequence[str]) -> Figure:
    below = ROW_INCHES * max(1, len(choices))
    figure, axes = new_figure(
        2,
        len(panels),
        height=2.6 + below,
        squeeze=False,
        sharex="col",
        gridspec_kw={"height_ratios": [2.0, below]},
    )
    grid: Any = axes
    for column, points in enumerate(panels.values()):
        _curve(grid[0, column], points)
        _choices(grid[1, column], points, choices, first=column == 0)
        grid[1, column].set_xlabel("variants, sorted")
    label_panels(grid[0], map(benchmark_title, panels))
    grid[0, 0].set_ylabel("DRL − best rival, accuracy")
    return figure


def _curve(axis: Axes, points: Sequence[Mapping[str, Any]]) -> None:
    axis.axhline(0, color=BLACK, lw=0.6)
    last = [x for x, point in enumerate(points) if not point["changes"]]  # over its neighbours
    for x in sorted(range(len(points)), key=lambda x: x in last):
        point = points[x]
        is_base = not point["changes"]
        color = ORANGE if is_base else BLUE if point["even"] else GREY
        axis.plot([x, x], [point["low"], point["high"]], color=color, lw=2 if is_base else 0.8)
        face = color if point["even"] else "white"
        look: dict[str, Any] = {"color": color, "markerfacecolor": face, "ms": 5 if is_base else 2}
        axis.plot(x, point["difference"], "D" if is_base else "o", **look)
    span = np.array([[p["low"], p["high"], p["difference"]] for p in points])
    low, high = np.quantile(span, 0.02), np.quantile(span, 0.98)
    edge = 0.1 * (high - low) or 0.01
    axis.set_ylim(min(low, span[:, 2].min()) - edge, max(high, span[:, 2].max(), 0) + edge)


def _choices(
    axis: Axes, points: Sequence[Mapping[str, Any]], choices: Sequence[str], first: bool
) -> None:
    for y, name in enumerate(choices):
        xs = [x for x, point in enumerate(points) if name in point["choices"]]
        axis.plot(xs, [y] * len(xs), "|", color=BLACK, ms=4, mew=0.9)
    base = [x for x, point in enumerate(points) if not point["changes"]]
    for x in base:
        axis.axvline(x, color=ORANGE, lw=1, zorder=0)
    axis.set_ylim(len(choices) - 0.5, -0.5)
    axis.set_yticks(range(len(choices)), [c.replace("_", " ") for c in choices] if first else [])
    axis.tick_params(axis="y", length=0, labelsize=6)
    axis.set_xticks([])
