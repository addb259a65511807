"""Figure 3: the experiment against single runs, and the drawing of its records."""

import json
from copy import deepcopy
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from helpers import PROJECT, default_config, tiny_images, tiny_settings
from matplotlib import pyplot as plt

from drl_replication.experiments import figure_3
from drl_replication.experiments.figure_3 import effects, measure
from drl_replication.figures.figure_3 import draw
from drl_replication.learning.training import train
from drl_replication.records.experiments import experiment_path, read_experiment, write_experiment
from drl_replication.records.runs import read_record
from drl_replication.study.settings import figure_settings

IMAGES = tiny_images(tests=5)
SETTINGS = {
    "alphas": [0, 2, 4],
    "test_images_per_class": 3,
    "drl": tiny_settings("drl", drl_lambda=1e-3),
    "ber": tiny_settings("ber"),
}


# --- the experiment


@pytest.fixture(scope="module")
def measured():
    return measure(0, SETTINGS, IMAGES)


def test_runs_are_those_of_training(measured):
    for result, method, settings in [
        (measured["ber"], "ber", SETTINGS["ber"]),
        (measured["drl"]["2"], "drl", SETTINGS["drl"]),
        (measured["drl"]["4"], "drl", SETTINGS["drl"] | {"drl_alpha": 4.0}),
    ]:
        run = train(method, 0, settings, IMAGES)
        for key in figure_3.KEPT:
            assert result[key] == run[key]
        assert result["dead_units"] == run["diagnostics"]["dead_units"]
    assert measured["drl"]["2"]["rho"] != measured["drl"]["4"]["rho"]


def test_pairs_are_counted_once(measured):
    found = measured["ber"]["similarity"]
    for kind in ("representation", "gradient"):
        same, different = found[kind]["positive"], found[kind]["negative"]
        assert (same["pairs"], different["pairs"]) == (10 * 3, 30 * 29 // 2 - 30)
        assert sum(same["histogram"]) == same["pairs"]
        assert sum(different["histogram"]) == different["pairs"]
        assert same["mean"] > different["mean"]


def test_no_run_is_made_twice(monkeypatch):
    made = []
    monkeypatch.setattr(
        figure_3, "effects", lambda m, seed, s, *_: made.append((m, s.get("drl_alpha")))
    )
    measure(0, SETTINGS, IMAGES)
    assert made == [("ber", None), ("drl", 0.0), ("drl", 2.0), ("drl", 4.0)]
    made.clear()
    measure(0, SETTINGS | {"alphas": [8, 0.5]}, IMAGES)  # without DRL's own
    assert made == [("ber", None), ("drl", 0.5), ("drl", 2.0), ("drl", 8.0)]


def test_all_runs_are_measured_on_the_same_images_whatever_the_global_state(measured):
    torch.manual_seed(7)
    assert json.dumps(measure(0, SETTINGS, IMAGES)) == json.dumps(measured)
    assert json.dumps(measure(1, SETTINGS, IMAGES)) != json.dumps(measured)


def test_a_diverged_run_has_no_similarities():
    settings = tiny_settings("drl", drl_lambda=1e6)
    result = effects("drl", 0, settings, IMAGES, np.arange(4))
    assert result["diverged"]
    assert result["diverged_at_step"] > 0
    assert result["similarity"] is result["rho"] is None


def test_too_few_test_images():
    with pytest.raises(ValueError, match=r"test_images_per_class is 6, but class 0 has only 5"):
        measure(0, SETTINGS | {"test_images_per_class": 6}, IMAGES)


# --- the figure


def write(root, seed, result, settings=SETTINGS):
    path = experiment_path(root, 3, seed)
    made_with = {"data": {"dataset": "mnist", "files": {}}}
    write_experiment(path, 3, seed, settings, result, made_with, datetime.now(UTC))
    return path


def diverged(run):
    gone = dict.fromkeys(run, None)
    return gone | {"diverged": True, "diverged_at_step": 3}


@pytest.fixture(scope="module")
def two(measured):
    return measured, measure(5, SETTINGS, IMAGES)


def test_every_number_is_that_of_the_records(two, tmp_path):
    figure, numbers = draw(
        [write(tmp_path, s, r) for s, r in zip((0, 5), two, strict=True)], SETTINGS
    )
    summary = numbers["summary"]
    assert (summary["seeds"], summary["alphas"]) == (2, [0, 2, 4])
    assert summary["rho"]["4"]["values"] == [r["drl"]["4"]["rho"] for r in two]
    assert summary["rho_ber"]["mean"] == pytest.approx(np.mean([r["ber"]["rho"] for r in two]))
    assert numbers["rho"]["drop"]["2"]["std"] == pytest.approx(
        np.std([r["drl"]["2"]["rho_readings"]["hidden"]["drop"] for r in two], ddof=1)
    )
    own = [r["drl"]["2"]["similarity"] for r in two]
    found = summary["similarity"]["gradient"]["drl"]
    assert found["same"]["values"] == [s["gradient"]["positive"]["mean"] for s in own]
    assert found["different"]["values"] == [s["gradient"]["negative"]["mean"] for s in own]
    counts = np.array(own[0]["gradient"]["negative"]["histogram"])
    under = np.linspace(-1, 1, len(counts) + 1)[1:] < -0.1 + 1e-9
    any_conflict, strong = (c["drl"]["values"][0] for c in summary["conflicts"])
    assert strong == pytest.approx(counts[under].sum() / counts.sum())
    assert any_conflict == pytest.approx(own[0]["gradient"]["negative"]["conflicting"])
    ber = summary["similarity"]["representation"]["ber"]["same"]["values"]
    assert ber == [r["ber"]["similarity"]["representation"]["positive"]["mean"] for r in two]
    pooled = np.sum([s["gradient"]["negative"]["histogram"] for s in own], axis=0)
    values = np.repeat(np.linspace(-0.99, 0.99, 100), pooled)
    expected = np.histogram(values, numbers["bin_edges"], density=True)[0]
    density = numbers["densities"]["gradient"]["drl"]["different"]
    np.testing.assert_allclose(density, expected, atol=1e-4)
    assert "n = 2 seeds (0, 5) on mnist." in numbers["caption"]
    assert "iverged" not in numbers["caption"]
    plt.close(figure)


def test_four_distributions_a_panel(measured, tmp_path):
    figure, numbers = draw([write(tmp_path, 0, measured)], SETTINGS)
    a, b, c = figure.axes
    for axis, kind in [(a, "representation"), (b, "gradient")]:
        drawn = [patch.get_data().values.tolist() for patch in axis.patches]
        parts = numbers["densities"][kind]
        assert drawn == [parts[m][p] for m in ("ber", "drl") for p in ("same", "different")]
    labels = [text.get_text() for text in b.get_legend().get_texts()]
    assert labels[:3:2] == ["$s_g$ (BER), same class", "$s_g^{DR}$ (DRL), same class"]
    figure.canvas.draw()
    for axis in figure.axes:  # legends lie off the axes
        assert axis.get_legend().get_window_extent().y1 < axis.get_window_extent().y0
    summary = numbers["summary"]
    apart = [
        summary["similarity"]["representation"][m]["different"]["mean"] for m in ("ber", "drl")
    ]
    arrow = " → ".join(f"{mean:.2f}" for mean in apart).replace("-", "−")
    assert a.get_title("left") == f"(a) Representations\ntwo classes: mean {arrow}"
    line = c.containers[0].lines[0]
    assert line.get_ydata().tolist() == [measured["drl"][k]["rho"] for k in "024"]
    plt.close(figure)


def test_diverged_runs_are_counted_and_left_out(two, tmp_path):
    first, second = deepcopy(two)
    first["drl"]["0"], second["drl"]["0"] = (diverged(r["drl"]["0"]) for r in two)
    second["ber"] = diverged(second["ber"])
    paths = [write(tmp_path, 0, first), write(tmp_path, 5, second)]
    figure, numbers = draw(paths, SETTINGS)
    assert numbers["diverged"] == {"0": 2, "2": 0, "4": 0, "ber": 1}
    assert numbers["finished"] == {"0": [], "2": [0, 5], "4": [0, 5], "ber": [0]}
    summary = numbers["summary"]
    assert summary["seeds"] == 1
    assert summary["rho"]["0"] == {"values": [], "mean": None, "std": None}
    same = summary["similarity"]["gradient"]["drl"]["same"]["values"]
    assert same == [first["drl"]["2"]["similarity"]["gradient"]["positive"]["mean"]]
    assert "of 2 runs each: 2 at alpha = 0, 1 at BER" in " ".join(numbers["details"])
    assert "3 runs diverged" in numbers["caption"]
    texts = [text.get_text() for text in figure.axes[2].texts]
    assert texts == ["diverged, of 2:", "2", "BER: 1 of 2 diverged"]
    json.dumps(numbers, allow_nan=False)
    plt.close(figure)


@pytest.mark.parametrize("everything", [True, False])
def test_what_no_seed_has_finished_is_said_in_its_place(everything, measured, tmp_path):
    gone = measured | {"ber": diverged(measured["ber"])}
    if everything:
        gone["drl"] = {alpha: diverged(run) for alpha, run in measured["drl"].items()}
    figure, numbers = draw([write(tmp_path, 0, gone)], SETTINGS)
    for axis in figure.axes[:2]:
        assert [text.get_text() for text in axis.texts] == ["no seed finished\nboth BER and DRL"]
    texts = [text.get_text() for text in figure.axes[2].texts]
    told = ["diverged, of 1:", "1", "1", "1"] * everything
    assert texts == [*told, "BER: 1 of 1 diverged"]
    assert (numbers["summary"]["seeds"], numbers["bin_edges"]) == (0, [])
    assert numbers["summary"]["similarity"]["gradient"]["ber"]["same"]["values"] == []
    json.dumps(numbers, allow_nan=False)
    figure.canvas.draw()
    plt.close(figure)


def test_without_records_the_figure_says_so():
    figure, numbers = draw([], SETTINGS)
    assert [text.get_text() for text in figure.axes[0].texts] == [numbers["caption"]]
    assert numbers["summary"]["seeds"] == 0
    json.dumps(numbers, allow_nan=False)
    plt.close(figure)


def test_records_that_make_no_figure(measured, tmp_path):
    with pytest.raises(ValueError, match="other settings"):
        draw([write(tmp_path, 0, measured)], SETTINGS | {"alphas": [1, 2]})


def test_published_records_are_of_the_default_configuration_and_agree_with_the_runs():
    settings = figure_settings(default_config(), "figure_3")
    root = PROJECT / "results" / "published"
    for seed in range(10):
        result = read_experiment(experiment_path(root / "experiments", 3, seed), settings)["result"]
        for method, ours in [("ber", result["ber"]), ("drl", result["drl"]["2"])]:
            run = read_record(root / "runs" / "split_mnist" / method / f"seed_{seed}.json")
            for key in ("average_accuracy", "average_forgetting", "rho"):
                assert ours[key] == pytest.approx(run[key], rel=1e-9)
