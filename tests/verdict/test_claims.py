"""How parts make a verdict, and what every claim says of itself."""

import pytest
from claim_evidence import BENCHMARKS, make_evidence, runs, with_accuracies

from drl_replication.verdict import claims
from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN, both, every, majority, side


@pytest.mark.parametrize(
    ("yes", "no", "expected"),
    [
        (3, 0, HOLDS),
        (3, 2, HOLDS),
        (2, 0, OPEN),
        (2, 2, OPEN),
        (2, 3, FAILS),
        (1, 3, FAILS),
        (0, 3, FAILS),
        (0, 2, OPEN),
        (0, 0, OPEN),
    ],
)
def test_a_majority_of_five_counts_what_is_missing(yes, no, expected):
    found = dict(enumerate([True] * yes + [False] * no))
    assert majority(found) == expected
    # It is final: no outcome of the missing ones turns it.
    missing = 5 - yes - no
    outcomes = {2 * (yes + more) > 5 for more in range(missing + 1)}
    assert {HOLDS: {True}, FAILS: {False}, OPEN: {True, False}}[expected] == outcomes


def test_half_is_not_most():
    assert majority(dict(enumerate([True, True, False])), total=4) == OPEN
    assert majority(dict(enumerate([True, True, False, False])), total=4) == FAILS


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([True, True], HOLDS),
        ([True], OPEN),
        ([], OPEN),
        ([False], FAILS),
        ([False, False], FAILS),
        ([True, False], MIXED),
    ],
)
def test_every_one_of_two(found, expected):
    assert every(found, 2) == expected


def test_parts_and_sides():
    assert both([HOLDS, HOLDS]) == HOLDS
    assert both([FAILS, FAILS]) == FAILS
    assert both([HOLDS, FAILS]) == MIXED
    assert both([HOLDS, OPEN]) == both([]) == OPEN
    assert [side(x, 0) for x in [(-2, -1), (1, 2), (-1, 1), (-1, 0)]] == [
        HOLDS,
        FAILS,
        MIXED,
        MIXED,
    ]


def test_without_any_run_or_figure_nothing_can_be_judged():
    table = claims.claims(make_evidence())
    assert table["verdict"].eq(OPEN).all()
    assert table["evidence"].str.startswith("Missing: ").all()
    assert table["id"].is_unique
    assert table.columns.tolist() == [
        "id",
        "claim",
        "section",
        "source",
        "rule",
        "verdict",
        "evidence",
    ]
    assert table.map(bool).all(axis=None)


def test_other_data_is_said():
    found = runs(with_accuracies(BENCHMARKS))
    found = make_evidence(found.runs, other={"split_mnist": "a"})
    table = claims.claims(found).set_index("id")
    assert (
        "Not as in the paper: Split MNIST: data: a instead of mnist."
        in table.loc["drl_best", "evidence"]
    )
    assert not table.loc["positive_pairs", "evidence"].startswith("Not as")
