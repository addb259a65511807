"""How jobs on SLURM are watched: whatever happens to SLURM, the workflow comes to its end.

Left to itself, Snakemake's SLURM plugin 2.8 loses sight of all jobs when one query fails, and waits
for ever for a job that SLURM has forgotten, or preempted for good. :func:`watch` puts the question
in its place that asks squeue, then scontrol, then sacct if it has an answer, and in the end whether
the job's outputs are there. Imports neither torch nor the plugin.
"""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND_SECONDS = 60
# In units of --slurm-init-seconds-before-status-checks, 20 in the project's profile.
GRACE = 3  # a minute: SLURM may just be catching its breath
STUCK = 30  # ten minutes: a job that cannot start
SILENT = 90  # half an hour: a SLURM that does not answer
SLEEP = 9  # three minutes: at most between two questions, while all is well
TELL = 15  # five minutes: between two sentences on the same
OBSERVATIONS = 3  # a host that slept has seen nothing meanwhile

FAILED = {
    "BOOT_FAIL": "its node did not start",
    "CANCELLED": "it was cancelled",
    "DEADLINE": "it reached its deadline",
    "ERROR": "SLURM reports an error",
    "FAILED": "it failed",
    "LAUNCH_FAILED": "it could not be started",
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "it ran out of memory",
    "RECONFIG_FAIL": "its node could not be configured",
    "REVOKED": "it was revoked",
    "TIMEOUT": "it reached its time limit",
}
ENDED = {"COMPLETED", "PREEMPTED", *FAILED}
# Reasons for which a waiting job never starts by itself.
HOPELESS = re.compile(
    "BadConstraints|DependencyNeverSatisfied|PartitionNodeLimit|PartitionTimeLimit|Invalid|"
    "NotAllowed|JobHeld|launch.failed.requeued.held|MaxWallDuration|MaxCpuPerJob|MaxMemPerJob|"
    "MaxGRESPerJob|JobHoldMaxRequeue|Partition(Down|Inactive)|Grp.*Minutes"
)
HELD = {"REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}  # until somebody lets them go
USELESS = re.compile("down|drain|fail|unknown|inval")  # states of a node that takes no jobs


@dataclass
class State:
    """What SLURM says of a job."""

    state: str
    reason: str = ""
    partition: str = ""


@dataclass
class Clock:
    """Since when, and in how many rounds of questions, something has been seen without a break."""

    since: float
    round: int = 0
    rounds: int = 0
    told: float | None = None

    @property
    def minutes(self) -> str:
        """For how long, to read."""
        return f"{(time.monotonic() - self.since) / 60:.1f} minutes"


@dataclass
class Watch:
    """What has been noticed while the jobs of a workflow were watched."""

    unit: float  # seconds, of GRACE, STUCK and SILENT
    round: int = 0
    clocks: dict[tuple[str, str], Clock] = field(default_factory=dict)
    up: dict[str, tuple[int, bool]] = field(default_factory=dict)  # partitions, in which round

    async def usable(self, partition: str) -> bool:
        """As the function, but asked once a round, however many jobs wait."""
        if partition not in self.up or self.up[partition][0] != self.round:
            self.up[partition] = self.round, await usable(partition)
        return self.up[partition][1]

    def notice(self, kind: str, what: str = "") -> Clock:
        """Note that something is there."""
        clock = self.clocks.setdefault((kind, what), Clock(time.monotonic()))
        if clock.round != self.round:
            clock.round, clock.rounds = self.round, clock.rounds + 1
        return clock

    def forget(self, what: str, *kinds: str) -> None:
        """Note that it is there no more; no kinds are all."""
        for kind, name in list(self.clocks):
            if name == what and (kind in kinds or not kinds):
                del self.clocks[kind, name]

    def lasts(self, clock: Clock, units: float) -> bool:
        """Whether it was seen for so long, not just twice with a sleep in between."""
        seconds = time.monotonic() - clock.since
        return clock.rounds >= OBSERVATIONS and seconds >= units * self.unit

    def tells(self, clock: Clock) -> bool:
        """Whether to say it now: at once, then now and then."""
        now = time.monotonic()
        due = clock.told is None or now - clock.told >= TELL * self.unit
        clock.told = now if due else clock.told
        return due


async def ask(*command: str) -> tuple[str | None, str]:
    """What a command prints, and None with the reason if it fails or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        return None, f"{command[0]}: {error.strerror}"
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, f"{command[0]} gave no answer within {COMMAND_SECONDS} s"
    said = err.decode(errors="replace").strip()
    lines = said.splitlines()
    return (None if process.returncode else out.decode(errors="replace")), (
        lines[-1] if lines else f"{command[0]} ended with {process.returncode}"
    )


async def states_of(name: str) -> tuple[dict[str, State] | None, str]:
    """All jobs of that name which SLURM remembers, or None with a reason if it does not answer."""
    out, why = await ask(
        "squeue", "--noheader", "--states=all", f"--name={name}", "--format=%i|%T|%P|%r"
    )
    if out is not None:
        return _listed(out), ""
    shown, _ = await ask("scontrol", "show", "job", "--oneliner")
    return (None, why) if shown is None else (_shown(shown, name), "")


def _listed(out: str) -> dict[str, State]:
    rows = [line.strip().split("|", 3) for line in out.splitlines()]
    return {row[0]: State(row[1], row[3], row[2]) for row in rows if len(row) == 4}


def _shown(out: str, name: str) -> dict[str, State]:
    jobs = [dict(w.partition("=")[::2] for w in line.split()) for line in out.splitlines()]
    return {
        job["JobId"]: State(job["JobState"], job.get("Reason", ""), job.get("Partition", ""))
        for job in jobs
        if job.get("JobName") == name and {"JobId", "JobState"} <= job.keys()
    }


async def accounted(jobs: Iterable[str]) -> dict[str, State]:
    """How jobs ended, as far as the cluster keeps accounts."""
    jobs = list(jobs)
    if not jobs or not shutil.which("sacct"):
        return {}
    out, _ = await ask(
        "sacct",
        "-X",
        "--noheader",
        "--parsable2",
        "--format=JobIDRaw,State",
        f"--jobs={','.join(jobs)}",
    )
    rows = [line.strip().split("|") for line in (out or "").splitlines()]
    states = {row[0]: State(row[1].split()[0]) for row in rows if len(row) == 2 and row[1].strip()}
    # What it calls running is a job whose end it never heard of.
    return {job: state for job, state in states.items() if state.state in ENDED}


async def usable(partition: str) -> bool:
    """Whether a partition has a node that takes jobs; yes if SLURM does not say."""
    command = ("sinfo", "--noheader", f"--partition={partition}", "--format=%T")
    out, _ = await ask(*command)
    return not (out and out.strip()) or any(not USELESS.search(s) for s in out.split())


async def check_active_jobs(executor: Any, active_jobs: list[Any]) -> AsyncGenerator[Any, None]:
    """Report the jobs that have ended, and yield the others, as Snakemake wants it.

    Args:
        executor: of the SLURM plugin.
        active_jobs: what it has submitted and not reported yet.
    """
    unit = executor.workflow.executor_settings.init_seconds_before_status_checks
    watch = executor.__dict__.setdefault("_drl_watch", Watch(unit))
    if not active_jobs:
        executor.next_seconds_between_status_checks = unit
        return
    watch.round += 1
    async with executor.status_rate_limiter:
        states, why = await states_of(executor.run_uuid)
    known = await accounted({j.external_jobid for j in active_jobs} - set(states or ()))
    known |= states or {}
    if states is not None:
        watch.forget("SLURM")
    elif watch.tells(clock := watch.notice("silent", "SLURM")):
        executor.logger.warning(
            f"SLURM does not answer, now for {clock.minutes}: {why}. Its jobs may go on meanwhile."
        )
    ended = False
    for job in active_jobs:
        name, log = job.external_jobid, job.aux.get("slurm_logfile")
        verdict, sentence = await _judge(watch, job, known.get(name), states is None)
        if verdict != "goes on":
            ended = True
            watch.forget(name)
        if verdict == "ended":
            executor.report_job_success(job)
            _remove_log(executor, log)
        elif verdict == "failed":
            logs = [str(log)] if log else []
            executor.report_job_error(job, msg=f"SLURM job {name}: {sentence}. ", aux_logs=logs)
        else:
            if sentence:
                executor.logger.warning(f"SLURM job {name}: {sentence}.")
            yield job
    previous = executor.next_seconds_between_status_checks or unit
    quiet = not ended and not watch.clocks
    executor.next_seconds_between_status_checks = (
        min(previous + unit, SLEEP * unit) if quiet else unit
    )


async def _judge(watch: Watch, job: Any, state: State | None, silent: bool) -> tuple[str, str]:
    """Whether a job "ended", "failed" or "goes on", and what to say of it."""
    name = job.external_jobid
    if state is None:
        return _unknown(watch, job, silent)
    watch.forget(name, "unknown", *({"preempted", "completing", "suspended"} - {_kind(state)}))
    if state.state == "COMPLETED":
        return "ended", ""
    if state.state in FAILED:
        reason = "" if state.reason in ("", "None") else f" ({state.reason})"
        return "failed", f"{FAILED[state.state]}, its state is {state.state}{reason}"
    if state.state == "PENDING" or state.state in HELD:
        return await _waiting(watch, name, state)
    watch.forget(state.partition, "stuck")
    if _kind(state) == "preempted" and watch.lasts(watch.notice("preempted", name), GRACE):
        return "failed", "it was preempted, and SLURM did not queue it again"
    if _kind(state) == "completing":  # a node that does not answer may leave it so for ever
        clock = watch.notice("completing", name)
        if watch.lasts(clock, GRACE) and is_done(job):
            return "ended", ""
        if watch.lasts(clock, STUCK):
            return "failed", f"it has been ending for {clock.minutes}"
    if _kind(state) == "suspended" and watch.tells(watch.notice("suspended", name)):
        return "goes on", f"its state is {state.state}, by SLURM or its administrators"
    return "goes on", ""


def _kind(state: State) -> str:
    """What a clock may be kept of."""
    return "suspended" if state.state in ("SUSPENDED", "STOPPED") else state.state.lower()


def _unknown(watch: Watch, job: Any, silent: bool) -> tuple[str, str]:
    """Of a job that SLURM says nothing of: its outputs tell whether it was done."""
    clock = watch.notice("unknown", job.external_jobid)
    if not watch.lasts(clock, GRACE):
        return "goes on", ""
    if is_done(job):
        return "ended", ""
    if not silent:
        return "failed", "SLURM does not know it any more, and not all of its outputs are there"
    if watch.lasts(clock, SILENT):
        return "failed", (
            f"SLURM has not answered for {clock.minutes}, and not all outputs of the job are "
            "there; when SLURM is back, the same command goes on"
        )
    return "goes on", ""


async def _waiting(watch: Watch, name: str, state: State) -> tuple[str, str]:
    """Of a job that waits: whether it can ever start."""
    if state.state not in HELD and not HOPELESS.search(state.reason):
        watch.forget(name, "held")
        if await watch.usable(state.partition):
            watch.forget(state.partition, "stuck")
            return "goes on", ""
        # For all of the partition: at the next attempt the time is up at once.
        clock, why = watch.notice("stuck", state.partition), f"no node of {state.partition} is up"
    else:
        clock, why = watch.notice("held", name), f"SLURM's reason is {state.reason!r}"
    if watch.lasts(clock, STUCK):
        await ask("scancel", name)
        return "failed", (
            f"it could not start for {clock.minutes} in partition {state.partition}: {why}; mend "
            "that, or name another partition, and give the same command again"
        )
    return "goes on", f"it cannot start: {why}" if watch.tells(clock) else ""


def is_done(job: Any) -> bool:
    """Whether all outputs of a job are there, and what is written after them."""
    last = getattr(job.job, "benchmark", None)
    return all(_is_there(Path(str(path))) for path in [*job.job.output, *([last] if last else [])])


def _is_there(path: Path) -> bool:
    """Also if another node made it: a folder's content is asked anew, a name may be remembered."""
    try:
        return path in path.parent.iterdir()
    except OSError:
        return False


def _remove_log(executor: Any, log: Path | None) -> None:
    """As the plugin does: of a job that succeeded nothing is left to read."""
    if log and not executor.workflow.executor_settings.keep_successful_logs:
        try:
            log.unlink(missing_ok=True)
        except OSError as error:
            executor.logger.warning(f"{log} cannot be removed: {error.strerror}")


def watch(plugin: Any) -> None:
    """Let the plugin's executor watch its jobs in this way."""
    plugin.Executor.check_active_jobs = check_active_jobs
