"""How parts make a verdict, and what every claim says of itself."""

from itertools import combinations_with_replacement, product

import pytest
from claim_evidence import BENCHMARKS, make_evidence, runs, stat, with_accuracies

from drl_replication.verdict import claims
from drl_replication.verdict.evidence import FAILS, HOLDS, MIXED, OPEN, both, every, majority, side
from drl_replication.verdict.scoring import INCONCLUSIVE


def final(outcomes, total):
    yes, no = outcomes.count(HOLDS), outcomes.count(FAILS)
    neither = MIXED if yes or no else INCONCLUSIVE
    return HOLDS if 2 * yes > total else FAILS if 2 * no >= total else neither


@pytest.mark.parametrize("total", [4, 5])
def test_a_majority_is_said_when_no_missing_benchmark_can_turn_it(total):
    for there in range(total + 1):
        for outcomes in combinations_with_replacement([HOLDS, FAILS, INCONCLUSIVE], there):
            ends = {
                final([*outcomes, *missing], total)
                for missing in product([HOLDS, FAILS, INCONCLUSIVE], repeat=total - there)
            }
            found = majority(dict(enumerate(outcomes)), total)
            # Open where it could still hold or fail, so that a majority is never taken back.
            decided = len(ends) == 1 or ends == {MIXED, INCONCLUSIVE}
            assert found == (final(outcomes, total) if decided else OPEN), outcomes


def test_half_is_not_most():
    assert majority(dict(enumerate([HOLDS, HOLDS, FAILS])), total=4) == OPEN
    assert majority(dict(enumerate([HOLDS, HOLDS, FAILS, FAILS])), total=4) == FAILS
    assert majority(dict(enumerate([HOLDS, HOLDS, FAILS, INCONCLUSIVE])), total=4) == MIXED
    assert majority(dict.fromkeys("abcd", INCONCLUSIVE), total=4) == INCONCLUSIVE


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
    assert both([HOLDS, FAILS]) == both([HOLDS, INCONCLUSIVE]) == MIXED
    assert both([INCONCLUSIVE, INCONCLUSIVE]) == INCONCLUSIVE
    assert both([HOLDS, OPEN]) == both([]) == OPEN
    assert [side(x, 0) for x in [(-2, -1), (1, 2), (-1, 1), (-1, 0)]] == [
        HOLDS,
        FAILS,
        INCONCLUSIVE,
        INCONCLUSIVE,
    ]


def test_without_any_run_or_figure_only_arithmetic_can_be_judged():
    table = claims.claims(make_evidence()).set_index("id", drop=False)
    assert table.index.is_unique
    assert table.columns.tolist() == [
        "id",
        "claim",
        "section",
        "source",
        "rule",
        "verdict",
        "evidence",
        "provisional",
        "robust",
    ]
    texts = table.drop(columns=["provisional", "robust"])
    assert texts.map(bool).all(axis=None)
    others = table.drop(index="cost_small")
    assert others["verdict"].eq(OPEN).all()
    assert others["evidence"].str.startswith("Missing: ").all()
    assert "{" not in "".join(table["rule"].drop("separable_accurate"))


def test_the_range_of_thresholds_in_which_a_verdict_stays():
    measure = {"negative_correlation": stat([-0.6, -0.6, -0.6])}
    figure = {"summary": {"classifiers": {"7,9": measure, "0,1": measure}}}
    found = make_evidence(figures={"figure_2": figure | {"seeds": [0, 1, 2]}})
    (claim,) = (c for c in claims.all_claims() if c.id == "negative_similarities")
    row = claims.claims(found, [claim]).iloc[0]
    assert (row["verdict"], row["robust"]) == (HOLDS, "strong: 0 to 0.6 (tried: 0 to 1)")
    assert row["provisional"]  # of three seeds


def test_other_data_is_said():
    found = runs(with_accuracies(BENCHMARKS))
    found = make_evidence(found.runs, other={"split_mnist": "a"})
    table = claims.claims(found).set_index("id")
    assert (
        "Not as in the paper: Split MNIST: data: a instead of mnist."
        in table.loc["drl_best", "evidence"]
    )
    assert not table.loc["positive_pairs", "evidence"].startswith("Not as")
