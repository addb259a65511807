"""Only the paper's settings are judged as the paper's."""

import pytest
from helpers import default_config, tiny_settings
from verdict_runs import around, row, verdict_of

from drl_replication.study.paper_settings import changed, hyperparameters
from drl_replication.study.selection import notes
from drl_replication.study.settings import settings_of_runs


def test_the_configuration_has_the_paper_s_settings():
    found = settings_of_runs(default_config())
    assert not [c for methods in found.values() for s in methods.values() for c in changed(s)]
    assert hyperparameters("split_mnist")["learning_rate"] == 0.2


@pytest.mark.parametrize(
    ("method", "change", "said"),
    [
        ("er", {"learning_rate": 0.001}, ["learning_rate 0.001 instead of 0.2"]),
        ("er", {"drl_lambda": 1}, []),
        ("drl", {"drl_lambda": 1}, ["drl_lambda 1 instead of 0.0005"]),
        ("er", {"training_batch_size": 4}, ["training_batch_size 4 instead of 20"]),
        ("gss", {"learning_rate": 0.001}, []),
        ("gss", {"gss_learning_rate": 0.5}, ["gss_learning_rate 0.5 instead of 0.05"]),
        ("gss", {"gss_settings": "table6"}, ["gss_settings table6 instead of released"]),
        ("agem", {"agem_batch": "task"}, ["agem_batch task instead of memory"]),
        ("drl", {"agem_batch": "task"}, []),
    ],
)
def test_what_a_run_has_otherwise_is_said(method, change, said):
    assert changed(tiny_settings(method, **change)) == said


def test_a_number_of_other_settings_is_not_judged():
    runs = around("split_mnist", "er", 0.84, learning_rate=0.001)
    found = row(verdict_of(runs), "Table 1", "split_mnist", "er")
    assert found["verdict"] == "not comparable"
    assert found["reason"] == "learning_rate 0.001 instead of 0.2"
    found = row(verdict_of(around("split_mnist", "er", 0.84)), "Table 1", "split_mnist", "er")
    assert found["verdict"] == "reproduced"


def test_every_result_says_so():
    config = default_config()
    assert not notes(config)
    config["settings"]["split_mnist"]["learning_rate"] = 0.001
    assert notes(config) == [
        "Not the paper's settings, so not comparable: Split MNIST: learning_rate 0.001 instead of "
        "0.2."
    ]
