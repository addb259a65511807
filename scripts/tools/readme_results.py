"""Write the result so far into README.md and docs/result.md, from what is published.

python scripts/tools/readme_results.py            fill them
python scripts/tools/readme_results.py --check    is one stale?
"""

import math
from pathlib import Path
from typing import Any

import markers
import pandas as pd

from drl_replication.paper.printed import (
    BENCHMARK_DATASETS,
    METHOD_TITLES,
    benchmark_title,
    method_order,
    method_title,
    printed,
)
from drl_replication.studies.curve import counted as counted_once
from drl_replication.studies.curve import leads_and_trails, of_alpha
from drl_replication.studies.explanations import explanations
from drl_replication.study.runs import PAPER
from drl_replication.tables.table_1_to_3 import bold_notes, collapsed_notes, counted
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.notes import ENOUGH, PROVISIONAL
from drl_replication.text.numbers import digits, listed
from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN
from drl_replication.verdict.numbers import counts
from drl_replication.verdict.page import claim_counts, on_rho
from drl_replication.verdict.scoring import INCONCLUSIVE, SCORED

PUBLISHED = Path("results/published")
TABLE = PUBLISHED / "tables" / "table_1.csv"
VERDICT = PUBLISHED / "verdict.csv"
CLAIMS = PUBLISHED / "claims.csv"
FEWER_SEEDS = PUBLISHED / "added" / "tables" / "table_1.csv"
STUDY = PUBLISHED / "studies" / "readings"
TUNING = PUBLISHED / "studies" / "tuning"


def main() -> None:
    """Fill, or with --check compare, the parts of both."""
    table, verdict, claims = (read(path) for path in (TABLE, VERDICT, CLAIMS))
    first = {
        "summary": summary(table, verdict, claims, read(FEWER_SEEDS)),
        "robustness": robustness(read(STUDY / "curve.csv"), read(TUNING / "tests.csv")),
        "results": results(table),
    }
    more = {
        "verdict": verdict_counts(verdict),
        "claims": claims_in_short(claims),
        "explanations": explained(*(read(STUDY / f"{n}.csv") for n in ("effects", "agreement"))),
    }
    markers.main(__doc__, {"README.md": first, "docs/result.md": more})


def read(path: Path) -> pd.DataFrame | None:
    """A published table; None if it isn't there."""
    path = markers.PROJECT / path
    return pd.read_csv(path, keep_default_na=False, na_values=[""]) if path.exists() else None


OUTCOMES = dict(zip(SCORED, ("are reproduced", "differ", "are inconclusive"), strict=True))
# Of the claim that DRL outperforms the others on most benchmarks.
ANSWERS = {
    HOLDS: "As printed, the paper's main claim replicates",
    FAILS: "As printed, the paper's main claim does not replicate",
    MIXED: "As printed, the paper's main claim is undecided",
    INCONCLUSIVE: "As printed, the paper's main claim is undecided",
    OPEN: "As printed, the paper's main claim cannot be judged yet",
}


def summary(
    table: pd.DataFrame | None,
    verdict: pd.DataFrame | None,
    claims: pd.DataFrame | None,
    fewer: pd.DataFrame | None = None,
) -> str:
    """Whether DRL is the best as printed, and how many numbers are reproduced.

    `fewer`: the same table of fewer seeds.
    """
    if table is None or verdict is None or claims is None:
        return "**Result so far:** no published runs are in the repository yet."
    n = {str(name): int(str(count)) for name, count in counts(verdict).loc["Table 1"].items()}
    told = ", ".join(f"{n[name]} {words}" for name, words in OUTCOMES.items())
    answer = ANSWERS[str(claims.set_index("id").loc["drl_best", "verdict"])]
    return (
        f"**{answer}:** {ahead(table, fewer)}; of the {sum(n[name] for name in OUTCOMES)} "
        f"accuracies printed for these, {told} ([result](docs/result.md))."
    )


def ahead(table: pd.DataFrame, fewer: pd.DataFrame | None) -> str:
    """On how many benchmarks DRL is among the best, where enough seeds were run to tell."""
    columns = counted(table)
    if not columns:
        return f"no benchmark has {ENOUGH} seeds of every method"
    enough = table[table["benchmark"].isin(columns)]
    alike = len(columns) - enough.loc[enough["best"], "benchmark"].nunique()
    undecided = f" (on {alike} no two methods are told apart)" if alike else ""
    n = sorted({int(n) for n in enough["n"] + enough["n_diverged"]})
    return (
        f"on {listed(map(benchmark_title, columns))} (n = {' to '.join(map(str, {n[0], n[-1]}))}), "
        f"DRL is among the most accurate methods {amount(best(enough, 'best'), len(columns))}"
        f"{undecided}{with_fewer(fewer, columns, n[0])}, in the paper "
        f"{amount(best(enough, 'printed_best'), len(columns))}"
    )


def with_fewer(table: pd.DataFrame | None, columns: list[str], n: int) -> str:
    """The same by a table of these columns with fewer than `n` seeds; nothing if there is none."""
    if table is None:
        return ""
    part = table[table["benchmark"].isin(columns) & table["method"].isin(list(METHOD_TITLES))]
    seeds = (part["n"] + part["n_diverged"]).max()
    if part["benchmark"].nunique() < len(columns) or seeds >= n:
        return ""
    there = amount(best(part, "best"), len(columns))
    return f" (with {seeds} seeds, which tell less apart, {there})"


def amount(n: int, of: int) -> str:
    """How many of the benchmarks, in words where these are short."""
    return {0: "nowhere", of: "everywhere"}.get(n, f"on {n} of {of}")


def robustness(curve: pd.DataFrame | None, tests: pd.DataFrame | None) -> str:
    """What changes under other readings of the text, learning rates and alphas."""
    if curve is None:
        return (
            "How far that hangs on readings of the text and on learning rates is a "
            "[study](docs/studies.md) whose result is not published yet."
        )
    curve = counted_once(curve, PAPER)
    scan = of_alpha(curve)
    told = []
    for part in (curve[~scan], curve[scan]):
        ahead, behind = leads_and_trails(part)
        told.append(f"in {ahead} of {len(part)} comparisons, trails in {behind}")
    return (
        "**With other choices:** under other readings and, chosen after results were seen, "
        f"learning rates, n ≤ {curve['n'].max()}, DRL leads its best rival, picked on the same "
        f"seeds, {told[0]}; with another alpha {told[1]} "
        f"([study]({(STUDY / 'study.md').as_posix()})){tuned(tests)}."
    )


def tuned(tests: pd.DataFrame | None) -> str:
    """How DRL stands when every method has its own hyperparameters; nothing if it is not there."""
    if tests is None:
        return ""
    part = tests[(tests["settings"] == "tuned") & (tests["measure"] == "average_accuracy")]
    part = part[part["rival"].isin(list(METHOD_TITLES))]
    better, worse = ((part["verdict"] == word).sum() for word in ("better", "worse"))
    return (
        f"; with every method tuned on held-out images (n = {part['n'].max()}) it beats rivals in "
        f"{better} of {len(part)}, loses in {worse} ([tuning]({(TUNING / 'tuning.md').as_posix()}))"
    )


def explained(effects: pd.DataFrame | None, agreement: pd.DataFrame | None) -> str:
    """What we think happened, a line each, with the command that shows it."""
    if effects is None or agreement is None:
        return "The study of readings is not published yet."
    return "\n".join(
        f"- **{row.about}.** {row.sentence} `{row.command}`"
        for row in explanations(effects, agreement)
    )


def verdict_counts(verdict: pd.DataFrame | None) -> str:
    """How many numbers of each table have each verdict."""
    if verdict is None:
        return (
            f"No published runs are in the repository yet, so there is no `{VERDICT.as_posix()}`."
        )
    found = counts(verdict)
    order = [str(v) for v in found if v != "printed" and found[str(v)].any()]
    rows = [[str(source), *(str(line[v]) for v in order)] for source, line in found.iterrows()]
    return (
        f"{markdown_grid(['', *order], rows)}\nTables 1-3 are three views of the same runs, so "
        f"that their counts must not be added up. Made from `{VERDICT.as_posix()}`."
    )


def claims_in_short(claims: pd.DataFrame | None) -> str:
    """How many claims have each verdict, and which do not hold."""
    if claims is None:
        return f"No published runs are in the repository yet, so there is no `{CLAIMS.as_posix()}`."
    told = ", ".join(f"{verdict} {n}" for verdict, n in claim_counts(claims).items() if n)
    failed = claims.loc[(claims["verdict"] == FAILS) & ~claims["provisional"]]
    lines = [
        f"- “{row['claim']}” ({row['section']}) {row['evidence'].partition(' Missing: ')[0]}"
        for row in failed.to_dict("records")
    ]
    head = f"Of {len(claims)} claims: {told}.{on_rho(claims)} Those that do not hold:"
    return "\n".join([head, "", *lines])


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
    dead = "".join(f"{sentence} " for sentence in collapsed_notes(frame.fillna({"collapsed": ""})))
    return (
        f"Average accuracy, ours / the paper's. {' '.join(bold_notes(frame))}\n\n"
        f"{markdown_grid(['', *map(benchmark_title, benchmarks)], lines)}\n"
        f"Means over seeds ({PROVISIONAL.strip()}: fewer than {ENOUGH}, never the best): {notes}. "
        f"{dead}Made from `{TABLE.as_posix()}`."
    )


def cell(row: Any) -> str:
    """Our mean and the paper's."""
    mark = PROVISIONAL if 0 < row.n < ENOUGH else ""
    return f"{number(row.mean, row.best)}{mark} / {number(row.printed_mean, row.printed_best)}" + (
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
