"""Tuning: which point is chosen on held-out training images, and what it brings on the test set."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from drl_replication.paper.printed import METHOD_TITLES, benchmark_title, method_title, printed
from drl_replication.studies.claims import Dependence, claims_by_variant, dependence
from drl_replication.studies.columns import HYPERPARAMETERS, Columns
from drl_replication.studies.page import CLAIMS_HEADER
from drl_replication.studies.records import Records
from drl_replication.study.studies import Cell
from drl_replication.study.study_files import StudyFile, VariantOfStudy
from drl_replication.tables.comparisons import RIVALS
from drl_replication.tables.frames import rows
from drl_replication.tables.separation import BETTER, WORSE
from drl_replication.tables.table_1_to_3 import TABLES
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.numbers import count, digits, interval, listed, shortest, with_std

TUNED = "tuned"
HOW = (
    "As Sec. 5 says, hyperparameters were chosen on {fraction:.0f} % of the training images, held "
    "out: every method at the same number of points ({points}), with seeds ({seeds}) that no "
    "reported number is made with; the highest mean accuracy counts, and of all points within one "
    "standard error of it the one with the smallest learning rate. A diverged run counts as zero. "
    "No test image was looked at before the choice."
)


class Point(NamedTuple):
    """A row: a point of a method on a benchmark, on the held-out images."""

    benchmark: str
    method: str
    point: str
    learning_rate: float
    others: str  # further hyperparameters that were searched
    n: int
    n_diverged: int
    mean: float
    standard_error: float
    chosen: bool


def selection(study: StudyFile, records: Records) -> pd.DataFrame:
    """Every point of every method, with its mean accuracy on the held-out images.

    Columns: the fields of `Point`. Chosen is, of the points whose mean is within one standard
    error (of the best point) of the best, the one with the smallest learning rate.
    """
    found: dict[tuple[str, str], list[Point]] = {}
    for variant in study.variants:
        for cell in variant.cells:
            told = [records[study.run(cell, seed)] for seed in study.seeds]
            values = np.array([r["average_accuracy"] or 0.0 for r in told])
            error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
            found.setdefault((cell.benchmark, cell.method), []).append(
                Point(
                    cell.benchmark,
                    cell.method,
                    variant.name,
                    cell.settings["learning_rate"],
                    _others(cell, variant),
                    len(values),
                    sum(r["diverged"] for r in told),
                    float(values.mean()),
                    float(error),
                    False,
                )
            )
    return pd.DataFrame(
        [
            point._replace(chosen=point is choice(points))
            for points in found.values()
            for point in points
        ],
        columns=list(Point._fields),
    )


def choice(points: list[Point]) -> Point:
    """The point with the smallest rate of those within one standard error of the best mean."""
    best = max(points, key=lambda point: point.mean)
    near = [point for point in points if point.mean >= best.mean - best.standard_error]
    return min(near, key=lambda point: (point.learning_rate, -point.mean))


def _others(cell: Cell, variant: VariantOfStudy) -> str:
    names = [name for name in variant.changes if name in cell.settings and name != "learning_rate"]
    return ", ".join(f"{name} {shortest(cell.settings[name])}" for name in names)


def tuned(chosen: pd.DataFrame, validation: StudyFile, points: StudyFile) -> StudyFile:
    """The study of the chosen points: a variant of them, compared with the paper's settings.

    `points` has all points on the test set, named as those of `validation` but for the study; what
    equals the paper's settings is left out there.
    """
    cells = {(v.name, c.benchmark, c.method): c for v in points.others for c in v.cells}
    wanted = [row for row in rows(chosen, Point) if row.chosen]
    names = [row.point.replace(validation.study, points.study) for row in wanted]
    own = [cells.get((n, r.benchmark, r.method)) for n, r in zip(names, wanted, strict=True)]
    variant = VariantOfStudy(
        TUNED,
        points.study,
        {HYPERPARAMETERS: "chosen on held-out training images"},
        "before",
        {},
        [cell for cell in own if cell],
    )
    return StudyFile(**{**vars(points), "variants": [points.base, variant]})


class Result(NamedTuple):
    """A row: a measure of a method on a benchmark, printed, with printed settings, and tuned."""

    measure: str
    benchmark: str
    method: str
    n: int
    printed: float
    mean: float
    std: float
    rank: float
    best: bool
    n_tuned: int
    mean_tuned: float
    std_tuned: float
    rank_tuned: float
    best_tuned: bool


def results(columns: Columns) -> pd.DataFrame:
    """Tables 1-3 again: of our runs with printed settings and with those chosen.

    Each with its rank by the mean, and whether tests leave it as one of the column's best; both of
    the paper's methods alone (the others have no rank).
    """
    [variant] = columns.study.others
    found = []
    for number, measure in TABLES.items():
        theirs = printed(number).set_index(["benchmark", "method"])["mean"]
        for benchmark in columns.benchmarks:
            parts = [
                columns.whole(v, benchmark).table(number).set_index("method")
                for v in (columns.study.base, variant)
            ]
            ranks = [
                part["mean"]
                .where(part.index.isin(list(METHOD_TITLES)))
                .rank(ascending=measure.best == "min")
                for part in parts
            ]
            for method in parts[0].index:
                facts = [
                    (
                        int(part["n"][method]),
                        *(part[name][method] for name in ("mean", "std")),
                        r[method],
                        bool(part["best"][method]),
                    )
                    for part, r in zip(parts, ranks, strict=True)
                ]
                print_ = theirs.get((benchmark, method), math.nan)
                found.append(
                    Result(measure.column, benchmark, str(method), facts[0][0], print_,
                           *facts[0][1:], *facts[1])
                )  # fmt: skip
    return pd.DataFrame(found, columns=list(Result._fields))


def tests(columns: Columns) -> pd.DataFrame:
    """DRL against its rivals, the paired exact tests: with printed settings, and tuned."""
    frames = []
    for variant in columns.study.variants:
        for benchmark in columns.benchmarks:
            frame = columns.whole(variant, benchmark).tests
            frames.append(frame[frame["comparison"] == RIVALS].assign(settings=variant.name))
    return pd.concat(frames, ignore_index=True)


def texts(
    chosen: pd.DataFrame, columns: Columns, validation: StudyFile, fraction: float
) -> tuple[str, dict[str, Any]]:
    """The page in Markdown, and what the report shows of it (as of any study)."""
    how = HOW.format(
        fraction=100 * fraction,
        points=len(validation.variants),
        seeds=", ".join(map(str, validation.seeds)),
    )
    header, lines = _chosen(chosen)
    frame, found = results(columns), tests(columns)
    words = [
        [row.id, row.verdict, row.word, f"{row.agree} of {row.judged}", row.on]
        for row in _claims(columns)
    ]
    page = [
        f"# {columns.study.title[:1].upper()}{columns.study.title[1:]}",
        how,
        "## What was chosen",
        markdown_grid(header, lines),
        *_edges(chosen),
        *_tables(frame),
        "## DRL against its rivals, average accuracy",
        markdown_grid(*_tested(found)),
        "Difference of the means with its 95 % interval, and the p of the exact sign-flip test of "
        "pairs of seeds, adjusted within each column (Holm).",
        "## Claims",
        markdown_grid(CLAIMS_HEADER, words),
        f"Verdicts are of these runs alone, {count(frame['n'])}; more may have been made with the "
        "paper's settings.",
    ]
    report = {
        "study": columns.study.study,
        "title": columns.study.title,
        "seeds": len(columns.study.seeds),
        "remarks": [how, *_edges(chosen)],
        "sentences": sentences(frame, found),
        "tried": {"header": header, "rows": lines},
        "claims": {"header": CLAIMS_HEADER, "rows": words},
    }
    return "\n\n".join(part.strip() for part in page) + "\n", report


def _claims(columns: Columns) -> list[Dependence]:
    return rows(dependence(claims_by_variant(columns), columns.study.base.name), Dependence)


def _chosen(chosen: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    header = ["benchmark", "method", "points", "learning rate", "others", "held-out accuracy"]
    counts: Mapping[Any, int] = chosen.groupby(["benchmark", "method"]).size().to_dict()
    lines = [
        [
            benchmark_title(row.benchmark),
            method_title(row.method),
            str(counts[row.benchmark, row.method]),
            shortest(row.learning_rate),
            row.others or "–",
            with_std(row.mean, row.standard_error),
        ]
        for row in rows(chosen[chosen["chosen"]], Point)
    ]
    return header, lines


def _edges(chosen: pd.DataFrame) -> list[str]:
    """Which methods chose the largest or smallest rate that they were tried with, in a sentence."""
    rates = chosen["learning_rate"].groupby([chosen["benchmark"], chosen["method"]])
    found = []
    for word, end in (("largest", rates.transform("max")), ("smallest", rates.transform("min"))):
        ends = chosen[chosen["chosen"] & (chosen["learning_rate"] == end)]
        found += [
            f"the {word} rate by {listed(map(method_title, part['method']))} on "
            f"{benchmark_title(str(benchmark))}"
            for benchmark, part in ends.groupby("benchmark", sort=False)
        ]
    return [
        f"The best may lie outside of what was tried where its end was chosen: {'; '.join(found)}."
    ] * bool(found)


def _tables(frame: pd.DataFrame) -> list[str]:
    parts = []
    for number, measure in TABLES.items():
        lines = [
            [
                benchmark_title(row.benchmark),
                method_title(row.method),
                digits(row.printed),
                _ranked(row.mean, row.std, row.rank),
                _ranked(row.mean_tuned, row.std_tuned, row.rank_tuned),
                f"{row.n}, {row.n_tuned}",
            ]
            for row in rows(frame[frame["measure"] == measure.column], Result)
        ]
        header = ["benchmark", "method", "paper", "printed settings (rank)", "tuned (rank)", "n"]
        parts += [f"## Table {number}: {measure.title.lower()}", markdown_grid(header, lines)]
    return parts


def _ranked(mean: float, std: float, rank: float) -> str:
    return with_std(mean, std) + ("" if math.isnan(rank) else f" ({shortest(rank)})")


def _tested(found: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    part = found[found["measure"] == TABLES[1].column]
    lines: dict[tuple[str, str], list[str]] = {}
    for row in part.to_dict("records"):
        line = lines.setdefault(
            (row["benchmark"], row["rival"]),
            [benchmark_title(row["benchmark"]), method_title(row["rival"])],
        )
        line += [
            f"{digits(row['mean_difference'], '+')} {interval(row['low'], row['high'], '+')}",
            digits(row["p_holm"]),
        ]
    header = ["benchmark", "rival", "printed settings", "p", "tuned", "p"]
    return header, list(lines.values())


def sentences(frame: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """The result in sentences, one a benchmark."""
    told = []
    accuracies = frame[frame["measure"] == TABLES[1].column]
    part = found[(found["measure"] == TABLES[1].column) & (found["settings"] == TUNED)]
    for benchmark, column in accuracies.groupby("benchmark", sort=False):
        printed_, tuned_ = (_best(column, name) for name in ("best", "best_tuned"))
        own = part[part["benchmark"] == benchmark]
        of_the_paper = own["rival"].isin(list(METHOD_TITLES))
        others = "" if of_the_paper.all() else f"; of other methods {_lead(own[~of_the_paper])}"
        told.append(
            f"{benchmark_title(str(benchmark))}: the best, as far as tests tell, are {printed_} "
            f"with printed settings and {tuned_} when each method is tuned; tuned, DRL is shown "
            f"{_lead(own[of_the_paper])}{others}."
        )
    return told


def _lead(tests: pd.DataFrame) -> str:
    better, worse = ((tests["verdict"] == word).sum() for word in (BETTER, WORSE))
    return f"better than {better} of {len(tests)} rivals and worse than {worse}"


def _best(column: pd.DataFrame, name: str) -> str:
    """`BER and ER`, of the rows that are the best; or that there is none."""
    found = [method_title(method) for method in column.loc[column[name], "method"]]
    return listed(found) if found else "none (no two methods are told apart)"
