"""What the memory holds: the share of each task after each task, by memory policy."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.figures.runs import Groups, benchmarks_of, finished_runs, mean_and_std
from drl_replication.figures.style import SETTINGS, new_figure
from drl_replication.learning.methods import METHODS
from drl_replication.paper.printed import benchmark_title
from drl_replication.records.runs import record_path

# Policies, each a memory part of the table of methods.
POLICIES = {"ring:RingBuffer": "ring buffer", "gss:GradientBuffer": "GSS-greedy"}


def draw(records: Sequence[Path], settings: Mapping) -> tuple[Figure, dict]:
    """Stacked shares of the tasks after each task: one row a memory policy, one column a benchmark.

    Methods with the same memory share a row. `settings`: {benchmark: {method: settings}}. Returns
    the figure, and its numbers: `panels[benchmark][policy]` has `methods`, `runs`, and `mean` and
    `std`, (T, T): share of task i (column) after task t (row). Raises as `finished_runs`.
    """
    groups, provisos = finished_runs(records, settings)
    panels: dict = {benchmark: {} for benchmark in benchmarks_of(groups)}
    for (benchmark, policy), members in _by_policy(groups).items():
        shares = [task_shares(run) for runs in members.values() for run in runs]
        mean, std = mean_and_std(np.array(shares))
        panels[benchmark][policy] = {
            "methods": list(members),
            "runs": len(shares),
            "mean": mean,
            "std": std,
        }
    first = {b: {p: v["mean"][-1][0] for p, v in ps.items()} for b, ps in panels.items()}
    return _figure(panels), {
        "panels": panels,
        "summary": {"first_task_at_the_end": first},
        "caption": f"{CAPTION} {provisos}",
    }


CAPTION = (
    "Share of each task's samples in the memory after learning each task, mean over methods and "
    "seeds that share a memory policy; tasks are stacked from the first (dark, at the bottom) to "
    "the last (bright), and the number is the first task's share at the end. To notice: the ring "
    "buffer shares its places evenly by design; how unevenly GSS-greedy does, which chooses by "
    "gradients."
)


def _by_policy(groups: Groups) -> dict[tuple[str, str], dict[str, list[dict]]]:
    result: dict = {}
    for (benchmark, method), runs in groups.items():
        memory = METHODS[method].memory
        result.setdefault((benchmark, POLICIES.get(memory, memory)), {})[method] = runs
    return result


def task_shares(run: Mapping) -> np.ndarray:
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
    return by_task / by_task.sum(axis=1, keepdims=True)


@plt.rc_context(SETTINGS)
def _figure(panels: Mapping) -> Figure:
    policies = list(dict.fromkeys(p for of_policy in panels.values() for p in of_policy))
    figure, axes = new_figure(
        len(policies), len(panels), height=1.5 * len(policies) + 0.7, sharey=True, squeeze=False
    )
    for column, (benchmark, of_policy) in zip(axes.T, panels.items(), strict=True):
        column[0].set_title(benchmark_title(benchmark))
        column[-1].set_xlabel("after task")
        for axis, policy in zip(column, policies, strict=True):
            _panel(axis, of_policy.get(policy))
    for axis, policy in zip(axes[:, 0], policies, strict=True):
        axis.set_ylabel(f"{policy}\nshare of the memory")
        axis.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def _panel(axis: Axes, panel: Mapping | None) -> None:
    axis.set_ylim(0, 1)
    if panel is None:
        axis.text(0.5, 0.5, "not run", ha="center", transform=axis.transAxes, color="#666666")
        axis.set_xticks([])
        return
    shares = np.array(panel["mean"])
    after = np.arange(1, len(shares) + 1)
    colours = matplotlib.colormaps["cividis"](np.linspace(0.05, 1, len(shares)))
    floor = np.zeros(len(shares))
    for share, colour in zip(shares.T, colours, strict=True):
        axis.bar(after, share, 0.92, floor, color=colour, edgecolor="white", linewidth=0.3)
        floor += share
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    first = shares[-1, 0]
    axis.text(after[-1] + 0.6, first / 2, f"{first:.0%}", ha="left", va="center", fontsize=7)
