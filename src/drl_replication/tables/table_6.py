"""Table 6: the hyperparameters that the runs used, read from their records."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from drl_replication.paper.printed import (
    BENCHMARK_TITLES,
    benchmark_order,
    method_order,
    method_title,
    printed,
)
from drl_replication.study.readings import READINGS
from drl_replication.tables.frames import rows
from drl_replication.tables.runs import Record
from drl_replication.text import notes
from drl_replication.text.documents import NOTHING, Cell, Document, Row

# By the reading that only methods with a learning rate of their own have: its row.
OWN_RATES = {
    name: next(iter(reading.learning_rate.values()))
    for name, reading in READINGS.items()
    if reading.learning_rate
}
NAMES = {  # the paper's first, in its order
    "training_batch_size": "training batch size",
    "learning_rate": "learning rate",
    "agem_reference_batch_size": "ref batch size (A-GEM)",
    "drl_alpha": "α of DRL",
    "drl_lambda": "λ of DRL",
    "multisim_lambda": "λ of Multisim",
    "rmargin_lambda": "λ of R-Margin",
    "gss_learning_rate": "learning rate (GSS-greedy)",
    "gss_batch_size": "batch size (GSS-greedy)",
    "gss_iterations": "iterations (GSS-greedy)",
    "loading_batch_size": "loading batch size",
    "training_images": "training images a task",
    "memory_size": "memory size",
}
OTHER_NAMES = {
    "mer_learning_rate": "learning rate (MER)",
    "gem_reference_batch_size": "ref batch size (GEM, if gem_reference is share)",
}
NOT_HYPERPARAMETERS = {"benchmark", "dataset", "readings"}
PRINTED, DIFFERS, DISAGREE = "as printed", "differs", "methods disagree"
UNPRINTED, NOT_RUN = "not printed", "not run"


class Setting(NamedTuple):
    """A row: one hyperparameter on one benchmark, ours (as text) beside the printed one."""

    hyperparameter: str
    benchmark: str
    value: str
    printed: float
    status: str


def table(records: Sequence[Record]) -> pd.DataFrame:
    """Table 6: one row a (hyperparameter, benchmark), of the paper's and of all that ran.

    Columns: hyperparameter, benchmark, dataset, methods (whose records have it), value (text; with
    its methods where they disagree; empty where nothing ran), printed and status (as printed,
    differs, methods disagree, not printed, not run). The paper's learning rate is that of
    all methods but GSS-greedy, whose own stands in a row of its own, as MER's does.
    Raises ValueError for no records.
    """
    if not records:
        raise ValueError("There are no run records to make a table from: select some runs.")
    used = _used(records)
    paper = printed(6).set_index(["hyperparameter", "benchmark"])["value"].to_dict()
    datasets = {r["benchmark"]: r["provenance"]["data"]["dataset"] for r in records}
    names = sorted({name for name, _ in used} | set(NAMES), key=_name_order)
    benchmarks = sorted({b for _, b in used} | set(BENCHMARK_TITLES), key=benchmark_order)
    return pd.DataFrame(
        {
            "hyperparameter": name,
            "benchmark": benchmark,
            "dataset": datasets.get(benchmark),
            **_compared(used.get((name, benchmark), {}), paper.get((name, benchmark))),
        }
        for name in names
        for benchmark in benchmarks
    )


def _used(records: Sequence[Record]) -> dict[tuple[str, str], dict[str, set[float]]]:
    """The values of each method by (hyperparameter, benchmark)."""
    used: dict[tuple[str, str], dict[str, set[float]]] = {}
    for record in records:
        has = record["settings"]["readings"]
        rate = next((row for name, row in OWN_RATES.items() if name in has), "learning_rate")
        for key, value in record["settings"].items():
            if key not in NOT_HYPERPARAMETERS:
                name = rate if key == "learning_rate" else key
                methods = used.setdefault((name, record["benchmark"]), {})
                methods.setdefault(record["method"], set()).add(value)
    return used


def _name_order(name: str) -> tuple[int, str]:
    return (list(NAMES).index(name) if name in NAMES else len(NAMES), name)


def _compared(by_method: Mapping[str, set[float]], theirs: float | None) -> dict[str, Any]:
    methods = sorted(by_method, key=method_order)
    groups: dict[float, list[str]] = {}
    for method in methods:
        for value in sorted(by_method[method]):
            groups.setdefault(value, []).append(method_title(method))
    if len(groups) > 1:
        text = "; ".join(f"{_short(v)} ({', '.join(names)})" for v, names in groups.items())
    else:
        text = "".join(map(_short, groups))
    return {
        "methods": " ".join(methods),
        "value": text,
        "printed": theirs,
        "status": _status(list(groups), theirs),
    }


def _status(values: list[float], theirs: float | None) -> str:
    if not values:
        return NOT_RUN
    if len(values) > 1:
        return DISAGREE
    if theirs is None:
        return UNPRINTED
    return PRINTED if values[0] == theirs else DIFFERS


def _short(value: float) -> str:
    """As the paper writes it, but 2e-5 for 2 × 10⁻⁵."""
    return f"{value:g}".replace("e-0", "e-") if isinstance(value, (int, float)) else str(value)


def document(frame: pd.DataFrame, remarks: Sequence[str] = ()) -> Document:
    """Table 6: one row a hyperparameter, one column a benchmark, ours above the paper's.

    `remarks` end the notes.
    """
    cells = {(row.hyperparameter, row.benchmark): row for row in rows(frame, Setting)}
    benchmarks = frame["benchmark"].unique()
    return Document(
        title="Table 6",
        caption="Hyperparameters that the runs used.",
        columns=notes.column_titles(frame),
        rows=[
            Row(
                [(NAMES | OTHER_NAMES).get(name, name.replace("_", " ")), "paper"],
                [_stack(cells[name, benchmark]) for benchmark in benchmarks],
            )
            for name in frame["hyperparameter"].unique()
        ],
        notes=[*_notes(frame), *remarks],
        corner="hyperparameter",
    )


def _stack(row: Setting) -> tuple[Cell, Cell]:
    mark = " ≠" if row.status in (DIFFERS, DISAGREE) else ""
    theirs = NOTHING if pd.isna(row.printed) else Cell(_short(row.printed))
    return Cell(row.value or NOT_RUN, suffix=mark), theirs


def _notes(frame: pd.DataFrame) -> list[str]:
    paper = frame.loc[frame["printed"].notna(), "status"]
    ran = paper[paper != NOT_RUN]
    marked = frame["status"].isin([DIFFERS, DISAGREE]).any()
    return [
        "Under what the records of our runs hold stands what the paper prints, where it does.",
        f"Of {len(paper)} printed values {len(ran)} were run, {(ran == PRINTED).sum()} of them as "
        "printed.",
        *(["≠ marks other values, and those on which methods disagree."] if marked else []),
        "The learning rate is that of all methods without a row of their own: the paper leaves "
        "GSS-greedy at its authors' settings.",
        *notes.data_notes(frame),
    ]
