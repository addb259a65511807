"""Tests between methods: DRL against its rivals, and all pairs of a column, for its best.

Seeds pair across methods, so each test is one of the differences by seed. The paper prints means
and deviations alone, so its own columns get Welch's test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import combinations
from typing import Any

import pandas as pd
from scipy import stats

from drl_replication.measures.statistics import difference_interval
from drl_replication.paper.printed import (
    METHOD_TITLES,
    PRINTED_SEEDS,
    method_order,
    method_title,
    printed,
)
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import Record, run_measures
from drl_replication.tables.separation import (
    FEW,
    LEVEL,
    NONE,
    RULE,
    Pair,
    Result,
    best_of,
    each_pair,
    family,
    paired,
)
from drl_replication.tables.table_1_to_3 import NOT_IN_THE_PAPER, TABLES, Measure
from drl_replication.text import notes
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.numbers import count, digits, interval, p_value

DRL = "drl"
RIVALS, PAIRS, PRINTED = "drl against rivals", "each pair", "each printed pair"
ASKED = "asked"
REFERENCE = "reference against rivals"  # of another method than DRL, if that is asked for
# Pairs that are asked about, whichever methods else were run; one family of tests.
QUESTIONS = {
    ("er", "agem"): "Is ER better than A-GEM, as the paper's Sec. 5 says?",
    ("er", "mer"): "Is ER better than MER, as the paper's Sec. 5 says?",
    ("agem", "uniform"): "Does A-GEM's projection do anything?",
    ("drl", "uniform"): "Is DRL better than uniform replay, without its loss and its batches?",
    ("drl", "ber"): "Is DRL better than its batches alone, without its loss?",
}


@dataclass(frozen=True)
class Comparison(Pair):
    """A row: the test of one method against one rival, and what it is of."""

    comparison: str
    benchmark: str
    dataset: str
    measure: str


PLACE = ["comparison", "benchmark", "dataset", "measure"]
COLUMNS = [*PLACE, *(field.name for field in fields(Pair))]


MULTIPLICITY = (
    "Each family of rivals or of pairs (one benchmark, one measure) has its own error rate of 5 %. "
    "No rate is controlled over all families, printed numbers and claims together: where nothing "
    "differs, one in twenty families still shows a difference."
)


def comparisons(
    records: Sequence[Record], intransigence_reference: str = "best_run", reference: str = DRL
) -> pd.DataFrame:
    """All tests, one row a pair of methods, for each benchmark and each measure of Tables 1-3.

    Columns: comparison (`drl against rivals`; `each pair` of the paper's methods, in columns
    in which each has five runs, or `each printed pair`: what the best of a column is told by; or
    `asked`, of the pairs in QUESTIONS that were run), benchmark, dataset, measure, method, rival, n
    (pairs of finished runs), n_diverged (pairs left out), mean_difference (method - rival), low and
    high (95 %; NaN for each pair of ours), p, p_holm (adjusted within the family: of the rivals of
    a column, DRL's rivals of the paper and those that someone added apart, or of all its pairs)
    and verdict on `method`:
    better, worse, no difference shown (at 5 %), or too few seeds (no outcome of so few could show
    one); and the reading intransigence_reference.
    Ours: the exact sign-flip test and the interval of what it doesn't reject; the paper's: Welch's.
    Raises ValueError for no records, more than 40 pairs, and as `run_measures`.
    """
    if not records:
        raise ValueError("There are no run records to compare: select some runs.")
    found: list[dict[str, Any]] = []
    runs_of_all = run_measures(records, intransigence_reference)
    own = [m for m in METHOD_TITLES if m in set(runs_of_all["method"])]
    for benchmark, runs in runs_of_all.groupby("benchmark", sort=False):
        for number, measure in TABLES.items():
            place = {"benchmark": str(benchmark), "measure": measure.column}
            ours = place | {"dataset": runs["dataset"].iloc[0]}
            found += [ours | row for row in _ours(runs, measure, reference, own)]
            found += [place | row for row in _printed(number, str(benchmark))]
    frame = pd.DataFrame(found, columns=COLUMNS)
    return frame.assign(intransigence_reference=intransigence_reference)


def _ours(
    runs: pd.DataFrame, measure: Measure, reference: str, own: Sequence[str]
) -> list[dict[str, Any]]:
    """`own`: the paper's methods of the table, each of which a column with a best must have."""
    values = runs.pivot(index="seed", columns="method", values=measure.column)
    methods = sorted(map(str, values.columns), key=method_order)
    diverged = runs.pivot(index="seed", columns="method", values="diverged")

    def lost(method: str, rival: str) -> int:
        return int((diverged[method].eq(True) | diverged[rival].eq(True)).sum())

    def test(method: str, rival: str) -> Result:
        return paired(values, method, rival) | {"n_diverged": lost(method, rival)}

    found = []
    if DRL in methods:
        for of_the_paper in (True, False):  # who adds a method changes no p of the paper's
            rivals = [m for m in methods if (m in METHOD_TITLES) == of_the_paper]
            found += _rows(RIVALS, family(_against(DRL, rivals), measure.best, test))
    if reference != DRL and reference in methods:
        found += _rows(REFERENCE, family(_against(reference, methods), measure.best, test))
    pairs = each_pair(values, own, measure.best)
    told = [replace(pair, n_diverged=lost(pair.method, pair.rival)) for pair in pairs]
    found += _rows(PAIRS, told)
    asked = [pair for pair in QUESTIONS if {*pair} <= {*methods}]
    return found + _rows(ASKED, family(asked, measure.best, test))


def _rows(comparison: str, tested: Sequence[Pair]) -> list[dict[str, Any]]:
    return [{"comparison": comparison, **vars(row)} for row in tested]


@cache
def _printed(number: int, benchmark: str) -> list[dict[str, Any]]:
    """Of all pairs of methods in a printed column."""
    paper = printed(number)
    paper = paper[paper["benchmark"] == benchmark].set_index("method")
    if paper.empty:
        return []

    def test(method: str, rival: str) -> Result:
        mean, std, mean_2, std_2 = (
            float(paper[column][m]) for m in (method, rival) for column in ("mean", "std")
        )
        low, high = difference_interval(mean, std, n, mean_2, std_2, n, 1 - LEVEL)
        p = stats.ttest_ind_from_stats(mean, std, n, mean_2, std_2, n, equal_var=False).pvalue
        difference = mean - mean_2
        found = {"n": n, "n_diverged": 0, "mean_difference": difference, "p": float(p)}
        return found | {"low": low, "high": high}

    n = PRINTED_SEEDS
    pairs = list(combinations(paper.index, 2))
    return _rows(PRINTED, family(pairs, TABLES[number].best, test))


def _against(method: str, methods: Sequence[str]) -> list[tuple[str, str]]:
    return [(method, rival) for rival in methods if rival != method]


def documents(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> list[Document]:
    """DRL against its rivals by measure, and so another reference if there is one; then the best.

    `remarks` end the notes.
    """
    return [
        *(
            _rivals(frame, measure, comparison)
            for comparison in (RIVALS, REFERENCE)
            for measure in TABLES.values()
            if comparison == RIVALS or (frame["comparison"] == comparison).any()
        ),
        *_asked(frame),
        _columns_best(frame, [*_notes(frame), *remarks]),
    ]


def to_markdown(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> str:
    """The `documents` in Markdown."""
    return "\n".join(document.markdown() for document in documents(frame, remarks))


def _rivals(frame: pd.DataFrame, measure: Measure, comparison: str) -> Document:
    part = frame[(frame["comparison"] == comparison) & (frame["measure"] == measure.column)]
    method = method_title(part["method"].iloc[0]) if len(part) else method_title(DRL)
    found = {(row.benchmark, row.rival): row for row in rows(part, Comparison)}
    benchmarks = frame["benchmark"].unique()
    better = "higher" if measure.best == "max" else "lower"
    rivals = sorted(part["rival"].unique(), key=method_order)
    others = [rival for rival in rivals if rival not in METHOD_TITLES]
    return Document(
        title=measure.title if comparison == RIVALS else f"{measure.title}, {method}",
        caption=f"{method} minus each rival ({better} is better for {method}).",
        columns=notes.column_titles(frame),
        rows=[
            Row(
                [method_title(rival)],
                [_stack(found.get((b, rival))) for b in benchmarks],
                NOT_IN_THE_PAPER if [rival] == others[:1] and rival != rivals[0] else "",
            )
            for rival in rivals
        ],
        notes=[],
        corner="rival",
    )


def _asked(frame: pd.DataFrame) -> list[Document]:
    """The pairs that are asked about, by average accuracy; none where no such pair was run."""
    accuracy = TABLES[1]
    part = frame[(frame["comparison"] == ASKED) & (frame["measure"] == accuracy.column)]
    found = {(row.benchmark, row.method, row.rival): row for row in rows(part, Comparison)}
    benchmarks = frame["benchmark"].unique()
    there = [pair for pair in QUESTIONS if any(key[1:] == pair for key in found)]
    if not there:
        return []
    return [
        Document(
            title="Questions",
            caption="average accuracy of the one minus that of the other (higher is better for "
            "the one); p adjusted within the questions of a column.",
            columns=notes.column_titles(frame),
            rows=[
                Row(
                    [f"{QUESTIONS[pair]} {method_title(pair[0])} − {method_title(pair[1])}"],
                    [_stack(found.get((b, *pair))) for b in benchmarks],
                )
                for pair in there
            ],
            notes=[],
            corner="question",
        )
    ]


def _stack(row: Comparison | None) -> list[Cell]:
    if row is None:
        return [Cell("not run")]
    verdict = f"{row.verdict}, n = {row.n}" + (
        f" ({row.n_diverged} diverged)" if row.n_diverged else ""
    )
    difference = Cell(digits(row.mean_difference, sign="+"))
    if row.verdict == FEW:
        return [difference, Cell(verdict)]
    numbers = Cell(difference.number, suffix=f" {interval(row.low, row.high)}")
    return [numbers, Cell(p_value(row.p_holm)), Cell(verdict, best=row.verdict != NONE)]


def _columns_best(frame: pd.DataFrame, remarks: Sequence[str]) -> Document:
    benchmarks = frame["benchmark"].unique()
    return Document(
        title="Best of each column",
        caption="ours and the paper's, the methods that none is shown better than.",
        columns=notes.column_titles(frame),
        rows=[
            Row(
                [f"{measure.title}, {whose}"],
                [_best(_selected(frame, comparison, measure, b)) for b in benchmarks],
            )
            for measure in TABLES.values()
            for comparison, whose in ((PAIRS, "ours"), (PRINTED, "the paper's"))
        ],
        notes=remarks,
        corner="measure",
    )


def _selected(
    frame: pd.DataFrame, comparison: str, measure: Measure, benchmark: str
) -> pd.DataFrame:
    keys = ["comparison", "measure", "benchmark"]
    return frame[(frame[keys] == [comparison, measure.column, benchmark]).all(axis=1)]


def _best(part: pd.DataFrame) -> list[Cell]:
    if part.empty:
        return [NOTHING]
    best = best_of(rows(part, Pair))
    if best:
        return [Cell(", ".join(map(method_title, best)), best=True)]
    return [Cell(FEW if (part["verdict"] == FEW).all() else "none told apart")]


def _notes(frame: pd.DataFrame) -> list[str]:
    ours = frame[frame["comparison"] != PRINTED]
    pairs = {str(b): count(n) for b, n in ours.groupby("benchmark", sort=False)["n"]}
    diverged = ours["n_diverged"].any()
    return [
        "Differences are paired by seed: mean, 95 % interval (the shifts that the exact sign-flip "
        "test doesn't reject) and p of that test, adjusted after Holm within the rivals of a "
        "column.",
        "Of n pairs the smallest possible p is 2^(1-n) before the adjustment, so 0.25 of three "
        "and 0.002 of ten: of fewer than eight pairs and six rivals no difference can be shown, "
        "of fewer than ten and all pairs of seven methods neither, and of fewer than six there is "
        "no interval.",
        MULTIPLICITY,
        "No difference shown means p > 0.05, not that two methods are equal; an interval without 0 "
        "can go with it, since only p is adjusted.",
        f"The best of a column of ours are {RULE}; none where no two are told apart, nor (–) "
        f"where one of the methods has fewer than {notes.ENOUGH} finished runs.",
        "The paper's best are told by Welch's tests of all pairs, from the printed means and "
        f"deviations of {PRINTED_SEEDS} runs, adjusted likewise; the printed intransigences of "
        "GSS-greedy on Permuted MNIST and Split Fashion-MNIST repeat its forgetting, so they prove "
        "nothing here.",
        f"Pairs: {notes.per_benchmark(pairs)}.",
        *(["Pairs with a diverged run are counted, and left out."] if diverged else []),
        *notes.data_notes(ours),
        notes.reference_note(frame["intransigence_reference"].iloc[0]),
    ]
