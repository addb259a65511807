"""Figure 2: similarity of representations against that of gradients, pair by pair."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.figures.seeds import (
    NO_RECORDS,
    basis,
    plus_minus,
    read_seeds,
    stat_with_interval,
)
from drl_replication.figures.style import (
    NEGATIVE,
    POSITIVE,
    figure_of_words,
    label_panels,
    new_figure,
    styled,
)
from drl_replication.paper.printed import printed_figure_2

CLASSES = ("7,9", "0,1")  # Fig. 2a and 2b
SIGNS: dict[str, dict[str, Any]] = {
    "negative": {"color": NEGATIVE, "marker": "o"},
    "positive": {"color": POSITIVE, "marker": "^"},
}
MEASURES: dict[
    str, Callable[[Any], Any]
] = {  # of the summary: where a classifier's record holds it
    "test_accuracy": lambda c: c["test_accuracy"],
    "negative_correlation": lambda c: c["negative"]["correlation"],
    "positive_correlation": lambda c: c["positive"]["correlation"],
    "negative_conflicting": lambda c: c["negative"]["conflicting"],
    "positive_conflicting": lambda c: c["positive"]["conflicting"],
}


def draw(records: Sequence[Path], settings: Mapping[str, Any]) -> tuple[Figure, dict[str, Any]]:
    """One panel a classifier, one point a pair of test images.

    The points are those of the first seed, the numbers over the panels are of all. Returns the
    figure and its numbers: `panels`, `printed` and `summary`, by classes.
    Raises RecordError and ValueError as `read_seeds`.
    """
    experiments = read_seeds(records, settings)
    summary = {c: _summary([e["result"]["classifiers"][c] for e in experiments]) for c in CLASSES}
    printed: dict[str, Any] = {c: {} for c in CLASSES}
    rows: Any = printed_figure_2().itertuples()
    for row in rows:
        printed[row.classes][row.measure] = row.value
    numbers = {
        "seeds": [e["seed"] for e in experiments],
        "printed": printed,
        "summary": {"seeds": len(experiments), "classifiers": summary},
    }
    if not experiments:
        return figure_of_words(NO_RECORDS), {**numbers, "panels": {}, "caption": NO_RECORDS}
    panels = {c: experiments[0]["result"]["classifiers"][c] for c in CLASSES}
    return _figure(panels, summary, printed), {
        "dataset": experiments[0]["provenance"]["data"]["dataset"],
        **numbers,
        "seed_of_points": experiments[0]["seed"],
        "panels": panels,
        "caption": _caption(experiments, summary),
        "details": _details(experiments, settings, summary, printed),
    }


def _summary(classifiers: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The measures over seeds; a correlation that is undefined is left out."""
    values = {name: [of(c) for c in classifiers] for name, of in MEASURES.items()}
    stats = {k: stat_with_interval([x for x in v if x is not None]) for k, v in values.items()}
    return stats | {
        "separable": sum(c["separable"] for c in classifiers),
        "separation": stat_with_interval([c["separation"] for c in classifiers]),
    }


@styled()
def _figure(
    panels: Mapping[str, Any], summary: Mapping[str, Any], printed: Mapping[str, Any]
) -> Figure:
    figure, axes = new_figure(1, 2, height=3.5, sharex=True, sharey=True)
    titles = [
        f"{c.replace(',', ' and ')}: accuracy {_percent(summary[c]['test_accuracy'])} "
        f"(paper {100 * printed[c]['test_accuracy']:.2f} %)"
        for c in CLASSES
    ]
    label_panels(axes, titles)
    for axis, classes in zip(axes, CLASSES, strict=True):
        _scatter(axis, panels[classes], summary[classes], printed[classes])
    axes[0].set_ylabel("cosine similarity of representations")
    return figure


def _percent(share: Mapping[str, Any]) -> str:
    """`97.01 ± 0.20 %`."""
    whole = {key: share[key] and 100 * share[key] for key in ("mean", "std")}
    return f"{plus_minus(whole)} %"


def _scatter(
    axis: Axes, panel: Mapping[str, Any], summary: Mapping[str, Any], printed: Mapping[str, Any]
) -> None:
    """Points, and under the panel what their correlations are: nothing lies on the data."""
    axis.axvline(0, color="0.6", linewidth=0.6, zorder=0)
    axis.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    for sign, look in SIGNS.items():
        r, theirs = summary[f"{sign}_correlation"], printed[f"{sign}_correlation"]
        label = f"{sign} pairs: r = {plus_minus(r)} (paper {theirs:.2f})".replace("-", "−")
        points = panel[sign]["gradient"], panel[sign]["representation"]
        axis.scatter(*points, s=6, alpha=0.6, linewidth=0, label=label, rasterized=True, **look)
    axis.set_xlabel("cosine similarity of gradients")
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (-0.02, -0.18)}
    axis.legend(markerscale=2, handletextpad=0.2, borderaxespad=0, **place)


def _caption(experiments: list[dict[str, Any]], summary: Mapping[str, Any]) -> str:
    drawn = experiments[0]["result"]["classifiers"][CLASSES[0]]
    conflicting = [summary[c]["positive_conflicting"]["mean"] for c in CLASSES]
    return (
        "Cosine similarity of representations against that of gradients, for pairs of test images "
        "of two classes (blue circles) and of one (orange triangles); "
        f"{len(drawn['negative']['gradient'])} random pairs of each kind, of seed "
        f"{experiments[0]['seed']}; numbers are mean ± sample deviation over {basis(experiments)} "
        "To notice: the correlations' signs, and that of all triangles "
        f"{'at most ' if max(conflicting) else ''}{100 * max(conflicting):.2g} % lie left of 0, "
        "where gradients conflict."
    )


def _details(
    experiments: list[dict[str, Any]],
    settings: Mapping[str, Any],
    summary: Mapping[str, Any],
    printed: Mapping[str, Any],
) -> list[str]:
    return [
        "Representations are all layers' outputs, concatenated, and gradients those of the cross "
        "entropy by all parameters, under classifiers (784-100-100-2) for classes 7 and 9 (a) and "
        f"0 and 1 (b). The numbers are from all pairs of {settings['test_images_per_class']} test "
        "images a class, the accuracies from the whole test set of the two classes.",
        f"Plain SGD on {settings['training_images']} training images of both classes together, "
        f"{settings['epochs']} epochs, batches of {settings['batch_size']}, learning rate "
        f"{settings['learning_rate']:g}; the paper says nothing of its training, its numbers "
        "are of one run.",
        *(_in_words(c, summary[c], printed[c], len(experiments)) for c in CLASSES),
    ]


def _in_words(
    classes: str, summary: Mapping[str, Any], printed: Mapping[str, Any], seeds: int
) -> str:
    """A classifier's numbers beside the paper's, in a sentence."""
    accuracy, negative, positive = (
        f"{plus_minus(summary[name], digits)} (paper {printed[name]:.{digits}f})".replace("-", "−")
        for name, digits in [
            ("test_accuracy", 4),
            ("negative_correlation", 2),
            ("positive_correlation", 2),
        ]
    )
    return (
        f"Classes {classes.replace(',', ' and ')}: accuracy {accuracy}, correlation of negative "
        f"pairs {negative}, of positive pairs {positive}; "
        f"{100 * summary['positive_conflicting']['mean']:.2g} % of the positive and "
        f"{100 * summary['negative_conflicting']['mean']:.3g} % of the negative pairs have "
        "conflicting gradients; positive and negative pairs are perfectly separable by the "
        f"similarity of their representations for {summary['separable']} of {seeds} seeds."
    )
