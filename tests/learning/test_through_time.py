"""Evaluation on the way: what it measures, and that it changes nothing else."""

import itertools
import json

import numpy as np
import pytest
from helpers import default_config, make_record, make_settings, place, tiny_images, tiny_settings

from drl_replication.figures import accuracy_curves
from drl_replication.learning import training
from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.learning.through_time import train_watched
from drl_replication.learning.training import train
from drl_replication.measures.through_time import average_anytime_accuracy, worst_drop
from drl_replication.records.runs import read_record
from drl_replication.study import config
from drl_replication.study.config import ConfigError
from drl_replication.study.runs import key
from drl_replication.study.settings import claim_experiments, figure_settings, run_settings

METHODS = ("drl", "er", "agem", "gss", "rmargin")


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    monkeypatch.setattr(training, "PAUSE", 2)  # tasks have 8 samples here


def watched(method, every=6, checkpoint=None, **options):
    settings = tiny_settings(method) | {"evaluate_every": every}
    return train_watched(method, 0, settings, tiny_images(), "cpu", checkpoint, **options)


def untimed(result):
    return {k: v for k, v in result.items() if not k.endswith("_seconds") and k != "through_time"}


@pytest.mark.parametrize("method", METHODS)
def test_it_changes_no_other_number(method):
    plain = train(method, 0, tiny_settings(method), tiny_images())
    assert json.dumps(untimed(watched(method))) == json.dumps(untimed(plain))


def test_it_evaluates_every_so_many_samples_and_after_each_task():
    result = watched("er")
    found = result["through_time"]
    ends = [8, 16, 24, 32, 40]
    assert found["samples"] == sorted({*range(6, 40, 6), *ends})
    assert [len(row) for row in found["accuracies"]] == [
        min((n - 1) // 8 + 1, 5) for n in found["samples"]
    ]
    for task, end in enumerate(ends):
        row = found["accuracies"][found["samples"].index(end)]
        assert row == result["accuracy_matrix"][task][: task + 1]


def test_a_study_that_was_stopped_goes_on_with_what_it_had(tmp_path, monkeypatch):
    whole = watched("er")
    checkpoint = Checkpoint(tmp_path / "state.pt", "a")
    save, saved = checkpoint.save, []

    def once(state):
        save(state)
        saved.append(state)
        if len(saved) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", once)
    with pytest.raises(KeyboardInterrupt):
        watched("er", checkpoint=checkpoint, checkpoint_every=4)
    again = watched("er", checkpoint=Checkpoint(tmp_path / "state.pt", "a"))
    assert again["through_time"] == whole["through_time"]
    assert untimed(again) == untimed(whole)


def test_measures_by_hand():
    rows = [[0.5], [0.9], [0.6, 0.4], [0.8, 0.7], [0.3, 0.6, 0.9]]
    assert average_anytime_accuracy(rows) == pytest.approx((0.5 + 0.9 + 0.5 + 0.75 + 0.6) / 5)
    assert worst_drop(rows) == pytest.approx(0.6)  # task 0, from 0.9 to 0.3
    assert worst_drop([[0.1], [0.2, 0.3], [0.2, 0.4]]) == 0
    rng = np.random.default_rng(0)
    rows = [list(rng.random(n)) for n in (1, 1, 2, 3, 3)]
    falls = [
        a[i] - b[i] for a, b in itertools.combinations(rows, 2) for i in range(len(a))
    ]  # of every pair of evaluations
    assert worst_drop(rows) == pytest.approx(max(falls))


def test_it_is_in_the_settings_and_in_the_key_where_it_is_on_alone():
    off, on = default_config(), default_config() | {"evaluate_every": 200}
    settings = {name: run_settings(c, "split_mnist", "drl") for name, c in
                {"off": off, "on": config.check(on)}.items()}  # fmt: skip
    assert settings["on"] == settings["off"] | {"evaluate_every": 200}
    assert "evaluate_every" not in settings["off"]
    assert key("drl", 0, settings["on"]) != key("drl", 0, settings["off"])
    small = ("permuted_mnist", "split_mnist", "split_fashion")
    held = {b: off["settings"][b] | {"validation_fraction": 0.1} for b in small}
    blocks = off["settings"] | held
    held_out = config.check(on | {"settings": blocks})  # experiments do neither
    for what in (claim_experiments, lambda c: figure_settings(c, "figure_3")):
        assert what(held_out) == what(off)
    for wrong in (0, 150, 50, 100.5, "often"):
        with pytest.raises(ConfigError, match="evaluate_every"):
            config.check(default_config() | {"evaluate_every": wrong})


def test_the_record_and_its_curve(tmp_path):
    samples, matrix = [500, 1000, 1500, 2000], [[0.9], [0.7, 0.8]]
    rows = [[0.6], [0.9], [0.8, 0.5], [0.7, 0.8]]
    through = {"samples": samples, "accuracies": rows,
               "average_anytime_accuracy": 0.725, "worst_drop": 0.2}  # fmt: skip
    five = [[0.9 - 0.1 * t] * (t + 1) for t in range(5)]
    settings = {"split_mnist": {m: make_settings(evaluate_every=500) for m in ("ber", "er")}}
    accuracies = [[0.1 * i] * (i // 2 + 1) for i in range(10)]
    way = {"samples": list(range(500, 5001, 500)), "average_anytime_accuracy": 0.5,
           "worst_drop": 0.1, "accuracies": accuracies}  # fmt: skip
    paths = [
        place(tmp_path, make_record(method=m, seed=s, matrix=five, through_time=way,
                                    settings=settings["split_mnist"][m]))
        for m in ("ber", "er") for s in (0, 1)
    ]  # fmt: skip
    assert read_record(paths[0])["through_time"] == way
    figure, numbers = accuracy_curves.draw(paths, settings)
    panel = numbers["panels"]["split_mnist"]["er"]
    assert panel["seen"] == [0.5 * i for i in range(1, 11)]
    np.testing.assert_allclose(panel["mean"], [0.1 * i for i in range(10)])
    np.testing.assert_allclose(panel["difference"]["mean"], 0, atol=1e-12)
    assert numbers["summary"]["through_time"]["split_mnist"]["er"] == {
        "average_anytime_accuracy": 0.5, "worst_drop": 0.1}  # fmt: skip
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xdata(), panel["seen"])
    old = place(tmp_path, make_record(matrix=matrix, through_time=through))
    assert read_record(old)["through_time"] == through
