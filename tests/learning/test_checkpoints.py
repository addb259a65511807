"""A run that is killed at any moment ends as the uninterrupted one, bit for bit."""

import errno
import io
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
import torch
from helpers import tiny_images, tiny_settings
from tqdm import tqdm

from drl_replication.learning import checkpoints, training
from drl_replication.learning.checkpoints import Checkpoint, fingerprint
from drl_replication.learning.methods import METHODS
from drl_replication.learning.training import train

TIMES = ("training_seconds", "evaluation_seconds")
IMAGES = tiny_images(per_class=60)
CIFAR = tiny_images(per_class=4, shape=(3, 32, 32))


def settings_of(method, benchmark="split_mnist"):
    changes = {"memory_size": 20, "training_images": 120}
    if benchmark == "split_cifar10":
        changes = {"memory_size": 10, "training_images": 8}
    if "gss" in method:
        changes |= {"gss_iterations": 2}
    if method == "mer":
        changes |= {"mer_batches": 2, "mer_batch_size": 3}
    if method == "ogd":
        changes |= {"ogd_samples": 5}
    return tiny_settings(method, benchmark, **changes)


def study(method, checkpoint=None, every=100, benchmark="split_mnist"):
    images = CIFAR if benchmark == "split_cifar10" else IMAGES
    settings = settings_of(method, benchmark)
    result = train(method, 3, settings, images, "cpu", checkpoint, every)
    return {key: value for key, value in result.items() if key not in TIMES}


def in_a_process(action):
    """Run `action` in a process of its own; returns its PID."""
    pid = os.fork()
    if pid == 0:
        tqdm.set_lock(threading.RLock())  # the default one is shared: killed, it is held for ever
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return pid


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def was_killed(pid):
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("method", METHODS)
def test_killed_at_random_moments(method, tmp_path):
    expected = study(method)
    draw = random.Random(method)
    clock = time.perf_counter()
    study(method)
    duration = time.perf_counter() - clock
    kills = 0
    while kills < 5:
        checkpoint = Checkpoint(tmp_path / f"{kills}.pt", "same")
        for _ in range(3):  # the same run is killed again and again
            pid = in_a_process(lambda checkpoint=checkpoint: study(method, checkpoint))
            time.sleep(draw.uniform(0, duration))
            os.kill(pid, signal.SIGKILL)
            kills += was_killed(pid)
        assert study(method, checkpoint) == expected


@pytest.mark.parametrize("call", range(1, 7))
@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_killed_while_writing(function, call, tmp_path):
    expected = study("rmargin")  # has a parameter of its own, and both generators at work
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")

    def action():
        calls = 0
        owner = os if function == "fsync" else Path
        original = getattr(owner, function)

        def deadly(*args):
            nonlocal calls
            calls += 1
            if calls == call:
                die()
            return original(*args)

        setattr(owner, function, deadly)
        study("rmargin", checkpoint)

    assert was_killed(in_a_process(action))
    assert study("rmargin", checkpoint) == expected


@pytest.mark.parametrize("method", ["drl", "gss"])
def test_resumed_with_batchnorm(method, tmp_path):
    expected = study(method, benchmark="split_cifar10")
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    saves = []

    class Dying(Checkpoint):
        def save(self, state):
            super().save(state)
            saves.append(state["position"])
            if len(saves) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study(method, Dying(checkpoint.path, "same"), benchmark="split_cifar10")
    assert saves == [8, 16]
    assert study(method, checkpoint, benchmark="split_cifar10") == expected


def test_a_resumed_run_does_not_start_over(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    expected = study("er", checkpoint)
    state = checkpoint.load()
    assert state["position"] == 5 * 120
    assert study("er", checkpoint) == expected
    assert state["seconds"] == checkpoint.load()["seconds"]  # not a step more


def test_another_run_does_not_take_the_checkpoint(tmp_path):
    Checkpoint(tmp_path / "run.pt", "one").save({"position": 1})
    assert Checkpoint(tmp_path / "run.pt", "other").load() is None
    assert Checkpoint(tmp_path / "run.pt", "one").load() == {"position": 1}


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04" + bytes(50), None])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(content, tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    checkpoint.save({"position": 1})
    checkpoint.save({"position": 2})
    whole = checkpoint.path.read_bytes()
    checkpoint.path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert checkpoint.load() == {"position": 1}


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Attack:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "attacked"),))

    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    content = io.BytesIO()
    torch.save({"fingerprint": "same", "state": Attack()}, content)
    data = content.getvalue()
    checkpoint.path.write_bytes(checkpoints._header(data) + data)
    assert checkpoint.load() is None
    assert not (tmp_path / "attacked").exists()


def test_removed_at_the_end(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    checkpoint.save({"position": 1})
    checkpoint.save({"position": 2})
    checkpoint.remove()
    assert not list(tmp_path.iterdir())


def test_the_fingerprint_changes_with_each_fact():
    assert fingerprint("key", "2.14") == fingerprint("key", "2.14")
    assert fingerprint("key", "2.14") != fingerprint("key", "2.15") != fingerprint("key2.15")


# By time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_checkpoints_by_time_change_nothing(method, tmp_path, monkeypatch):
    """A step may take longer than the time that is left: each is kept, wherever it falls."""
    expected = study(method)
    monkeypatch.setattr(training, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    stops = random.Random(method).sample(range(2, 58), 3)
    saves = []

    class Dying(Checkpoint):
        def save(self, state):
            saves.append(state["position"])
            if len(saves) in stops:
                super().save(state)
                raise KeyboardInterrupt

    path = tmp_path / "run.pt"
    for _ in stops:
        with pytest.raises(KeyboardInterrupt):
            study(method, Dying(path, "same"), every=10**9)
    assert len(saves) == max(stops)
    assert study(method, Dying(path, "same"), every=10**9) == expected


@pytest.mark.parametrize("every", [1, 100, 10**9])
def test_where_a_run_diverges_does_not_depend_on_time(every, tmp_path, monkeypatch):
    changes = {"training_images": 120, "memory_size": 20, "learning_rate": 3e4}
    settings = tiny_settings("er", **changes)
    expected = train("er", 3, settings, IMAGES)
    assert expected["diverged"]
    monkeypatch.setattr(training, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    result = train("er", 3, settings, IMAGES, "cpu", Checkpoint(tmp_path / "run.pt", "a"), every)
    assert result["diverged_at_step"] == expected["diverged_at_step"]


def test_a_checkpoint_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    checkpoint.save({})

    def fail(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(checkpoints, "_read_checked", fail)
    with pytest.raises(OSError, match=r"Input/output error: '.*run\.pt'"):
        checkpoint.load()
