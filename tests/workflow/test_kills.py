"""Killed and competing workflows: a rerun ends as if nothing had been."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from helpers import without_times
from project_copy import error_sentences
from undisturbed import ROUNDS, TABLES, complete, records, tables

from drl_replication.jobs import locks
from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.records.runs import read_anywhere

pytestmark = pytest.mark.workflow


# Two workflows at once, and what dead ones leave --------------------------------------------------


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


# Kills --------------------------------------------------------------------------------------------


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
    stored = [without_times(read_anywhere(p)) for p in (copy.root / "results/store").glob("*.json")]
    assert sorted(stored) == sorted(expected.values())
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
    left, other = (tmp_path / f".{name}.{'0' * 32}.tmp" for name in ("run.pt", "run2.pt"))
    for path in (left, other):
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    checkpoint.remove()
    assert list(tmp_path.iterdir()) == [other]
