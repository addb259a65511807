"""Synthetic runs and figures for the verdict, and its row on them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from helpers import make_record, make_settings

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.study.readings import TABLE_READINGS
from drl_replication.tables.all_six import paper_table
from drl_replication.tables.comparisons import comparisons
from drl_replication.tables.frames import to_csv
from drl_replication.tables.runs import run_measures
from drl_replication.verdict import numbers
from drl_replication.verdict.evidence import read_evidence


def write_tables(folder, records, **readings):
    """What the tables' rules write of records, for the verdict to read: its first arguments."""
    reference = {n: v for n, v in readings.items() if n == "intransigence_reference"}
    frames = {"runs": run_measures(records, **readings)}
    frames |= {
        f"table_{number}": paper_table(number, records, readings) for number in TABLE_READINGS
    }
    frames |= {"comparisons": comparisons(records, **reference)}
    for name, frame in frames.items():
        (folder / f"{name}.csv").write_text(to_csv(frame))
    paths = {name: folder / f"{name}.csv" for name in frames}
    return paths["runs"], [paths[f"table_{n}"] for n in range(1, 6)], paths["comparisons"]


def evidence_of(records, figures=(), **readings):
    """Evidence from records, by way of the files."""
    with TemporaryDirectory() as folder:
        folder = Path(folder)
        for name, content in dict(figures).items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        tables = write_tables(folder, records, **readings)
        return read_evidence(*tables, [folder / f"{name}.json" for name in dict(figures)])


def verdict_of(records, figures=(), **readings):
    return numbers.verdict(evidence_of(records, figures, **readings))


def run(benchmark, method, seed, accuracy, seconds=5.0, dataset=None, **settings):
    """As many tasks as the benchmark has, or two; `accuracy` None diverges."""
    tasks = BENCHMARKS[benchmark].tasks if benchmark in BENCHMARKS else 2
    if accuracy:
        last = [accuracy - 0.05, accuracy + 0.05, *[accuracy] * (tasks - 2)]
        matrix = [*([0.9] * (t + 1) for t in range(tasks - 1)), last]
    else:
        matrix = [[0.9], *([None] * (t + 1) for t in range(1, tasks))]
    settings = make_settings(benchmark, **settings, **({"dataset": dataset} if dataset else {}))
    return make_record(
        benchmark, method, seed, matrix, settings=settings, training_seconds=float(seconds)
    )


def around(benchmark, method, mean, n=10, spread=0.004, **changes):
    """n runs whose accuracies have exactly this mean and sample deviation."""
    z = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    z = z / z.std(ddof=1) if n > 1 else z
    return [run(benchmark, method, i, mean + spread * v, **changes) for i, v in enumerate(z)]


def row(frame, source, benchmark, method=""):
    found = frame[(frame["source"] == source) & (frame["benchmark"] == benchmark)]
    found = found[found["method"] == method]
    assert len(found) == 1
    return found.iloc[0]


def stat(*values, interval=None):
    return {
        "values": list(values),
        "mean": float(np.mean(values)) if values else None,
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "interval90": interval,
    }


def figure_2(dataset="mnist", **changes):
    measures = {
        "test_accuracy": stat(0.96, 0.97, interval=[0.96, 0.97]),
        "negative_correlation": stat(-0.5, -0.6, interval=[-0.6, -0.5]),
        "positive_correlation": stat(0.8, 0.9, interval=[0.8, 0.92]),
    } | changes
    return {
        "dataset": dataset,
        "summary": {"classifiers": {"7,9": measures, "0,1": measures}},
    }
