"""The study in one picture: the printed numbers of Table 1, and ours within their margins."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from drl_replication.figures.runs import Finished, benchmark_grid, drawn_or_said, finished_runs
from drl_replication.figures.style import (
    BLACK,
    BLUE,
    GREY,
    PROVISIONAL,
    RED,
    legend_below,
    runs_told,
    styled,
)
from drl_replication.measures.statistics import difference_interval
from drl_replication.paper.printed import (
    BENCHMARK_TITLES,
    METHOD_TITLES,
    PRINTED_SEEDS,
    benchmark_title,
    method_title,
    printed,
)
from drl_replication.study.paper_settings import changed
from drl_replication.verdict.comparability import Basis, incomparable
from drl_replication.verdict.scoring import (
    ACCURACY_MARGIN,
    DIFFERS,
    INCONCLUSIVE,
    NOT_COMPARABLE,
    NOT_RUN,
    REPRODUCED,
    judge,
)

LOOKS: dict[str, dict[str, Any]] = {  # each known by its shape as well
    REPRODUCED: {"color": BLUE, "marker": "o"},
    INCONCLUSIVE: {"color": GREY, "marker": "D", "markerfacecolor": "white"},
    DIFFERS: {"color": RED, "marker": "X"},
    NOT_COMPARABLE: {"color": GREY, "marker": "+"},
}


def draw(
    records: Sequence[Path], settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> tuple[Figure, dict[str, Any]]:
    """One row a method, one column a benchmark of the paper: its number, and ours.

    `settings`: {benchmark: {method: settings}}. Returns the figure, and its numbers:
    `panels[benchmark][method]` has the row of the verdict on Table 1.
    Raises as `finished_runs`.
    """
    selected = {
        b: {m: s for m, s in methods.items() if m in METHOD_TITLES}
        for b, methods in settings.items()
        if b in BENCHMARK_TITLES
    }
    paths = [path for path in records if path.parts[-2] in selected.get(path.parts[-3], {})]
    finished = finished_runs(paths, selected)
    other = incomparable(pd.DataFrame(_basis(finished), columns=list(Basis._fields)))
    panels: dict[str, Any] = {benchmark: {} for benchmark in finished.drawable()}
    rows: Any = printed(1).itertuples()
    for row in rows:
        if row.benchmark in panels and row.method in finished.methods:
            found = _number(finished, row)
            if row.benchmark in other and found["verdict"] != NOT_RUN:
                found["verdict"] = NOT_COMPARABLE
            panels[row.benchmark][row.method] = found
    cells = [cell for column in panels.values() for cell in column.values()]
    verdicts = [cell["verdict"] for cell in cells if cell["n"] >= PROVISIONAL]
    counted = {verdict: verdicts.count(verdict) for verdict in LOOKS}
    return drawn_or_said(finished, _figure, panels), {
        "panels": panels,
        "margin": ACCURACY_MARGIN,
        "summary": {"verdicts": counted},
        "caption": _caption(counted) + finished.provisos(),
        "details": finished.details(),
    }


def _caption(counted: Mapping[str, int]) -> str:
    told = (
        ", ".join(
            f"{n} {'differ' if verdict == DIFFERS else verdict}"
            for verdict, n in counted.items()
            if n
        )
        or "none judged"
    )
    return (
        f"Average accuracy (Table 1): the paper's number (bar: ± {ACCURACY_MARGIN}) and ours, with "
        "the 90 % interval of the difference set on the paper's number. Reproduced: the interval "
        f"lies within the bar; differs: wholly outside; else inconclusive; {told}. Pale: n under "
        f"{PROVISIONAL}. All columns have one scale."
    )


def _basis(finished: Finished) -> list[Basis]:
    return [
        Basis(
            benchmark,
            len(run["accuracy_matrix"]),
            run["provenance"]["data"]["dataset"],
            run["settings"].get("training_images", math.nan),
            run["settings"].get("memory_size", math.nan),
            "; ".join(changed(run["settings"])),
        )
        for (benchmark, _), runs in finished.groups.items()
        for run in runs
    ]


def _number(finished: Finished, row: Any) -> dict[str, Any]:
    """A printed number and ours, judged by the verdict's rule."""
    key = row.benchmark, row.method
    values = [run["average_accuracy"] for run in finished.groups.get(key, [])]
    gone = finished.diverged[key]
    result: dict[str, Any] = {"printed": row.mean, "printed_std": row.std, "n": len(values)}
    result |= {"diverged": gone, "ours": None, "ours_std": None, "low": None, "high": None}
    if not values:
        # That every run fails where the paper's learn is no chance.
        failed = DIFFERS if gone > 1 else INCONCLUSIVE
        return result | {"verdict": failed if gone else NOT_RUN}
    result |= {"ours": float(np.mean(values)), "verdict": INCONCLUSIVE}
    if len(values) > 1:
        std = float(np.std(values, ddof=1))
        ours, theirs = (result["ours"], std, len(values)), (row.mean, row.std, PRINTED_SEEDS)
        low, high = difference_interval(*ours, *theirs)
        verdict = judge(low, high, ACCURACY_MARGIN)
        result |= {"ours_std": std, "low": low, "high": high, "verdict": verdict}
    return result


@styled()
def _figure(finished: Finished, panels: dict[str, Any]) -> Figure:
    methods = finished.methods
    figure, columns = benchmark_grid(finished, 1, 0.22 * len(methods) + 0.75)
    span = max(_span(cells) for cells in panels.values())
    for benchmark, (axis,) in columns.items():
        counts = Counter(cell["n"] for cell in panels[benchmark].values() if cell["n"])
        n = counts.most_common(1)[0][0]
        axis.set_title(f"{benchmark_title(benchmark)}\n{runs_told(n)}")
        for place, method in enumerate(methods):
            if method in panels[benchmark]:
                _cell(axis, place, panels[benchmark][method], n)
        low, high = _ends(panels[benchmark])
        axis.set_xlim((low + high - span) / 2, (low + high + span) / 2)
        axis.set_ylim(len(methods) - 0.4, -0.6)
        axis.set_yticks(range(len(methods)), [])
        axis.tick_params(axis="y", length=0)
        axis.xaxis.set_major_locator(MultipleLocator(0.1))
        axis.grid(axis="x", linewidth=0.3, color="0.85")
        axis.set_axisbelow(True)
        axis.set_xlabel("average accuracy")
        axis.spines["left"].set_visible(False)
    next(iter(columns.values()))[0].set_yticklabels(list(map(method_title, methods)), fontsize=8)
    _key(figure, panels)
    figure.suptitle(_message(panels), fontsize=9, wrap=True)
    return figure


def _message(panels: Mapping[str, Any]) -> str:
    """`... of 21 with n ≥ 5, 10 reproduced, ...`: fewer are provisional, not counted."""
    cells = [cell for column in panels.values() for cell in column.values()]
    verdicts = Counter(cell["verdict"] for cell in cells if cell["n"] >= PROVISIONAL)
    told = [f"{verdicts[v]} {'differ' if v == DIFFERS else v}" for v in LOOKS if verdicts[v]]
    judged = sum(verdicts[v] for v in LOOKS)
    counted = f"of {judged} with n ≥ {PROVISIONAL}, {', '.join(told)}"
    return f"Average accuracy, the paper's and ours: {counted if judged else 'none to count yet'}"


def _ends(cells: Mapping[str, Any]) -> tuple[float, float]:
    """The lowest and the highest number that is drawn."""
    ends = []
    for cell in cells.values():
        ends += [cell["printed"] - ACCURACY_MARGIN, cell["printed"] + ACCURACY_MARGIN]
        ends += [cell["ours"]] if cell["ours"] is not None else []
        if cell["n"] >= PROVISIONAL:
            ends += [cell["printed"] + cell["low"], cell["printed"] + cell["high"]]
    return min(ends), max(ends)


def _span(cells: Mapping[str, Any]) -> float:
    low, high = _ends(cells)
    return 1.08 * (high - low)


def _cell(axis: Axes, place: int, cell: Mapping[str, Any], usual: int) -> None:
    """The paper's bar, and ours or why there is none."""
    theirs, look = cell["printed"], LOOKS.get(cell["verdict"])
    axis.barh(place, 2 * ACCURACY_MARGIN, 0.62, theirs - ACCURACY_MARGIN, color="0.82", linewidth=0)
    axis.plot([theirs, theirs], [place - 0.31, place + 0.31], color=BLACK, linewidth=1.2)
    if cell["ours"] is None:
        told = f"{cell['diverged']} diverged" if cell["diverged"] else "not run"
        _beside(axis, theirs + ACCURACY_MARGIN, place, told)
        return
    assert look is not None
    width, alpha = (1.3, 1.0) if cell["n"] >= PROVISIONAL else (0.6, 0.45)
    if cell["low"] is not None:
        ends = [theirs + cell["low"], theirs + cell["high"]]
        axis.plot(ends, [place, place], color=look["color"], linewidth=width, alpha=alpha)
    axis.plot(cell["ours"], place, linestyle="none", markersize=4, alpha=alpha, **look)
    if cell["n"] != usual:
        ends = [cell["ours"], theirs + max(ACCURACY_MARGIN, cell["high"] or 0.0)]
        _beside(axis, max(ends), place, f"n = {cell['n']}")


def _beside(axis: Axes, x: float, place: int, told: str) -> None:
    look: dict[str, Any] = {"va": "center", "fontsize": 6, "color": GREY}
    axis.annotate(told, (x, place), (4, 0), textcoords="offset points", **look)


def _key(figure: Figure, panels: Mapping[str, Any]) -> None:
    found = {cell["verdict"] for cells in panels.values() for cell in cells.values()}
    handles: list[Any] = [
        Line2D(
            [], [], color=BLACK, marker="|", markersize=9, linestyle="none", label="the paper's"
        ),
        Patch(color="0.82", label=f"± {ACCURACY_MARGIN}"),
    ]
    handles += [
        Line2D([], [], markersize=4, linewidth=1.3, label=f"ours: {verdict}", **look)
        for verdict, look in LOOKS.items()
        if verdict in found
    ]
    legend_below(figure, handles)
