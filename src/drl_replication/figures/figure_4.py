"""Figure 4: the distribution of S_nm, the inner product of gradients at the output (Appx. A)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.experiments.figure_4 import BINS, SITUATIONS, expected, simulate
from drl_replication.figures.style import NEGATIVE, POSITIVE, SETTINGS, label_panels, new_figure
from drl_replication.seeding import generator

LARGE = -0.05  # an edge of BINS


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """Draw `settings["draws"]` pairs of predictions a panel; there are no records to read.

    Returns the figure, and its numbers by situation: `distributions`, `summary`.
    """
    draws = settings["draws"]
    found = {
        name: simulate(situation, draws, generator(0, "figure", i))
        | {"expected": expected(situation)}
        for i, (name, situation) in enumerate(SITUATIONS.items())
    }
    kept = ("probability", "standard_error")
    return _figure(found), {
        "bins": BINS.tolist(),
        "distributions": found,
        "summary": {name: {key: row[key] for key in kept} for name, row in found.items()},
        "caption": _caption(found, draws),
    }


@plt.rc_context(SETTINGS)
def _figure(found: Mapping) -> Figure:
    figure, axes = new_figure(1, 4, height=2.0, sharex=True, sharey=True)
    for axis, row in zip(axes, found.values(), strict=True):
        _histogram(axis, row)
    axes[0].set_ylabel("share of pairs")
    label_panels(axes, [situation.title for situation in SITUATIONS.values()])
    return figure


def _histogram(axis: Axes, row: Mapping) -> None:
    """Shares on a logarithmic scale, since most pairs of (c) lie in the bins beside 0."""
    colours = np.where(BINS[1:] <= 0, NEGATIVE, POSITIVE)
    axis.bar(BINS[:-1], row["share"], np.diff(BINS), align="edge", color=colours)
    axis.axvline(0, ymax=0.8, color="black", linewidth=0.6)
    axis.set(
        yscale="log",
        ylim=(5e-7, 30),
        yticks=[1e-6, 1e-4, 1e-2, 1],
        xlabel="$S_{nm}$",
        xticks=[-2, -1, 0, 1],
    )
    text = f"P(S < 0) = {row['probability']:.3f}"
    axis.text(0.04, 0.96, text, transform=axis.transAxes, va="top")


def _caption(found: Mapping, draws: int) -> str:
    p = {name: row["probability"] for name, row in found.items()}
    large = [f"{np.array(row['share'])[BINS[1:] <= LARGE].sum():.2f}" for row in found.values()]
    error = max(row["standard_error"] for row in found.values())
    return (
        "Distribution (logarithmic scale) of S = ⟨p_n − y_n, p_m − y_m⟩ for two samples of "
        f"different classes among five, from {draws:,} pairs of predictions a panel, drawn from "
        "Dirichlet distributions: (a) both samples are close to the decision boundary of their "
        "classes, (b) one is, (c) none is, (d) the model guesses, so that predictions are "
        "uniform. Gradients conflict where S < 0 and inputs have a positive inner product "
        f"(Theorem 1). P(S < 0) is {p['a']:.3f}, {p['b']:.3f}, {p['c']:.3f} and "
        f"{p['uniform']:.3f}, each with a Monte Carlo standard error of at most {error:.1g}. "
        f"{_verdict(p)} Far from 0 the situations differ more: P(S < −{-LARGE}) is "
        f"{', '.join(large[:-1])} and {large[-1]}. The paper's text has the situations (a) to "
        "(c), its caption (a) and the uniform one."
    )


def _verdict(p: Mapping[str, float]) -> str:
    if p["a"] > max(p["b"], p["c"]):
        return "As the paper says, it is the highest in (a) of (a) to (c)."
    return "Against the paper, it is not the highest in (a) of (a) to (c)."
