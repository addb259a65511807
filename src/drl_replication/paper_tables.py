"""The paper's six tables: how each is made from run records, and how it is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from drl_replication import correlations, hyperparameters, rendering, tables, times
from drl_replication.documents import Document
from drl_replication.readings import TABLE_READINGS


@dataclass(frozen=True)
class PaperTable:
    """One table.

    `make(records, **readings)` returns its long format, with its TABLE_READINGS as keywords;
    `document(frame, remarks)` shows that.
    """

    make: Callable[..., pd.DataFrame]
    document: Callable[[pd.DataFrame, Sequence[str]], Document]


PAPER_TABLES = {
    1: PaperTable(partial(tables.table, 1), partial(rendering.document, 1)),
    2: PaperTable(partial(tables.table, 2), partial(rendering.document, 2)),
    3: PaperTable(partial(tables.table, 3), partial(rendering.document, 3)),
    4: PaperTable(correlations.table, correlations.document),
    5: PaperTable(times.table, times.document),
    6: PaperTable(hyperparameters.table, hyperparameters.document),
}


def paper_table(
    number: int, records: Sequence[Mapping], readings: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The long format of a table, with those of the `readings` that it depends on."""
    wanted = TABLE_READINGS[number]
    chosen = {name: option for name, option in (readings or {}).items() if name in wanted}
    return PAPER_TABLES[number].make(records, **chosen)
