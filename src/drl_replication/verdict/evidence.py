"""What numbers and claims are judged by: the tables that were made, the figures, and their gaps."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from drl_replication.measures.statistics import Numbers, mean_interval, sign_flip_interval
from drl_replication.paper.printed import (
    BENCHMARK_TITLES,
    METHOD_TITLES,
    method_title,
)
from drl_replication.records.reading import read
from drl_replication.tables.claim_experiments import COLUMNS, claim_experiments
from drl_replication.tables.frames import read_csv
from drl_replication.tables.runs import RHO_READINGS
from drl_replication.tables.table_4 import correlations
from drl_replication.text.notes import ENOUGH
from drl_replication.text.numbers import listed, with_interval
from drl_replication.verdict.comparability import incomparable
from drl_replication.verdict.scoring import INCONCLUSIVE

HOLDS, FAILS, MIXED, OPEN = "holds", "does not hold", "mixed", "cannot be judged"
CLAIM_VERDICTS = (HOLDS, FAILS, MIXED, INCONCLUSIVE, OPEN)
FEWEST = 2  # finished runs of a method, below which its mean says nothing

CHOSEN = ("rho_layers", "rho_null")  # readings of rho

Summary = Mapping[str, Any]  # of a figure


@dataclass(frozen=True)
class Judgement:
    """A verdict, the numbers behind it in a sentence, and what was missing for it."""

    verdict: str
    evidence: str = ""
    missing: Sequence[str] = ()
    provisional: bool = False  # of too few runs to be counted


@dataclass(frozen=True)
class Evidence:
    """Everything that is there, of the paper's methods.

    runs: of `run_measures`, one row a run; measures: Tables 1-3 by number; rho and times: Tables 4
    and 5; tests: of `comparisons`; figures: name to JSON of each figure that was drawn;
    experiments: of `claim_experiments`.
    """

    runs: pd.DataFrame
    measures: Mapping[int, pd.DataFrame]
    rho: pd.DataFrame
    times: pd.DataFrame
    tests: pd.DataFrame
    figures: Mapping[str, Summary] = field(default_factory=dict)
    experiments: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=COLUMNS))
    fewest: int = ENOUGH  # finished runs of each method that a claim's benchmark needs

    @property
    def other(self) -> dict[str, str]:
        """Benchmarks that ran on other data, or less of it, than the paper's, and why."""
        return incomparable(self.runs)

    @property
    def other_experiments(self) -> list[str]:
        """Experiments on other data or with other settings than the paper's, in clauses."""
        found = incomparable(self.experiments)
        return [f"{BENCHMARK_TITLES[benchmark]}: {why}" for benchmark, why in found.items()]

    def finished(self, benchmark: str) -> pd.DataFrame:
        """The finished runs of a benchmark."""
        return self._finished.get(benchmark, self.runs[:0])

    @cached_property
    def _finished(self) -> dict[str, pd.DataFrame]:
        finished = self.runs[~self.runs["diverged"].astype(bool)]
        return {str(b): part for b, part in finished.groupby("benchmark")}

    @cached_property
    def _counts(self) -> dict[str, Counter[str]]:
        return {b: Counter(part["method"]) for b, part in self._finished.items()}

    @cached_property
    def arms(self) -> dict[str, pd.DataFrame]:
        """The experiments by benchmark: one row a seed, one column `arm.measure`."""
        named = self.experiments.assign(
            name=self.experiments["arm"] + "." + self.experiments["measure"]
        )
        return {
            str(b): part.pivot(index="seed", columns="name", values="value")
            for b, part in named.groupby("benchmark")
        }

    @cached_property
    def other_readings_of_rho(self) -> "dict[str, Evidence]":
        """The same runs with rho in each of its other readings, by name: it takes no training."""
        if self.runs.empty or self.rho.empty or not {*CHOSEN} <= {*self.rho}:
            return {}
        own = {name: str(self.rho[name].iloc[0]) for name in CHOSEN}
        found = {}
        for column, options in RHO_READINGS.items():
            other = [f"{name} = {options[name]}" for name in CHOSEN if options[name] != own[name]]
            if other:
                runs = self.runs.assign(rho=self.runs[column])
                rho = correlations(runs).assign(**options)
                found[" with ".join(other)] = replace(self, runs=runs, rho=rho)
        return found

    def means(self, benchmark: str, column: str) -> pd.Series:
        """The mean of a measure over the finished runs, by method."""
        return self.finished(benchmark).groupby("method", sort=False)[column].mean()

    def paired(self, benchmark: str, column: str) -> pd.DataFrame:
        """A measure of the finished runs: one row a seed, one column a method."""
        runs = self.finished(benchmark)
        return runs.pivot(index="seed", columns="method", values=column)

    def lacking(self, benchmark: str, methods: Iterable[str]) -> list[str]:
        """Methods with too few finished runs."""
        n = self._counts.get(benchmark, Counter())
        return [method for method in methods if n[method] < self.fewest]

    def judged(self, methods: Iterable[str] = METHOD_TITLES) -> list[str]:
        """The paper's benchmarks on which each of the methods has enough finished runs."""
        return [b for b in BENCHMARK_TITLES if not self.lacking(b, methods)]

    def missing(
        self,
        methods: Sequence[str] = tuple(METHOD_TITLES),
        benchmarks: Iterable[str] = BENCHMARK_TITLES,
    ) -> list[str]:
        """What keeps the other benchmarks from being judged."""
        lacking = {b: self.lacking(b, methods) for b in benchmarks}
        return [
            f"{BENCHMARK_TITLES[b]} (needs {self.fewest} finished runs of {_some(found, methods)})"
            for b, found in lacking.items()
            if found
        ]


def _some(found: Sequence[str], of: Sequence[str]) -> str:
    if len(found) == len(of) > 1:
        return "every method"
    return listed([method_title(method) for method in found])


def read_evidence(
    runs: Path,
    tables: Sequence[Path],
    comparisons: Path,
    figures: Iterable[Path],
    experiments: Sequence[Path] = (),
) -> Evidence:
    """The evidence in the files that the tables' rules wrote (Tables 1-5 in order) and in figures.

    `experiments`: records of those that judge claims.

    Rows of methods that the paper doesn't have are left out. Raises ValueError for a file that is
    no table, RecordError for one that is no figure.
    """
    frames = [_of_the_paper(read_csv(path)) for path in (runs, *tables, comparisons)]
    measures = dict(enumerate(frames[1:4], start=1))
    rho, times, tests = frames[4:]
    return Evidence(
        frames[0],
        measures,
        rho,
        times,
        tests,
        read_figures(figures),
        claim_experiments(experiments),
    )


def _of_the_paper(frame: pd.DataFrame) -> pd.DataFrame:
    methods = [frame[c].isin(METHOD_TITLES) for c in ("method", "rival") if c in frame]
    return frame[np.logical_and.reduce(methods)] if methods else frame


def read_figures(paths: Iterable[Path]) -> dict[str, Summary]:
    """The JSON of figures, by the name of their file.

    Raises RecordError as `reading.read`.
    """
    return {Path(path).stem: read(path, "figure") for path in paths}


def majority(found: Mapping[str, str], total: int = len(BENCHMARK_TITLES)) -> str:
    """Of a claim on "most" of `total` benchmarks: whether it holds on each, or is INCONCLUSIVE.

    Open as long as the missing ones could make it hold or fail; mixed where only ties leave it so,
    inconclusive where there are but ties.
    """
    n = Counter(found.values())
    missing = total - len(found)
    if 2 * n[HOLDS] > total:
        return HOLDS
    if 2 * n[FAILS] >= total:
        return FAILS
    could_turn = 2 * (n[HOLDS] + missing) > total or 2 * (n[FAILS] + missing) >= total
    return OPEN if could_turn else MIXED if n[HOLDS] or n[FAILS] else INCONCLUSIVE


def both(verdicts: Iterable[str]) -> str:
    """Of a claim with parts: what all of them are, else mixed; open while one is."""
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
    """Of a claim "below `bound`": holds if an interval is; does not if it is above.

    Else inconclusive; open without an interval (NaN).
    """
    low, high = interval
    if np.isnan(low):
        return OPEN
    if high < bound:
        return HOLDS
    return FAILS if low > bound else INCONCLUSIVE


def above(interval: Sequence[float], bound: float) -> str:
    """Of a claim "above `bound`"."""
    low, high = interval
    return side((-high, -low), -bound)


class Change(NamedTuple):
    """A mean difference, paired by seed, and its 95 % interval; NaN of too few pairs for one."""

    mean: float
    low: float
    high: float

    @property
    def interval(self) -> tuple[float, float]:
        """Its two ends."""
        return self.low, self.high

    @property
    def text(self) -> str:
        """With its sign and its interval."""
        return with_interval(*self, sign="+")

    @property
    def unsigned(self) -> str:
        """Without its sign, of what is no difference."""
        return with_interval(*self)


def change(before: Numbers, after: Numbers) -> Change | None:
    """Of two lists paired by seed; None for fewer than two seeds."""
    if len(before) < FEWEST:
        return None
    values = np.subtract(after, before)
    return Change(float(values.mean()), *mean_interval(values))


def mean_of(values: Numbers) -> Change | None:
    """A mean and its 95 % interval (Student's); None for fewer than two values."""
    return change(np.zeros(len(values)), values)


def lead(differences: "pd.Series[float]") -> Change:
    """Of paired differences between methods, with the interval of Table "comparisons".

    NaN where no seed has both.
    """
    d = differences.dropna().to_numpy()
    if not len(d):
        return Change(math.nan, math.nan, math.nan)
    return Change(float(d.mean()), *sign_flip_interval(d))


def one_seed(what: str, needed: str = "seeds") -> Judgement:
    """Of a figure that has no interval."""
    return Judgement(OPEN, "", [f"{what}: two {needed} at least"])
