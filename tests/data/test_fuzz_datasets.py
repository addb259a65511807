"""Whatever stands in a dataset's file is right or refused in one sentence."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from fuzzing import (
    fuzz,
    mutations,
    one_sentence,
)
from hypothesis import given

from drl_replication.data.datasets import DATASETS, DataFile, read_checked
from drl_replication.data.download import fetch
from drl_replication.data.embedded import _idx
from drl_replication.data.errors import DataError, DownloadError
from drl_replication.data.formats import read_idx
from drl_replication.records.manifests import read_manifest
from drl_replication.records.strict_json import RecordError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8)


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


MANIFEST = json.dumps({"dataset": "cifar10", "files": DATASETS["cifar10"].checksums}).encode()


@fuzz()
@given(mutations(MANIFEST))
def test_a_mutated_manifest(scratch, content):
    (scratch / "manifest.json").write_bytes(content)
    try:
        dataset, checksums = read_manifest(scratch / "manifest.json")
    except (DataError, RecordError) as error:
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
