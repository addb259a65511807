"""One voice: how numbers, intervals, counts and lists are worded, and that files keep them."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from drl_replication.tables.frames import read_csv, rows, to_csv
from drl_replication.tables.table_1_to_3 import Mean
from drl_replication.text import numbers
from drl_replication.text.documents import Cell, Document, Row


@pytest.mark.parametrize(
    ("worded", "text"),
    [
        (numbers.p_value(0.0214), "p = 0.021"),
        (numbers.p_value(0.0009), "p < 0.001"),
        (numbers.interval(-0.0201, 0.02), "[−0.020, 0.020]"),
        (numbers.interval(-0.0201, 0.02, "+"), "[−0.020, +0.020]"),
        (numbers.interval(math.nan, math.nan), "–"),
        (numbers.interval(-0.00624, -0.00008), "[−0.006, −0.0001]"),  # its end tells the side
        (numbers.interval(-1e-12, 0.0), "[0.000, 0.000]"),
        (numbers.with_interval(0.5, 0.4, 0.6), "0.500 [0.400, 0.600]"),
        (numbers.with_std(0.85, 0.0123), "0.850 ± 0.012"),
        (numbers.with_std(0.85, math.nan), "0.850"),
        (numbers.shortest(-0.8379), "−0.8379"),
        (numbers.shortest(300.0), "300"),
        (numbers.digits(math.nan), "–"),
        (numbers.count([10, 10]), "n = 10"),
        (numbers.count([10, 3]), "n = 3 to 10"),
        (numbers.listed(["A", "B", "C"]), "A, B and C"),
        (numbers.listed(["A"]), "A"),
        (numbers.listed([]), "none"),
    ],
)
def test_wording(worded, text):
    assert worded == text


def test_a_table_is_read_as_it_was(tmp_path):
    generator = np.random.default_rng(0)
    values = generator.normal(size=2000) * 10.0 ** generator.integers(-12, 9, 2000)
    frame = pd.DataFrame({"method": "", "value": "1e3", "mean": values, "n": 3})
    path = tmp_path / "table.csv"
    path.write_text(to_csv(frame))
    pd.testing.assert_frame_equal(read_csv(path), frame, check_exact=True)
    assert to_csv(pd.DataFrame({"n": [300.0]})) == "n\n300\n"


def test_rows_take_the_columns_that_they_name():
    frame = pd.DataFrame([{name: i for i, name in enumerate(Mean._fields)} | {"more": 1}])
    (row,) = rows(frame, Mean)
    assert (row.benchmark, row.printed_best) == (0, len(Mean._fields) - 1)
    with pytest.raises(KeyError, match="printed_best"):
        rows(frame.drop(columns="printed_best"), Mean)


def test_a_name_full_of_markup_stays_one_cell_and_shows_itself():
    name = "a|b <b>*c*</b> `d` [e](f)"
    shown = Document("T", "c.", [name], [Row([name], [[Cell("1")]])], []).markdown()
    header, rule, row = shown.splitlines()[2:5]
    for line in (header, row):
        assert len(re.findall(r"(?<!\\)\|", line)) == rule.count("|")
        assert not re.search(r"(?<!\\)[<*`\[]", line)
        assert name in re.sub(r"\\(?=[^\w\s])", "", line)
