"""Figure 1: the memory that GSS-IQP selects from 2-D Gaussians, and a random one (Sec. 2.1)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from drl_replication.experiments.gaussians import (
    DRAWN,
    FIRST_MEANS,
    LEARNING_RATE,
    STEPS,
    THIRD_MEANS,
    features,
)
from drl_replication.figures.seeds import stat
from drl_replication.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    figure_of_words,
    label_panels,
    new_figure,
    styled,
)
from drl_replication.measures.statistics import bootstrap_mean_interval
from drl_replication.records.experiments import read_experiment

COLOURS, MARKERS = (BLUE, ORANGE, PURPLE), "os^"  # of the classes
TITLES = {"task_1": "selected by GSS-IQP", "gss": "GSS-IQP", "random": "random"}
MARGIN = 0.5  # around the points, in their own unit
BIN = 0.01  # of the accuracies' differences
Array = NDArray[Any]


def draw(records: Sequence[Path], settings: Mapping[str, Any]) -> tuple[Figure, dict[str, Any]]:
    """The first data set in three panels, and all of them at three places of the third class.

    `settings` are those of the one record. Returns the figure, and its numbers: the `picture`,
    the `histograms` of random minus GSS-IQP, and the `summary` over all data sets.
    Raises ValueError for more than one record, RecordError as `read_experiment`.
    """
    if not records:
        text = "Nothing to draw: there is no record of this experiment."
        return figure_of_words(text), {"picture": None, "summary": {}, "caption": text}
    if len(records) > 1:
        raise ValueError(f"Figure 1 is drawn from one record, but {len(records)} are given.")
    result = read_experiment(records[0], settings)["result"]
    numbers = summary(result, str(settings["selected_fraction"]))
    picture = result["picture"]
    accuracies = {name: numbers[f"accuracy_{name}"]["values"][0] for name in ("gss", "random")}
    places = {third: rows[numbers["share"]] for third, rows in numbers["places"].items()}
    edges, histograms = _histograms(places)
    drawn = {"picture": {**picture, "accuracies": accuracies}, "bin_edges": edges}
    drawn |= {"histograms": histograms, "summary": numbers}
    return _figure(drawn, places), {
        **drawn,
        "caption": _caption(numbers, settings),
        "details": _details(numbers, settings),
    }


def _histograms(places: Mapping[str, Any]) -> tuple[list[float], dict[str, list[int]]]:
    """Of random minus GSS-IQP at each place, over common bins of which zero is an edge."""
    values = {third: row["difference"]["values"] for third, row in places.items()}
    every = [v for found in values.values() for v in found]
    low, high = (int(end) for end in (np.floor(min(every) / BIN), np.ceil(max(every) / BIN)))
    edges = np.arange(min(low, 0), max(high, 0) + 2) * BIN
    counts = {third: np.histogram(found, edges)[0].tolist() for third, found in values.items()}
    return edges.round(4).tolist(), counts


def summary(result: Mapping[str, Any], share: str) -> dict[str, Any]:
    """Numbers over the repetitions: of the drawn place and memory size, and of all others.

    `share` is the memory's, of task 1's samples; `sizes[share]` has the drawn place,
    `places[third][share]` all of them.
    """
    places = {
        third: {size: _compared(result["selections"][size], row) for size, row in rows.items()}
        for third, rows in result["accuracies"].items()
    }
    return {**places[DRAWN][share], "share": share, "sizes": places[DRAWN], "places": places}


def _compared(selection: Mapping[str, Any], accuracy: Mapping[str, Any]) -> dict[str, Any]:
    """One place and memory size: who wins how often, and what GSS-IQP selected."""
    difference = np.subtract(accuracy["random"], accuracy["gss"])
    return {
        "repetitions": len(difference),
        "selected": selection["selected"][0],
        "random_better": int((difference > 0).sum()),
        "ties": int((difference == 0).sum()),
        "gss_better": int((difference < 0).sum()),
        "accuracy_gss": _stat(accuracy["gss"]),
        "accuracy_random": _stat(accuracy["random"]),
        "accuracy_everything": _stat(accuracy["everything"]),
        "old_accuracy_gss": _stat(accuracy["gss_old"]),
        "old_accuracy_random": _stat(accuracy["random_old"]),
        "difference": _stat(difference),
        "solved": sum(selection["solved"]),
        "largest_gap": max(selection["gap"]),
        "objective": _stat(selection["objective"]),
        "smallest_overlap": min(selection["overlap"]),
        "not_unique": sum(overlap < 1 for overlap in selection["overlap"]),
        "distance_ratio": _stat(selection["distance_ratio"]),
        "radius_ratio": _stat(selection["radius_ratio"]),
        "far_side_held": _stat(selection["far_side_held"]),
    }


def _stat(values: Sequence[float]) -> dict[str, Any]:
    """With the 95 % bootstrap interval of the mean, which needs two values."""
    interval = list(bootstrap_mean_interval(values)) if len(values) > 1 else None
    return stat(values) | {"interval": interval}


@styled()
def _figure(drawn: Mapping[str, Any], places: Mapping[str, Any]) -> Figure:
    figure, axes = new_figure(2, 3, height=4.6, height_ratios=[2, 1])
    picture, above = drawn["picture"], axes[0]
    points, labels = np.array(picture["points"]), np.array(picture["labels"])
    weights = {name: np.array(w) for name, w in picture["weights"].items()}
    low, high = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
    for axis, name in zip(above, TITLES, strict=True):
        axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", xlabel="x")
        memory = picture["memories"]["gss" if name == "task_1" else name]
        shown = labels < weights[name].shape[1]
        _regions(axis, weights[name])
        _points(axis, points[shown], labels[shown], memory)
        if name in picture["accuracies"]:
            _old_boundary(axis, weights["task_1"])
    above[0].set_ylabel("y")
    for axis, (third, counts) in zip(axes[1], drawn["histograms"].items(), strict=True):
        _differences(axis, np.array(drawn["bin_edges"]), counts, third)
    axes[1, 0].set_ylabel("data sets")
    titles = [_title(name, picture["accuracies"]) for name in TITLES]
    label_panels(axes.ravel(), titles + [_place_title(*place) for place in places.items()])
    handles = above[1].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure


def _place_title(third: str, row: Mapping[str, Any]) -> str:
    """Where the third class lies, and who wins how often."""
    drawn = ", as above" if third == DRAWN else " the others"
    better = f"random better in {row['random_better']} of {row['repetitions']}"
    return f"class 3 {third}{drawn}:\n{better}" + f", {row['ties']} ties" * (row["ties"] > 0)


def _differences(axis: Axes, edges: Array, counts: Sequence[int], third: str) -> None:
    """A histogram of random minus GSS-IQP, and a small map of the classes' means."""
    shades = np.where(edges[:-1] < -BIN / 2, "0.75", "0.35")  # no colour, since those are classes
    axis.bar(edges[:-1], counts, np.diff(edges), align="edge", color=shades, edgecolor="white")
    axis.axvline(0, color=BLACK, linewidth=0.8)
    axis.set_ylim(0, 1.6 * max(counts))
    axis.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axis.set_xlabel("accuracy, random − GSS-IQP")
    chart = axis.inset_axes((0.72, 0.6, 0.28, 0.4), xlim=(-4, 8), ylim=(-2, 6), aspect="equal")
    for c, mean in enumerate((*FIRST_MEANS, THIRD_MEANS[third])):
        chart.scatter(*mean, color=COLOURS[c], marker=MARKERS[c], s=14)
    chart.set(xticks=[], yticks=[])
    chart.spines[:].set(visible=True, linewidth=0.4)


def _title(name: str, accuracies: Mapping[str, Any]) -> str:
    return TITLES[name] + (f": accuracy {accuracies[name]:.3f}" if name in accuracies else "")


def _regions(axis: Axes, weights: Array) -> None:
    """Where each class is the most probable one, and the lines between: one against all others."""
    x, y = (np.linspace(*limits, 400) for limits in (axis.get_xlim(), axis.get_ylim()))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    logits = (features(grid.reshape(-1, 2)) @ weights).reshape(*grid.shape[:2], -1)
    classes = logits.shape[-1]
    axis.pcolormesh(
        x,
        y,
        logits.argmax(axis=-1),
        cmap=ListedColormap(COLOURS[:classes]),
        alpha=0.12,
        rasterized=True,
        linewidth=0,
    )
    for c in range(classes):
        others = np.delete(logits, c, axis=-1).max(axis=-1)
        line: dict[str, Any] = {"colors": GREEN, "linewidths": 1.5, "linestyles": "-"}
        axis.contour(x, y, logits[..., c] - others, levels=[0], **line)
    axis.plot([], [], color=GREEN, linewidth=1.5, label="boundaries")


def _old_boundary(axis: Axes, weights: Array) -> None:
    a, b, c = weights[:, 0] - weights[:, 1]
    origin = -c * np.array([a, b]) / (a * a + b * b)
    line: dict[str, Any] = {
        "color": BLACK,
        "linestyle": ":",
        "linewidth": 0.8,
        "label": "boundary of task 1",
    }
    axis.axline(origin, origin + np.array([-b, a]), **line)


def _points(axis: Axes, points: Array, labels: Array, memory: Sequence[int]) -> None:
    """Each class with its colour and marker, the memory in black."""
    remembered = np.isin(np.arange(len(points)), memory)
    for c in np.unique(labels):
        chosen, rest = points[(labels == c) & remembered], points[(labels == c) & ~remembered]
        style: dict[str, Any] = {"marker": MARKERS[c], "s": 9, "linewidths": 0}
        axis.scatter(*rest.T, color=COLOURS[c], label=f"class {c + 1}", **style)
        axis.scatter(*chosen.T, color=BLACK, **{**style, "s": 16}, zorder=3)
    axis.scatter([], [], color=BLACK, marker="o", s=16, label="memory")


def _caption(numbers: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    percent = f"{100 * float(numbers['share']):g} %"
    ratio = numbers["distance_ratio"]["mean"]
    n = numbers["repetitions"]
    return (
        f"Logistic regression on 2-D Gaussians. (a) Task 1: the {percent} of samples with "
        "the most diverse gradients (GSS-IQP; black); (b) after a third class "
        f"with that memory, (c) with a random one: the first of {n} data sets. "
        f"(d)-(f) Accuracy, random minus GSS-IQP, over all {n}, at three places "
        "of class 3; that of (a)-(c) was chosen after (d) had been seen. Selected samples lie "
        f"{ratio:.2f} times as far from the boundary as all. To notice: who wins depends on where "
        "class 3 lies."
    )


def _details(numbers: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """The setting, and what the repetitions say."""
    share = str(settings["selected_fraction"])
    return [
        f"{settings['samples_per_class']} samples a class, unit covariance, neighbouring means 4 "
        f"apart; {STEPS} steps of gradient descent a task, learning rate {LEARNING_RATE} (the "
        "paper gives none of these).",
        f"Dotted: the boundary of task 1. In (a) to (c) the third class lies {_where(DRAWN)}.",
        *_findings(numbers, share, f"{100 * float(share):g} %"),
    ]


def _findings(numbers: Mapping[str, Any], share: str, percent: str) -> list[str]:
    """What the repetitions say, also where they disagree with the paper."""
    n, ratio, difference = (numbers[k] for k in ("repetitions", "distance_ratio", "difference"))
    elsewhere = "; ".join(
        f"with it {_where(third)}, {rows[share]['random_better']} of {n} "
        f"({_signed(rows[share]['difference']['mean'])})"
        for third, rows in numbers["places"].items()
        if third != DRAWN
    )
    larger = ", ".join(
        f"{row['random_better']} with {100 * float(size):g} %"
        for size, row in numbers["sizes"].items()
        if size != share
    )
    return [
        f"Over the {n} data sets, the selected samples are {ratio['mean']:.2f} times as far from "
        "the boundary as all samples.",
        "On fresh samples of all classes the random memory is more accurate in "
        f"{numbers['random_better']} of {n} ({_signed(difference['mean'])} on average"
        f"{_interval(difference)}). The paper finds it better, for one picture; this depends on "
        f"where the third class lies: {elsewhere}; and on the memory's size: {larger}. Three "
        "places are compared because the result depends on them; the place that is drawn was "
        "chosen after seeing the result of the first (between).",
        f"SCIP proved {numbers['solved']} of {n} selections of {percent} optimal (largest gap "
        f"{numbers['largest_gap']:.1g} in a sum of {numbers['selected'] ** 2} cosines); for "
        f"{numbers['not_unique']} of them, reordering the samples gave a different, equally good "
        "choice.",
    ]


def _where(third: str) -> str:
    x, y = THIRD_MEANS[third]
    return f"{third} the others (mean {x:.3g}, {y:.3g})"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _interval(difference: Mapping[str, Any]) -> str:
    if difference["interval"] is None:
        return ""
    low, high = map(_signed, difference["interval"])
    return f", 95 % interval {low} to {high}"
