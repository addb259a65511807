"""How near each variant comes to what the paper prints, also on numbers that didn't choose it."""

import math
from collections.abc import Container, Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.studies.columns import Columns
from drl_replication.study.study_files import VariantOfStudy
from drl_replication.tables.frames import rows
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.numbers import NONE, digits, listed
from drl_replication.verdict.evidence import Evidence
from drl_replication.verdict.numbers import verdict
from drl_replication.verdict.scoring import DIFFERS, INCONCLUSIVE, NOT_SCORED, REPRODUCED

JUDGED = ("Table 1", "Table 2", "Table 3", "Table 4")  # times are no question of settings
CHOOSING = "Table 1"  # on whose numbers the nearest variant of a family is picked


class Agreement(NamedTuple):
    """A row: a variant on a benchmark, against all that the paper prints of it."""

    variant: str
    family: str
    benchmark: str
    n: int
    reproduced: int
    differ: int
    inconclusive: int
    open: int
    distance: float
    distance_accuracy: float
    distance_chosen_on: float
    nearest: bool
    other_reproduced: int
    other_differ: int
    other_inconclusive: int
    other_distance: float


def agreement(columns: Columns) -> pd.DataFrame:
    """One row a variant and benchmark on which it is something of its own, the base among them.

    n: seeds. reproduced, differ, inconclusive, open (not comparable or not run): printed numbers
    of Tables 1-4. distance: the mean of |ours - printed| over the numbers of Tables 1-3 that are
    scored, whether or not they may be judged; distance_accuracy over Table 1's. distance_chosen_on:
    over Table 1's of the methods that a variant may be chosen on; nearest: the smallest of its
    family with the base. other_...: the same without all numbers of these methods, and without
    Table 4, which has them in it.
    """
    study = columns.study
    found = [row for variant in study.variants for row in _rows(columns, variant)]
    frame = pd.DataFrame(found, columns=list(Agreement._fields))
    may = {
        (variant.name, cell.benchmark)
        for variant in study.variants
        for cell in variant.cells
        if cell.method in study.chosen_on
    }
    return frame.assign(nearest=_nearest(frame, may))


def printed_and_ours(evidence: Evidence) -> pd.DataFrame:
    """The verdict's rows of Tables 1-4, with `distance`: |ours - printed| where both are there."""
    frame = verdict(evidence)
    frame = frame[frame["source"].isin(JUDGED)]
    distance = (frame["ours"] - frame["printed"]).abs()
    return frame.assign(distance=distance.where(frame["verdict"] != NOT_SCORED))


def _rows(columns: Columns, variant: VariantOfStudy) -> Iterator[Agreement]:
    evidence = columns.evidence(variant)
    if evidence is None:
        return
    judged = printed_and_ours(evidence)
    chosen_on = columns.study.chosen_on
    own = columns.benchmarks if variant is columns.study.base else columns.changed(variant)
    for benchmark in own:
        part = judged[(judged["benchmark"] == benchmark) & judged["ours"].notna()]
        measures = part[part["source"] != "Table 4"]
        accuracy = measures[measures["source"] == CHOOSING]
        others = measures[~measures["method"].isin(chosen_on)]
        yield Agreement._make(
            (
                variant.name,
                variant.family,
                benchmark,
                int(part["n"].max()) if len(part) else 0,
                *_counts(part),
                len(part) - sum(_counts(part)) - int((part["verdict"] == NOT_SCORED).sum()),
                measures["distance"].mean(),
                accuracy["distance"].mean(),
                accuracy.loc[accuracy["method"].isin(chosen_on), "distance"].mean(),
                False,
                *_counts(others),
                others["distance"].mean(),
            )
        )


def _counts(part: pd.DataFrame) -> list[int]:
    verdicts = part["verdict"].value_counts()
    return [int(verdicts.get(name, 0)) for name in (REPRODUCED, DIFFERS, INCONCLUSIVE)]


def _nearest(frame: pd.DataFrame, may: Container[tuple[str, str]]) -> list[bool]:
    """Of each family on each benchmark the variant that comes nearest, the base included.

    `may`: the (variant, benchmark) with runs of their own of the methods that decide. The base is
    in every family, and marked where no variant of any comes nearer.
    """
    found = []
    own = [(row.variant, row.benchmark) in may for row in rows(frame, Agreement)]
    eligible = [row for row, is_own in zip(rows(frame, Agreement), own, strict=True) if is_own]
    for row, is_own in zip(rows(frame, Agreement), own, strict=True):
        alike = [
            other.distance_chosen_on
            for other in eligible
            if other.benchmark == row.benchmark
            and (row.family in ("", other.family) or not other.family)
            and not math.isnan(other.distance_chosen_on)
        ]
        found.append(is_own and row.distance_chosen_on == min(alike, default=math.nan))
    return found


class Rate(NamedTuple):
    """A row: Table 1's number of a method at a learning rate, minus what the paper prints."""

    benchmark: str
    method: str
    learning_rate: float
    printed_rate: bool  # of the base
    decided: str  # on the rate, before or after results were seen
    n: int
    difference: float
    low: float
    high: float


def rates(columns: Columns) -> pd.DataFrame:
    """Table 1 at each learning rate that a variant changes alone; columns: fields of `Rate`."""
    study = columns.study
    found = []
    for variant in study.variants:
        if variant is not study.base and list(variant.changes) != ["learning_rate"]:
            continue
        evidence = columns.evidence(variant)
        if evidence is None:
            continue
        judged = printed_and_ours(evidence)
        for cell in variant.cells:
            here = (judged["benchmark"] == cell.benchmark) & (judged["method"] == cell.method)
            part = judged[here & (judged["source"] == CHOOSING)]
            rate = cell.settings["learning_rate"]
            kind = rate, variant is study.base, variant.decided
            found += [_rate(row, *kind) for row in part.to_dict("records")]
    frame = pd.DataFrame(found, columns=list(Rate._fields))
    return frame.drop_duplicates(["benchmark", "method", "learning_rate"])


def _rate(row: dict[Any, Any], rate: float, is_base: bool, decided: str) -> Rate:
    difference = row["ours"] - row["printed"]
    place = row["benchmark"], row["method"], rate, is_base, decided, row["n"]
    return Rate(*place, difference, row["low"], row["high"])


def to_markdown(
    frame: pd.DataFrame, base: str, chosen_on: Sequence[str], remarks: Sequence[str] = ()
) -> str:
    """One table a benchmark, the variants by their distance; `remarks` end the notes."""
    methods = listed(map(method_title, chosen_on))
    parts = ["# Agreement with the printed numbers"]
    for benchmark, part in frame.groupby("benchmark", sort=False):
        ordered = rows(part.sort_values("distance", kind="stable"), Agreement)
        lines = [_line(row, base) for row in ordered]
        header = ["variant", "seeds", "reproduced", "differ", "inconclusive", "open", "distance"]
        header += [
            f"on {methods}",
            "others: reproduced / differ / inconclusive",
            "others: distance",
        ]
        parts.append(f"## {benchmark_title(str(benchmark))}\n\n{markdown_grid(header, lines)}")
    notes = (
        "- Tables 1-4 (times are no question of settings), judged by the rule of the verdict. "
        "Distance: the mean of |ours − paper| over the numbers of Tables 1-3. Where a variant "
        "changes some methods only, the others' numbers are those of "
        f"`{base}`.\n"
        f"- ◂ of its family and `{base}` the nearest to the printed accuracies of {methods}. What "
        "was picked on these numbers cannot be confirmed by them: the last two columns are of all "
        "other methods alone.\n"
        "- Tables 1-3 of one benchmark share seeds and an identity, so that these counts have no "
        "error rate.\n"
    )
    parts.append(notes + "".join(f"- {remark}\n" for remark in remarks))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _line(row: Agreement, base: str) -> list[str]:
    name = f"**`{row.variant}`**" if row.variant == base else f"`{row.variant}`"
    counts = [row.reproduced, row.differ, row.inconclusive, row.open]
    others = f"{row.other_reproduced} / {row.other_differ} / {row.other_inconclusive}"
    return [
        name + (" ◂" if row.nearest else ""),
        str(row.n),
        *map(str, counts),
        _distance(row.distance),
        _distance(row.distance_chosen_on),
        others,
        _distance(row.other_distance),
    ]


def _distance(value: float) -> str:
    return NONE if math.isnan(value) else digits(value)
