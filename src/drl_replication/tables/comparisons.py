"""Tests between methods: DRL against its rivals, and the best of a column against all others.

Seeds pair across methods, so each test is one of the differences by seed. The paper prints means
and deviations alone, so its own columns get Welch's test.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd
from scipy import stats

from drl_replication.measures.statistics import (
    difference_interval,
    holm,
    sign_flip_interval,
    sign_flip_test,
    smallest_p,
)
from drl_replication.paper.printed import (
    METHOD_TITLES,
    PRINTED_SEEDS,
    method_order,
    method_title,
    printed,
)
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import Record, run_measures
from drl_replication.tables.table_1_to_3 import NOT_IN_THE_PAPER, TABLES, Measure
from drl_replication.text import notes
from drl_replication.text.documents import NOTHING, Cell, Document, Row
from drl_replication.text.numbers import count, digits, interval

DRL = "drl"
LEVEL = 0.05
RIVALS, BEST, PRINTED = "drl against rivals", "best against others", "printed best against others"
ASKED = "asked"
REFERENCE = "reference against rivals"  # of another method than DRL, if that is asked for
# Pairs that are asked about, whichever methods else were run; one family of tests.
QUESTIONS = {
    ("er", "agem"): "Is ER better than A-GEM, as the paper's introduction says?",
    ("er", "mer"): "Is ER better than MER, as the paper's introduction says?",
    ("agem", "uniform"): "Does A-GEM's projection do anything?",
    ("drl", "uniform"): "Is DRL better than uniform replay, without its loss and its batches?",
    ("drl", "ber"): "Is DRL better than its batches alone, without its loss?",
}
BETTER, WORSE, NONE, FEW = "better", "worse", "no difference shown", "too few seeds"


class Comparison(NamedTuple):
    """A row: the test of one method against one rival."""

    comparison: str
    benchmark: str
    dataset: str
    measure: str
    method: str
    rival: str
    n: int
    n_diverged: int
    mean_difference: float
    low: float
    high: float
    p: float
    p_holm: float
    verdict: str


MULTIPLICITY = (
    "Each family of rivals (one benchmark, one measure) has its own error rate of 5 %. No rate is "
    "controlled over all families, printed numbers and claims together: where nothing differs, one "
    "in twenty families still shows a difference."
)

# The test of two methods: n, n_diverged, mean_difference, low, high and p.
Result = dict[str, float]
Test = Callable[[str, str], Result]


def comparisons(
    records: Sequence[Record], intransigence_reference: str = "best_run", reference: str = DRL
) -> pd.DataFrame:
    """All tests, one row a pair of methods, for each benchmark and each measure of Tables 1-3.

    Columns: comparison (`drl against rivals`; `best against others`, the best mean of ours; or
    `printed best against others`, of the paper's; or `asked`, of the pairs in QUESTIONS that
    were run), benchmark, dataset, measure, method, rival, n
    (pairs of finished runs), n_diverged (pairs left out), mean_difference (method - rival), low and
    high (95 %), p, p_holm (adjusted within the rivals of the column; DRL's rivals of the paper
    and those that someone added apart) and verdict on `method`:
    better, worse, no difference shown (at 5 %), or too few seeds (no outcome of so few could show
    one); and the reading intransigence_reference.
    Ours: the exact sign-flip test and the interval of what it doesn't reject; the paper's: Welch's.
    Raises ValueError for no records, more than 40 pairs, and as `run_measures`.
    """
    if not records:
        raise ValueError("There are no run records to compare: select some runs.")
    found: list[dict[str, Any]] = []
    for benchmark, runs in run_measures(records, intransigence_reference).groupby(
        "benchmark", sort=False
    ):
        for number, measure in TABLES.items():
            place = {"benchmark": str(benchmark), "measure": measure.column}
            ours = place | {"dataset": runs["dataset"].iloc[0]}
            found += [ours | row for row in _ours(runs, measure, reference)]
            found += [place | row for row in _printed(number, str(benchmark), measure)]
    frame = pd.DataFrame(found, columns=list(Comparison._fields))
    return frame.assign(intransigence_reference=intransigence_reference)


def _ours(runs: pd.DataFrame, measure: Measure, reference: str) -> list[dict[str, Any]]:
    values = runs.pivot(index="seed", columns="method", values=measure.column)
    methods = sorted(map(str, values.columns), key=method_order)
    diverged = runs.pivot(index="seed", columns="method", values="diverged")

    def test(method: str, rival: str) -> Result:
        out = int((diverged[method].eq(True) | diverged[rival].eq(True)).sum())
        return {**_paired(values[method] - values[rival]), "n_diverged": out}

    found = []
    if DRL in methods:
        for of_the_paper in (True, False):  # who adds a method changes no p of the paper's
            rivals = [m for m in methods if (m in METHOD_TITLES) == of_the_paper]
            found += _family(RIVALS, _against(DRL, rivals), measure, test)
    if reference != DRL and reference in methods:
        found += _family(REFERENCE, _against(reference, methods), measure, test)
    own = [m for m in methods if m in METHOD_TITLES]
    enough = [m for m in own if values[m].count() >= notes.ENOUGH]
    means = values[enough].mean()
    if enough:
        found += _family(BEST, _against(_best(means, measure), own), measure, test)
    asked = [pair for pair in QUESTIONS if {*pair} <= {*methods}]
    return found + _family(ASKED, asked, measure, test)


def _paired(differences: "pd.Series[float]") -> Result:
    d = differences.dropna().to_numpy()
    low, high, p = math.nan, math.nan, math.nan
    if len(d) > 1:
        low, high = sign_flip_interval(d, 1 - LEVEL)
        p = sign_flip_test(d)
    mean = d.mean() if len(d) else math.nan
    return {"n": len(d), "mean_difference": mean, "low": low, "high": high, "p": p}


def _printed(number: int, benchmark: str, measure: Measure) -> list[dict[str, Any]]:
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
        return {"n": n, "mean_difference": difference, "low": low, "high": high, "p": float(p)}

    n = PRINTED_SEEDS
    best = _best(paper["mean"], measure)
    return _family(PRINTED, _against(best, list(paper.index)), measure, test)


def _best(means: "pd.Series[float]", measure: Measure) -> str:
    """The method of the best mean, the first of a tie."""
    return str(means.idxmax() if measure.best == "max" else means.idxmin())


def _against(method: str, methods: Sequence[str]) -> list[tuple[str, str]]:
    return [(method, rival) for rival in methods if rival != method]


def _family(
    comparison: str, pairs: Sequence[tuple[str, str]], measure: Measure, test: Test
) -> list[dict[str, Any]]:
    results = [test(*pair) for pair in pairs]
    adjusted = holm([result["p"] for result in results])
    return [
        {
            "comparison": comparison,
            "method": method,
            "rival": rival,
            "n_diverged": 0,
            **result,
            "p_holm": p,
            "verdict": _verdict(result, p, len(pairs), measure),
        }
        for (method, rival), result, p in zip(pairs, results, adjusted, strict=True)
    ]


def _verdict(result: Result, p: float, family: int, measure: Measure) -> str:
    if math.isnan(p) or (p > LEVEL and smallest_p(int(result["n"])) * family > LEVEL):
        return FEW
    if p > LEVEL:
        return NONE
    return BETTER if (result["mean_difference"] > 0) == (measure.best == "max") else WORSE


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
            "the one).",
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


def _tied(part: pd.DataFrame) -> list[Cell]:
    if part.empty:
        return [NOTHING]
    best = Cell(method_title(part["method"].iloc[0]), best=True)
    if (part["verdict"] == FEW).all():
        return [best, Cell(FEW)]
    tied = part.loc[part["verdict"] != BETTER, "rival"]
    names = [method_title(rival) for rival in tied]
    return [best, Cell(f"tied: {', '.join(names)}" if names else "alone")]


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
        "and of fewer than six there is no interval.",
        MULTIPLICITY,
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
