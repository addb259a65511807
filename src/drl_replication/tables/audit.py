"""The audit of Tables 1-3, ours and the paper's, by the identity that ties the three together."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from drl_replication.measures.continual import identity_sum
from drl_replication.paper.printed import (
    BENCHMARK_TASKS,
    benchmark_order,
    benchmark_title,
    method_title,
    printed,
)
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import Record, run_measures
from drl_replication.tables.table_1_to_3 import TABLES
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.numbers import DECIMALS, digits

ROUNDING = 1e-9
# Findings, in the words that name them.
IMPOSSIBLE, WRONG, REPEATED = "impossible", "a measure is wrong", "digit for digit"


def audit(
    records: Sequence[Record] = (), intransigence_reference: str = "best_run"
) -> pd.DataFrame:
    """Check our tables (if there are records) and the paper's with the identity of the measures.

    sum = accuracy + (T-1)/T forgetting + intransigence = mean a* + what tasks gain on average
    after their own training. Columns: source (ours, paper), benchmark, method, tasks, accuracy,
    forgetting, intransigence, sum, mean_best (mean a*; the paper doesn't print it), gap (sum -
    mean_best), largest_violation (how far under zero the gap of a single run goes), excess (sum -
    the smallest sum of the benchmark, whose methods all share a*), ok, finding.
    Raises ValueError as `run_measures`.
    """
    ours = [_audit_ours(records, intransigence_reference)] if records else []
    frame = pd.concat([*ours, _audit_printed()], ignore_index=True)
    total = frame["sum"].groupby([frame["source"], frame["benchmark"]])
    frame.insert(list(frame).index("ok"), "excess", frame["sum"] - total.transform("min"))
    return frame


def _audit_ours(records: Sequence[Record], reference: str) -> pd.DataFrame:
    keys = ["benchmark", "method"]
    runs = run_measures(records, reference).groupby(keys, sort=False)
    frame = _three_measures(
        lambda number: runs[TABLES[number].column].agg(["mean", "std"]).reset_index()
    )
    tasks, mean_best = runs["tasks"].first(), runs["mean_best"].mean()
    violation = (-runs["gap"].min()).clip(lower=0)
    frame = frame.join(pd.concat([tasks, mean_best, violation], axis=1), on=keys)
    frame = frame.rename(columns={"gap": "largest_violation"})
    frame["sum"] = _sums(frame)
    frame["gap"] = frame["sum"] - frame["mean_best"]
    # Written so that a method whose runs all diverged, with NaN throughout, breaks nothing.
    frame["ok"] = ~((frame["gap"] < -ROUNDING) | (frame["largest_violation"] > ROUNDING))
    frame["finding"] = [_our_finding(*cell) for cell in zip(frame["gap"], frame["ok"], strict=True)]
    return frame.assign(source="ours")[AUDIT_COLUMNS]


def _our_finding(gap: float, ok: bool) -> str:
    if math.isnan(gap):
        return "no finished run"
    return "" if ok else "smaller than mean a*: " + WRONG


def _audit_printed() -> pd.DataFrame:
    frame = _three_measures(printed)
    frame = frame.sort_values("benchmark", key=lambda c: c.map(benchmark_order), kind="stable")
    frame["tasks"] = frame["benchmark"].map(BENCHMARK_TASKS)
    frame["sum"] = _sums(frame)
    frame["finding"] = [_printed_finding(row) for row in rows(frame, Printed)]
    frame["ok"] = frame["finding"] == ""
    missing = dict.fromkeys(["mean_best", "gap", "largest_violation"], math.nan)
    return frame.assign(source="paper", **missing)[AUDIT_COLUMNS]


class Printed(NamedTuple):
    """What the paper prints of one method on one benchmark, and the identity's left side."""

    tasks: int
    forgetting: float
    intransigence: float
    forgetting_std: float
    intransigence_std: float
    sum: float


def _printed_finding(row: Printed) -> str:
    findings = []
    half_a_digit = 0.5 * 10**-DECIMALS
    if row.sum > 1 + half_a_digit * identity_sum(1, 1, 1, row.tasks):
        # mean a* is at most 1, so the rest is what tasks gain after their own training.
        findings.append(
            f"{IMPOSSIBLE} unless tasks gain {row.sum - 1:.3f} on average after their own training"
        )
    if (row.intransigence, row.intransigence_std) == (row.forgetting, row.forgetting_std):
        findings.append(f"intransigence equals Table 2's forgetting {REPEATED}")
    return "; ".join(findings)


AUDIT_COLUMNS = ["source", "benchmark", "method", "tasks", "accuracy", "forgetting"]
AUDIT_COLUMNS += ["intransigence", "sum", "mean_best", "gap", "largest_violation", "ok", "finding"]


def _three_measures(source: Callable[[int], pd.DataFrame]) -> pd.DataFrame:
    """Means and deviations of Tables 1-3 side by side, one row a (benchmark, method)."""
    keys = ["benchmark", "method"]
    columns = []
    for number, name in enumerate(["accuracy", "forgetting", "intransigence"], start=1):
        part = source(number).set_index(keys)[["mean", "std"]]
        columns.append(part.rename(columns={"mean": name, "std": f"{name}_std"}))
    return pd.concat(columns, axis=1).reset_index()


def _sums(frame: pd.DataFrame) -> list[float]:
    measures = frame[["accuracy", "forgetting", "intransigence", "tasks"]]
    return [identity_sum(*cell) for cell in measures.itertuples(index=False, name=None)]


def to_markdown(frame: pd.DataFrame) -> str:
    """The audit in Markdown, ours and the paper's, with what to look for."""
    parts = [
        "Audit of Tables 1-3: accuracy + (T-1)/T forgetting + intransigence = mean a* + what "
        "tasks gain on average after their own training. All methods of a benchmark share a*, so "
        "their sums can differ only by such gains and by rounding; excess is the distance to the "
        "smallest sum of the benchmark.\n"
    ]
    shown = ["sum", "mean_best", "gap", "largest_violation", "excess"]
    for source, part in frame.groupby("source"):
        lines = [
            [benchmark_title(row["benchmark"]), method_title(row["method"])]
            + [digits(row[column]) for column in shown]
            + [row["finding"] or ("yes" if row["ok"] else "no")]
            for row in part.to_dict("records")
        ]
        heading = "Ours" if source == "ours" else "The paper's"
        header = ["benchmark", "method", *(c.replace("_", " ") for c in shown), "ok"]
        parts.append(f"**{heading}**\n\n{markdown_grid(header, lines)}")
    return "\n".join(parts)
