"""Tables in their long format: as files, and as typed rows."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from drl_replication.records.strict_json import AGAIN

Row = TypeVar("Row")

# Columns that are text, also where they are empty or look like numbers.
TEXT = (
    *("method", "changed", "collapsed", "rival", "reason", "finding", "value", "evidence"),
    *("machine", "outlier", "others", "std_verdict"),
)


def to_csv(frame: pd.DataFrame) -> str:
    """The long format of any table as CSV, exact, since a rounded number can turn a verdict."""
    return frame.to_csv(index=False, float_format=_exact, lineterminator="\n")


def _exact(value: Any) -> str:
    return repr(float(value)).removesuffix(".0")


def read_csv(path: Path) -> pd.DataFrame:
    """A table that `to_csv` wrote. Raises ValueError for a file that is none."""
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as CSV ({error}): {AGAIN}.") from error
    return frame.assign(**{name: frame[name].fillna("") for name in TEXT if name in frame})


def rows(frame: pd.DataFrame, kind: Callable[..., Row]) -> list[Row]:
    """The rows as objects; the parameters of `kind` are the columns that it takes."""
    names = list(signature(kind).parameters)
    return [kind(*values) for values in frame[names].itertuples(index=False, name=None)]
