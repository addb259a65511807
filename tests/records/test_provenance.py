"""The commit that a record names, and what is said where there is none."""

import shutil
import subprocess

import pytest
from helpers import PROJECT

from drl_replication.records import provenance


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of one commit in place of the project's."""
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(tmp_path, "init")
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", "file")
    identity = ("-c", "user.name=x", "-c", "user.email=x@localhost")
    git(tmp_path, *identity, "commit", "-m", "first")
    return tmp_path


def test_commit_and_whether_it_is_dirty(checkout, capsys):
    commit, dirty = provenance._commit()
    assert len(commit) == 40 and dirty is False
    (checkout / "file").write_text("b")
    assert provenance._commit() == (commit, True)
    assert capsys.readouterr() == ("", "")


def test_a_checkout_of_another_owner_is_said(checkout, monkeypatch, capsys):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert provenance._commit() == (None, None)
    said = capsys.readouterr().err
    assert said.startswith(f"no commit is recorded, since git says of {checkout}: fatal: ")
    assert said.endswith(f"; say: git config --global --add safe.directory {checkout}\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize("lacking", ["git", "commit"])
def test_other_reasons_are_said_too(checkout, monkeypatch, capsys, lacking):
    if lacking == "git":
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        git(checkout, "update-ref", "-d", "HEAD")
    assert provenance._commit() == (None, None)
    assert capsys.readouterr().err.startswith("no commit is recorded, since git says of ")


def test_outside_of_a_checkout_there_is_nothing_to_say(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance._commit() == (None, None)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("packed", [True, False])
def test_what_git_has_packed_knows_its_commit(checkout, tmp_path_factory, monkeypatch, packed):
    names = (".gitattributes", ".git_archival.txt")
    for name in names:
        (checkout / name).write_bytes((PROJECT / name).read_bytes())
    git(checkout, "add", *names)
    git(checkout, "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-m", "second")
    commit, _ = provenance._commit()
    root = tmp_path_factory.mktemp("download")
    if packed:
        git(checkout, "archive", "--output", root / "project.zip", "HEAD")
        shutil.unpack_archive(root / "project.zip", root)
    else:  # a plain copy does not tell
        (root / names[1]).write_bytes((checkout / names[1]).read_bytes())
    monkeypatch.setattr(provenance, "ROOT", root)
    assert provenance._commit() == (commit if packed else None, None)
