"""How jobs are judged by what squeue, scontrol and sacct say, played by scripts; GPUs likewise."""

import asyncio
import fcntl
import os
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import SimpleNamespace

import pytest
from project_copy import Copy, error_sentences

from drl_replication.jobs import gpus, runs, slurm

NEVER = "exit 1"


class Free(AbstractAsyncContextManager):
    async def __aexit__(self, *_):
        return None


class Executor:
    """What the watch needs of the plugin's; its job 7 makes the file `made`."""

    run_uuid = "name"
    status_rate_limiter = Free()
    next_seconds_between_status_checks = 0

    def __init__(self, made):
        settings = SimpleNamespace(init_seconds_before_status_checks=1, keep_successful_logs=False)
        self.workflow = SimpleNamespace(executor_settings=settings)
        self.said, self.result = [], None
        self.logger = SimpleNamespace(warning=self.said.append)
        self.jobs = [
            SimpleNamespace(external_jobid="7", job=SimpleNamespace(output=[made]), aux={})
        ]

    def report_job_success(self, job):
        self.result = "ended"

    def report_job_error(self, job, msg, aux_logs):
        self.result = msg

    def ask(self):
        async def collect():
            return [job async for job in slurm.check_active_jobs(self, self.jobs)]

        self.jobs = asyncio.run(collect())
        return self.result


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Put scripts in place of SLURM's commands."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def write(squeue=NEVER, scontrol=NEVER, sacct=NEVER, sinfo=NEVER):
        commands = {"squeue": squeue, "scontrol": scontrol, "sacct": sacct, "sinfo": sinfo}
        for name, line in (commands | {"scancel": ":"}).items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)

    write()
    return write


@pytest.fixture
def executor(tmp_path, monkeypatch):
    monkeypatch.setattr(slurm, "GRACE", 0)
    monkeypatch.setattr(slurm, "STUCK", 0)
    return Executor(str(tmp_path / "made.json"))


def squeue(state, reason="None"):
    return f"echo '7|{state}|main|{reason}'"


@pytest.mark.parametrize("state", slurm.FAILED)
def test_whatever_ends_a_job_is_said(executor, play, state):
    play(squeue=squeue(state, "NonZeroExitCode"))
    assert f"its state is {state} (NonZeroExitCode)" in executor.ask()
    assert executor.jobs == []


@pytest.mark.parametrize("state", ["RUNNING", "CONFIGURING", "PENDING", "RESIZING", "REQUEUED"])
def test_what_goes_on_is_waited_for(executor, play, state):
    play(squeue=squeue(state, "Resources"), sinfo="echo idle; echo drained")
    for _ in range(9):
        assert executor.ask() is None
        assert len(executor.jobs) == 1
    assert executor.said == []


def test_scontrol_answers_in_squeues_place(executor, play):
    play(
        scontrol="echo 'JobId=6 JobName=x JobState=FAILED'; echo 'JobId=7 JobName=name "
        "UserId=root(0) JobState=COMPLETED Reason=None Partition=main'"
    )
    assert executor.ask() == "ended"


@pytest.mark.parametrize("forgotten", [True, False])
def test_accounts_tell_how_a_job_ended(executor, play, forgotten):
    play(squeue=":" if forgotten else NEVER, sacct="echo '7|COMPLETED'")
    assert executor.ask() == "ended"


def test_accounts_tell_how_a_job_failed(executor, play):
    play(squeue=":", sacct="echo '7|CANCELLED by 0'")
    assert "it was cancelled" in executor.ask()


@pytest.mark.parametrize("sacct", [NEVER, "echo '7|RUNNING'", ":"])
@pytest.mark.parametrize("squeue", [NEVER, ":"])
def test_in_the_end_the_outputs_tell(executor, play, squeue, sacct):
    play(squeue=squeue, sacct=sacct)
    assert executor.ask() is executor.ask() is None  # SLURM may just be catching its breath
    Path(executor.jobs[0].job.output[0]).touch()
    assert executor.ask() == "ended"


def test_forgotten_without_outputs(executor, play):
    play(squeue=":")
    assert executor.ask() is executor.ask() is None
    assert "SLURM does not know it any more" in executor.ask()


def test_a_slurm_that_does_not_answer(executor, play, monkeypatch):
    play(squeue="echo 'Unable to contact slurm controller' >&2; exit 1")
    for _ in range(5):
        assert executor.ask() is None
    assert "Unable to contact slurm controller" in executor.said[0]
    play(squeue=squeue("RUNNING"))
    assert executor.ask() is None  # it is back
    play()
    monkeypatch.setattr(slurm, "SILENT", 0)
    assert executor.ask() is executor.ask() is None
    assert "SLURM has not answered" in executor.ask()


def test_a_command_that_hangs(executor, play, monkeypatch):
    monkeypatch.setattr(slurm, "COMMAND_SECONDS", 0.2)
    play(squeue="exec sleep 60")
    assert executor.ask() is None
    assert "squeue gave no answer" in executor.said[0]


def test_preempted_and_queued_again(executor, play):
    for _ in range(3):
        play(squeue=squeue("PREEMPTED"))
        assert executor.ask() is executor.ask() is None
        play(squeue=squeue("PENDING", "BeginTime"))
        assert executor.ask() is None


def test_preempted_for_good(executor, play):
    play(squeue=squeue("PREEMPTED"))
    assert executor.ask() is executor.ask() is None
    assert "it was preempted" in executor.ask()


@pytest.mark.parametrize(
    ("state", "reason", "nodes"),
    [
        ("PENDING", "PartitionTimeLimit", "idle"),
        ("PENDING", "JobHeldAdmin", "idle"),
        ("PENDING", "launch failed requeued held", "idle"),
        ("PENDING", "QOSMaxWallDurationPerJobLimit", "idle"),
        ("REQUEUE_HOLD", "None", "idle"),
        ("PENDING", "Nodes required for job are DOWN, DRAINED or reserved", "drained down*"),
        ("PENDING", "Priority", "draining"),
    ],
)
def test_what_can_never_start(executor, play, state, reason, nodes):
    play(squeue=squeue(state, reason), sinfo=f"printf '%s\\n' {nodes}")
    assert executor.ask() is executor.ask() is None
    assert len(executor.said) == 1  # not each time
    assert "it could not start" in executor.ask()


def test_a_node_that_never_ends_a_job(executor, play):
    play(squeue=squeue("COMPLETING"))
    assert executor.ask() is executor.ask() is None
    Path(executor.jobs[0].job.output[0]).touch()
    assert executor.ask() == "ended"


def test_a_suspended_job_is_told_of(executor, play):
    play(squeue=squeue("SUSPENDED"))
    for _ in range(5):
        assert executor.ask() is None
    assert len(executor.said) == 1


def test_a_partition_is_asked_about_once_a_round(executor, play, tmp_path):
    asked = tmp_path / "asked"
    play(squeue=squeue("PENDING", "Resources"), sinfo=f"echo x >> {asked}; echo idle")
    executor.jobs *= 3
    for _ in range(2):
        assert executor.ask() is None
    assert asked.read_text() == "x\nx\n"


# GPUs ---------------------------------------------------------------------------------------------


def test_count_of_gpus(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpus.count(tmp_path / "none") == 0
    for name in ("0000:01:00.0", "0000:02:00.0", "0000:03:00.0"):
        (tmp_path / name).mkdir()
    assert gpus.count(tmp_path) == 3
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    assert gpus.count(tmp_path) == 2
    for shown, n in (("", 0), ("-1", 0), ("1,7,0", 1), ("GPU-5ae1, GPU-77", 2), ("none", 0)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
        assert gpus.count(tmp_path) == n


def test_every_process_has_a_gpu_of_its_own(tmp_path):
    code = (
        "from drl_replication.jobs import gpus; n = gpus.claim(['a', 'b', 'c']);"
        "assert n == gpus.claim(['a', 'b', 'c']); print(n, flush=True); input()"
    )
    several = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(tmp_path)},
        )
        for _ in range(3)
    ]
    assert sorted(int(process.stdout.readline()) for process in several) == [0, 1, 2]
    for process in several:
        process.communicate("\n")


def test_a_process_keeps_the_gpu_that_it_has(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    claims = {}
    monkeypatch.setattr(gpus, "_claims", claims)
    with (tmp_path / f"drl-{os.getuid()}-gpu-a").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert gpus.claim(["a", "b"]) == 1
    assert gpus.claim(["a", "b"]) == 1  # though the first is free now
    claims[1].close()


TRAIN = """\
import sys, time
from pathlib import Path
lock = Path("training")
lock.touch(exist_ok=False)
time.sleep(0.5)
lock.unlink()
Path("trained").open("a").write("x")
sys.exit("error: there is no GPU")
"""


@pytest.mark.workflow
def test_one_gpu_has_one_training_at_a_time(fresh, tmp_path):
    copy: Copy = fresh.twin(tmp_path / "project")
    copy.append("tiny.yaml", "device: {train: cuda}\njob_minutes: 0\n")
    copy.write("scripts/train.py", TRAIN)
    done = copy.snakemake("tables", "--keep-going", cores=8)
    assert done.returncode == 1
    assert "FileExistsError" not in done.stdout + done.stderr
    assert len((copy.root / "trained").read_text()) > 2


# Where there is no room ---------------------------------------------------------------------------


@pytest.mark.workflow
def test_a_full_folder_for_temporary_files_is_named(fresh, tmp_path, mount, monkeypatch):
    copy: Copy = fresh.twin(tmp_path / "project")
    full = tmp_path / "full"
    mount(full, "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    monkeypatch.setenv("TMPDIR", str(full))
    said = error_sentences(copy.snakemake("tables"))
    assert f"{full}, the folder for temporary files, cannot be written (No space left" in said


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
)
def test_too_little_memory_is_said_with_the_run(error):
    with (
        pytest.raises(ValueError, match=r"seed_0.json: there is too little memory"),
        runs.memory_told(Path("results/runs/a/b/seed_0.json")),
    ):
        raise error
