"""Figure 2: similarity of representations against that of gradients, pair by pair."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.figures.seeds import basis, plus_minus, read_seeds, stat_with_interval
from drl_replication.figures.style import NEGATIVE, POSITIVE, SETTINGS, label_panels, new_figure
from drl_replication.paper.printed import printed_figure_2

CLASSES = ("7,9", "0,1")  # Fig. 2a and 2b
SIGNS = {
    "negative": {"color": NEGATIVE, "marker": "o"},
    "positive": {"color": POSITIVE, "marker": "^"},
}
MEASURES = {  # of the summary: where a classifier's record holds it
    "test_accuracy": lambda c: c["test_accuracy"],
    "negative_correlation": lambda c: c["negative"]["correlation"],
    "positive_correlation": lambda c: c["positive"]["correlation"],
    "negative_conflicting": lambda c: c["negative"]["conflicting"],
    "positive_conflicting": lambda c: c["positive"]["conflicting"],
}


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """One panel a classifier, one point a pair of test images.

    The points are those of the first seed, the numbers in the panels are of all. Returns the
    figure and its numbers: `panels`, `printed` and `summary`, by classes.
    Raises RecordError and ValueError as `read_seeds`.
    """
    experiments = read_seeds(records, settings)
    panels = {c: experiments[0]["result"]["classifiers"][c] for c in CLASSES}
    summary = {c: _summary([e["result"]["classifiers"][c] for e in experiments]) for c in CLASSES}
    printed: dict = {c: {} for c in CLASSES}
    for row in printed_figure_2().itertuples():
        printed[row.classes][row.measure] = row.value
    return _figure(panels, summary, printed), {
        "dataset": experiments[0]["provenance"]["data"]["dataset"],
        "seeds": [e["seed"] for e in experiments],
        "seed_of_points": experiments[0]["seed"],
        "panels": panels,
        "printed": printed,
        "summary": {"seeds": len(experiments), "classifiers": summary},
        "caption": _caption(experiments, settings, summary, printed),
    }


def _summary(classifiers: list[Mapping]) -> dict:
    """The measures over seeds; a correlation that is undefined is left out."""
    values = {name: [of(c) for c in classifiers] for name, of in MEASURES.items()}
    stats = {k: stat_with_interval([x for x in v if x is not None]) for k, v in values.items()}
    return stats | {
        "separable": sum(c["separable"] for c in classifiers),
        "separation": stat_with_interval([c["separation"] for c in classifiers]),
    }


@plt.rc_context(SETTINGS)
def _figure(panels: Mapping, summary: Mapping, printed: Mapping) -> Figure:
    figure, axes = new_figure(1, 2, height=3.1, sharex=True, sharey=True)
    titles = [
        f"{c.replace(',', ' and ')}: accuracy {_percent(summary[c]['test_accuracy']['mean'])} "
        f"(paper {_percent(printed[c]['test_accuracy'])})"
        for c in CLASSES
    ]
    label_panels(axes, titles)
    for axis, classes in zip(axes, CLASSES, strict=True):
        _scatter(axis, panels[classes], summary[classes], printed[classes])
    axes[0].set_ylabel("cosine similarity of representations")
    figure.supxlabel("cosine similarity of gradients", fontsize=8)
    return figure


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _scatter(axis: Axes, panel: Mapping, summary: Mapping, printed: Mapping) -> None:
    axis.axvline(0, color="0.6", linewidth=0.6, zorder=0)
    axis.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    for sign, look in SIGNS.items():
        r, theirs = summary[f"{sign}_correlation"], printed[f"{sign}_correlation"]
        label = f"{sign} pairs: r = {plus_minus(r)}\n(paper {theirs:.2f})".replace("-", "−")
        points = panel[sign]["gradient"], panel[sign]["representation"]
        axis.scatter(*points, s=6, alpha=0.6, linewidth=0, label=label, **look)
    axis.legend(loc="lower right", markerscale=2, handletextpad=0.2)


def _caption(experiments: list, settings: Mapping, summary: Mapping, printed: Mapping) -> str:
    drawn = experiments[0]["result"]["classifiers"][CLASSES[0]]
    n = settings["test_images_per_class"]
    return " ".join(
        [
            "Cosine similarity of the representations (all layers' outputs, concatenated) against "
            "that of the gradients of the cross entropy (all parameters) for pairs of test images, "
            "under classifiers (784-100-100-2) for classes 7 and 9 (a) and 0 and 1 (b). Blue "
            "circles: negative pairs (two classes), orange triangles: positive pairs (one class); "
            f"shown are {len(drawn['negative']['gradient'])} random pairs of each kind of seed "
            f"{experiments[0]['seed']}. The numbers are mean ± sample standard deviation over "
            f"seeds, each from all pairs of {n} test images a class, the accuracies from the whole "
            "test set of the two classes.",
            basis(experiments),
            f"Plain SGD on {settings['training_images']} training images of both classes together, "
            f"{settings['epochs']} epochs, batches of {settings['batch_size']}, learning rate "
            f"{settings['learning_rate']:g}; the paper says nothing of its training, its numbers "
            "are of one run.",
            *(_in_words(c, summary[c], printed[c], len(experiments)) for c in CLASSES),
            "To notice: representations and gradients are correlated, negatively for negative and "
            "positively for positive pairs, and how few positive pairs lie left of zero.",
        ]
    )


def _in_words(classes: str, summary: Mapping, printed: Mapping, seeds: int) -> str:
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
