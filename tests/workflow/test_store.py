"""The store of runs, without a workflow: what is found, kept, brought back, and refused."""

import errno
import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from helpers import default_config, made_now, make_record, tiny_settings

from drl_replication import files
from drl_replication.files import ABANDONED_SECONDS, is_cut, leftovers, write_once
from drl_replication.jobs.store import Store
from drl_replication.records.strict_json import RecordError, UnreadableError
from drl_replication.study import runs, selection
from drl_replication.study.runs import Run, key, key_of
from drl_replication.study.settings import run_settings

RUN = Run("split_mnist", "er", 0)


def finished(seed=0, method="er", **changes):
    settings = tiny_settings(method, **changes)
    return made_now(make_record("split_mnist", method, seed, settings=settings))


def put_by_hand(store, record, run=RUN):
    path = store.results / run.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path


# Keys and places ---------------------------------------------------------------------------------


def test_the_key_of_a_record_is_that_of_its_run():
    record = finished(7)
    assert key_of(record) == key("er", 7, record["settings"])


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"learning_rate": 0.25}, {"first_task": "as_later"}]
)
def test_whatever_a_run_reads_is_in_its_key(change):
    seed = change.pop("seed", 0)
    assert key("er", seed, tiny_settings("er", **change)) != key("er", 0, tiny_settings("er"))


def test_what_a_run_does_not_read_is_not_in_its_key():
    config = default_config()
    config["readings"]["drl_normalisation"] = "batch"
    config["settings"]["split_mnist"]["drl_lambda"] = 7
    config["settings"]["split_fashion"]["learning_rate"] = 7
    other = run_settings(config, "split_mnist", "er")
    assert key("er", 0, other) == key("er", 0, run_settings(default_config(), "split_mnist", "er"))


def test_data_and_code_are_in_the_key(monkeypatch):
    record = finished()
    same = key_of(record)
    record["provenance"]["data"]["files"] = {"train": "0" * 64}
    assert key_of(record) != same
    monkeypatch.setattr(runs, "code_of", lambda *row: "other code")
    assert key("er", 0, record["settings"]) != same


def test_what_holds_images_out_is_in_the_key_of_runs_that_do_alone(monkeypatch):
    settings = finished()["settings"]
    usual, held_out = key("er", 0, settings), key("er", 0, settings | {"validation_fraction": 0.1})
    original = runs.syntax
    edited = lambda file: "edited" if file.name == "validation.py" else original(file)  # noqa: E731
    monkeypatch.setattr(runs, "syntax", edited)
    monkeypatch.setattr(runs, "code_of", runs.code_of.__wrapped__)
    assert key("er", 0, settings) == usual
    assert key("er", 0, settings | {"validation_fraction": 0.1}) != held_out


def test_what_evaluates_on_the_way_is_in_the_key_of_runs_that_do_alone(monkeypatch):
    usual, watched = (runs.code_of("split_mnist", "er", w) for w in (False, True))
    edited = "learning/through_time.py"
    original = runs.syntax
    changed = lambda file: "edited" if file.as_posix().endswith(edited) else original(file)  # noqa: E731
    monkeypatch.setattr(runs, "syntax", changed)
    again = runs.code_of.__wrapped__
    assert again("split_mnist", "er") == usual
    assert again("split_mnist", "er", True) != watched


def test_what_it_was_computed_with_is_not_in_the_key():
    record = finished()
    record["provenance"] |= {"torch": "1.0", "host": "elsewhere", "commit": "f" * 40}
    assert key_of(record) == key_of(finished())


@pytest.mark.parametrize("run", [RUN, Run("split_mnist", "er", 12, "rate_0.01")])
def test_a_place_tells_its_run(run):
    assert Run.at(f"somewhere/{run.path}") == Run.at(Path("/a/b") / run.path) == run


@pytest.mark.parametrize(
    "path", ["run.json", "runs/split_mnist/er/seed_00.json", "runs/er/seed_0.json", "x/seed_0.json"]
)
def test_another_path_is_no_place(path):
    with pytest.raises(ValueError, match=f"{path} is no place of a record; allowed: "):
        Run.at(path)


# The store ---------------------------------------------------------------------------------------


def test_what_is_kept_is_found_and_put(tmp_path):
    store, record = Store(tmp_path), finished()
    name = key_of(record)
    assert store.find(name) is None
    store.keep(record)
    assert store.find(name) == record
    store.put(name, RUN)
    assert (tmp_path / RUN.path).read_bytes() == store.record(name).read_bytes()
    assert not store.holds_other(name, RUN)
    assert store.has(name, RUN)


def test_a_variant_has_a_place_of_its_own(tmp_path):
    store, record = Store(tmp_path), finished()
    run = Run("split_mnist", "er", 0, "again")
    store.keep(record)
    store.put(key_of(record), run)
    assert (tmp_path / "variants/again/runs/split_mnist/er/seed_0.json").exists()
    assert not (tmp_path / "runs").exists()


def test_a_record_that_makes_way_is_kept(tmp_path):
    store, old, new = Store(tmp_path), finished(learning_rate=0.25), finished()
    put_by_hand(store, old)
    assert store.holds_other(key_of(new), RUN)
    store.keep(new)
    store.put(key_of(new), RUN)
    assert store.find(key_of(old)) == old
    store.put(key_of(old), RUN)  # and back
    assert json.loads((tmp_path / RUN.path).read_text()) == old


def test_the_faster_twin_s_record_stays(tmp_path):
    store, first, second = Store(tmp_path), finished(), finished()
    second["training_seconds"] = 99.0
    store.keep(first)
    store.keep(second)
    assert store.find(key_of(first)) == first


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\0" * 100])
def test_a_damaged_record_is_none_and_is_replaced(tmp_path, damage):
    store, record = Store(tmp_path), finished()
    store.keep(record)
    store.record(key_of(record)).write_bytes(damage)
    assert store.find(key_of(record)) is None
    store.keep(record)
    assert store.find(key_of(record)) == record
    put_by_hand(store, record).write_bytes(damage)
    assert store.holds_other(key_of(record), RUN)
    store.adopt(RUN)  # there is nothing to keep
    assert len(list((tmp_path / "store").iterdir())) == 1


def test_a_record_under_a_wrong_key_is_none(tmp_path):
    store, record = Store(tmp_path), finished()
    store.keep(record)
    store.record(key_of(record)).rename(store.record("0" * 32))
    assert store.find("0" * 32) is None


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ENOMEM])
def test_what_cannot_be_read_now_is_not_taken_for_missing(tmp_path, monkeypatch, number):
    store, record = Store(tmp_path), finished()
    store.keep(record)
    path = put_by_hand(store, record)

    def fail(self, *arguments, **options):
        raise OSError(number, os.strerror(number))

    before = {p: p.stat().st_mtime_ns for p in (path, store.record(key_of(record)))}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", fail)
        for ask in (
            lambda: store.find(key_of(record)),
            lambda: store.holds_other(key_of(record), RUN),
            lambda: store.adopt(RUN),
            lambda: store.keep(finished()),
        ):
            with pytest.raises(UnreadableError, match=os.strerror(number)):
                ask()
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_an_invalid_record_is_not_kept(tmp_path):
    record = finished() | {"average_accuracy": 0.999}
    with pytest.raises(RecordError, match="contradicts itself"):
        Store(tmp_path).keep(record)
    assert not list(tmp_path.iterdir())


def test_finished_runs_come_back_to_their_places(tmp_path):
    store = Store(tmp_path)
    wanted = {Run("split_mnist", "er", seed): key_of(finished(seed)) for seed in range(3)}
    for seed in (0, 1):
        store.keep(finished(seed))
    there = put_by_hand(store, finished(1, learning_rate=0.25), Run("split_mnist", "er", 1))
    before = there.read_bytes()
    store.put_back(wanted)
    assert (tmp_path / "runs/split_mnist/er/seed_0.json").exists()
    assert there.read_bytes() == before  # only what is missing
    assert not (tmp_path / "runs/split_mnist/er/seed_2.json").exists()


def keep_again(root, barrier):
    record = finished()
    record["training_seconds"] = float(os.getpid())
    barrier.wait()
    for _ in range(20):
        Store(root).keep(record)
        Store(root).put(key_of(record), RUN)


def test_many_writers_of_one_key(tmp_path):
    """Whoever reads meanwhile finds a whole record, and in the end all places hold the same."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    writers = [context.Process(target=keep_again, args=(tmp_path, barrier)) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found = Store(tmp_path).find(key_of(finished()))
        assert found is None or found["training_seconds"] in [w.pid for w in writers]
    assert [writer.exitcode for writer in writers] == [0] * 4
    [stored] = (tmp_path / "store").iterdir()
    assert (tmp_path / RUN.path).read_bytes() == stored.read_bytes()


def test_results_of_the_version_before_are_refused_and_left_alone(tmp_path):
    store, record = Store(tmp_path), finished()
    record["provenance"]["package_version"] = "0.1.0"
    path = put_by_hand(store, record)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"holds runs of version 0\.1\.0, .*; allowed: another"):
        store.check_version()
    assert path.read_bytes() == before
    path.write_bytes(b"{")
    store.check_version()
    put_by_hand(store, finished())
    store.check_version()


# Files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("links", [True, False])
def test_written_once(tmp_path, monkeypatch, links):
    if not links:

        def refuse(*paths):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "file"
    assert write_once(path, b"first")
    assert not write_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_what_somebody_may_still_be_writing_is_left_alone(tmp_path):
    fresh, old = (tmp_path / f".file.{digit * 32}.tmp" for digit in "ab")
    for path in (fresh, old):
        path.touch()
    past = time.time() - ABANDONED_SECONDS - 60
    os.utime(old, (past, past))
    assert leftovers(tmp_path / "file") == [old]


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("a.csv", b"a,b,c,d\n1,2,3,4\n"),
        ("a.png", b"\x89PNG....IEND\xaeB`\x82"),
        ("a.pdf", b"%PDF-1.4 ...%%EOF\n"),
        ("a.html", b"<html></html>"),
        ("a.unknown", b"anything"),
    ],
)
def test_a_cut_file_lacks_its_end(tmp_path, name, whole):
    path = tmp_path / name
    path.write_bytes(whole)
    assert not is_cut(path)
    path.write_bytes(b"")
    assert is_cut(path)
    if path.suffix in files.ENDINGS:
        path.write_bytes(whole[: len(whole) // 2 + 1])
        assert is_cut(path)


def test_whole_files_and_records_are_not_cut(tmp_path):
    names = ["tables/a.csv", "studies/s/a.json", "plan/b/a.json", "report.html"]
    names += ["runs/b/m/seed_0.json"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "tables/whole.csv").write_bytes(b"a\n")
    found = {p.relative_to(tmp_path).as_posix() for p in files.cut(tmp_path)}
    assert found == {*names[:4]}


# Selection ---------------------------------------------------------------------------------------


def test_a_selection_is_read_as_it_was_written(tmp_path):
    config = default_config() | {"results_dir": str(tmp_path), "seeds": [3], "methods": ["er"]}
    selection.write_selection(config, tmp_path / "selection.json")
    read = selection.Selection(tmp_path / "selection.json")
    assert read.runs == selection.selected(config) == selection.usable(config)
    assert read.paths[0] == tmp_path / read.runs[0].path
    assert read.settings["split_mnist"]["er"] == run_settings(config, "split_mnist", "er")


def test_only_runs_with_a_record_are_usable_where_none_may_be_made(tmp_path):
    config = default_config() | {"results_dir": str(tmp_path), "records_only": True}
    put_by_hand(Store(tmp_path), finished())
    assert selection.usable(config) == [RUN]
    before = selection.digest(config)
    put_by_hand(Store(tmp_path), finished(1), Run("split_mnist", "er", 1))
    assert selection.digest(config) != before
    assert "2 of 350 selected runs are there." in selection.notes(config)[0]


@pytest.mark.parametrize("content", ["[]", "{}", '{"results": "r", "runs": []}'])
def test_a_file_that_is_no_selection(tmp_path, content):
    path = tmp_path / "selection.json"
    path.write_text(content)
    with pytest.raises(RecordError, match="breaks the schema of a selection of runs"):
        selection.Selection(path).records()
