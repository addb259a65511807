"""The paper's six tables: how each is made from run records, and how it is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from drl_replication.study.readings import TABLE_READINGS
from drl_replication.tables import table_1_to_3, table_4, table_5, table_6
from drl_replication.tables.runs import Record
from drl_replication.text.documents import Document


@dataclass(frozen=True)
class PaperTable:
    """One table.

    `make(records, **readings)` returns its long format, with its TABLE_READINGS as keywords;
    `document(frame, remarks)` shows that.
    """

    make: Callable[..., pd.DataFrame]
    document: Callable[[pd.DataFrame, Sequence[str]], Document]


PAPER_TABLES = {
    1: PaperTable(partial(table_1_to_3.table, 1), partial(table_1_to_3.document, 1)),
    2: PaperTable(partial(table_1_to_3.table, 2), partial(table_1_to_3.document, 2)),
    3: PaperTable(partial(table_1_to_3.table, 3), partial(table_1_to_3.document, 3)),
    4: PaperTable(table_4.table, table_4.document),
    5: PaperTable(table_5.table, table_5.document),
    6: PaperTable(table_6.table, table_6.document),
}


def paper_table(
    number: int, records: Sequence[Record], readings: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The long format of a table, with those of the `readings` that it depends on."""
    wanted = TABLE_READINGS[number]
    chosen = {name: option for name, option in (readings or {}).items() if name in wanted}
    return PAPER_TABLES[number].make(records, **chosen)
