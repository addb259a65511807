"""Figure 3: what DRL does to the similarities of pairs and to the rho-spectrum."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from drl_replication.figures.seeds import basis, plus_minus, read_seeds, stat
from drl_replication.figures.style import SETTINGS, label_panels, method_style, new_figure

KINDS = {"representation": "h", "gradient": "g"}  # the paper's letters
PAIRS = {"same": ("positive", "--"), "different": ("negative", "-")}  # in records; line style
SYMBOLS = {"ber": "s_{}", "drl": "s_{}^{{DR}}"}  # the paper's
CONFLICT = -0.1  # cosine similarity of gradients under which two samples conflict strongly
LAYERS = "hidden"  # rho_layers
READINGS = {"floor": "-", "drop": ":"}  # of rho_null, the default first; line style
TICKS = (0.5, 1, 2, 5, 10, 20)  # of rho


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """Distributions of similarities with and without DRL, and rho against alpha.

    Returns the figure and its numbers: `densities[kind][method][pairs]` over `bin_edges`, `rho` in
    both readings of rho_null, accuracies, and the `summary`.
    Raises RecordError and ValueError as `read_seeds`, ValueError when no seed has finished both.
    """
    experiments = read_seeds(records, settings)
    results = [e["result"] for e in experiments]
    own = f"{settings['drl']['drl_alpha']:g}"
    both = [
        {"ber": r["ber"], "drl": r["drl"][own]}
        for r in results
        if not (r["ber"]["diverged"] or r["drl"][own]["diverged"])
    ]
    if not both:
        raise ValueError("For no seed have both BER and DRL finished: there is nothing to draw.")
    densities = {
        k: _densities([{m: b[m]["similarity"][k] for m in b} for b in both]) for k in KINDS
    }
    bins = len(densities["gradient"]["ber"]["same"])
    sweep = _sweep(experiments)
    numbers = {
        "dataset": experiments[0]["provenance"]["data"]["dataset"],
        "bin_edges": np.linspace(-1, 1, bins + 1).round(4).tolist(),
        "densities": densities,
        **sweep,
        "seeds": [e["seed"] for e in experiments],
        "summary": _summary(both, sweep),
    }
    numbers["caption"] = _caption(experiments, settings, numbers)
    return _figure(numbers), numbers


def _densities(similarities: list[Mapping]) -> dict:
    """Pooled over seeds: {method: {pairs: density in each bin}}."""
    result: dict = {method: {} for method in SYMBOLS}
    for method, pairs in ((m, p) for m in SYMBOLS for p in PAIRS):
        counts = np.sum([s[method][PAIRS[pairs][0]]["histogram"] for s in similarities], axis=0)
        width = 2 / len(counts)
        result[method][pairs] = (counts / counts.sum() / width).round(5).tolist()
    return result


def _sweep(experiments: list[Mapping]) -> dict:
    """Of each alpha and of BER, over the finished seeds: rho, accuracy, dead units."""
    results = [e["result"] for e in experiments]
    runs = {alpha: [r["drl"][alpha] for r in results] for alpha in results[0]["drl"]}
    runs["ber"] = [r["ber"] for r in results]
    finished = {name: [run for run in rs if not run["diverged"]] for name, rs in runs.items()}

    def over_seeds(value: Callable[[Mapping], float]) -> dict:
        return {name: stat([value(run) for run in rs]) for name, rs in finished.items()}

    rho = {
        reading: over_seeds(lambda run, reading=reading: run["rho_readings"][LAYERS][reading])
        for reading in READINGS
    }
    return {
        "finished": {
            name: [e["seed"] for e, run in zip(experiments, rs, strict=True) if not run["diverged"]]
            for name, rs in runs.items()
        },
        "diverged": {name: len(rs) - len(finished[name]) for name, rs in runs.items()},
        "rho": rho,
        "average_accuracy": over_seeds(lambda run: run["average_accuracy"]),
        "dead_units": over_seeds(lambda run: run["dead_units"]),
    }


def _summary(both: list[Mapping], sweep: Mapping) -> dict:
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
        "conflicts": {"threshold": CONFLICT}
        | {m: stat([_conflicts(b[m]["similarity"]["gradient"]) for b in both]) for m in SYMBOLS},
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


def _conflicts(similarities: Mapping) -> float:
    """Share of the pairs of different classes whose gradients conflict strongly."""
    counts = similarities[PAIRS["different"][0]]["histogram"]
    return sum(counts[: round((CONFLICT + 1) / 2 * len(counts))]) / sum(counts)


@plt.rc_context(SETTINGS)
def _figure(numbers: Mapping) -> Figure:
    figure, axes = new_figure(1, 3, height=2.7)
    label_panels(axes, ["Representations", "Gradients", "Rho-spectrum"])
    for axis, kind in zip(axes, KINDS, strict=False):
        _distributions(axis, kind, numbers)
    # Room for the legends; logarithmic, since most gradients of two classes are orthogonal.
    axes[0].set(ylabel="density", ylim=(0, 1.6 * axes[0].get_ylim()[1]))
    axes[1].set(yscale="log", ylim=(1e-3, 2e3), yticks=[1e-3, 1e-2, 0.1, 1, 10])
    axes[1].yaxis.set_minor_locator(NullLocator())
    _rho(axes[2], numbers)
    return figure


def _distributions(axis: Axes, kind: str, numbers: Mapping) -> None:
    for method, symbol in SYMBOLS.items():
        for pairs, (_, dashes) in PAIRS.items():
            axis.stairs(
                numbers["densities"][kind][method][pairs],
                numbers["bin_edges"],
                color=method_style(method)["color"],
                linestyle=dashes,
                linewidth=1,
                label=f"${symbol.format(KINDS[kind])}$, {pairs} class{'es' * (pairs != 'same')}",
            )
    axis.axvline(0, ymax=0.6, color="0.6", linewidth=0.6, zorder=0)
    axis.set_xlabel(f"cosine similarity of {kind}s")
    axis.legend(handlelength=1.8, labelspacing=0.3, loc="upper left")


def _rho(axis: Axes, numbers: Mapping) -> None:
    """One line a reading over evenly spaced alphas; BER's is a line of the same dashes."""
    alphas = [name for name in numbers["diverged"] if name != "ber"]
    for reading, dashes in READINGS.items():
        found = numbers["rho"][reading]
        finished = {i: found[a] for i, a in enumerate(alphas) if found[a]["values"]}
        means, spread = ([s[key] or 0 for s in finished.values()] for key in ("mean", "std"))
        look = {"linestyle": dashes, "capsize": 2, "markersize": 3, "linewidth": 1}
        style = method_style("drl") | look
        axis.errorbar(list(finished), means, spread, label=f"DRL, {reading}", **style)
        if found["ber"]["values"]:
            style = {"color": method_style("ber")["color"], "linestyle": dashes, "linewidth": 1}
            axis.axhline(found["ber"]["mean"], label=f"BER, {reading}", **style)
    axis.set(yscale="log", xlabel=r"$\alpha$", ylabel=r"$\rho$", xlim=(-0.5, len(alphas) - 0.5))
    axis.set_xticks(range(len(alphas)), alphas)
    axis.yaxis.set_major_locator(FixedLocator(TICKS))
    axis.yaxis.set_major_formatter(FuncFormatter("{:g}".format))
    axis.yaxis.set_minor_locator(NullLocator())
    for i, alpha in enumerate(alphas):
        _say_diverged(axis, i, numbers["diverged"][alpha], numbers["rho"]["floor"][alpha])
    axis.legend(loc="upper right")


def _say_diverged(axis: Axes, place: int, diverged: int, found: Mapping) -> None:
    """Write how many runs an alpha has lost, beside its point if it has one."""
    if not diverged:
        return
    finished = len(found["values"])
    text = f"{diverged} of {diverged + finished} diverged"
    look = {"ha": "center", "va": "top", "rotation": 90, "fontsize": 6, "color": "0.35"}
    at = place - 0.4 * (finished > 0), 0.98
    axis.text(*at, text, transform=axis.get_xaxis_transform(), **look)


def _caption(experiments: list, settings: Mapping, numbers: Mapping) -> str:
    summary, drl = numbers["summary"], settings["drl"]
    return " ".join(
        [
            "Effects of the discriminative representation loss at the end of Split MNIST. (a) and "
            "(b): distributions of the cosine similarities of representations (s_h, s_h^DR; all "
            "layers' outputs, concatenated) and of gradients of the cross entropy (s_g, s_g^DR; "
            "logarithmic axis), without DRL (BER, blue) and with it (red), of pairs of one class "
            "(dashed) and of different classes (solid), pooled over seeds; "
            f"{settings['test_images_per_class']} random test images of each class, alpha = "
            f"{drl['drl_alpha']:g}, lambda = {drl['drl_lambda']:g}. (c): rho of the hidden layers "
            "against alpha, mean ± sample standard deviation over the finished seeds, BER's mean "
            "as horizontal lines; floor (solid) raises singular values under 1e-6 of the largest "
            "to that, drop (dotted) leaves them out, so that they part where units are dead.",
            basis(experiments),
            *_provisos(numbers["diverged"], len(experiments), summary["seeds"]),
            *(_in_words(kind, summary["similarity"][kind]) for kind in KINDS),
            _rho_in_words(numbers),
            "To notice: how far the solid lines move and how far the dashed ones, and whether rho "
            "falls with alpha and under BER's.",
        ]
    )


def _provisos(diverged: Mapping, seeds: int, both: int) -> list[str]:
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


def _in_words(kind: str, found: Mapping) -> str:
    """Mean similarities of a kind, in a sentence."""
    parts = [
        f"{plus_minus(found['ber'][pairs], 3)} without DRL and "
        f"{plus_minus(found['drl'][pairs], 3)} with it for pairs of "
        f"{'one class' if pairs == 'same' else 'different classes'}"
        for pairs in PAIRS
    ]
    return f"Mean similarity of {kind}s: {'; '.join(parts)}."


def _rho_in_words(numbers: Mapping) -> str:
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
