"""What stands above and below the tables: titles of columns, seeds, data.

A `frame` is one of the tables: it has the columns benchmark, dataset, n and n_diverged.
"""

from collections.abc import Mapping

import pandas as pd

from drl_replication.paper.printed import BENCHMARK_DATASETS, benchmark_title
from drl_replication.text.numbers import count

ENOUGH = 5  # runs, below which a number is provisional
PROVISIONAL = " ‡"
REFERENCE_NOTES = {
    "best_run": "the best accuracy on task i over all seeds of the paper's methods in this table",
    "best_mean": "the best over the paper's methods in this table of the mean over seeds",
    "per_seed": "per seed, the best accuracy on task i over the paper's methods in this table",
}


def column_titles(frame: pd.DataFrame) -> list[str]:
    """A title a benchmark, † where its data or settings are not the paper's."""
    other = incomparable(frame)
    return [benchmark_title(b) + (" †" if b in other else "") for b in frame["benchmark"].unique()]


def incomparable(frame: pd.DataFrame) -> dict[str, str]:
    """The benchmarks that can't be compared with the print, and why, in a clause.

    `frame` may have a column `changed`: settings that are not the paper's.
    """
    found = {
        b: [f"{d} instead of {BENCHMARK_DATASETS[b]}"]
        for b, d in datasets(frame).items()
        if not is_real(b, d)
    }
    if "changed" in frame:
        for benchmark, told in frame[["benchmark", "changed"]].itertuples(index=False, name=None):
            clauses = found.setdefault(benchmark, [])
            clauses += [c for c in str(told).split("; ") if c and c not in clauses]
    return {benchmark: "; ".join(clauses) for benchmark, clauses in found.items() if clauses}


def datasets(frame: pd.DataFrame) -> dict[str, str]:
    """The dataset of each benchmark that was run, in the frame's order."""
    return dict(frame.dropna(subset="dataset")[["benchmark", "dataset"]].itertuples(index=False))


def is_real(benchmark: str, dataset: str | None) -> bool:
    """Whether it is the paper's dataset; None (not run) is no other."""
    return dataset in (None, BENCHMARK_DATASETS.get(benchmark, dataset))


def seed_note(frame: pd.DataFrame) -> str:
    """How many seeds each benchmark has, of all its methods."""
    seeds = (frame["n"] + frame["n_diverged"]).groupby(frame["benchmark"], sort=False)
    return f"Seeds: {per_benchmark({str(benchmark): count(n) for benchmark, n in seeds})}."


def data_notes(frame: pd.DataFrame) -> list[str]:
    """The dataset of each benchmark, and which numbers it, or settings, make incomparable."""
    notes = [f"Data: {per_benchmark(datasets(frame))}."]
    if other := incomparable(frame):
        notes.append(f"† Not comparable with the printed numbers: {per_benchmark(other)}.")
    return notes


def diverged_notes(frame: pd.DataFrame) -> list[str]:
    """A sentence where a run diverged."""
    diverged = frame["n_diverged"].any()
    return ["Diverged runs are counted, and not averaged."] if diverged else []


def provisional_notes(frame: pd.DataFrame) -> list[str]:
    """A sentence where a mean is of too few runs; `n` counts them."""
    few = frame["n"].between(1, ENOUGH - 1).any()
    return (
        [
            f"{PROVISIONAL.strip()} Provisional: of fewer than {ENOUGH} runs, so neither counted "
            "by the verdict nor called the best."
        ]
        if few
        else []
    )


def reference_note(reference: str) -> str:
    """What a* is in the reading `intransigence_reference`."""
    return f"Intransigence is measured against {REFERENCE_NOTES[reference]}."


def per_benchmark(values: Mapping[str, str]) -> str:
    """`Split MNIST: value, ...`."""
    return ", ".join(f"{benchmark_title(b)}: {value}" for b, value in values.items())
