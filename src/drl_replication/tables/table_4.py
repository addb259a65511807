"""Table 4: correlation of the rho-spectrum with the three measures, from run records.

The paper pools methods x seeds. Runs of one method are no independent points, so beside the pooled
correlation stand the one between the methods' means and the one within the methods.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from drl_replication.measures.statistics import (
    Array,
    fisher_interval,
    grouped_correlation,
    jackknife_interval,
    pearson,
)
from drl_replication.paper.printed import METHOD_TITLES, method_title, printed
from drl_replication.study.readings import READINGS
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import Record, run_measures
from drl_replication.text import notes
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.numbers import digits, interval

METRICS = {  # as the paper calls them
    "average_accuracy": "Avg. Acc.",
    "average_forgetting": "Avg. Forg.",
    "average_intransigence": "Avg. Intran.",
}
CORRELATIONS = ["pooled", "pooled_low90", "pooled_high90", "pooled_low", "pooled_high"]
CORRELATIONS += ["between", "between_low", "between_high", "within", "within_low", "within_high"]
COUNTS = ["dataset", "n_runs", "n_methods", "n", "n_fewest", "n_diverged"]
FEWEST = 3  # methods of a correlation


class Correlations(NamedTuple):
    """A row: the correlations of rho with one measure on one benchmark, beside the printed one."""

    benchmark: str
    metric: str
    n_runs: int
    n_methods: int
    n: int
    n_fewest: int
    n_diverged: int
    pooled: float
    pooled_low: float
    pooled_high: float
    between: float
    between_low: float
    between_high: float
    within: float
    within_low: float
    within_high: float
    outlier: str
    without_outlier: float
    printed: float
    difference: float


def table(
    records: Sequence[Record],
    intransigence_reference: str = "best_run",
    rho_layers: str = "hidden",
    rho_null: str = "floor",
) -> pd.DataFrame:
    """Table 4: one row a (benchmark, metric), ours beside what the paper prints.

    Columns: benchmark, metric, dataset, n_runs (points), n_methods, n (seeds), n_fewest (of a
    method), n_diverged (runs, left out), and three correlations with their intervals (95 % unless
    the name says 90), of the paper's methods where there are any:

    pooled: of all points, as the paper. `pooled_low90`, `pooled_high90`: seeds left out one by one,
    jointly for all methods since seeds pair; `pooled_low`, `pooled_high`: methods left out.
    between: of the methods' means. Interval: Fisher's, which holds the true value of 7 normal
    points in 93-95 % of simulations, where a bootstrap of them does in 88-90 %. `outlier`: the
    method without which it changes most, to `without_outlier`.
    within: of all points after each method's mean is taken away. Interval: seeds left out jointly.

    Leaving out is the jackknife of Fisher's z: with 3, 5, 10 seeds its 90 % intervals hold the
    true value in 90, 90, 89 % of simulations, those of a bootstrap in 68, 79, 85 %.

    Then printed, difference (pooled - printed) and the three readings. What cannot be computed (a
    within-method correlation of one seed, an interval of too few) is NaN.
    Raises ValueError for an unknown reading, no records, and as `run_measures`.
    """
    if not records:
        raise ValueError("There are no run records to make a table from: select some runs.")
    readings = {
        "intransigence_reference": intransigence_reference,
        "rho_layers": rho_layers,
        "rho_null": rho_null,
    }
    return correlations(run_measures(records, **readings)).assign(**readings)


def correlations(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of :func:`table`, without the readings, from the frame of `run_measures`."""
    if runs.empty:
        return pd.DataFrame(columns=["benchmark", "metric", *COUNTS, *CORRELATIONS, "printed"])
    of_the_paper = runs["method"].isin(METHOD_TITLES)
    others_alone = ~of_the_paper.groupby(runs["benchmark"]).transform("any")
    runs = runs[of_the_paper | others_alone]
    found = [
        {"benchmark": benchmark, "metric": metric, **_counts(part), **_correlations(part, metric)}
        for benchmark, part in runs.groupby("benchmark", sort=False)
        for metric in METRICS
    ]
    frame = pd.DataFrame(found).merge(printed(4), on=["benchmark", "metric"], how="left")
    frame = frame.rename(columns={"correlation": "printed"})
    others = frame["benchmark"].isin(runs.loc[~runs["method"].isin(METHOD_TITLES), "benchmark"])
    frame.loc[others, "printed"] = math.nan  # the paper's is of its own methods
    frame["difference"] = frame["pooled"] - frame["printed"]
    return frame


def _counts(runs: pd.DataFrame) -> dict[str, Any]:
    finished = runs[~runs["diverged"]]
    return {
        "dataset": runs["dataset"].iloc[0],
        "n_runs": len(finished),
        "n_methods": finished["method"].nunique(),
        "n": finished["seed"].nunique(),
        "n_fewest": int(finished["method"].value_counts().min()) if len(finished) else 0,
        "n_diverged": int(runs["diverged"].sum()),
    }


def _correlations(runs: pd.DataFrame, metric: str) -> dict[str, Any]:
    """The three correlations of one benchmark's runs, and their intervals."""
    runs = runs[~runs["diverged"]]
    if runs.empty:
        return dict.fromkeys(CORRELATIONS, math.nan) | {"outlier": "", "without_outlier": math.nan}
    x, y = runs["rho"].to_numpy(), runs[metric].to_numpy()
    methods, seeds = (pd.factorize(runs[column])[0] for column in ("method", "seed"))
    together = np.zeros_like(methods)
    means = runs.groupby("method")[["rho", metric]].mean()
    between = pearson(means["rho"].to_numpy(), means[metric].to_numpy())
    pooled, within = pearson(x, y), grouped_correlation(np.ones((1, len(x))), x, y, methods)[0]
    by_seed, by_method = _each_left_out(seeds), _each_left_out(methods)
    values = [
        pooled,
        *jackknife_interval(pooled, grouped_correlation(by_seed, x, y, together), 0.9),
        *jackknife_interval(pooled, grouped_correlation(by_method, x, y, together), 0.95),
        between,
        *fisher_interval(between, len(means)),
        within,
        *jackknife_interval(within, grouped_correlation(by_seed, x, y, methods), 0.95),
    ]
    return dict(zip(CORRELATIONS, values, strict=True)) | _outlier(means, between)


def _outlier(means: pd.DataFrame, between: float) -> dict[str, Any]:
    """The method without which the correlation of the means changes most, and that correlation."""
    methods = [str(method) for method in means.index] if len(means) > FEWEST else []
    without = {m: pearson(*means.drop(index=m).to_numpy().T) for m in methods}
    known = {m: r for m, r in without.items() if not math.isnan(r)}
    if not known:
        return {"outlier": "", "without_outlier": math.nan}
    outlier = max(known, key=lambda m: abs(known[m] - between))
    return {"outlier": outlier, "without_outlier": known[outlier]}


def _each_left_out(clusters: Array) -> Array:
    """Weights of the points (n,) without each of the clusters: (clusters, n)."""
    weights: Array = (np.arange(clusters.max() + 1)[:, None] != clusters).astype(float)
    return weights


def document(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> Document:
    """Table 4: three rows a metric, one column a benchmark. `remarks` end the notes."""
    cells = {(row.benchmark, row.metric): row for row in rows(frame, Correlations)}
    benchmarks = frame["benchmark"].unique()
    return Document(
        title="Table 4",
        caption="Correlation of the ρ-spectrum with the three measures, over runs, over the means "
        "of methods and within methods.",
        columns=notes.column_titles(frame),
        rows=[
            Row(titles, [stack(cells[benchmark, metric]) for benchmark in benchmarks])
            for metric, title in METRICS.items()
            for titles, stack in (
                ([f"{title}, pooled", "95 % interval", "paper"], _pooled),
                (["between methods", "95 % interval", ""], _between),
                (["within methods", "95 % interval"], lambda row: _stack(row, "within")),
            )
        ],
        notes=[*_notes(frame), *remarks],
        corner="correlation with ρ",
    )


def _stack(row: Correlations, name: str) -> list[Cell]:
    low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    return [Cell(_text(getattr(row, name))), Cell(interval(low, high, decimals=2))]


def _pooled(row: Correlations) -> list[Cell]:
    difference = "" if pd.isna(row.difference) else f" ({_text(row.difference, sign='+')})"
    paper = NOTHING if pd.isna(row.printed) else Cell(_text(row.printed), suffix=difference)
    return [*_stack(row, "pooled"), paper]


def _between(row: Correlations) -> list[Cell]:
    """With what leaving out one method does to it."""
    if not row.outlier:
        return [*_stack(row, "between"), NOTHING]
    without = f"without {method_title(row.outlier)}: {_text(row.without_outlier)}"
    return [*_stack(row, "between"), Cell(without)]


def _text(correlation: float, sign: str = "") -> str:
    return digits(correlation, sign, decimals=2)


def _notes(frame: pd.DataFrame) -> list[str]:
    chosen = frame[["intransigence_reference", "rho_layers", "rho_null"]].iloc[0]
    benchmarks = rows(frame.drop_duplicates("benchmark"), Correlations)
    runs = {
        row.benchmark: f"{row.n_runs} runs ({row.n_methods} methods, {row.n} "
        f"seed{'' if row.n == 1 else 's'}{_diverged(row.n_diverged)})"
        for row in benchmarks
    }
    few = {
        row.benchmark: "no within-method correlation and no interval over seeds can be had"
        for row in benchmarks
        if row.n < 2
    }
    return [
        "Pooled: all methods x seeds, as in the paper, whose number stands below with ours minus "
        "the paper's in brackets; between: the methods' means; within: each run's difference from "
        "its method's mean.",
        "Runs of one method are not independent points, so the interval of the pooled correlation "
        "is of methods left out one by one, each with all its runs (jackknife of Fisher's z).",
        "The verdict asks something else, whether these seven methods with other seeds would give "
        "the printed number, so its interval (90 %, in the CSV) leaves out seeds and is narrower.",
        "Between methods there are as many points as methods, so seven at most: the interval is "
        "Fisher's of so few, and below stands what leaving out the one method that matters most "
        "does to it. The interval within methods is of seeds left out, jointly for all methods "
        "since seeds pair.",
        f"Points: {notes.per_benchmark(runs)}.",
        *([f"Of one seed {notes.per_benchmark(few)}."] if few else []),
        *notes.data_notes(frame),
        f"ρ: {READINGS['rho_layers'].options[chosen.rho_layers]}; "
        f"{READINGS['rho_null'].options[chosen.rho_null]}.",
        notes.reference_note(chosen.intransigence_reference),
    ]


def _diverged(n: int) -> str:
    return f"; {n} diverged run{'' if n == 1 else 's'} left out" if n else ""
