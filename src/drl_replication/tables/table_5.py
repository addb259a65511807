"""Table 5: training time of the MNIST benchmarks, evaluation apart, from run records.

Seconds of two machines cannot be compared, so beside them stands the ratio to ER on the same.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from drl_replication.measures.statistics import mean_interval
from drl_replication.paper.printed import method_order, method_title, printed
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import Record, check_comparable
from drl_replication.text import notes
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.markdown import plain

REFERENCE = "er"

Seconds = Mapping[tuple[int, str], float]  # by seed and machine


class Time(NamedTuple):
    """A row: one method on one benchmark, ours beside what the paper prints."""

    benchmark: str
    method: str
    dataset: str | None
    machine: str
    n: int
    n_diverged: int
    mean: float
    std: float
    n_pairs: int
    ratio: float
    ratio_low90: float
    ratio_high90: float
    printed_mean: float
    printed_std: float
    printed_ratio: float
    ratio_of_ratios: float


def table(records: Sequence[Record]) -> pd.DataFrame:
    """Table 5: one row a (benchmark, method) that was run or printed.

    Columns: benchmark, method, dataset, machine (processor, device and threads, all of them), n
    (runs averaged), n_diverged, mean and std (seconds; ddof 1), n_pairs (seeds that ER has too,
    on the same processor, device and threads), ratio to ER (the geometric mean of the pairs'
    ratios) with its 90 % interval (Student's, of the logarithms), printed_mean, printed_std,
    printed_ratio (of the printed means), ratio_of_ratios (ours / printed). NaN where nothing was
    run; a run that diverged stopped early, so its time is left out. Raises ValueError for no
    records, and as `tables.run_measures`.
    """
    if not records:
        raise ValueError("There are no run records to make a table from: select some runs.")
    paper = printed(5)
    found = []
    for benchmark in paper["benchmark"].unique():
        runs = [r for r in records if r["benchmark"] == benchmark]
        check_comparable(benchmark, runs)
        found += _rows(benchmark, runs, paper[paper["benchmark"] == benchmark])
    return pd.DataFrame(found)[list(Time._fields)]


def _rows(benchmark: str, records: Sequence[Record], paper: pd.DataFrame) -> list[dict[str, Any]]:
    theirs = {
        method: (mean, std) for _, method, mean, std in paper.itertuples(index=False, name=None)
    }
    runs: dict[str, list[Record]] = {method: [] for method in theirs}
    for record in records:
        runs.setdefault(record["method"], []).append(record)
    reference = _timed(runs[REFERENCE])
    return [
        {
            "benchmark": benchmark,
            "method": method,
            **_ours(runs[method]),
            **(ratio := _ratio(_timed(runs[method]), reference)),
            **_printed(theirs.get(method), theirs[REFERENCE], ratio["ratio"]),
        }
        for method in sorted(runs, key=method_order)
    ]


def _machine(run: Record) -> str:
    made = run["provenance"]
    device = made.get("gpu", made["device"])
    threads = made.get("threads", 1)  # records of studies are shorter
    more = f", {threads} threads" if threads > 1 else ""
    return f"{plain(made['cpu_model'] or 'unknown processor')}, {plain(device)}{more}"


def _timed(runs: Sequence[Record]) -> dict[tuple[int, str], float]:
    """Seconds of the finished runs by seed and machine, on which a ratio needs both runs."""
    return {(r["seed"], _machine(r)): r["training_seconds"] for r in runs if not r["diverged"]}


def _ours(runs: Sequence[Record]) -> dict[str, Any]:
    seconds = pd.Series(_timed(runs).values(), dtype=float)
    made = [r["provenance"] for r in runs]
    machines = {_machine(r) for r in runs}
    return {
        "dataset": made[0]["data"]["dataset"] if made else None,
        "machine": "; ".join(sorted(machines)),
        "n": len(seconds),
        "n_diverged": len(runs) - len(seconds),
        "mean": seconds.mean(),
        "std": seconds.std(),
    }


def _ratio(seconds: Seconds, reference: Seconds) -> dict[str, float]:
    """Of the keys that both have, in logarithms, in which half and double weigh alike.

    A clock that showed no time at all gives no ratio.
    """
    both = sorted(k for k in seconds.keys() & reference.keys() if seconds[k] and reference[k])
    pairs = [math.log(seconds[k]) - math.log(reference[k]) for k in both]
    low, high = mean_interval(pairs, 0.9) if len(pairs) > 1 else (math.nan, math.nan)
    logarithms = np.array([np.mean(pairs) if pairs else math.nan, low, high])
    with np.errstate(over="ignore"):  # an end may be as good as infinite
        ratio, low, high = np.exp(logarithms).tolist()
    return {"n_pairs": len(pairs), "ratio": ratio, "ratio_low90": low, "ratio_high90": high}


def _printed(
    theirs: tuple[float, float] | None, reference: tuple[float, float], ratio: float
) -> dict[str, float]:
    mean, std = theirs or (math.nan, math.nan)
    return {
        "printed_mean": mean,
        "printed_std": std,
        "printed_ratio": mean / reference[0],
        "ratio_of_ratios": ratio / (mean / reference[0]),
    }


def document(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> Document:
    """Table 5: one row a method; seconds and ratio to ER of each benchmark, the paper's below.

    `remarks` end the notes.
    """
    cells = {(row.benchmark, row.method): row for row in rows(frame, Time)}
    benchmarks = frame["benchmark"].unique()
    return Document(
        title="Table 5",
        caption="Training time, evaluation apart: seconds, mean ± sample standard deviation over "
        "seeds, and the ratio to ER's with its 90 % interval.",
        columns=[
            f"{title}, {unit}"
            for title in notes.column_titles(frame)
            for unit in ("seconds", "ratio")
        ],
        rows=[
            Row(
                [method_title(method), "paper"],
                [stack for b in benchmarks for stack in _stacks(cells.get((b, method)))],
            )
            for method in sorted(frame["method"].unique(), key=method_order)
        ],
        notes=[*_notes(frame), *remarks],
    )


def _stacks(row: Time | None) -> list[tuple[Cell, Cell]]:
    """Seconds and ratio, ours above the paper's; None: neither run nor printed."""
    if row is None:
        return [(Cell("not run"), NOTHING), (NOTHING, NOTHING)]
    seconds = Cell("not run") if not row.n + row.n_diverged else Cell(_seconds_text(row))
    interval = f" [{row.ratio_low90:.2f}, {row.ratio_high90:.2f}]"
    ratio = Cell(_number(row.ratio), suffix="" if math.isnan(row.ratio_low90) else interval)
    printed_seconds = _number(row.printed_mean, f" ± {row.printed_std:.2f}")
    compared = "" if math.isnan(row.ratio_of_ratios) else f" (×{row.ratio_of_ratios:.2f})"
    printed_ratio = Cell(_number(row.printed_ratio), suffix=compared)
    return [(seconds, Cell(printed_seconds)), (ratio, printed_ratio)]


def _seconds_text(row: Time) -> str:
    diverged = f"{row.n_diverged} of {row.n + row.n_diverged} diverged" if row.n_diverged else ""
    if not row.n:
        return diverged
    mean = _number(row.mean, "" if row.n < 2 else f" ± {row.std:.2f}")
    return f"{mean} ({diverged})" if diverged else mean


def _number(value: float, suffix: str = "") -> str:
    return NOTHING.number if math.isnan(value) else f"{value:.2f}{suffix}"


def _notes(frame: pd.DataFrame) -> list[str]:
    ran = frame[frame["n"] + frame["n_diverged"] > 0]
    if ran.empty:
        return ["None of these benchmarks was run."]
    machines = sorted({m for cell in ran["machine"] for m in cell.split("; ")})
    return [
        "Under each of our numbers stands the paper's; × is our ratio divided by the paper's.",
        "The ratio to ER is the geometric mean over seeds that both have on one machine, its 90 % "
        "interval Student's of the logarithms.",
        notes.seed_note(ran),
        *notes.data_notes(ran),
        *(["Diverged runs stop early, and are not averaged."] if ran["n_diverged"].any() else []),
        f"Ours ran on: {'; '.join(machines)}; the paper's on a laptop with an 8-core Intel CPU.",
        "Runs that ran beside other work were slowed by it, which the deviations show only in "
        "part: compare ratios, not seconds.",
    ]
