"""What the figures share that are drawn from one experiment a seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drl_replication.measures.statistics import bootstrap_mean_interval
from drl_replication.paper.printed import BENCHMARK_DATASETS
from drl_replication.records.experiments import read_experiments

NO_RECORDS = "Nothing to draw: there are no records of this experiment."


def read_seeds(records: Sequence[Path], settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records, by seed; none is no error. Raises RecordError as `read_experiments`."""
    return read_experiments(list(records), settings)


def stat(values: Sequence[float]) -> dict[str, Any]:
    """Values of seeds (n,), their mean (None for none) and sample deviation (None under two)."""
    values = [float(value) for value in values]
    return {
        "values": values,
        "mean": float(np.mean(values)) if values else None,
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
    }


def stat_with_interval(values: Sequence[float]) -> dict[str, Any]:
    """A :func:`stat` with `interval90`, the bootstrap interval of its mean (None under two)."""
    enough = len(values) > 1
    return stat(values) | {
        "interval90": list(bootstrap_mean_interval(values, 0.9)) if enough else None
    }


def basis(records: Sequence[Mapping[str, Any]]) -> str:
    """A caption's sentence on seeds and data; the paper has ten seeds, on MNIST."""
    seeds = [record["seed"] for record in records]
    dataset = records[0]["provenance"]["data"]["dataset"]
    paper = BENCHMARK_DATASETS["split_mnist"]
    listed = ", ".join(map(str, seeds))
    consecutive = len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1))
    span = f"{seeds[0]} to {seeds[-1]}" if consecutive else listed
    other = "" if dataset == paper else f" instead of the paper's {paper}, so not comparable"
    return f"n = {len(seeds)} seed{'s' * (len(seeds) > 1)} ({span}) on {dataset}{other}."


def plus_minus(found: Mapping[str, Any], digits: int = 2) -> str:
    """Mean ± sample deviation of a :func:`stat`, the mean alone where there is no deviation."""
    if found["mean"] is None:
        return "undefined"
    mean = f"{found['mean']:.{digits}f}".replace("-", "−")
    return mean if found["std"] is None else f"{mean} ± {found['std']:.{digits}f}"
