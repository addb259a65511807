"""Figure 4: the distribution of S_nm, the inner product of gradients at the output (Appx. A)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from drl_replication.experiments.figure_4 import BINS, SITUATIONS, expected, simulate
from drl_replication.figures.style import NEGATIVE, POSITIVE, label_panels, new_figure, styled
from drl_replication.seeding import generator

LARGE = -0.05  # an edge of BINS


def draw(records: Sequence[Path], settings: Mapping[str, Any]) -> tuple[Figure, dict[str, Any]]:
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
        "details": _details(found),
    }


@styled()
def _figure(found: Mapping[str, Any]) -> Figure:
    figure, axes = new_figure(1, 4, height=2.2, sharex=True, sharey=True)
    for axis, row in zip(axes, found.values(), strict=True):
        _histogram(axis, row)
    axes[0].set_ylabel("share of pairs")
    titles = [situation.title.replace(" near", "\nnear") for situation in SITUATIONS.values()]
    label_panels(axes, titles)
    return figure


def _histogram(axis: Axes, row: Mapping[str, Any]) -> None:
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


def _caption(found: Mapping[str, Any], draws: int) -> str:
    p = {name: row["probability"] for name, row in found.items()}
    return (
        "Distribution (logarithmic scale) of S = ⟨p_n − y_n, p_m − y_m⟩ for two samples of "
        f"different classes among five, {draws:,} pairs of predictions a panel from Dirichlet "
        "distributions: (a) both samples near the decision boundary, (b) one, (c) none, (d) "
        "uniform predictions. Where S < 0 (blue), gradients conflict if inputs have a positive "
        f"inner product (Theorem 1). {_verdict(p)}"
    )


def _details(found: Mapping[str, Any]) -> list[str]:
    p = {name: row["probability"] for name, row in found.items()}
    large = [f"{np.array(row['share'])[BINS[1:] <= LARGE].sum():.2f}" for row in found.values()]
    error = max(row["standard_error"] for row in found.values())
    return [
        f"P(S < 0) is {p['a']:.3f}, {p['b']:.3f}, {p['c']:.3f} and {p['uniform']:.3f}, each with a "
        f"Monte Carlo standard error of at most {error:.1g}.",
        f"Far from 0 the situations differ more: P(S < −{-LARGE}) is {', '.join(large[:-1])} and "
        f"{large[-1]}.",
        "The paper's text has the situations (a) to (c), its caption (a) and the uniform one.",
    ]


def _verdict(p: Mapping[str, float]) -> str:
    lead = p["a"] - max(p["b"], p["c"])
    if lead > 0:
        return (
            f"P(S < 0) is the highest in (a) of (a) to (c), by {lead:.2f}; the paper finds it "
            "“much higher”."
        )
    return "Against the paper, P(S < 0) is not the highest in (a) of (a) to (c)."
