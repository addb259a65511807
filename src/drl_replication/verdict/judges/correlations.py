"""Claims on the rho-spectrum, from Table 4."""

from typing import NamedTuple

import numpy as np

from drl_replication.paper.printed import BENCHMARK_TITLES, benchmark_title
from drl_replication.tables.frames import rows
from drl_replication.text.numbers import digits, with_interval
from drl_replication.verdict.evidence import (
    FAILS,
    HOLDS,
    MIXED,
    OPEN,
    Evidence,
    Judgement,
    both,
    every,
)
from drl_replication.verdict.scoring import INCONCLUSIVE


class Correlation(NamedTuple):
    """A row of Table 4, of one measure with rho."""

    benchmark: str
    pooled: float
    pooled_low90: float
    pooled_high90: float
    between: float
    within: float


def rho_goes_with_accuracy(evidence: Evidence, strong: float) -> Judgement:
    """Strong on four benchmarks, and not on Split MNIST."""
    cells = _rho_cells(evidence, "average_accuracy")
    found = {b: _is_strong(cell, strong) for b, cell in cells.items()}
    others = [outcome for b, outcome in found.items() if b != "split_mnist"]
    if INCONCLUSIVE in others:
        verdict = both(others)
    else:
        verdict = every([o == HOLDS for o in others], len(BENCHMARK_TITLES) - 1)
    if verdict == HOLDS:
        verdict = {None: OPEN, HOLDS: MIXED}.get(found.get("split_mnist"), HOLDS)
    text = "; ".join(_rho_text(cell) for cell in cells.values())
    return Judgement(verdict, text, evidence.missing())


def _is_strong(cell: Correlation, strong: float) -> str:
    """Of a correlation: strong and negative, shown not to be, or tied."""
    if cell.pooled <= -strong and cell.pooled_high90 < 0:
        return HOLDS
    return FAILS if cell.pooled_low90 > -strong else INCONCLUSIVE


def rho_goes_with_intransigence_on_split_mnist(evidence: Evidence, strong: float) -> Judgement:
    """Positive and strong with intransigence, negative with forgetting."""
    intransigence = _rho_cells(evidence, "average_intransigence").get("split_mnist")
    forgetting = _rho_cells(evidence, "average_forgetting").get("split_mnist")
    missing = evidence.missing(benchmarks=["split_mnist"])
    if intransigence is None or forgetting is None:
        return Judgement(OPEN, "", missing)
    found = [
        intransigence.pooled >= strong and intransigence.pooled_low90 > 0,
        forgetting.pooled_high90 < 0,
    ]
    text = (
        f"with intransigence: {_rho_text(intransigence)}; with forgetting: {_rho_text(forgetting)}"
    )
    return Judgement(every(found, 2), text, missing)


def _rho_cells(evidence: Evidence, metric: str) -> dict[str, Correlation]:
    """Rows of Table 4 for the benchmarks that can be judged and have an interval."""
    part = evidence.rho[evidence.rho["metric"] == metric].dropna(subset="pooled_low90")
    judged = evidence.judged()
    return {row.benchmark: row for row in rows(part, Correlation) if row.benchmark in judged}


def rho_cancels_on_split_mnist(evidence: Evidence) -> Judgement:
    """Correlated with forgetting and intransigence in opposite ways, and not with accuracy."""
    names = ("accuracy", "forgetting", "intransigence")
    cells = {n: _rho_cells(evidence, f"average_{n}").get("split_mnist") for n in names}
    there = {name: cell for name, cell in cells.items() if cell is not None}
    missing = evidence.missing(benchmarks=["split_mnist"])
    if len(there) < len(names):
        return Judgement(OPEN, "", missing)
    signs = {n: np.sign(c.pooled_low90) + np.sign(c.pooled_high90) for n, c in there.items()}
    found = [signs["accuracy"] == 0, signs["forgetting"] * signs["intransigence"] < 0]
    text = "; ".join(f"with {name}: {_rho_text(cell)}" for name, cell in there.items())
    return Judgement(every(found, 2), text, missing)


def _rho_text(cell: Correlation) -> str:
    return (
        f"{benchmark_title(cell.benchmark)} "
        f"{with_interval(cell.pooled, cell.pooled_low90, cell.pooled_high90)} pooled, "
        f"{digits(cell.between)} between and {digits(cell.within)} within methods"
    )
