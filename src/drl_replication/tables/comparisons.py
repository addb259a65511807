"""Tests between methods: DRL against its rivals, and the best of a column against all others.

Seeds pair across methods, so each test is one of the differences by seed. The paper prints means
and deviations alone, so its own columns get Welch's test.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from scipy import stats

from drl_replication.measures.statistics import (
    bootstrap_mean_interval,
    difference_interval,
    holm,
    sign_flip_test,
)
from drl_replication.paper.printed import PRINTED_SEEDS, method_order, method_title, printed
from drl_replication.tables.runs import run_measures
from drl_replication.tables.table_1_to_3 import TABLES, Measure
from drl_replication.text import notes
from drl_replication.text.documents import Cell, Document, Row, digits, interval

DRL = "drl"
LEVEL = 0.05
RIVALS, BEST, PRINTED = "drl against rivals", "best against others", "printed best against others"
BETTER, WORSE, NONE, FEW = "better", "worse", "no difference shown", "too few seeds"
COLUMNS = ["comparison", "benchmark", "dataset", "measure", "method", "rival", "n", "n_diverged"]
COLUMNS += ["mean_difference", "low", "high", "p", "p_holm", "verdict", "intransigence_reference"]

# The test of two methods: n, n_diverged, mean_difference, low, high and p.
Test = Callable[[str, str], dict[str, float]]


def comparisons(
    records: Sequence[Mapping], intransigence_reference: str = "best_run"
) -> pd.DataFrame:
    """All tests, one row a pair of methods, for each benchmark and each measure of Tables 1-3.

    Columns: comparison (`drl against rivals`; `best against others`, the best mean of ours; or
    `printed best against others`, of the paper's), benchmark, dataset, measure, method, rival, n
    (pairs of finished runs), n_diverged (pairs left out), mean_difference (method - rival), low and
    high (95 %), p, p_holm (adjusted within the rivals of the column) and verdict on `method`:
    better, worse, no difference shown (at 5 %), or too few seeds (under two); and the reading
    intransigence_reference.
    Ours: percentile bootstrap and exact sign-flip test; the paper's: Welch's, of n seeds each.
    Raises ValueError for no records, more than 40 pairs, and as `run_measures`.
    """
    if not records:
        raise ValueError("There are no run records to compare: select some runs.")
    rows = []
    for benchmark, runs in run_measures(records, intransigence_reference).groupby(
        "benchmark", sort=False
    ):
        for number, measure in TABLES.items():
            place = {"benchmark": benchmark, "measure": measure.column}
            ours = place | {"dataset": runs["dataset"].iloc[0]}
            rows += [ours | row for row in _ours(runs, measure)]
            rows += [place | row for row in _printed(number, benchmark, measure)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(intransigence_reference=intransigence_reference)


def _ours(runs: pd.DataFrame, measure: Measure) -> list[dict]:
    values = runs.pivot(index="seed", columns="method", values=measure.column)
    values = values[sorted(values.columns, key=method_order)]
    diverged = runs.pivot(index="seed", columns="method", values="diverged")

    def test(method: str, rival: str) -> dict[str, float]:
        out = int((diverged[method].eq(True) | diverged[rival].eq(True)).sum())
        return {**_paired(values[method] - values[rival]), "n_diverged": out}

    rows = []
    if DRL in values:
        rows += _family(RIVALS, DRL, list(values), measure, test)
    if (best := _best(values.mean().dropna(), measure)) is not None:
        rows += _family(BEST, best, list(values), measure, test)
    return rows


def _paired(differences: pd.Series) -> dict[str, float]:
    d = differences.dropna().to_numpy()
    low, high, p = math.nan, math.nan, math.nan
    if len(d) > 1:
        low, high = bootstrap_mean_interval(d)
        p = sign_flip_test(d)
    mean = d.mean() if len(d) else math.nan
    return {"n": len(d), "mean_difference": mean, "low": low, "high": high, "p": p}


def _printed(number: int, benchmark: str, measure: Measure) -> list[dict]:
    paper = printed(number)
    paper = paper[paper["benchmark"] == benchmark].set_index("method")
    if paper.empty:
        return []

    def test(method: str, rival: str) -> dict[str, float]:
        groups = [v for m in (method, rival) for v in (*paper.loc[m, ["mean", "std"]], n)]
        low, high = difference_interval(*groups, confidence=1 - LEVEL)
        p = stats.ttest_ind_from_stats(*groups, equal_var=False).pvalue
        difference = groups[0] - groups[3]
        return {"n": n, "mean_difference": difference, "low": low, "high": high, "p": p}

    n = PRINTED_SEEDS
    return _family(PRINTED, _best(paper["mean"], measure), list(paper.index), measure, test)


def _best(means: pd.Series, measure: Measure) -> str | None:
    """The method of the best mean, the first of a tie; None where no run finished."""
    if means.empty:
        return None
    return means.idxmax() if measure.best == "max" else means.idxmin()


def _family(
    comparison: str, method: str, methods: Sequence[str], measure: Measure, test: Test
) -> list[dict]:
    rivals = [rival for rival in methods if rival != method]
    results = [test(method, rival) for rival in rivals]
    adjusted = holm([result["p"] for result in results])
    return [
        {
            "comparison": comparison,
            "method": method,
            "rival": rival,
            "n_diverged": 0,
            **result,
            "p_holm": p,
            "verdict": _verdict(result["mean_difference"], p, measure),
        }
        for rival, result, p in zip(rivals, results, adjusted, strict=True)
    ]


def _verdict(difference: float, p: float, measure: Measure) -> str:
    if math.isnan(p):
        return FEW
    if p > LEVEL:
        return NONE
    return BETTER if (difference > 0) == (measure.best == "max") else WORSE


def documents(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> list[Document]:
    """DRL against its rivals by measure, then the best of each column; `remarks` end the notes."""
    return [
        *(_rivals(frame, measure) for measure in TABLES.values()),
        _columns_best(frame, [*_notes(frame), *remarks]),
    ]


def to_markdown(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    """The `documents` in Markdown."""
    return "\n".join(document.markdown() for document in documents(frame, remarks))


def _rivals(frame: pd.DataFrame, measure: Measure) -> Document:
    rows = frame[(frame["comparison"] == RIVALS) & (frame["measure"] == measure.column)]
    found = {(row.benchmark, row.rival): row for row in rows.itertuples()}
    benchmarks = frame["benchmark"].unique()
    better = "higher" if measure.best == "max" else "lower"
    return Document(
        title=measure.title,
        caption=f"DRL minus each rival ({better} is better for DRL).",
        columns=notes.column_titles(frame),
        rows=[
            Row([method_title(rival)], [_stack(found.get((b, rival))) for b in benchmarks])
            for rival in sorted(rows["rival"].unique(), key=method_order)
        ],
        notes=[],
        corner="rival",
    )


def _stack(row: tuple | None) -> list[Cell]:
    if row is None:
        return [Cell("not run")]
    verdict = f"{row.verdict}, n = {row.n}" + (
        f" ({row.n_diverged} diverged)" if row.n_diverged else ""
    )
    difference = Cell(digits(row.mean_difference, sign="+"))
    if math.isnan(row.p):
        return [difference, Cell(verdict)]
    numbers = Cell(difference.number, suffix=f" {interval(row.low, row.high)}")
    return [numbers, Cell(f"p = {digits(row.p_holm)}"), Cell(verdict, best=row.verdict != NONE)]


def _columns_best(frame: pd.DataFrame, remarks: Sequence[str]) -> Document:
    benchmarks = frame["benchmark"].unique()
    return Document(
        title="Best of each column",
        caption="ours and the paper's, with the methods not distinguishable from it.",
        columns=notes.column_titles(frame),
        rows=[
            Row(
                [f"{measure.title}, {whose}"],
                [_tied(_selected(frame, comparison, measure, b)) for b in benchmarks],
            )
            for measure in TABLES.values()
            for comparison, whose in ((BEST, "ours"), (PRINTED, "the paper's"))
        ],
        notes=remarks,
        corner="measure",
    )


def _selected(
    frame: pd.DataFrame, comparison: str, measure: Measure, benchmark: str
) -> pd.DataFrame:
    keys = ["comparison", "measure", "benchmark"]
    return frame[(frame[keys] == [comparison, measure.column, benchmark]).all(axis=1)]


def _tied(rows: pd.DataFrame) -> list[Cell]:
    if rows.empty:
        return [Cell("–")]
    best = Cell(method_title(rows["method"].iloc[0]), best=True)
    if (rows["verdict"] == FEW).all():
        return [best, Cell(FEW)]
    tied = rows.loc[rows["verdict"] != BETTER, "rival"]
    names = [method_title(rival) for rival in tied]
    return [best, Cell(f"tied: {', '.join(names)}" if names else "alone")]


def _notes(frame: pd.DataFrame) -> list[str]:
    ours = frame[frame["comparison"] != PRINTED]
    pairs = {b: _range(n) for b, n in ours.groupby("benchmark", sort=False)["n"]}
    diverged = ours["n_diverged"].any()
    return [
        "Differences are paired by seed: mean, 95 % interval (percentile bootstrap over seeds) "
        "and p of the exact sign-flip test, adjusted after Holm within the rivals of a column.",
        "Of n pairs the smallest possible p is 2^(1-n) before the adjustment, so 0.25 of three "
        "and 0.002 of ten: with few pairs no difference can be shown.",
        "No difference shown, or tied, means p > 0.05, not that two methods are equal; an interval "
        "without 0 can go with it, since only p is adjusted.",
        "Our best is chosen by the same runs that test it, so its lead is overstated.",
        "The paper's best is tested with Welch's test from the printed means and deviations of "
        f"{PRINTED_SEEDS} runs, adjusted likewise; the printed intransigences of GSS-greedy on "
        "Permuted MNIST and Split Fashion-MNIST repeat its forgetting, so they prove nothing here.",
        f"Pairs: {notes.per_benchmark(pairs)}.",
        *(["Pairs with a diverged run are counted, and left out."] if diverged else []),
        *notes.data_notes(ours),
        notes.reference_note(frame["intransigence_reference"].iloc[0]),
    ]


def _range(counts: pd.Series) -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"n = {low}" + (f" to {high}" if high > low else "")
