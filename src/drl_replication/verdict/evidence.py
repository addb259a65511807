"""What the claims are judged by: the runs and the figures, and what is missing of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from drl_replication.paper.printed import BENCHMARK_TITLES, METHOD_TITLES, method_title
from drl_replication.records.strict_json import AGAIN, RecordError, read_json
from drl_replication.tables import table_4, table_5
from drl_replication.tables.comparisons import comparisons
from drl_replication.tables.runs import run_measures
from drl_replication.text.coverage import listed
from drl_replication.verdict.comparability import incomparable, of_the_paper

HOLDS, FAILS, MIXED, OPEN = "holds", "does not hold", "mixed", "cannot be judged"
CLAIM_VERDICTS = (HOLDS, FAILS, MIXED, OPEN)
FEWEST = 2  # finished runs of a method, below which its mean says nothing


@dataclass(frozen=True)
class Judgement:
    """A verdict, the numbers behind it in a sentence, and what was missing for it."""

    verdict: str
    evidence: str = ""
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class Evidence:
    """Everything that is there.

    runs: `run_measures` with rho, one row a run; rho and times: Tables 4 and 5; tests: of
    `comparisons`; figures: name to JSON of each figure that was drawn; other: of `incomparable`.
    """

    runs: pd.DataFrame
    rho: pd.DataFrame
    times: pd.DataFrame
    tests: pd.DataFrame
    figures: Mapping[str, Mapping]
    other: Mapping[str, str]

    def finished(self, benchmark: str) -> pd.DataFrame:
        """The finished runs of a benchmark."""
        return self.runs[(self.runs["benchmark"] == benchmark) & ~self.runs["diverged"]]

    def means(self, benchmark: str, column: str) -> pd.Series:
        """The mean of a measure over the finished runs, by method."""
        return self.finished(benchmark).groupby("method", sort=False)[column].mean()

    def lacking(self, benchmark: str, methods: Iterable[str]) -> list[str]:
        """Methods with fewer than two finished runs."""
        n = self.finished(benchmark)["method"].value_counts()
        return [method for method in methods if n.get(method, 0) < FEWEST]

    def judged(self, methods: Iterable[str] = METHOD_TITLES) -> list[str]:
        """The paper's benchmarks on which each of the methods has two finished runs."""
        return [b for b in BENCHMARK_TITLES if not self.lacking(b, methods)]

    def missing(
        self,
        methods: Sequence[str] = tuple(METHOD_TITLES),
        benchmarks: Iterable[str] = BENCHMARK_TITLES,
    ) -> list[str]:
        """What keeps the other benchmarks from being judged."""
        lacking = {b: self.lacking(b, methods) for b in benchmarks}
        return [
            f"{BENCHMARK_TITLES[b]} (needs {FEWEST} finished runs of {_some(found, methods)})"
            for b, found in lacking.items()
            if found
        ]


def _some(found: Sequence[str], of: Sequence[str]) -> str:
    if len(found) == len(of) > 1:
        return "every method"
    return listed([method_title(method) for method in found])


def gather(
    records: Sequence[Mapping],
    intransigence_reference: str = "best_run",
    rho_layers: str = "hidden",
    rho_null: str = "floor",
    figures: Mapping[str, Mapping] | None = None,
) -> Evidence:
    """The evidence in run records and in the JSON of the figures that were drawn.

    Runs of methods that the paper doesn't have are left out. Raises ValueError as the tables do.
    """
    records = of_the_paper(records)
    rho = {
        (r["benchmark"], r["method"], r["seed"]): r["rho_readings"][rho_layers][rho_null]
        for r in records
        if not r["diverged"]
    }
    runs = run_measures(records, intransigence_reference)
    keys = runs[["benchmark", "method", "seed"]].itertuples(index=False, name=None)
    runs["rho"] = [rho.get(key, float("nan")) for key in keys]
    return Evidence(
        runs,
        table_4.table(records, intransigence_reference, rho_layers, rho_null),
        table_5.table(records),
        comparisons(records, intransigence_reference),
        figures or {},
        incomparable(records),
    )


def read_figures(paths: Iterable[Path]) -> dict[str, dict]:
    """The JSON of figures, by the name of their file.

    Raises RecordError for a file that is missing, unreadable or has no summary.
    """
    figures = {Path(path).stem: read_json(Path(path)) for path in paths}
    for name, figure in figures.items():
        if not isinstance(figure, dict) or "summary" not in figure:
            raise RecordError(f"The JSON of {name} has no summary, so it is no figure's: {AGAIN}.")
    return figures


def majority(found: Mapping[str, bool], total: int = len(BENCHMARK_TITLES)) -> str:
    """Of a claim on "most" of the `total` benchmarks, as soon as the missing ones can't turn it."""
    yes, missing = sum(found.values()), total - len(found)
    if 2 * yes > total:
        return HOLDS
    return FAILS if 2 * (yes + missing) <= total else OPEN


def both(verdicts: Iterable[str]) -> str:
    """Of a claim with parts: holds or not with all of them, else mixed; open while one is."""
    verdicts = list(verdicts)
    if OPEN in verdicts or not verdicts:
        return OPEN
    return verdicts[0] if len(set(verdicts)) == 1 else MIXED


def every(found: Iterable[bool], total: int) -> str:
    """Of a claim on all of `total` cases, which a single case refutes but only all can prove.

    Mixed if one holds and one doesn't; does not hold if none of those that are there does.
    """
    found = list(found)
    if found and not all(found):
        return MIXED if any(found) else FAILS
    return HOLDS if len(found) >= total else OPEN


def side(interval: Sequence[float], bound: float) -> str:
    """Of a claim "below `bound`": holds if an interval is; does not if it is above; else mixed."""
    low, high = interval
    if high < bound:
        return HOLDS
    return FAILS if low > bound else MIXED
