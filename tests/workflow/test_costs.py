"""The cost model: what is measured, and how it is added up."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import default_config, made_now, make_record, place, selection, tiny_settings

from drl_replication.jobs import costs, resources
from drl_replication.study.settings import run_settings

SCRIPTS = Path(__file__).parents[2] / "scripts"
COST = {
    "startup_seconds": 3.0,
    "first_task_seconds": 0.001,
    "later_task_seconds": 0.01,
    "evaluation_seconds": 0.0001,
    "peak_memory_mb": 500.0,
}


def test_a_split_benchmark_by_hand():
    settings = run_settings(default_config(), "split_mnist", "er")
    prediction = resources.predict(COST, settings)
    # 1000 samples a task, 4 later tasks; 2000 test images a task, seen 1 + 2 + 3 + 4 + 5 times;
    # 200 images of each task for the rho-spectrum
    seconds = 1000 * (0.001 + 4 * 0.01) + (2000 * 15 + 200 * 5) * 0.0001
    held = 85_000 * 784  # read: 60000 + 10000 images; in the stream: 5 x (1000 + 2000)
    assert prediction["seconds"] == pytest.approx(seconds + held * resources.BYTE_SECONDS)
    assert prediction["memory_mb"] == pytest.approx(500 + held / 1e6)


def test_evaluations_on_the_way_are_counted():
    settings = run_settings(default_config(), "split_mnist", "er")
    often = resources.predict(COST, settings | {"evaluate_every": 100})["seconds"]
    # 9 in the course of each task, on the test sets of the tasks so far; the tenth is its own
    more = 9 * 2000 * (1 + 2 + 3 + 4 + 5) * 0.0001
    assert often == pytest.approx(resources.predict(COST, settings)["seconds"] + more)


def test_a_permuted_benchmark_evaluates_the_whole_test_set_for_each_task():
    settings = run_settings(default_config(), "permuted_mnist", "er")
    seconds = 1000 * (0.001 + 9 * 0.01) + (10_000 * 55 + 200 * 10) * 0.0001
    held = (70_000 + 10 * (1000 + 10_000)) * 784
    prediction = resources.predict(COST, settings)
    assert prediction["seconds"] == pytest.approx(seconds + held * resources.BYTE_SECONDS)


@pytest.mark.parametrize("method", ["er", "agem", "gss"])
def test_measured_costs_are_those_of_untouched_learners(method):
    measured = costs.measure(method, tiny_settings(method), seconds=0.05)
    assert measured.keys() == COST.keys()
    assert all(np.isfinite(value) and value > 0 for value in measured.values())


@pytest.mark.parametrize("size", [1, 30, 200, 250])
@pytest.mark.parametrize("method", ["er", "gss", "ogd"])
def test_any_size_of_loaded_batches_can_be_measured(method, size):
    settings = tiny_settings(method, loading_batch_size=size, gss_batch_size=size)
    learner = costs.still_learner(method, settings)
    assert [costs.load_next(learner) for _ in range(3)] == [size] * 3
    costs.fill_memory(learner)
    assert costs.load_next(learner) == size


def test_gem_is_measured_with_as_full_a_memory_as_that_of_a_run():
    settings = tiny_settings("gem", memory_size=1500, training_images=1000)
    learner = costs.still_learner("gem", settings)
    costs.fill_memory(learner)
    assert learner.memory.sizes.sum() == 1500
    few = costs.still_learner("gem", tiny_settings("gem", memory_size=1500, training_images=250))
    costs.fill_memory(few)
    assert few.memory.sizes.sum() == 5 * 250


def test_a_later_task_of_agem_costs_more_than_the_first():
    settings = tiny_settings("agem", agem_reference_batch_size=2000)
    measured = costs.measure("agem", settings, seconds=0.2)
    assert measured["later_task_seconds"] > 1.5 * measured["first_task_seconds"]


def test_a_still_learner_keeps_its_weights():
    learner = costs.still_learner("drl", tiny_settings("drl"))
    costs.fill_memory(learner)
    before = [p.clone() for p in learner.network.parameters()]
    costs.load_next(learner)
    assert learner.steps == 1
    assert all(a.equal(b) for a, b in zip(before, learner.network.parameters(), strict=True))


def test_the_plan_counts_only_runs_that_are_not_there(tmp_path):
    settings = run_settings(default_config(), "split_mnist", "er")
    other = settings | {"learning_rate": 0.1}
    place(tmp_path / "runs", made_now(make_record("split_mnist", "er", 0, settings=settings)))
    place(tmp_path / "runs", made_now(make_record("split_mnist", "er", 1, settings=other)))
    (tmp_path / "plan/split_mnist").mkdir(parents=True)
    (tmp_path / "plan/split_mnist/er.json").write_text(json.dumps(COST))
    runs = [tmp_path / f"runs/split_mnist/er/seed_{seed}.json" for seed in range(3)]
    chosen = selection(tmp_path, runs, {"split_mnist": {"er": settings}})
    command = [sys.executable, SCRIPTS / "plan.py", *chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| split_mnist | er | 2 of 3 | 46 | 0.03 | 567 |" in done.stdout
    assert "In all 2 runs" in done.stdout
    assert "at most 55 MB of datasets" in done.stdout
