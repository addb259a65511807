"""Run records and checkpoints made to do harm: refused in one sentence."""

import io
import json
import pickle
import re
from pathlib import Path

import pytest
import torch
from helpers import make_record, make_settings, place, selection
from hostile import HARM, Harmful, not_a_file
from verdict_runs import write_tables

from drl_replication.learning import checkpoints
from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.records.runs import read_record, write_record
from drl_replication.records.strict_json import RecordError
from drl_replication.study.selection import Selection


@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "folder"])
def test_a_record_that_is_no_file(tmp_path, kind):
    path = tmp_path / "split_mnist/er/seed_0.json"
    path.parent.mkdir(parents=True)
    not_a_file(path, kind)
    with pytest.raises(RecordError) as caught:
        read_record(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["sparse", "bracket", "quote", "digit", "key"])
def test_a_record_of_a_hundred_megabytes(tmp_path, content):
    path = tmp_path / "split_mnist/er/seed_0.json"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        if content == "sparse":
            file.truncate(10**8)
        else:
            repeated = {"bracket": b"[", "quote": b'"', "digit": b"9", "key": b'{"a":'}[content]
            file.write(repeated * (15 * 2**20 // len(repeated)))  # under the limit: it is parsed
    with pytest.raises(RecordError) as caught:
        read_record(path)
    assert len(str(caught.value)) < len(str(path)) + 500


@pytest.mark.parametrize(
    "keys",
    [
        ["benchmark"],
        ["method"],
        ["provenance", "data", "dataset"],
        ["settings", "benchmark"],
        ["settings", "dataset"],
        ["memory", "groups"],
    ],
)
def test_markup_where_tables_take_their_words_from_is_refused(tmp_path, keys):
    record = make_record()
    part = record
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = HARM
    path = place(tmp_path, make_record())
    path.write_text(json.dumps(record))
    with pytest.raises(RecordError) as caught:
        read_record(path)
    assert "\n" not in str(caught.value)


NAMES = ("host", "cpu_model", "device", "platform", "python", "torch", "numpy", "package_version")


@pytest.fixture
def records_with_markup(tmp_path):
    """The arguments of a script that reads runs with markup in each free text."""
    paths = []
    for method, harm in (("er", HARM), ("drl", f"® {HARM}")):
        record = make_record(method=method, matrix=[[0.9] * (t + 1) for t in range(5)])
        record["provenance"] |= dict.fromkeys((*NAMES, "commit"), harm)
        paths.append(tmp_path / f"runs/split_mnist/{method}/seed_0.json")
        write_record(paths[-1], record)
    settings = {"split_mnist": dict.fromkeys(("er", "drl"), make_settings())}
    return selection(tmp_path, paths, settings)


def is_free_of_markup(text):
    """No tag, no command of LaTeX's, no code, no heading, and no line that breaks a grid."""
    grids = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    widths = [{len(re.findall(r"(?<!\\)\|", line)) for line in g.splitlines()} for g in grids]
    found = re.search(r"<script|<alert|\\input|`touch|^# x", text, re.MULTILINE)
    return found is None and all(len(width) == 1 for width in widths)


@pytest.mark.parametrize("number", range(1, 7))
def test_markup_elsewhere_in_a_record_reaches_no_table(
    project, tmp_path, records_with_markup, number
):
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "md", "tex")]
    arguments = [f"--number={number}", *records_with_markup, *outputs]
    done = project.python("scripts/table.py", *arguments)
    assert done.returncode == 0, done.stderr
    for kind in ("csv", "md", "tex"):
        assert is_free_of_markup((tmp_path / kind).read_text())
    assert (tmp_path / "tex").read_text().isascii()


def test_markup_elsewhere_in_a_record_reaches_no_verdict(project, tmp_path, records_with_markup):
    [chosen] = records_with_markup
    records = Selection(chosen.partition("=")[2]).records()
    runs, tables, comparisons = write_tables(tmp_path, records)
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "md", "claims")]
    arguments = ["--measures", runs, "--comparisons", comparisons, "--tables", *tables]
    done = project.python("scripts/verdict.py", *arguments, *outputs)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "md").read_text()
    assert "no seed ran on one machine with ER's (® script" in text
    for kind in ("csv", "md", "claims"):
        assert is_free_of_markup((tmp_path / kind).read_text())


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_checkpoint_that_is_no_file_is_not_read(tmp_path, kind):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    not_a_file(checkpoint.path, kind)
    assert checkpoint.load() is None


def test_a_checkpoint_that_cannot_be_reached_is_not_taken_for_none(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    not_a_file(checkpoint.path, "loop")
    with pytest.raises(OSError, match=r"symbolic links: .*run\.pt"):
        checkpoint.load()


@pytest.mark.parametrize("digest", [True, False])
def test_a_checkpoint_of_torch_s_own_pickle_is_not_run(tmp_path, monkeypatch, digest):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    for save in (torch.save, lambda state, file: pickle.dump(state, file, 2)):
        content = io.BytesIO()
        save({"fingerprint": "same", "state": Harmful()}, content)
        data = content.getvalue()
        checkpoint.path.write_bytes(checkpoints._header(data) * digest + data)
        assert checkpoint.load() is None
    assert not Path("harmed").exists()
