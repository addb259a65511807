"""Synthetic evidence for claims, and the verdict on it."""

import numpy as np
import pandas as pd
from helpers import PROJECT

from drl_replication.paper.printed import (
    BENCHMARK_DATASETS,
    BENCHMARK_TASKS,
    BENCHMARK_TITLES,
    METHOD_TITLES,
)
from drl_replication.study.config import load
from drl_replication.study.settings import figure_settings
from drl_replication.tables.comparisons import RIVALS
from drl_replication.verdict import claims, evidence
from drl_replication.verdict.judges.correlations import Correlation

BENCHMARKS, METHODS = list(BENCHMARK_TITLES), list(METHOD_TITLES)


def runs(values, benchmarks=BENCHMARKS, seeds=6):
    """Evidence of runs; `values` has their mean measures, by method or (benchmark, method)."""
    defaults = {"accuracy": 0.7, "forgetting": 0.1, "intransigence": 0.1, "rho": 1.0}
    rows = []
    for benchmark in benchmarks:
        for method in METHODS:
            found = defaults | values.get((benchmark, method), values.get(method, {}))
            for seed in range(seeds):  # whose noise is exact in binary, and 0 on average
                measures = {k if k == "rho" else f"average_{k}": v for k, v in found.items()}
                measures["average_accuracy"] += (seed - (seeds - 1) / 2) / 1024
                row = {"benchmark": benchmark, "method": method, "seed": seed, "diverged": False}
                row["memory_spread"] = 1
                rows.append(row | measures)
    return make_evidence(pd.DataFrame(rows))


def make_evidence(frame=None, rho=None, times=None, figures=None, other=None):
    """Evidence of these frames; `other`: benchmarks that ran on this dataset."""
    columns = ["benchmark", "method", "seed", "diverged", "average_accuracy"]
    frame = pd.DataFrame(columns=columns) if frame is None else frame
    dataset = frame["benchmark"].map(BENCHMARK_DATASETS | (other or {}))
    empty = {"rho": ["metric", *Correlation._fields]}
    empty |= {"times": ["benchmark", "method", "ratio", "n_pairs"]}
    nothing = {name: pd.DataFrame(columns=columns) for name, columns in empty.items()}
    return evidence.Evidence(
        frame.assign(
            dataset=dataset,
            tasks=frame["benchmark"].map(BENCHMARK_TASKS),
            training_images=np.nan,
            memory_size=np.nan,
            changed="",
        ),
        measures={},
        rho=nothing["rho"] if rho is None else rho,
        times=nothing["times"] if times is None else times,
        tests=drl_against_rivals(frame),
        figures=figures or {},
    )


def drl_against_rivals(frame):
    """The tests of accuracies whose paired differences are all the same."""
    means = frame.groupby(["benchmark", "method"], sort=False)["average_accuracy"].mean()
    words = {1: "better", -1: "worse", 0: "no difference shown"}
    rows = [
        {
            "comparison": RIVALS,
            "benchmark": benchmark,
            "measure": "average_accuracy",
            "low": means[benchmark, "drl"] - mean,
            "verdict": words[np.sign(means[benchmark, "drl"] - mean)],
        }
        for (benchmark, rival), mean in means.items()
        if rival != "drl"
    ]
    return pd.DataFrame(rows, columns=["comparison", "benchmark", "measure", "low", "verdict"])


def judged(name, found):
    (claim,) = (claim for claim in claims.all_claims() if claim.id == name)
    row = claims.claims(found, [claim]).iloc[0]
    return row["verdict"], row["evidence"]


def with_accuracies(best_on, benchmarks=BENCHMARKS):
    return {(b, "drl"): {"accuracy": 0.8 if b in best_on else 0.6} for b in benchmarks}


def stat(values, interval=None, key="interval90"):
    values = list(values)
    return {"values": values, "mean": float(np.mean(values)) if values else None, key: interval}


def judged_by(figure, name, summary, **rest):
    """By a figure's JSON; Figure 3's runs have the paper's settings where none are given."""
    own = {"settings": FIGURE_3_SETTINGS} if figure == "figure_3" else {}
    return judged(name, make_evidence(figures={figure: {"summary": summary} | own | rest}))


FIGURE_3_SETTINGS = figure_settings(load([PROJECT / "config/config.yaml"]), "figure_3")
FIGURE_3_SETTINGS = {method: FIGURE_3_SETTINGS[method] for method in ("drl", "ber")}
