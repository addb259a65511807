"""Write the result so far into README.md, from the table of the published runs.

python scripts/readme_results.py            fill README.md
python scripts/readme_results.py --check    is it stale?
"""

import math
from pathlib import Path

import markers
import pandas as pd

from drl_replication.markdown import markdown_grid
from drl_replication.paper import (
    BENCHMARK_DATASETS,
    benchmark_title,
    method_order,
    method_title,
    printed,
)
from drl_replication.rendering import digits

TABLE = Path("results/published/tables/table_1.csv")
CLOSE = 0.02


def main() -> None:
    """Fill, or with --check compare, the two parts of README.md."""
    path = markers.PROJECT / TABLE
    frame = pd.read_csv(path) if path.exists() else None
    parts = {"summary": summary(frame), "results": results(frame)}
    markers.main(__doc__, {"README.md": parts})


def summary(frame: pd.DataFrame | None) -> str:
    """One sentence."""
    if frame is None:
        return "**Result so far:** no published runs are in the repository yet."
    paper_data = frame["dataset"] == frame["benchmark"].map(BENCHMARK_DATASETS)
    differences = frame.loc[paper_data, "difference"].dropna()
    if differences.empty:
        return "**Result so far:** no published run can be compared with the paper's numbers yet."
    close = int((differences.abs() <= CLOSE + 1e-9).sum())
    return (
        f"**Result so far:** of {len(differences)} average accuracies that the paper prints and "
        f"we measured, {close} {'is' if close == 1 else 'are'} within {CLOSE} of ours. DRL is best "
        f"in {best(frame, 'best')} of our {len(set(frame['benchmark']))} columns, and in the paper "
        f"in {best(frame, 'printed_best')} of the same ([table below](#result))."
    )


def best(frame: pd.DataFrame, column: str) -> int:
    """In how many columns DRL is best."""
    return int(frame.loc[frame["method"] == "drl", column].sum())


def results(frame: pd.DataFrame | None) -> str:
    """Average accuracy, ours and the paper's: one row a method, one column a benchmark."""
    if frame is None:
        return (
            f"No published runs are in the repository yet, so there is no `{TABLE.as_posix()}` "
            "to show here. `make demo` makes tables of the same form from fewer images."
        )
    rows = {(row.benchmark, row.method): row for row in frame.itertuples()}
    benchmarks = list(frame["benchmark"].unique())
    lines = [
        [
            method_title(m),
            *(cell(rows[b, m]) if (b, m) in rows else missing(b, m) for b in benchmarks),
        ]
        for m in sorted(frame["method"].unique(), key=method_order)
    ]
    notes = "; ".join(note(b, frame[frame["benchmark"] == b]) for b in benchmarks)
    return (
        "Average accuracy, ours / the paper's; bold is the best of a column, ours and the "
        f"paper's each.\n\n{markdown_grid(['', *map(benchmark_title, benchmarks)], lines)}\n"
        f"Means over seeds: {notes}. Made from `{TABLE.as_posix()}`."
    )


def cell(row: tuple) -> str:
    """Our mean and the paper's."""
    return f"{number(row.mean, row.best)} / {number(row.printed_mean, row.printed_best)}" + (
        f" ({row.n_diverged} diverged)" if row.n_diverged else ""
    )


def missing(benchmark: str, method: str) -> str:
    """What stands where nothing was run."""
    paper = printed(1).set_index(["benchmark", "method"])["mean"]
    return f"not run / {number(paper.get((benchmark, method), math.nan), best=False)}"


def number(value: float, best: bool) -> str:
    """Three decimals, bold if best, a dash for none."""
    if math.isnan(value):
        return "–"
    return f"**{digits(value)}**" if best else digits(value)


def note(benchmark: str, frame: pd.DataFrame) -> str:
    """Number of seeds and the dataset of a column."""
    counts = sorted(set(frame["n"] + frame["n_diverged"]))
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    dataset = frame["dataset"].iloc[0]
    paper = BENCHMARK_DATASETS.get(benchmark, dataset)
    other = f" instead of `{paper}`, so not comparable" if dataset != paper else ""
    return f"{benchmark_title(benchmark)} n = {seeds}, `{dataset}`{other}"


if __name__ == "__main__":
    main()
