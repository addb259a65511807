"""Whatever stands in a file, its reader returns something right or refuses it in one sentence.

The same few hundred cases each time; `DRL_FUZZ_CASES=20000` draws so many new ones for each test.
"""

import gzip
import hashlib
import io
import json
import math
import os
import pickle
import tarfile
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch
import yaml
from helpers import CONFIG, default_config, make_record
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from drl_replication.checkpoints import Checkpoint
from drl_replication.config import ConfigError, check, load, run_settings, runs
from drl_replication.datasets import (
    DATASETS,
    DataError,
    DataFile,
    read_checked,
    read_cifar,
    read_idx,
    read_manifest,
)
from drl_replication.download import DownloadError, _idx, fetch
from drl_replication.records import RecordError, read_record, settings_digest

CASES = os.environ.get("DRL_FUZZ_CASES")
SLOW = 10  # times as long a case takes in some tests, which get so many fewer


def fuzz(share=1):
    return hypothesis_settings(
        max_examples=max(1, int(CASES or 300) // share),
        derandomize=CASES is None,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# Mutations --------------------------------------------------------------------------------------

EDITS = st.tuples(
    st.sampled_from(["flip", "insert", "delete", "repeat", "cut", "number"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 40),
    st.binary(min_size=1, max_size=8),
)
NUMBERS = [
    b"NaN",
    b"-1",
    b"1e400",
    b"9" * 5000,
    b"0x10",
    b"1_0",
    b"null",
    b"true",
    b"-0.0",
    b"1e-999",
]


def edited(content, edits):
    """`content` after some edits, each at a place that is a share of its length."""
    for kind, place, length, data in edits:
        at = int(place * len(content))
        before, there, after = content[:at], content[at : at + length], content[at + length :]
        content = {
            "flip": lambda b=before, t=there, a=after, d=data: b + xor(t, d) + a,
            "insert": lambda b=before, t=there, a=after, d=data: b + d + t + a,
            "delete": lambda b=before, a=after: b + a,
            "repeat": lambda b=before, t=there, a=after, n=length: b + t * n + a,
            "cut": lambda b=before: b,
            "number": lambda b=before, t=there, a=after, n=length: b + NUMBERS[n % 10] + t[1:] + a,
        }[kind]()
    return content


def xor(content, data):
    return bytes(b ^ data[i % len(data)] for i, b in enumerate(content))


def mutations(content):
    return st.lists(EDITS, min_size=1, max_size=4).map(partial(edited, content))


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["drl", "split_mnist", "mnist", "per_seed", 0, 1, 0.5, 2**53, -1]),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=6), part, max_size=3)
    ),
    max_leaves=5,
)


def places(value, path=()):
    """The paths of all parts of nested dictionaries and lists."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(make, path, value):
    """What `make` makes, with another value at a path; Ellipsis takes it away."""
    result = part = make()
    for key in path[:-1]:
        part = part[key]
    if value is Ellipsis:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return result


def one_sentence(error):
    assert "\n" not in str(error)
    assert 10 < len(str(error)) < 3000


# The configuration ------------------------------------------------------------------------------


def check_config(config):
    """A configuration that was accepted can be planned with."""
    selected = list(runs(config))
    assert selected
    assert len(selected) == len(set(selected))
    for benchmark, method in {(b, m) for b, m, _ in selected}:
        assert len(settings_digest(run_settings(config, benchmark, method))) == 16


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def load_or_refuse(*paths):
    try:
        config = load(paths)
    except ConfigError as error:
        one_sentence(error)
        return
    check_config(config)


YAML_PIECES = st.one_of(
    st.sampled_from(["seeds", "settings", "split_mnist", "readings", "2001-99-99", "0o8", "1:9"]),
    st.sampled_from([": ", "\n", "  ", "- ", "[", "]", "{", "}", ", ", "? ", "| ", "> ", "'", '"']),
    st.sampled_from(["&a ", "*a", "<<: ", "#", "%YAML 1.1\n", "---\n", "...\n", ".nan", "~", "="]),
    st.sampled_from(["!!int ", "!!bool ", "!!float ", "!!timestamp ", "!!binary ", "!!set "]),
    st.sampled_from(["!!omap ", "!!python/name:os ", "\t", "\0", "\x85", "\U0001f600"]),
)


@fuzz(3)
@given(st.binary(max_size=60) | st.lists(YAML_PIECES, max_size=12).map("".join).map(str.encode))
def test_any_text_as_configuration(scratch, content):
    (scratch / "change.yaml").write_bytes(content)
    load_or_refuse(scratch / "change.yaml")


@fuzz(SLOW)
@given(mutations(CONFIG.read_bytes()))
def test_a_mutated_configuration_file(scratch, content):
    (scratch / "config.yaml").write_bytes(content)
    load_or_refuse(scratch / "config.yaml")


@fuzz(3)
@given(st.sampled_from(list(places(default_config()))), ANY | st.just(...))
def test_any_value_anywhere_in_the_configuration(path, value):
    try:
        config = check(changed(default_config, path, value))
    except ConfigError as error:
        one_sentence(error)
        return
    check_config(config)


@fuzz(SLOW)
@given(st.dictionaries(st.sampled_from(list(default_config())), ANY, max_size=3))
def test_any_difference_to_the_configuration(scratch, difference):
    (scratch / "change.yaml").write_text(yaml.safe_dump(difference), encoding="utf-8")
    load_or_refuse(CONFIG, scratch / "change.yaml")


# Run records ------------------------------------------------------------------------------------

RECORD = json.dumps(make_record(), indent=1).encode()


def read_or_refuse(scratch, content):
    path = scratch / "split_mnist/er/seed_0.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        record = read_record(path)
    except RecordError as error:
        one_sentence(error)
        assert str(path) in str(error)
        return
    check_record(record)


def check_record(record):
    """What everybody who reads a record counts on."""
    assert record.keys() == make_record().keys()
    assert (record["benchmark"], record["method"], record["seed"]) == ("split_mnist", "er", 0)
    assert record["settings_digest"] == settings_digest(record["settings"])
    rows, tasks = record["accuracy_matrix"], len(record["accuracy_matrix"])
    assert all(len(row) == tasks for row in rows)
    if not record["diverged"]:
        last = rows[-1]
        assert all(0 <= value <= 1 for value in last)
        assert math.isclose(record["average_accuracy"], sum(last) / tasks, abs_tol=1e-8)
        assert -1 <= record["average_forgetting"] <= 1
        assert 0 <= record["rho"] < math.inf
    for key in ("training_seconds", "evaluation_seconds", "steps"):
        assert 0 <= record[key] < math.inf
    json.dumps(record, allow_nan=False)


@fuzz()
@given(st.binary(max_size=100))
def test_any_bytes_as_record(scratch, content):
    read_or_refuse(scratch, content)


@fuzz()
@given(mutations(RECORD))
def test_a_mutated_record(scratch, content):
    read_or_refuse(scratch, content)


@fuzz()
@given(
    st.lists(
        st.tuples(st.sampled_from(list(places(make_record()))), ANY | st.just(...)),
        min_size=1,
        max_size=2,
    )
)
def test_any_values_anywhere_in_a_record(scratch, changes):
    record = make_record()
    for path, value in changes:
        try:
            record = changed(lambda record=record: record, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    record["settings_digest"] = digest_or_none(record)
    read_or_refuse(scratch, json.dumps(record).encode())


def digest_or_none(record):
    try:
        return settings_digest(record["settings"])
    except (KeyError, ValueError):
        return None


# Datasets ---------------------------------------------------------------------------------------

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8)


@cache
def batch():
    """A CIFAR batch as published: with NumPy 1's module name."""
    data = np.random.default_rng(1).integers(0, 256, (2, 3072), np.uint8)
    content = pickle.dumps({b"labels": [1, 2], b"data": data}, protocol=2)
    return content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


@fuzz()
@given(mutations(_idx(IMAGES)))
def test_a_mutated_idx_file(content):
    try:
        array = read_idx(content)
    except DataError as error:
        one_sentence(error)
        return
    assert array.dtype == np.uint8
    assert _idx(array) == content


@fuzz()
@given(
    st.binary(max_size=50)
    | mutations(batch())
    # most of it are pixels: the parts that decide are at both ends
    | mutations(batch()[:120]).map(lambda start: start + batch()[120:])
    | mutations(batch()[-60:]).map(lambda end: batch()[:-60] + end)
)
@pytest.mark.filterwarnings("ignore")  # NumPy warns of some of the types that it is asked for
def test_a_mutated_cifar_batch(content):
    try:
        images, labels = read_cifar(content, "labels", "batch")
    except DataError:
        return
    assert images.dtype == np.uint8
    assert images.shape == (len(labels), 3, 32, 32)
    assert labels.dtype == np.int64


MANIFEST = json.dumps({"dataset": "cifar10", "files": DATASETS["cifar10"].checksums}).encode()


@fuzz()
@given(mutations(MANIFEST))
def test_a_mutated_manifest(scratch, content):
    (scratch / "manifest.json").write_bytes(content)
    try:
        dataset, checksums = read_manifest(scratch / "manifest.json")
    except DataError as error:
        one_sentence(error)
        return
    assert dataset in DATASETS
    assert all(len(checksum) == 64 for checksum in checksums.values())


LABELS = DataFile("labels", 40, hashlib.sha256(bytes(range(40))).hexdigest())


@fuzz()
@given(mutations(gzip.compress(bytes(range(40)), mtime=0)))
def test_a_mutated_gzip_file_is_right_or_refused(scratch, content):
    (scratch / "labels.gz").write_bytes(content)
    try:
        found = read_checked(DATASETS["mnist"], LABELS, scratch)
    except DataError as error:
        one_sentence(error)
        return
    assert found == bytes(range(40))


CONTENTS = {"train": bytes(range(200)) * 3, "test": b"b" * 300, "meta": b"names"}


@cache
def tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in CONTENTS.items():
            info = tarfile.TarInfo(f"cifar-100-python/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


@fuzz(3)
@given(
    mutations(tar()).map(partial(gzip.compress, compresslevel=1)) | mutations(gzip.compress(tar()))
)
def test_a_mutated_archive_stores_the_right_files_or_none(tmp_path_factory, content):
    files = tuple(
        DataFile(name, len(data), hashlib.sha256(data).hexdigest())
        for name, data in CONTENTS.items()
    )
    root = tmp_path_factory.mktemp("archive")
    entry = replace(DATASETS["cifar100"], files=files, sources=())
    (root / entry.archive.name).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DATASETS, "cifar100", entry)
        try:
            fetch("cifar100", root / "data", [str(root)], log=lambda text: None)
        except DownloadError as error:
            assert "cifar-100-python.tar.gz" in str(error)
    for path in (root / "data").rglob("*"):
        assert path.is_dir() or path.read_bytes() == CONTENTS[path.name]
    assert {path.name for path in root.iterdir()} == {"data", entry.archive.name}


# Checkpoints ------------------------------------------------------------------------------------

STATE = {"position": 7, "weights": torch.arange(20.0), "loss": 0.5}


@cache
def saved(folder):
    checkpoint = Checkpoint(folder / "whole.pt", "same")
    checkpoint.save(STATE)
    return checkpoint.path.read_bytes()


@fuzz()
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_a_mutated_checkpoint_is_not_gone_on_from(scratch, edits):
    whole = saved(scratch)
    content = edited(whole, edits)
    checkpoint = Checkpoint(scratch / "run.pt", "same")
    checkpoint.path.write_bytes(content)
    assert (checkpoint.load() is None) == (content != whole)
