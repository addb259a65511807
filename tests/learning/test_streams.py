"""Streams: what is drawn, permuted and ordered, and that seeds pair across methods."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import PERMUTED, SPLIT, make_learner, tiny_images, tiny_settings

from drl_replication.data.benchmarks import BENCHMARKS, shared, split
from drl_replication.data.datasets import DATASETS
from drl_replication.figures.memory_composition import task_shares
from drl_replication.learning.methods import METHODS
from drl_replication.learning.streams import build_stream, to_unit_range
from drl_replication.learning.training import train
from drl_replication.seeding import PURPOSES, generator
from drl_replication.study.settings import why_void

IMAGES = tiny_images(per_class=10, tests=3)
BOTH = pytest.mark.parametrize("benchmark", [SPLIT, PERMUTED])


def stream_of(benchmark=SPLIT, seed=0, method="ber", images=IMAGES, **changes):
    return build_stream(tiny_settings(method, benchmark, **changes), images, seed)


def origins(stream):
    """The index of each image of a split stream among the training images, all being different."""
    flat = IMAGES.train_images.reshape(100, -1)
    assert len(np.unique(flat, axis=0)) == 100
    ours = stream.images.numpy().reshape(len(stream.images), -1)
    return [int(np.flatnonzero((flat == image).all(1))[0]) for image in ours]


def permuted_origins(stream):
    """The same for a permuted stream: a permutation keeps the sorted pixels."""
    flat = np.sort(IMAGES.train_images.reshape(100, -1), axis=1)
    assert len(np.unique(flat, axis=0)) == 100
    ours = np.sort(stream.images.numpy(), axis=1)
    return [int(np.flatnonzero((flat == image).all(1))[0]) for image in ours]


def permutations_of(stream):
    """The permutation of each task, read off the test images: columns find their pixel."""
    flat = IMAGES.test_images.reshape(len(IMAGES.test_images), -1)
    assert len(np.unique(flat, axis=1).T) == 16
    return [
        [int(np.flatnonzero((flat == column[:, None]).all(0))[0]) for column in images.numpy().T]
        for images, _ in stream.tests
    ]


def same(a, b):
    return (
        torch.equal(a.images, b.images)
        and torch.equal(a.labels, b.labels)
        and np.array_equal(a.groups, b.groups)
        and np.array_equal(a.starts, b.starts)
        and all(torch.equal(x, y) for s, t in zip(a.tests, b.tests) for x, y in zip(s, t))  # noqa: B905
    )


# --- pairing


@BOTH
def test_a_seed_means_the_same_stream_and_weights_for_every_method(benchmark):
    reference = make_learner("ber", benchmark, seed=7)
    assert len(METHODS) >= 7
    for number, method in enumerate(METHODS):
        if why_void(benchmark, method):
            continue
        torch.manual_seed(number)  # nor does torch's global generator matter
        learner = make_learner(method, benchmark, seed=7)
        assert same(learner.stream, reference.stream)
        ours, theirs = (x.network.state_dict() for x in (learner, reference))
        assert all(torch.equal(ours[k], theirs[k]) for k in theirs)


@BOTH
def test_another_seed_means_another_stream_and_other_weights(benchmark):
    a, b = (make_learner("ber", benchmark, seed=s) for s in (0, 1))
    assert not torch.equal(a.stream.images, b.stream.images)
    assert not torch.equal(a.network.head.weight, b.network.head.weight)
    assert a.rng.random() != b.rng.random()
    assert a.objective_rng.random() != b.objective_rng.random()


def test_building_a_network_leaves_torchs_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    make_learner("rmargin")
    assert torch.equal(torch.rand(2), expected)


def test_purposes_and_tasks_have_generators_of_their_own():
    values = {
        generator(seed, purpose, task).random()
        for seed in range(3)
        for purpose in PURPOSES
        for task in range(10)
    }
    assert len(values) == 3 * len(PURPOSES) * 10
    assert generator(1, "memory", 2).random() == generator(1, "memory", 2).random()


# --- split benchmarks


def test_a_task_has_its_own_classes():
    stream = stream_of()
    assert stream.tasks == 5
    assert stream.starts.tolist() == [0, 8, 16, 24, 32, 40]
    for task in range(5):
        span = slice(*stream.starts[task : task + 2])
        classes = {2 * task, 2 * task + 1}
        assert set(stream.labels[span].tolist()) == classes
        assert set(stream.tests[task][1].tolist()) == classes
        assert set(np.flatnonzero(stream.task_groups(task)).tolist()) == classes
    assert np.array_equal(stream.groups, stream.labels.numpy())
    assert stream.group_count == stream.classes == 10


def test_images_keep_their_labels_and_none_comes_twice():
    stream = stream_of(training_images=20)  # all that there are
    found = origins(stream)
    assert sorted(found) == list(range(100))
    assert stream.labels.tolist() == IMAGES.train_labels[found].tolist()


def test_the_whole_test_set_is_split_among_the_tasks():
    tests = stream_of().tests
    assert [len(x) for x, _ in tests] == [len(y) for _, y in tests] == [6] * 5
    for task, (images, labels) in enumerate(tests):
        mine = IMAGES.test_labels // 2 == task
        assert np.array_equal(images.numpy(), IMAGES.test_images[mine])
        assert np.array_equal(labels.numpy(), IMAGES.test_labels[mine])


# --- permuted benchmarks


def test_a_permuted_task_is_a_permutation_the_same_for_training_and_test_images():
    stream = stream_of(PERMUTED)
    assert stream.tasks == 10
    found = permuted_origins(stream)
    permutations = permutations_of(stream)
    assert len({tuple(p) for p in permutations}) == 10
    for task, permutation in enumerate(permutations):
        assert sorted(permutation) == list(range(16))
        assert permutation != list(range(16))
        span = slice(*stream.starts[task : task + 2])
        originals = IMAGES.train_images[found[span]].reshape(8, -1)
        assert np.array_equal(stream.images[span].numpy(), originals[:, permutation])
    assert stream.labels.tolist() == IMAGES.train_labels[found].tolist()


def test_each_permuted_task_has_the_full_test_set_and_images_of_its_own():
    stream = stream_of(PERMUTED)
    assert all(np.array_equal(y.numpy(), IMAGES.test_labels) for _, y in stream.tests)
    assert all(len(x) == 30 for x, _ in stream.tests)
    assert stream.groups.tolist() == np.repeat(np.arange(10), 8).tolist()
    assert stream.classes == stream.group_count == 10
    assert np.flatnonzero(stream.task_groups(4)).tolist() == [4]
    found = np.array(permuted_origins(stream)).reshape(10, 8)
    assert len({tuple(sorted(f)) for f in found}) == 10
    assert all(len(set(f)) == 8 for f in found)


# --- readings


@BOTH
def test_subset_per_seed(benchmark):
    found = permuted_origins if benchmark == PERMUTED else origins
    a, b = (found(stream_of(benchmark, seed)) for seed in (0, 1))
    for task in range(len(a) // 8):
        span = slice(8 * task, 8 * task + 8)
        assert set(a[span]) != set(b[span])


@BOTH
def test_subset_first(benchmark):
    found = permuted_origins if benchmark == PERMUTED else origins
    a, b = (found(stream_of(benchmark, seed, subset="first")) for seed in (0, 1))
    assert a != b  # the order is the seed's
    for task in range(len(a) // 8):
        span = slice(8 * task, 8 * task + 8)
        in_task = IMAGES.train_labels // 2 == task
        pool = np.arange(100) if benchmark == PERMUTED else np.flatnonzero(in_task)
        assert sorted(a[span]) == sorted(b[span]) == pool[:8].tolist()
        assert a[span] != sorted(a[span])


def test_permutations_per_seed():
    a, b = (permutations_of(stream_of(PERMUTED, seed)) for seed in (0, 1))
    assert all(x != y for x, y in zip(a, b, strict=True))


def test_permutations_fixed_by_task_index():
    a, b = (permutations_of(stream_of(PERMUTED, s, permutations="fixed")) for s in (0, 1))
    assert a == b
    assert len({tuple(p) for p in a}) == 10


# --- what goes into a network


@BOTH
def test_images_stay_bytes_in_memory(benchmark):
    stream = stream_of(benchmark)
    assert stream.images.dtype == torch.uint8
    assert stream.labels.dtype == torch.int64
    assert {x.dtype for x, _ in stream.tests} == {torch.uint8}
    assert {y.dtype for _, y in stream.tests} == {torch.int64}


def test_a_batch_is_in_the_unit_range():
    stream = stream_of()
    before = stream.images.clone()
    inputs, labels = stream.batch(np.array([3, 0, 3]))
    assert inputs.dtype == torch.float32
    expected = before[[3, 0, 3]].double() / 255
    torch.testing.assert_close(inputs.double(), expected, rtol=1e-6, atol=0)
    assert labels.tolist() == stream.labels[[3, 0, 3]].tolist()
    assert torch.equal(stream.images, before)


def test_to_unit_range():
    pixels = torch.tensor([[0, 51, 255]], dtype=torch.uint8)
    torch.testing.assert_close(to_unit_range(pixels), torch.tensor([[0.0, 0.2, 1.0]]))
    assert pixels.tolist() == [[0, 51, 255]]
    assert to_unit_range(torch.tensor([255], dtype=torch.uint8)).item() <= 1


@pytest.mark.parametrize(("over", "axes"), [("channel", (0, 2, 3)), ("pixel", 0)])
def test_cifar_is_standardised_with_statistics_of_the_training_images(over, axes):
    images = tiny_images(per_class=10, tests=3, shape=(3, 5, 5))
    stream = stream_of("split_cifar10", images=images, cifar_standardisation=over)
    pixels = images.train_images.astype(np.float64)
    mean, deviation = pixels.mean(axes, keepdims=True), pixels.std(axes, keepdims=True)
    inputs, labels = stream.batch(np.array([3, 0, 3]))
    assert inputs.dtype == torch.float32
    expected = (stream.images[[3, 0, 3]].numpy() - mean) / deviation
    np.testing.assert_allclose(inputs.numpy(), expected, rtol=1e-4, atol=1e-4)
    assert labels.tolist() == stream.labels[[3, 0, 3]].tolist()
    # test images share the statistics and have no part in them
    tests = stream.normalise(stream.tests[1][0]).numpy()
    of_task = images.test_images[images.test_labels // 2 == 1]
    np.testing.assert_allclose(tests, (of_task - mean) / deviation, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("benchmark", "wanted", "task", "has"), [(SPLIT, 21, 1, 20), (PERMUTED, 101, 1, 100)]
)
@pytest.mark.parametrize("subset", ["per_seed", "first"])
def test_too_few_images(benchmark, wanted, task, has, subset):
    expected = (
        f"training_images is {wanted}, but task {task} of {benchmark} has only {has} in mnist"
    )
    with pytest.raises(ValueError, match=f"^{expected}$"):
        stream_of(benchmark, training_images=wanted, subset=subset)
    assert len(stream_of(benchmark, training_images=has).labels) > 0


# --- sizes come from the benchmark, not from the images that happen to be there


@pytest.mark.parametrize("method", METHODS)
def test_a_class_that_never_arrives_is_counted_all_the_same(method):
    settings = tiny_settings(method, training_images=1)
    seed = next(s for s in range(99) if stream_of(seed=s, training_images=1).groups.max() < 9)
    result = train(method, seed, settings, IMAGES)
    assert [len(row) for row in result["memory"]["counts"]] == [10] * 5
    assert task_shares({"benchmark": SPLIT, **result}).shape == (5, 5)
    assert not result["diverged"]


def test_a_memory_is_no_larger_than_the_stream():
    for method in ("er", "gss"):
        learner = make_learner(method, memory_size=10**12)
        assert learner.memory.capacity == len(learner.stream.labels)


# --- another order of classes, and tasks of several sizes


def row(monkeypatch, **changes):
    monkeypatch.setitem(BENCHMARKS, SPLIT, replace(BENCHMARKS[SPLIT], **changes))


def test_classes_arrive_in_the_order_of_the_row(monkeypatch):
    before = stream_of()
    row(monkeypatch, task_classes=((9, 3), (0,), (5, 6, 1)))
    stream = stream_of()
    assert (stream.tasks, stream.classes, stream.group_count) == (3, 10, 10)
    parts = [stream.labels[slice(*stream.starts[t : t + 2])].tolist() for t in range(3)]
    assert [sorted(set(part)) for part in parts] == [[3, 9], [0], [1, 5, 6]]
    assert [sorted(set(y.tolist())) for _, y in stream.tests] == [[3, 9], [0], [1, 5, 6]]
    assert not same(before, stream)


def test_a_split_benchmark_can_be_balanced_over_tasks(monkeypatch):
    row(monkeypatch, groups="task")
    stream = stream_of()
    assert stream.groups.tolist() == np.repeat(np.arange(5), 8).tolist()
    assert (stream.group_kind, stream.group_count, stream.classes) == ("task", 5, 10)


def test_rows_that_contradict_themselves_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="tasks share classes, so groups must be 'task'"):
        row(monkeypatch, task_classes=shared(range(10), tasks=2))
    with pytest.raises(ValueError, match="groups is 'klass'; allowed: class, task"):
        row(monkeypatch, groups="klass")
    with pytest.raises(ValueError, match="10 classes cannot be split evenly among 3 tasks"):
        split(range(10), tasks=3)


def test_a_title_or_a_default_changes_no_run(monkeypatch):
    before = repr(BENCHMARKS[SPLIT])
    row(monkeypatch, title="x", memory_size=7, training_images=9, datasets=("mnist",))
    assert repr(BENCHMARKS[SPLIT]) == before
    row(monkeypatch, network="resnet")
    assert repr(BENCHMARKS[SPLIT]) != before


@pytest.mark.parametrize("name", DATASETS)
def test_images_by_class_add_up(name):
    entry = DATASETS[name]
    assert entry.training_images_of(range(entry.classes)) == entry.training_images
    assert entry.training_images_of([entry.classes]) == 0


def test_task_3_of_split_mnist_is_the_smallest():
    tasks = BENCHMARKS[SPLIT].task_classes
    sizes = [DATASETS["mnist"].training_images_of(classes) for classes in tasks]
    assert sizes == [12665, 12089, 11263, 12183, 11800]


@pytest.mark.parametrize("benchmark", [SPLIT, PERMUTED])
def test_the_rows_of_a_batch_lie_together(benchmark):
    """Otherwise NumPy copies all images for each batch: twenty times the cost of a step."""
    stream = build_stream(tiny_settings("er", benchmark), tiny_images(), seed=0)
    stream.batch(np.arange(2))
    assert stream._inputs.flags.c_contiguous
