"""The paper's six tables: how each is made from run records, and how it is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from drl_replication import correlations, hyperparameters, rendering, tables, times
from drl_replication.documents import Document


@dataclass(frozen=True)
class PaperTable:
    """One table.

    `make(records, **readings)` returns its long format, with the `readings` it depends on as
    keywords; `document(frame, remarks)` shows that.
    """

    make: Callable[..., pd.DataFrame]
    document: Callable[[pd.DataFrame, Sequence[str]], Document]
    readings: tuple[str, ...] = ()


PAPER_TABLES = {
    1: PaperTable(partial(tables.table, 1), partial(rendering.document, 1)),
    2: PaperTable(partial(tables.table, 2), partial(rendering.document, 2)),
    3: PaperTable(
        partial(tables.table, 3), partial(rendering.document, 3), ("intransigence_reference",)
    ),
    4: PaperTable(
        correlations.table,
        correlations.document,
        ("intransigence_reference", "rho_layers", "rho_null"),
    ),
    5: PaperTable(times.table, times.document),
    6: PaperTable(hyperparameters.table, hyperparameters.document),
}


def paper_table(
    number: int, records: Sequence[Mapping], readings: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The long format of a table, with those of the `readings` that it depends on."""
    row = PAPER_TABLES[number]
    chosen = {name: option for name, option in (readings or {}).items() if name in row.readings}
    return row.make(records, **chosen)
