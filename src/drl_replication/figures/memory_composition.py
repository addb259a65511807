"""What the memory holds: the share of each task after each task, by memory policy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.figures.runs import (
    Array,
    Finished,
    Record,
    benchmark_grid,
    drawn_or_said,
    finished_runs,
    mean_and_std,
)
from drl_replication.figures.style import BLACK, PROVISIONAL, legend_below, say, styled
from drl_replication.learning.methods import METHODS
from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.runs import record_path
from drl_replication.text.numbers import listed

# Policies, each a memory part of the table of methods.
POLICIES = {
    "ring:RingBuffer": "ring buffer",
    "gss:GradientBuffer": "GSS-greedy",
    "uniform:WholeStream": "whole stream",
}
# For colour-blind readers, and monotone in grey.
SHADES = seaborn.color_palette("cividis", as_cmap=True)


def draw(
    records: Sequence[Path], settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> tuple[Figure, dict[str, Any]]:
    """Stacked shares of the tasks after each task: one row a memory policy, one column a benchmark.

    Methods with the same memory share a row. `settings`: {benchmark: {method: settings}}. Returns
    the figure, and its numbers: `panels[benchmark][policy]` has `methods`, `runs`, and `mean` and
    `std`, (T, T): share of task i (column) after task t (row). Raises as `finished_runs`.
    """
    finished = finished_runs(records, settings)
    panels: dict[str, Any] = {benchmark: {} for benchmark in finished.drawable()}
    for (benchmark, policy), members in _by_policy(finished).items():
        shares = [task_shares(run) for runs in members.values() for run in runs]
        mean, std = mean_and_std(np.array(shares))
        panels[benchmark][policy] = {
            "methods": list(members),
            "runs": len(shares),
            "seeds": sorted({run["seed"] for runs in members.values() for run in runs}),
            "mean": mean,
            "std": std,
        }
    first = {b: {p: v["mean"][-1][0] for p, v in ps.items()} for b, ps in panels.items()}
    return drawn_or_said(finished, _figure, panels), {
        "panels": panels,
        "summary": {"first_task_at_the_end": first},
        "caption": CAPTION + finished.provisos(),
        "details": [*_methods_told(panels), *finished.details()],
    }


CAPTION = (
    "Share of each task's samples in the memory after learning each task, mean over the runs with "
    "each memory policy, stacked from the first task (dark) to the last (bright); error bars and "
    "the number beside: the first task's share, ± sample standard deviation over runs. To notice: "
    "the ring buffer shares evenly by design; GSS-greedy does not."
)


def policy_of(method: str) -> str:
    """What the memory of a method is called."""
    return POLICIES.get(METHODS[method].memory, METHODS[method].memory)


def _by_policy(finished: Finished) -> dict[tuple[str, str], dict[str, list[Record]]]:
    result: dict[tuple[str, str], dict[str, list[Record]]] = {}
    for (benchmark, method), runs in finished.groups.items():
        result.setdefault((benchmark, policy_of(method)), {})[method] = runs
    return result


def _methods_told(panels: Mapping[str, Any]) -> list[str]:
    """Which methods share a policy, in a sentence each."""
    of_policy: dict[str, dict[str, None]] = {}
    for policy, panel in (item for found in panels.values() for item in found.items()):
        of_policy.setdefault(policy, {}).update(dict.fromkeys(panel["methods"]))
    return [
        f"Methods with a memory of {policy}: {listed(map(method_title, methods))}."
        for policy, methods in of_policy.items()
    ]


def task_shares(run: Mapping[str, Any]) -> Array:
    """Share of the memory that each task has after each task, (T, T), rows summing to 1.

    Raises ValueError when the record's groups or tasks are not the benchmark's.
    """
    counts = np.array(run["memory"]["counts"], dtype=float)
    row = BENCHMARKS[run["benchmark"]]
    if counts.shape != (row.tasks, row.group_count):
        raise ValueError(
            f"{record_path('', run['benchmark'], run['method'], run['seed'])} counts the samples "
            f"of {counts.shape[1]} groups after {counts.shape[0]} tasks, but {run['benchmark']} "
            f"has {row.group_count} groups and {row.tasks} tasks: run its job again."
        )
    by_task = np.stack([counts[:, row.groups_of(t)].sum(axis=1) for t in range(row.tasks)], axis=1)
    shares: Array = by_task / by_task.sum(axis=1, keepdims=True)
    return shares


@styled()
def _figure(finished: Finished, panels: dict[str, Any]) -> Figure:
    policies = list(dict.fromkeys(map(policy_of, finished.methods)))
    figure, columns = benchmark_grid(finished, len(policies), 1.5)
    for benchmark, axes in columns.items():
        axes[0].set_title(benchmark_title(benchmark), pad=12)
        axes[-1].set_xlabel("after task")
        for axis, policy in zip(axes, policies, strict=True):
            axis.set_ylim(0, 1)
            if policy in panels[benchmark]:
                _panel(axis, panels[benchmark][policy])
            else:
                _nothing(axis, finished, benchmark, policy)
    left = next(iter(columns.values()))
    for axis, policy in zip(left, policies, strict=True):
        axis.set_ylabel(f"{policy}\nshare of the memory")
    for axis in (axis for axes in columns.values() if axes is not left for axis in axes):
        axis.set_yticklabels([])
    _key(figure)
    return figure


def _nothing(axis: Axes, finished: Finished, benchmark: str, policy: str) -> None:
    """Why no method with this policy has a finished run."""
    why = {finished.why_not(benchmark, m) for m in finished.methods if policy_of(m) == policy}
    say(axis, "; ".join(sorted(why)))
    axis.spines[:].set_visible(False)
    axis.set(xticks=[], yticks=[])


def _key(figure: Figure) -> None:
    """First, middle and last task; and what the bars are."""
    shades = {"first task": 0.0, "middle": 0.5, "last task": 1.0}
    handles = [
        Patch(facecolor=SHADES(_shade(place)), edgecolor="0.5", linewidth=0.3, label=name)
        for name, place in shades.items()
    ]
    bar = figure.axes[0].errorbar([], [], [], color=BLACK, linewidth=0.8, capsize=1.5, fmt="none")
    bar.set_label("first task ± s.d. over runs")
    legend_below(figure, [*handles, bar], 1.6)


def _shade(place: Any) -> Any:
    """The darkest is no black, so that error bars are seen on it."""
    return 0.05 + 0.95 * place


def _panel(axis: Axes, panel: Mapping[str, Any]) -> None:
    shares = np.array(panel["mean"])
    after = np.arange(1, len(shares) + 1)
    colours = SHADES(_shade(np.linspace(0, 1, len(shares))))
    floor = np.zeros(len(shares))
    for share, colour in zip(shares.T, colours, strict=True):
        axis.bar(after, share, 0.92, floor, color=colour, edgecolor="white", linewidth=0.3)
        floor += share
    first = f"{100 * shares[-1, 0]:.0f}"
    if panel["std"]:
        spread = np.array(panel["std"])[:, 0]
        look: dict[str, Any] = {"fmt": "none", "elinewidth": 0.8, "capsize": 1.5}
        axis.errorbar(
            after[1:], shares[1:, 0], spread[1:], ecolor="white", **look | {"elinewidth": 2}
        )
        axis.errorbar(after[1:], shares[1:, 0], spread[1:], ecolor=BLACK, **look)
        first += f"\n± {100 * spread[-1]:.0f}"
    height = max(0.1, shares[-1, 0] / 2)
    axis.text(after[-1] + 0.7, height, f"{first} %", fontsize=7, va="center")
    axis.set_xlim(0.4, after[-1] + 0.6)
    runs, seeds = panel["runs"], len(panel["seeds"])
    told = f"{runs} run{'s' * (runs > 1)}, {seeds} seed{'s' * (seeds > 1)}"
    told += ": provisional" * (seeds < PROVISIONAL)
    axis.annotate(told, (0.5, 1.02), xycoords="axes fraction", fontsize=6, ha="center")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter(PercentFormatter(1))
