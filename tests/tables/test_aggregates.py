"""All benchmarks together, against scipy and by hand."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers import PROJECT, make_record, make_settings, place, selection
from scipy import stats

from drl_replication.tables.aggregates import ALL, aggregates, document, profiles
from drl_replication.tables.frames import read_csv
from drl_replication.tables.runs import run_measures


def runs(values, benchmark="split_mnist"):
    """`values`: accuracies by method, one a seed; None diverged."""
    return pd.DataFrame(
        {
            "benchmark": benchmark,
            "method": method,
            "seed": seed,
            "average_accuracy": np.nan if value is None else value,
            "diverged": value is None,
        }
        for method, accuracies in values.items()
        for seed, value in enumerate(accuracies)
    )


RANDOM = np.random.default_rng(3).normal(0.8, 0.02, (2, 12)).round(2)  # some tie


def test_a_probability_is_mann_whitneys():
    frame = aggregates(runs({"drl": RANDOM[0], "er": RANDOM[1]})).set_index("benchmark")
    u = stats.mannwhitneyu(RANDOM[0], RANDOM[1]).statistic
    np.testing.assert_allclose(frame.loc["split_mnist", "probability"], u / 12**2)
    assert frame.loc["split_mnist", "low"] < u / 12**2 < frame.loc["split_mnist", "high"]
    assert frame.loc[ALL, "probability"] == frame.loc["split_mnist", "probability"]


def test_benchmarks_weigh_the_same_and_few_seeds_do_not_count():
    found = pd.concat(
        [
            runs({"drl": [0.9] * 5, "er": [0.8] * 5}, "permuted_mnist"),
            runs({"drl": [0.7] * 10, "er": [0.8] * 10}, "split_mnist"),
            runs({"drl": [0.9] * 4, "er": [0.8] * 4}, "split_cifar10"),
        ]
    )
    frame = aggregates(found).set_index("benchmark")
    assert frame.loc[ALL, ["benchmarks", "n", "probability"]].tolist() == [2, 5, 0.5]
    assert "split_cifar10" not in frame.index
    shown = document(aggregates(found)).markdown()
    assert "| ER | 1.00 [1.00, 1.00] | 0.00 [0.00, 0.00] | 0.50 [0.50, 0.50] |" in shown


def test_a_diverged_run_loses():
    lost = {"drl": [None, 0.9, 0.9, 0.9, 0.9], "er": [0.1, 0.1, 0.1, 0.1, None]}
    frame = aggregates(runs(lost)).set_index("benchmark")
    # 4 of 5 of DRL's beat all; the lost one ties with the lost one
    np.testing.assert_allclose(frame.loc["split_mnist", "probability"], (20 + 0.5) / 25)


def test_an_interval_over_benchmarks_holds_the_true_probability():
    generator = np.random.default_rng(5)
    true = stats.norm.cdf(0.5 / np.sqrt(2))
    held = 0
    for _ in range(100):
        found = [
            runs({"drl": d, "er": e}, b)
            for b in ("permuted_mnist", "split_mnist", "split_fashion")
            for d, e in [(generator.normal(0.5, 1, 10), generator.normal(0, 1, 10))]
        ]
        row = aggregates(pd.concat(found)).set_index("benchmark").loc[ALL]
        held += row["low"] <= true <= row["high"]
    assert held >= 88  # somewhat less than 95 of ten seeds, as the notes say


def test_a_profile_by_hand():
    found = profiles(runs({"drl": [0.5, 0.6, 0.7, 0.8, 1.0], "er": [0.5] * 5}))
    assert found["normalisation"] == "accuracy over the highest mean of the benchmark"
    levels = np.array(found["levels"])  # of 0.5 / 0.72 to 1 / 0.72
    np.testing.assert_allclose(levels[[0, -1]], [0.5 / 0.72, 1 / 0.72], atol=1e-5)
    for level, share in zip(levels, found["profiles"]["drl"]["share"], strict=True):
        scores = np.array([0.5, 0.6, 0.7, 0.8, 1.0]) / 0.72
        if np.abs(scores - level).min() > 1e-4:
            assert share == (scores > level).mean()
    json.dumps(found, allow_nan=False)


def test_scores_stand_between_the_bounds_where_these_are_there():
    scored = runs({"drl": [0.6] * 5, "er": [0.5] * 5, "finetune": [0.2] * 5, "iid": [0.7] * 5})
    found = profiles(scored)
    assert "finetune" in found["normalisation"]
    assert set(found["profiles"]) == {"drl", "er"}
    np.testing.assert_allclose([found["levels"][0], found["levels"][-1]], [0.6, 0.8], atol=1e-5)


@pytest.mark.parametrize("values", [{"drl": [0.5] * 3, "er": [0.5] * 3}, {"er": [0.5] * 6}])
def test_too_few_runs_make_an_empty_table(values):
    frame = aggregates(runs(values))
    assert frame.empty
    document(frame).latex()
    json.dumps(profiles(runs(values)), allow_nan=False)


BOTH = {"drl": [0.6] * 5, "er": [0.5] * 5}


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"drl": [None] * 5, "er": [None] * 5}, set()),  # nothing but diverged runs
        ({"drl": [0.0] * 5, "er": [0.0] * 5}, set()),
        (BOTH | {"finetune": [0.3] * 5, "iid": [0.3] * 5}, {"drl", "er"}),
        (BOTH | {"finetune": [0.5] * 5, "iid": [0.3] * 5}, {"drl", "er"}),
        (BOTH | {"finetune": [None] * 5, "iid": [0.9] * 5}, {"drl", "er"}),
        (BOTH | {"finetune": [0.2] * 5, "iid": [None] * 5}, {"drl", "er"}),
    ],
)
def test_what_no_score_can_be_made_of_blocks_no_profile(values, shown):
    found = profiles(runs(values))
    assert set(found["profiles"]) == shown
    assert found["normalisation"] == "accuracy over the highest mean of the benchmark"
    json.dumps(found, allow_nan=False)
    aggregates(runs(values))
    if not shown:
        other = pd.concat([runs(values), runs(BOTH, "split_fashion")])
        assert profiles(other)["benchmarks"] == ["split_fashion"]


# The scripts --------------------------------------------------------------------------------------


def test_the_scripts_from_records_to_the_table(tmp_path):
    records = [
        make_record("split_mnist", m, s, [[0.9], [0.5 + s / 100, 0.8]])
        for m in ("drl", "er")
        for s in range(5)
    ]
    paths = [place(tmp_path / "runs", record) for record in records]
    settings = {"split_mnist": dict.fromkeys(("drl", "er"), make_settings())}
    measures = tmp_path / "runs.csv"
    command = ["run_measures.py", *selection(tmp_path, paths, settings)]
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "md", "json")]
    aggregate = ["aggregates.py", "--measures", measures, *outputs]
    for script, *rest in ([*command, "--csv", measures], aggregate):
        done = subprocess.run(
            [sys.executable, PROJECT / "scripts" / script, *rest], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
    expected = run_measures(records).astype({"training_images": float, "memory_size": float})
    pd.testing.assert_frame_equal(read_csv(measures), expected, check_dtype=False)
    assert (tmp_path / "md").read_text().startswith("**All benchmarks together")
    assert json.loads((tmp_path / "json").read_text())["benchmarks"] == ["split_mnist"]
