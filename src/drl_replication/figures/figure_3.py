"""Figure 3: what DRL does to the similarities of pairs and to the rho-spectrum."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from drl_replication.figures.seeds import NO_RECORDS, basis, plus_minus, read_seeds, stat
from drl_replication.figures.style import (
    GREY,
    figure_of_words,
    label_panels,
    method_style,
    new_figure,
    say,
    styled,
)
from drl_replication.text.numbers import listed, shortest

KINDS = {"representation": "h", "gradient": "g"}  # the paper's letters
PAIRS = {"same": ("positive", "--"), "different": ("negative", "-")}  # in records; line style
WIDTHS = {"ber": 0.8, "drl": 1.6}  # the colours are alike in grey
NAMES = {"ber": "BER", "drl": "DRL"}
SYMBOLS = {"ber": "s_{}", "drl": "s_{}^{{DR}}"}  # the paper's
CONFLICTS = (0.0, -0.1)  # cosine similarity under which gradients conflict (Eq. 1), or strongly
LAYERS = "hidden"  # rho_layers
READINGS = {"floor": "-", "drop": ":"}  # of rho_null, the default first; line style
TICKS = (0.5, 1, 2, 5, 10, 20)  # of rho
HOLLOW = {"linestyle": "none", "markerfacecolor": "white"}


def draw(records: Sequence[Path], settings: Mapping[str, Any]) -> tuple[Figure, dict[str, Any]]:
    """Distributions of similarities with and without DRL, and rho against alpha.

    Returns the figure and its numbers: `densities[kind][method][pairs]` over `bin_edges`, `rho` in
    both readings of rho_null, accuracies, and the `summary`.
    What no seed has finished has no values, and the figure says so. Raises RecordError as
    `read_seeds`.
    """
    experiments = read_seeds(records, settings)
    results = [e["result"] for e in experiments]
    own = f"{settings['drl']['drl_alpha']:g}"
    both = [
        {"ber": r["ber"], "drl": r["drl"][own]}
        for r in results
        if not (r["ber"]["diverged"] or r["drl"][own]["diverged"])
    ]
    densities = {
        k: _densities([{m: b[m]["similarity"][k] for m in b} for b in both]) for k in KINDS
    }
    bins = len(densities["gradient"]["ber"]["same"])
    sweep = _sweep(experiments)
    numbers = {
        "bin_edges": np.linspace(-1, 1, bins + 1).round(4).tolist() if bins else [],
        "densities": densities,
        **sweep,
        "seeds": [e["seed"] for e in experiments],
        "settings": {m: settings[m] for m in SYMBOLS},
        "summary": _summary(both, sweep),
    }
    if not experiments:
        return figure_of_words(NO_RECORDS), numbers | {"caption": NO_RECORDS}
    numbers["dataset"] = experiments[0]["provenance"]["data"]["dataset"]
    numbers["caption"] = _caption(experiments, settings, numbers)
    numbers["details"] = _details(experiments, settings, numbers)
    return _figure(numbers), numbers


def _densities(similarities: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Pooled over seeds: {method: {pairs: density in each bin}}, empty without any."""
    result: dict[str, Any] = {method: {} for method in SYMBOLS}
    for method, pairs in ((m, p) for m in SYMBOLS for p in PAIRS):
        found = [s[method][PAIRS[pairs][0]]["histogram"] for s in similarities]
        counts = np.sum(found, axis=0) if found else np.array([])
        result[method][pairs] = (counts / counts.sum() * len(counts) / 2).round(5).tolist()
    return result


def _sweep(experiments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of each alpha and of BER, over the finished seeds: rho, accuracy, dead units."""
    results = [e["result"] for e in experiments]
    alphas = results[0]["drl"] if results else ()
    runs = {alpha: [r["drl"][alpha] for r in results] for alpha in alphas}
    runs["ber"] = [r["ber"] for r in results]
    finished = {name: [run for run in rs if not run["diverged"]] for name, rs in runs.items()}

    def over_seeds(*keys: str) -> dict[str, Any]:
        return {n: stat([reduce(getitem, keys, run) for run in rs]) for n, rs in finished.items()}

    rho = {reading: over_seeds("rho_readings", LAYERS, reading) for reading in READINGS}
    return {
        "finished": {
            name: [e["seed"] for e, run in zip(experiments, rs, strict=True) if not run["diverged"]]
            for name, rs in runs.items()
        },
        "diverged": {name: len(rs) - len(finished[name]) for name, rs in runs.items()},
        "rho": rho,
        "average_accuracy": over_seeds("average_accuracy"),
        "dead_units": over_seeds("dead_units"),
    }


def _summary(both: Sequence[Mapping[str, Any]], sweep: Mapping[str, Any]) -> dict[str, Any]:
    """What the verdict uses. Similarities pair by seed; rho's values are those of `finished`."""
    rho = dict(sweep["rho"]["floor"])
    ber = rho.pop("ber")
    return {
        "seeds": len(both),
        "alphas": [float(alpha) for alpha in rho],
        "rho": rho,
        "rho_ber": ber,
        "finished": sweep["finished"],
        "diverged": sweep["diverged"],
        "conflicts": [
            {"threshold": bound}
            | {
                m: stat([_conflicts(b[m]["similarity"]["gradient"], bound) for b in both])
                for m in SYMBOLS
            }
            for bound in CONFLICTS
        ],
        "similarity": {
            kind: {
                method: {
                    pairs: stat([b[method]["similarity"][kind][sign]["mean"] for b in both])
                    for pairs, (sign, _) in PAIRS.items()
                }
                for method in SYMBOLS
            }
            for kind in KINDS
        },
    }


def _conflicts(similarities: Mapping[str, Any], bound: float) -> float:
    """Share of the pairs of different classes whose gradients are less similar than that."""
    counts = similarities[PAIRS["different"][0]]["histogram"]
    return sum(counts[: round((bound + 1) / 2 * len(counts))]) / sum(counts)


@styled()
def _figure(numbers: Mapping[str, Any]) -> Figure:
    """Each panel with its message over it, and one legend a kind of panel under all."""
    figure, axes = new_figure(1, 3, height=3.2)
    titles = ["Representations", "Gradients", "Rho-spectrum"]
    label_panels(axes, (f"{t}\n{m}" for t, m in zip(titles, _messages(numbers), strict=True)))
    for axis, kind in zip(axes, KINDS, strict=False):
        _distributions(axis, kind, numbers)
    axes[0].set(ylabel="density", ylim=(0, None))
    if numbers["summary"][
        "seeds"
    ]:  # logarithmic, since most gradients of two classes are orthogonal
        axes[1].set(yscale="log", ylim=(1e-3, 40), yticks=[1e-3, 1e-2, 0.1, 1, 10])
        axes[1].yaxis.set_minor_locator(NullLocator())
    _rho(axes[2], numbers)
    for axis in axes:
        place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.24)}
        if axis.get_legend_handles_labels()[0]:
            axis.legend(handlelength=2, labelspacing=0.3, borderaxespad=0, **place)
    return figure


def _messages(numbers: Mapping[str, Any]) -> list[str]:
    """What each panel says, in numbers."""
    summary = numbers["summary"]
    apart = {m: s["different"]["mean"] for m, s in summary["similarity"]["representation"].items()}
    both = apart["ber"] is not None
    conflicts = [
        f"< {shortest(c['threshold'])}: {_arrow({m: 100 * c[m]['mean'] for m in SYMBOLS}, 0)} %"
        for c in summary["conflicts"]
        if both
    ]
    rho = [s["mean"] for s in summary["rho"].values() if s["values"]]
    ber = summary["rho_ber"]["mean"]
    return [
        f"two classes: mean {_arrow(apart, 2)}" if both else "",
        "s " * both + ", ".join(conflicts),
        f"floor: DRL ≥ {min(rho):.2f}, BER {ber:.2f}" if rho and ber is not None else "",
    ]


def _arrow(found: Mapping[str, float], digits: int) -> str:
    """`0.23 → 0.05`: from BER to DRL."""
    return f"{found['ber']:.{digits}f} → {found['drl']:.{digits}f}".replace("-", "−")


def _distributions(axis: Axes, kind: str, numbers: Mapping[str, Any]) -> None:
    axis.set_xlabel(f"cosine similarity of {kind}s")
    if not numbers["summary"]["seeds"]:
        say(axis, "no seed finished\nboth BER and DRL", fontsize=7)
        return
    for method, symbol in SYMBOLS.items():
        for pairs, (_, dashes) in PAIRS.items():
            axis.stairs(
                numbers["densities"][kind][method][pairs],
                numbers["bin_edges"],
                color=method_style(method)["color"],
                linestyle=dashes,
                linewidth=WIDTHS[method],
                label=f"${symbol.format(KINDS[kind])}$ ({NAMES[method]}), {pairs} "
                f"class{'es' * (pairs != 'same')}",
            )
    axis.axvline(0, color="0.6", linewidth=0.6, zorder=0)


def _rho(axis: Axes, numbers: Mapping[str, Any]) -> None:
    """One line a reading over evenly spaced alphas; BER's is a line of the same dashes."""
    alphas = [name for name in numbers["diverged"] if name != "ber"]
    for reading, dashes in READINGS.items():
        found = numbers["rho"][reading]
        look: dict[str, Any] = {"linestyle": dashes, "capsize": 2, "markersize": 3, "linewidth": 1}
        style = method_style("drl") | look
        # Where some runs diverged, those that are left say little: apart from the line, hollow.
        parts = (False, style | {"label": f"DRL, {reading}"}), (True, style | HOLLOW)
        for some_gone, style in parts:
            shown = {
                i: found[a]
                for i, a in enumerate(alphas)
                if found[a]["values"] and bool(numbers["diverged"][a]) == some_gone
            }
            means, spread = ([s[key] or 0 for s in shown.values()] for key in ("mean", "std"))
            if shown:
                axis.errorbar(list(shown), means, spread, **style)
        if found["ber"]["values"]:
            style = {"color": method_style("ber")["color"], "linestyle": dashes, "linewidth": 1}
            axis.axhline(found["ber"]["mean"], label=f"BER, {reading}", **style)
    axis.set(yscale="log", xlabel=r"$\alpha$", ylabel=r"$\rho$", xlim=(-0.5, len(alphas) - 0.5))
    axis.set_xticks(range(len(alphas)), alphas)
    axis.yaxis.set_major_locator(FixedLocator(TICKS))
    axis.yaxis.set_major_formatter(FuncFormatter("{:g}".format))
    axis.yaxis.set_minor_locator(NullLocator())
    _say_diverged(axis, [numbers["diverged"][alpha] for alpha in alphas], len(numbers["seeds"]))
    if numbers["diverged"]["ber"]:
        finished_ber = len(numbers["finished"]["ber"])
        gone = numbers["diverged"]["ber"]
        told = f"BER: {gone} of {gone + finished_ber} diverged"
        axis.text(0.98, 0.02, told, transform=axis.transAxes, ha="right", fontsize=6, color=GREY)


def _say_diverged(axis: Axes, diverged: Sequence[int], runs: int) -> None:
    """Write how many runs each alpha has lost, above all points."""
    if not any(diverged):
        return
    axis.set_ylim(top=1.5 * axis.get_ylim()[1])  # logarithmic
    look: dict[str, Any] = {"va": "top", "fontsize": 6, "color": "0.35"}
    look["transform"] = axis.get_xaxis_transform()
    first = next(i for i, gone in enumerate(diverged) if gone)
    axis.text(first - 0.4, 1, f"diverged, of {runs}:", ha="left", **look)
    for place, gone in enumerate(diverged):
        if gone:
            axis.text(place, 0.94, str(gone), ha="center", **look)


def _caption(experiments: list[dict[str, Any]], settings: Mapping[str, Any], numbers: Any) -> str:
    hollow = " (hollow: some diverged)" if any(numbers["diverged"].values()) else ""
    return (
        f"DRL (alpha = {settings['drl']['drl_alpha']:g}) and BER after Split MNIST. "
        "Similarities of (a) representations and (b) gradients of pairs; above: of two "
        "classes, BER → DRL. (c) Rho of the hidden "
        f"layers against alpha, ± deviation{hollow}; tiny singular values "
        f"raised (floor) or left out (drop). {basis(experiments)} {_in_short(numbers)}"
    )


def _in_short(numbers: Mapping[str, Any]) -> str:
    """What is to be noticed, by the means."""
    summary = numbers["summary"]
    conflicts = summary["conflicts"]
    told = []
    if summary["seeds"]:
        counts = [
            f"{'fewer' if c['drl']['mean'] < c['ber']['mean'] else 'no fewer'} under "
            f"{shortest(c['threshold'])}"
            for c in conflicts
        ]
        told.append(f"of pairs in (b) DRL has {listed(counts)}")
    means = {reading: _means(numbers["rho"][reading]) for reading in READINGS}
    if len(means["floor"]) > 1 and "ber" in means["floor"]:
        under = [
            f"{sum(mean < found['ber'] for mean in found.values())} ({reading})"
            for reading, found in means.items()
        ]
        told.append(f"rho is under BER's at {listed(under)} of {len(means['floor']) - 1} alphas")
    gone = sum(summary["diverged"].values())
    told += [f"{gone} runs diverged"] if gone else []
    return f"To notice: {'; '.join(told) or 'no run is there'}."


def _means(found: Mapping[str, Any]) -> dict[str, float]:
    return {name: stats["mean"] for name, stats in found.items() if stats["values"]}


def _details(
    experiments: list[dict[str, Any]], settings: Mapping[str, Any], numbers: Any
) -> list[str]:
    summary, drl = numbers["summary"], settings["drl"]
    return [
        "Representations are all layers' outputs, concatenated, and gradients those of the cross "
        "entropy, pooled over seeds; "
        f"{settings['test_images_per_class']} random test images of each class, lambda = "
        f"{drl['drl_lambda']:g}.",
        "In (c) floor (solid) raises singular values under 1e-6 of the largest to that, drop "
        "(dotted) leaves them out, so that they part where units are dead; BER's mean is a "
        "horizontal line.",
        *_provisos(numbers["diverged"], len(experiments), summary["seeds"]),
        *(_in_words(kind, summary["similarity"][kind]) for kind in KINDS),
        _rho_in_words(numbers),
    ]


def _provisos(diverged: Mapping[str, Any], seeds: int, both: int) -> list[str]:
    """Sentences on the runs that diverged, if any."""
    gone = [
        f"{n} at {'BER' if name == 'ber' else f'alpha = {name}'}"
        for name, n in diverged.items()
        if n
    ]
    if not gone:
        return []
    return [
        f"Diverged and left out, of {seeds} runs each: {', '.join(gone)} (inner products with "
        "logits in them have no lower bound; with a small alpha, L_bt is unbounded below); (a) and "
        f"(b) show the {both} seeds for which both runs finished."
    ]


def _in_words(kind: str, found: Mapping[str, Any]) -> str:
    """Mean similarities of a kind, in a sentence."""
    parts = [
        f"{plus_minus(found['ber'][pairs], 3)} without DRL and "
        f"{plus_minus(found['drl'][pairs], 3)} with it for pairs of "
        f"{'one class' if pairs == 'same' else 'different classes'}"
        for pairs in PAIRS
    ]
    return f"Mean similarity of {kind}s: {'; '.join(parts)}."


def _rho_in_words(numbers: Mapping[str, Any]) -> str:
    """The readings of rho, dead units and accuracy at the ends of the finished alphas."""
    accuracy = numbers["average_accuracy"]
    names = [name for name, found in accuracy.items() if found["values"] and name != "ber"]
    parts = [
        f"{'BER' if name == 'ber' else f'alpha = {name}'}: rho "
        f"{plus_minus(numbers['rho']['floor'][name])} (floor), "
        f"{plus_minus(numbers['rho']['drop'][name])} (drop), "
        f"{plus_minus(numbers['dead_units'][name], 1)} dead units, average accuracy "
        f"{plus_minus(accuracy[name], 3)}"
        for name in (*names, "ber")
    ]
    return "; ".join(parts).join(["", "."])
