"""Archives, mirrors and pickles made to do harm: refused in one sentence."""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from helpers import default_config
from hostile import Harmful, not_a_file, refused

from drl_replication.data.datasets import DATASETS, DataFile, verify
from drl_replication.data.download import fetch
from drl_replication.data.errors import DataError, DownloadError
from drl_replication.data.manifests import write_manifest
from drl_replication.study.settings import run_settings

CONTENTS = {"train": b"a" * 5000, "test": b"b" * 3000, "meta": b"names"}


@pytest.fixture
def tiny(monkeypatch):
    """A tiny archive dataset in place of CIFAR-100, with no sources of its own."""
    files = tuple(
        DataFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENTS.items()
    )
    entry = replace(DATASETS["cifar100"], files=files, sources=())
    monkeypatch.setitem(DATASETS, "cifar100", entry)
    return entry


def member(name, kind=tarfile.REGTYPE, size=0, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, link
    return info


def packed(entry, folder, members):
    folder.mkdir()
    with tarfile.open(folder / entry.archive.name, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return str(folder)


def whole():
    return [
        (member(f"cifar-100-python/{n}", size=len(content)), content)
        for n, content in CONTENTS.items()
    ]


@pytest.mark.parametrize(
    "kind",
    [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE],
)
def test_an_archive_of_devices_makes_none(tiny, tmp_path, kind):
    hostile = [(member("cifar-100-python/train", kind, link="/etc/passwd"), b"")]
    mirror = packed(tiny, tmp_path / "mirror", hostile + whole())
    with pytest.raises(DownloadError, match="train inside is no plain file of 5000 bytes"):
        fetch("cifar100", tmp_path / "data", [mirror], log=lambda text: None)
    assert [p for p in (tmp_path / "data").rglob("*") if not p.is_dir()] == []


@pytest.mark.parametrize(
    "name",
    ["../escaped", "/tmp/escaped_absolute", "cifar-100-python/../../escaped", "cifar-100-python/x"],
)
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_an_archive_writes_nothing_but_the_registered_files(tiny, tmp_path, name, kind):
    through = [
        (member(name, kind, size=5 * (kind == tarfile.REGTYPE), link=str(tmp_path)), b"harm!"),
        (member("cifar-100-python", tarfile.SYMTYPE, link=str(tmp_path / "elsewhere")), b""),
    ]
    mirror = packed(tiny, tmp_path / "mirror", through + whole())
    fetch("cifar100", tmp_path / "data", [mirror], log=lambda text: None)
    stored = {p.relative_to(tmp_path / "data").as_posix() for p in (tmp_path / "data").rglob("*")}
    assert stored == {"cifar-100-python", *(f"cifar-100-python/{n}" for n in CONTENTS)}
    assert {p.name for p in tmp_path.iterdir()} == {"mirror", "data"}
    assert not Path("/tmp/escaped_absolute").exists()


def test_a_second_member_of_the_same_name_changes_nothing(tiny, tmp_path):
    again = [(member("cifar-100-python/train", size=5000), b"c" * 5000)]
    mirror = packed(tiny, tmp_path / "mirror", whole() + again)
    fetch("cifar100", tmp_path / "data", [mirror], log=lambda text: None)
    assert (tmp_path / "data/cifar-100-python/train").read_bytes() == CONTENTS["train"]


def test_an_archive_within_bounds_that_unpacks_without_end(tiny, tmp_path):
    folder = tmp_path / "mirror"
    folder.mkdir()
    header = member("cifar-100-python/other", size=10**10).tobuf()
    (folder / tiny.archive.name).write_bytes(gzip.compress(header + bytes(50_000_000)))
    with pytest.raises(DownloadError, match=r"larger than the|unpacks to more than all its files"):
        fetch("cifar100", tmp_path / "data", [str(folder)], log=lambda text: None)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_mirror_cannot_send_us_to_other_files(tiny, tmp_path, monkeypatch, target):
    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), Redirect) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        mirror = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(DownloadError, match="at none of its sources"):
            fetch("cifar100", tmp_path, [mirror], 1, 2, log=lambda text: None)
        server.shutdown()
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_dataset_file_that_never_ends_is_read_to_its_size_only(tiny, tmp_path):
    folder = tmp_path / tiny.folder
    folder.mkdir()
    with (folder / "train").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    with pytest.raises(DataError, match=r"train is too long: .* more than the 5000 bytes"):
        verify("cifar100", tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_a_dataset_file_that_is_no_file(tiny, tmp_path, kind):
    folder = tmp_path / tiny.folder
    folder.mkdir()
    not_a_file(folder / "train", kind)
    with pytest.raises((DataError, OSError), match="train"):
        verify("cifar100", tmp_path)


@pytest.mark.parametrize("claimed", ["registered", "its own"])
def test_a_harmful_pickle_is_not_run_by_a_training(project, tmp_path, claimed):
    """A CIFAR batch that was changed in place after it was verified."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for file in DATASETS["cifar10"].files:
        (folder / file.name).write_bytes(pickle.dumps(Harmful()))
    checksums = dict(DATASETS["cifar10"].checksums)
    if claimed == "its own":
        content = (folder / "data_batch_1").read_bytes()
        checksums["cifar-10-batches-py/data_batch_1"] = hashlib.sha256(content).hexdigest()
    write_manifest(tmp_path / "cifar10.json", "cifar10", checksums)
    settings = json.dumps(run_settings(default_config(), "split_cifar10", "er"))
    output = tmp_path / "runs/split_cifar10/er/seed_0.json"
    arguments = ["--method=er", "--settings", settings, "--output", output]
    arguments += ["--manifest", tmp_path / "cifar10.json"]
    done = with_data_dir(project, tmp_path, "scripts/train.py", *arguments)
    refused(done, "data_batch_1", "truncated" if claimed == "registered" else "the manifest says")
    assert not output.exists()
    assert not list(tmp_path.rglob("harmed"))


def with_data_dir(project, data_dir, script, *arguments):
    """A script with a folder of datasets of its own."""
    command = "import os, runpy, sys; os.environ['DRL_DATA_DIR'] = sys.argv.pop(1); "
    command += "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    return project.python("-c", command, data_dir, script, *arguments)


@pytest.mark.parametrize("data_dir", ["/", "link"])
def test_the_root_as_folder_of_datasets(project, tmp_path, data_dir):
    """Only the named files are looked for, and nothing is written."""
    if data_dir == "link":
        (tmp_path / "link").symlink_to("/")
        data_dir = str(tmp_path / "link")
    before = set(Path("/").iterdir())
    arguments = ["--dataset=mnist", "--output", tmp_path / "mnist.json"]
    done = with_data_dir(project, data_dir, "scripts/download.py", *arguments)
    refused(done, f"data_dir (or DRL_DATA_DIR) {data_dir} has no right copy of mnist")
    assert set(Path("/").iterdir()) == before
    assert not (tmp_path / "mnist.json").exists()
