"""What the report is made from."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from drl_replication.data.datasets import DATASETS
from drl_replication.tables.runs import Record


@dataclass(frozen=True)
class Sources:
    """All inputs, read.

    runs: (path, record) of each run that is there; settings: {benchmark: {method: settings}} and
    seeds: what was selected; readings: name to option; tables: number to the long format;
    figures: name to (JSON path, its content); citation: of CITATION.cff; folder: where the
    page will stand, so that links can be relative; studies: path and content of the summary of
    each study that is there; published: the verdict on the paper, if it is there.
    """

    runs: Sequence[tuple[Path, Record]]
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]]
    seeds: Sequence[int]
    readings: Mapping[str, str | int]
    tables: Mapping[int, pd.DataFrame]
    audit: pd.DataFrame
    comparisons: pd.DataFrame
    aggregates: pd.DataFrame
    verdict: pd.DataFrame
    claims: pd.DataFrame
    figures: Mapping[str, tuple[Path, Mapping[str, Any]]]
    citation: Mapping[str, Any]
    folder: Path
    studies: Mapping[Path, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = field(default_factory=tuple)
    published: Path | None = None

    @property
    def records(self) -> list[Record]:
        """The runs' records alone."""
        return [record for _, record in self.runs]

    @property
    def is_demonstration(self) -> bool:
        """Whether all runs learn images that come with a package, in place of the paper's."""
        blocks = [own for methods in self.settings.values() for own in methods.values()]
        return all(DATASETS[block["dataset"]].embedded for block in blocks)

    def link(self, path: Path) -> str:
        """A relative URL from the page to a file."""
        return quote(Path(os.path.relpath(path, self.folder)).as_posix())


def table_number(path: Path) -> int:
    """`.../table_4.csv` is Table 4. Raises ValueError for another name."""
    stem, _, number = path.stem.rpartition("_")
    if stem != "table" or number not in {"1", "2", "3", "4", "5", "6"}:
        raise ValueError(f"{path} is no table of the paper: give files table_1.csv to table_6.csv.")
    return int(number)
