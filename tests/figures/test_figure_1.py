"""The example of Section 2.1: Gaussians, GSS-IQP against brute force, the record, the figure."""

import json
import re
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import PROJECT, default_config
from matplotlib.collections import PathCollection
from pyscipopt import Model, quicksum

from drl_replication.experiments import gaussians, iqp
from drl_replication.experiments.figure_1 import measure
from drl_replication.figures import figure_1
from drl_replication.records.experiments import read_experiment
from drl_replication.records.strict_json import RecordError
from drl_replication.seeding import generator

SETTINGS = {
    "repetitions": 3,
    "samples_per_class": 12,
    "selected_fraction": 0.25,
    "solver_seconds": 20,
}


def cosines(gradients):
    lengths = np.linalg.norm(gradients, axis=1)
    return gradients @ gradients.T / np.outer(lengths, lengths)


def brute_force(gradients, k):
    matrix = cosines(gradients)
    return min(matrix[np.ix_(c, c)].sum() for c in combinations(range(len(matrix)), k))


def two_classes(seed, per_class):
    noise, labels = gaussians.draw_noise(np.random.default_rng(seed), per_class)
    old = labels < 2
    return gaussians.place(noise, labels, "beside")[old], labels[old]


# The solver ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 5, 11, 12])
@pytest.mark.parametrize("dimensions", [2, 6, 20])
def test_the_selection_is_that_of_brute_force(k, dimensions):
    gradients = np.random.default_rng(k).normal(0.3, 1, (12, dimensions))
    choice = iqp.select(gradients, k, 20)
    best = brute_force(gradients, k)
    assert len(set(choice.indices)) == k
    matrix = cosines(gradients)
    assert choice.objective == pytest.approx(matrix[np.ix_(choice.indices, choice.indices)].sum())
    assert choice.objective <= best + iqp.TOLERANCE * k**2
    assert choice.bound <= best + 1e-9
    assert choice.solved


def test_the_low_rank_program_is_the_plain_one():
    """All n x n products of two binary variables, as Aljundi et al. (2019) write it."""
    points, labels = two_classes(1, 10)
    gradients, k = gaussians.sample_gradients(np.zeros((3, 2)), points, labels), 6
    matrix = cosines(gradients)
    model = Model()
    model.hideOutput()
    x = [model.addVar(vtype="B") for _ in matrix]
    t = model.addVar(lb=None)
    terms = (matrix[i, j] * x[i] * x[j] for i in range(len(x)) for j in range(len(x)))
    model.addCons(quicksum(terms) <= t)
    model.addCons(quicksum(x) == k)
    model.setObjective(t)
    model.optimize()
    assert model.getStatus() == "optimal"
    choice = iqp.select(gradients, k, 20)
    assert choice.objective == pytest.approx(model.getObjVal(), abs=1e-4)
    assert choice.indices.tolist() == [i for i, v in enumerate(x) if model.getVal(v) > 0.5]


def test_the_same_problem_has_the_same_choice():
    points, labels = two_classes(2, 30)
    gradients = gaussians.sample_gradients(np.zeros((3, 2)), points, labels)
    first, second = (iqp.select(gradients, 6, 20) for _ in range(2))
    assert first.indices.tolist() == second.indices.tolist()
    assert (first.objective, first.bound, first.status) == (
        second.objective,
        second.bound,
        second.status,
    )


def test_a_gap_is_reported():
    choice = iqp.Selection(np.arange(10), objective=8.0, bound=6.0, status="timelimit")
    assert (choice.gap, choice.relative_gap, choice.solved) == (2, 0.25, False)
    assert iqp.Selection(np.arange(10), 8.0, 8.0 - 5e-5, "gaplimit").solved
    assert iqp.Selection(np.arange(10), 0.0, 0.0, "optimal").relative_gap == 0


def test_a_selection_that_is_stopped_has_a_gap():
    gradients = np.random.default_rng(0).normal(0.2, 1, (150, 15))
    choice = iqp.select(gradients, 30, 0.3)
    assert choice.status == "timelimit"
    assert not choice.solved
    assert 0 <= choice.bound < choice.objective


@pytest.mark.parametrize("k", [0, 5])
def test_too_few_or_too_many_are_refused(k):
    with pytest.raises(ValueError, match=f"cannot select {k} of 4 samples: choose 1 to 4"):
        iqp.select(np.ones((4, 2)), k, 1)


def test_a_gradient_without_direction_is_refused():
    with pytest.raises(ValueError, match="sample 2 is zero"):
        iqp.select(np.array([[1.0, 0], [0, 1], [0, 0]]), 1, 1)


def test_no_time_at_all():
    with pytest.raises(ValueError, match="raise solver_seconds"):
        iqp.select(np.random.default_rng(0).normal(size=(300, 20)), 30, 1e-6)


# The model ----------------------------------------------------------------------------------------


def test_between_two_classes_cosines_do_not_depend_on_the_model():
    """p - y is (s, -s) there: only its sign survives the division by its length."""
    points, labels = two_classes(3, 8)
    weights = np.random.default_rng(0).normal(size=(2, 3, 2))
    one, other = (cosines(gaussians.sample_gradients(w, points, labels)) for w in weights)
    np.testing.assert_allclose(one, other, atol=1e-12)
    sign = np.where(labels == 0, 1, -1)
    np.testing.assert_allclose(one, cosines(sign[:, None] * gaussians.features(points)))


def test_neighbouring_means_are_four_apart():
    first, second = np.array(gaussians.FIRST_MEANS)
    assert np.linalg.norm(first - second) == 4
    for third in gaussians.THIRD_MEANS.values():
        nearest = min(np.linalg.norm(third - mean) for mean in (first, second))
        assert nearest == pytest.approx(4)


def test_points_are_spread_around_the_means_of_their_classes():
    noise, labels = gaussians.draw_noise(np.random.default_rng(0), 4000)
    for third, mean in gaussians.THIRD_MEANS.items():
        points = gaussians.place(noise, labels, third)
        for label, centre in enumerate([*gaussians.FIRST_MEANS, mean]):
            of_class = points[labels == label]
            np.testing.assert_allclose(of_class.mean(axis=0), centre, atol=0.1)
            np.testing.assert_allclose(np.cov(of_class.T), np.eye(2), atol=0.1)


def descend(weights, points, labels, loss):
    """Gradient descent by autograd."""
    w = torch.tensor(weights, requires_grad=True)
    x, y = torch.tensor(gaussians.features(points)), torch.tensor(labels)
    for _ in range(gaussians.STEPS):
        (step,) = torch.autograd.grad(loss(F.cross_entropy(x @ w, y, reduction="none"), y), w)
        w = (w - gaussians.LEARNING_RATE * step).detach().requires_grad_()
    return w.detach().numpy()


def test_both_tasks_are_learnt_by_gradient_descent(monkeypatch):
    monkeypatch.setattr(gaussians, "STEPS", 15)
    noise, labels = gaussians.draw_noise(np.random.default_rng(4), 6)
    points, old = gaussians.place(noise, labels, "beside"), labels < 2
    first = gaussians.learn_first(points[old], labels[old])
    expected = descend(np.zeros((3, 2)), points[old], labels[old], lambda losses, y: losses.mean())
    np.testing.assert_allclose(first, expected)

    used = np.r_[2, 7, 9, 12:18]  # a memory of three, and the new class

    def halves(losses, y):
        return (losses[y == 2].mean() + losses[y < 2].mean()) / 2

    start = np.column_stack([first, np.zeros(3)])
    expected = descend(start, points[used], labels[used], halves)
    np.testing.assert_allclose(gaussians.learn_third(first, points[used], labels[used]), expected)


def test_distances_and_accuracy_by_hand():
    weights = np.array([[3.0, 0], [0, -4], [0, 5]])  # the boundary is 3 x + 4 y = 5
    points = np.array([[3.0, 4], [0, 0], [3, -1]])
    np.testing.assert_allclose(gaussians.distances(weights, points), [4, 1, 0])
    assert gaussians.accuracy(weights, points[:2], np.array([0, 0])) == 0.5


# The experiment and its figure --------------------------------------------------------------------


def experiment(output, settings=SETTINGS):
    command = [
        sys.executable,
        PROJECT / "scripts" / "experiment.py",
        "--figure",
        "1",
        "--seed",
        "0",
    ]
    command += ["--settings", json.dumps(settings), "--output", output]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiments") / "figure_1" / "seed_0.json"
    done = experiment(path)
    assert (done.returncode, done.stderr) == (0, "")
    return path


@pytest.fixture(scope="module")
def result(path):
    return read_experiment(path, SETTINGS)["result"]


def test_the_record_has_each_repetition(path, result):
    provenance = read_experiment(path)["provenance"]
    assert {"scipy", "pyscipopt", "scip", "started"} <= set(provenance)
    assert list(result["selections"]) == ["0.2", "0.25", "0.5"]
    assert list(result["accuracies"]) == list(gaussians.THIRD_MEANS)
    for rows in (result["selections"], *result["accuracies"].values()):
        assert all(len(v) == 3 for row in rows.values() for v in row.values())
    assert result["selections"]["0.25"]["selected"] == [6] * 3
    for row in result["accuracies"].values():  # the same model, whatever the memory's size
        assert row["0.2"]["everything"] == row["0.5"]["everything"]


def test_the_first_repetition_computed_again(result):
    picture, share = result["picture"], "0.25"
    noise, labels = gaussians.draw_noise(generator(0, "figure", 0), 12)
    points, old = np.array(picture["points"]), labels < 2
    np.testing.assert_array_equal(points, gaussians.place(noise, labels, gaussians.DRAWN))
    first = gaussians.learn_first(points[old], labels[old])
    np.testing.assert_array_equal(first, picture["weights"]["task_1"])
    gradients = gaussians.sample_gradients(first, points[old], labels[old])
    memory = picture["memories"]["gss"]
    matrix = cosines(gradients)
    row = {key: values[0] for key, values in result["selections"][share].items()}
    assert row["objective"] == pytest.approx(matrix[np.ix_(memory, memory)].sum())
    distance = gaussians.distances(first, points[old])
    assert row["distance_ratio"] == pytest.approx(distance[memory].mean() / distance.mean())
    assert row["overlap"] == 1  # with twelve samples a class, one choice is the best
    for name, chosen in picture["memories"].items():
        assert len(set(chosen)) == 6
        used = np.append(chosen, np.flatnonzero(labels == 2))
        weights = gaussians.learn_third(first, points[used], labels[used])
        np.testing.assert_array_equal(weights, picture["weights"][name])


def test_the_same_seed_gives_the_same_result_and_another_seed_another(result):
    assert measure(0, SETTINGS) == result
    assert measure(1, SETTINGS | {"repetitions": 1})["picture"] != result["picture"]


def test_the_summary_counts_each_repetition(result):
    found = figure_1.summary(result, "0.25")
    accuracy = result["accuracies"][gaussians.DRAWN]["0.25"]
    pairs = list(zip(accuracy["random"], accuracy["gss"], strict=True))
    assert found["random_better"] == sum(r > g for r, g in pairs)
    assert found["gss_better"] == sum(r < g for r, g in pairs)
    assert found["ties"] == sum(r == g for r, g in pairs)
    assert found["difference"]["mean"] == pytest.approx(np.mean([r - g for r, g in pairs]))
    assert found["repetitions"] == 3
    assert found["largest_gap"] == max(result["selections"]["0.25"]["gap"])
    assert found["places"][gaussians.DRAWN] == found["sizes"]


def test_ties_are_nobodys(result):
    accuracy = {**result["accuracies"]["beside"]["0.5"], "gss": [0.5, 0.9, 0.8]}
    found = figure_1._compared(result["selections"]["0.5"], accuracy | {"random": [0.5, 0.8, 0.9]})
    assert (found["random_better"], found["ties"], found["gss_better"]) == (1, 1, 1)


def test_the_figure_shows_the_record(path, result):
    figure, numbers = figure_1.draw([path], SETTINGS)
    letters = [f"({letter})" for letter in "abcdef"]
    assert [axis.get_title("left")[:3] for axis in figure.axes] == letters
    points = [tuple(point) for point in result["picture"]["points"]]
    for axis, name, count in zip(
        figure.axes[:3], ("gss", "gss", "random"), (24, 36, 36), strict=True
    ):
        dots = [c for c in axis.collections if type(c) is PathCollection]
        black = [c for c in dots if len(c.get_offsets()) and not c.get_facecolor()[0, :3].any()]
        memory = {points[i] for i in result["picture"]["memories"][name]}
        assert {tuple(offset) for c in black for offset in c.get_offsets()} == memory
        assert sum(len(c.get_offsets()) for c in dots) == count
    accuracy = numbers["summary"]["accuracy_gss"]["values"][0]
    assert figure.axes[1].get_title("left").endswith(f"{accuracy:.3f}")
    assert "first of 3 data sets" in numbers["caption"] and "25 %" in numbers["caption"]
    assert f"in {numbers['summary']['random_better']} of 3" in " ".join(numbers["details"])
    json.dumps(numbers, allow_nan=False)


def test_all_places_of_the_third_class_are_counted(path, result):
    figure, numbers = figure_1.draw([path], SETTINGS)
    assert list(numbers["histograms"]) == list(gaussians.THIRD_MEANS)
    edges = np.array(numbers["bin_edges"])
    assert 0 in edges
    for axis, (third, counts) in zip(figure.axes[3:], numbers["histograms"].items(), strict=True):
        accuracy = result["accuracies"][third]["0.25"]
        found = [r - g for r, g in zip(accuracy["random"], accuracy["gss"], strict=True)]
        assert sum(counts) == len(found) == 3
        assert sum(n for n, low in zip(counts, edges, strict=False) if low < -0.005) == sum(
            d < 0 for d in found
        )
        assert [bar.get_height() for bar in axis.patches] == counts
        better = sum(d > 0 for d in found)
        assert f"{third}" in axis.get_title("left")
        assert f"random better in {better} of 3" in axis.get_title("left")
        means = np.concatenate([c.get_offsets() for c in axis.child_axes[0].collections])
        expected = [*gaussians.FIRST_MEANS, gaussians.THIRD_MEANS[third]]
        np.testing.assert_allclose(means, expected)


def test_one_repetition_has_no_interval():
    settings = SETTINGS | {"repetitions": 1}
    numbers = figure_1.summary(measure(0, settings), "0.25")
    assert numbers["difference"]["interval"] is numbers["difference"]["std"] is None
    assert "95 %" not in " ".join(figure_1._details(numbers, settings))


def test_without_a_record_the_figure_says_so():
    figure, numbers = figure_1.draw([], SETTINGS)
    assert [text.get_text() for text in figure.axes[0].texts] == [numbers["caption"]]
    assert "no record" in numbers["caption"]


def test_records_that_make_no_figure(path, tmp_path):
    with pytest.raises(ValueError, match="one record, but 2"):
        figure_1.draw([path, path], SETTINGS)
    with pytest.raises(RecordError, match="repetitions is 3, expected 4"):
        figure_1.draw([path], SETTINGS | {"repetitions": 4})


def test_the_script_ends_with_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    done = experiment(tmp_path / "file" / "x.json", SETTINGS)
    assert done.returncode == 1
    assert re.fullmatch(r"error: .*file.*\n", done.stderr)


def test_the_published_record_is_of_the_default_settings():
    path = PROJECT / "results/published/experiments/figure_1/seed_0.json"
    record = read_experiment(path, default_config()["figures"]["figure_1"])
    assert len(record["result"]["selections"]["0.1"]["gap"]) == record["settings"]["repetitions"]
