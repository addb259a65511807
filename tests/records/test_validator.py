"""The quick check of lists says what the standard one says."""

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from drl_replication.records.validator import Validator

SLOW = extend(Draft202012Validator, type_checker=Validator.TYPE_CHECKER)
SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
COUNT = {"type": "integer", "minimum": 1}
LISTS = [
    [], [0, 0.5, 1], [None], [None, 2], [-1e-9], [1.0], [1], [0], [True], [False, 1], ["1"], [[1]],
    [{}], [1.5], [2, None], [10**30], [-0.0], "text", 3, None, {"0": 1},
]  # fmt: skip


@pytest.mark.parametrize("values", LISTS, ids=str)
@pytest.mark.parametrize(
    "items", [SHARE, COUNT, COUNT | {"multipleOf": 2}, {}, {"type": "boolean"}, True, False]
)
def test_a_list_is_right_where_the_standard_says_so(items, values):
    schema = {"items": items}
    quick = [error.message for error in Validator(schema).iter_errors(values)]
    assert quick == [error.message for error in SLOW(schema).iter_errors(values)]
