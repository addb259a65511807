"""The ring buffer against Alg. 1 on lists, and the gradient buffer against its formula."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import assert_frequencies, make_learner, make_stream
from hypothesis import given
from hypothesis import strategies as st

from drl_replication.learning.methods import gss
from drl_replication.learning.methods.gss import replaced_slot
from drl_replication.learning.methods.ring import RingBuffer, TypicalFirst


def make_ring(groups, capacity, eviction="fifo", images=None):
    settings = {"memory_size": capacity, "readings": {"memory_eviction": eviction}}
    return RingBuffer(SimpleNamespace(stream=make_stream(groups, images), settings=settings))


def feed(ring, size=1):
    positions = np.arange(len(ring.groups))
    for i in range(0, len(positions), size):
        ring.add(positions[i : i + size])
    return ring


def contents(ring):
    """The positions held of each group, oldest first."""
    return [ring.members(g).tolist() for g in range(len(ring.sizes))]


def alg_1(groups, capacity, victim=lambda members, group, now: 0):
    """Alg. 1 with |B| = 1 on lists; `victim` says which member of the largest class leaves."""
    memory = [[] for _ in range(max(groups) + 1)]
    for position, group in enumerate(groups):
        r = sum(map(len, memory)) + 1 - capacity  # R = |M| + |B| - K
        memory[group].append(position)
        while r > 0:
            largest = max(memory, key=len)  # the first of equally large ones
            largest.pop(victim(largest, memory.index(largest), position))
            r -= 1
    return memory


STREAMS = st.lists(st.integers(0, 4), min_size=1, max_size=60)


# --- ring buffer


def test_first_in_first_out():
    assert contents(feed(make_ring([0, 0, 0, 0, 0], 3))) == [[2, 3, 4]]


def test_the_largest_class_makes_room():
    # class 0 fills the memory; each sample of class 1 then pushes out the oldest of class 0 ...
    assert contents(feed(make_ring([0, 0, 0, 0, 1], 4))) == [[1, 2, 3], [4]]
    assert contents(feed(make_ring([0, 0, 0, 0, 1, 1], 4))) == [[2, 3], [4, 5]]
    # ... and from then on the oldest of its own, which is the largest by one
    assert contents(feed(make_ring([0, 0, 0, 0, 1, 1, 1, 1], 4))) == [[2, 3], [6, 7]]


def test_of_equally_large_classes_the_first_makes_room():
    assert contents(feed(make_ring([1, 1, 0, 0, 2], 4))) == [[3], [0, 1], [4]]


def test_an_uneven_budget():
    assert contents(feed(make_ring([0, 1, 0, 1, 2, 2], 5))) == [[2], [1, 3], [4, 5]]


def test_classes_may_return():
    assert contents(feed(make_ring([0, 1, 1, 1, 0, 0], 3))) == [[5], [2, 3]]


def test_tasks_are_groups_on_permuted_benchmarks():
    learner = make_learner("ber", "permuted_mnist", task=2, training_images=8, memory_size=10)
    assert contents(learner.memory) == [[3, 4, 5, 6, 7], [11, 12, 13, 14, 15], *[[]] * 8]
    learner.memory.add(np.array([16]))
    assert contents(learner.memory) == [[4, 5, 6, 7], [11, 12, 13, 14, 15], [16], *[[]] * 7]


def test_classes_are_groups_on_split_benchmarks():
    learner = make_learner("ber", task=4, training_images=8, memory_size=500)
    learner.memory.add(np.arange(32, 40))
    labels = learner.stream.labels.numpy()
    assert contents(learner.memory) == [np.flatnonzero(labels == c).tolist() for c in range(10)]


@given(STREAMS, st.integers(2, 12))
def test_it_is_alg_1(groups, capacity):
    ring = make_ring(groups, capacity)
    for position in range(len(groups)):
        ring.add(np.array([position]))
        assert len(ring) == ring.sizes.sum() == min(position + 1, capacity)
    assert contents(ring) == alg_1(groups, capacity)


@given(STREAMS, st.integers(2, 12), st.integers(1, 7))
def test_what_always_holds(groups, capacity, load):
    ring = feed(make_ring(groups, capacity), load)
    seen = [np.flatnonzero(np.array(groups) == g).tolist() for g in range(max(groups) + 1)]
    held = contents(ring)
    assert len(ring) == sum(map(len, held)) == min(len(groups), capacity)
    assert [len(h) for h in held] == ring.sizes.tolist()
    for ours, all_seen in zip(held, seen, strict=True):
        assert ours == all_seen[len(all_seen) - len(ours) :]  # the last ones, in order
        # as balanced as can be: a class under the largest less one has lost nothing
        assert len(ours) >= min(len(all_seen), ring.sizes.max() - 1)


def wrapped_ring():
    """Groups of 4, 3, 0 and 1 samples, the first having gone round its slots."""
    ring = feed(make_ring([3] + [0] * 30 + [1] * 3, 8))
    assert contents(ring) == [[27, 28, 29, 30], [31, 32, 33], [], [0]]
    assert ring._starts[0] + ring.sizes[0] > ring._slots.shape[1] or ring._starts[0] > 0
    return ring


def test_draw_is_uniform_within_each_group_asked_for():
    ring, rng = wrapped_ring(), np.random.default_rng(0)
    groups = np.tile([0, 1, 3, 0], 5000)
    drawn = ring.draw(groups, rng)
    np.testing.assert_array_equal(ring.groups[drawn], groups)
    for group, held in ((0, [27, 28, 29, 30]), (1, [31, 32, 33]), (3, [0])):
        counts = np.bincount(drawn[groups == group], minlength=34)
        assert_frequencies(counts[held], np.full(len(held), 1 / len(held)))
        assert counts.sum() == counts[held].sum()


@pytest.mark.parametrize(
    ("among", "held"),
    [
        (None, [27, 28, 29, 30, 31, 32, 33, 0]),
        ([True, False, True, True], [27, 28, 29, 30, 0]),
        ([False, True, True, False], [31, 32, 33]),
    ],
)
def test_draw_uniform_is_uniform_over_all_that_is_held(among, held):
    ring, rng = wrapped_ring(), np.random.default_rng(0)
    drawn = ring.draw_uniform(20000, rng, None if among is None else np.array(among))
    counts = np.bincount(drawn, minlength=34)
    assert_frequencies(counts[held], np.full(len(held), 1 / len(held)))
    assert counts.sum() == counts[held].sum()


@given(STREAMS, st.integers(2, 12), st.data())
def test_only_what_is_held_is_drawn(groups, capacity, data):
    ring = feed(make_ring(groups, capacity))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    held = contents(ring)
    assert set(ring.draw_uniform(50, rng)) <= {p for members in held for p in members}
    present = data.draw(st.lists(st.sampled_from(ring.sizes.nonzero()[0].tolist()), min_size=1))
    among = np.isin(np.arange(len(ring.sizes)), present)
    assert set(ring.draw_uniform(50, rng, among)) <= {p for g in present for p in held[g]}
    for group, position in zip(present, ring.draw(np.array(present), rng), strict=True):
        assert position in held[group]


@pytest.mark.parametrize("eviction", ["fifo", "typical_first"])
def test_a_restored_buffer_goes_on_as_if_nothing_had_been(eviction):
    groups = np.random.default_rng(0).choice(3, 90).tolist()
    images = torch.randint(256, (90, 4), generator=torch.Generator().manual_seed(1)).byte()
    rings = [make_ring(groups, 20, eviction, images) for _ in range(2)]
    rings[0].add(np.arange(50))
    rings[1].restore({k: v.copy() for k, v in rings[0].state().items()})
    for ring in rings:
        ring.add(np.arange(50, 90))
    assert contents(rings[0]) == contents(rings[1])
    assert len(rings[1]) == 20


# --- the reading memory_eviction = typical_first


def line(*values):
    """Images of one pixel."""
    return torch.tensor(values, dtype=torch.uint8)[:, None]


def test_typical_first_weighs_rank_against_ten_times_the_age():
    # 11 of class 0 and one of class 1 fill the memory. All are at the mean 100 but the oldest,
    # whose rank is 10 or 11: the second oldest, of rank 0, costs 10.
    outlier_first = [110, *[100] * 11]
    eleven = contents(feed(make_ring([0] * 11, 10, "typical_first", line(*outlier_first[:11]))))
    twelve = contents(feed(make_ring([0] * 12, 11, "typical_first", line(*outlier_first))))
    assert eleven == [[*range(1, 11)]]  # 10 + 0 against 0 + 10: the older leaves
    assert twelve == [[0, *range(2, 12)]]  # 11 + 0 against 0 + 10


def test_typical_first_measures_from_the_mean_of_all_seen():
    buffer = TypicalFirst(make_stream([0, 0, 0], line(0, 90, 60)))
    for position in range(3):
        buffer.see(position, 0)
    # the mean is 50, so 60 is the nearest; alone with 0, gone by now, the mean would be 75
    assert buffer.choose(np.array([2]), 0) == 0
    assert buffer._sums[0] / buffer._seen[0] == 50


def typical_victim(groups, images):
    """Spec: the one minimising (rank of L1 distance to the running mean) + 10 x age position."""

    def victim(members, group, now):
        seen = [images[p] for p in range(now + 1) if groups[p] == group]
        mean = [sum(int(x[k]) for x in seen) / len(seen) for k in range(len(images[0]))]
        distance = [sum(abs(int(a) - m) for a, m in zip(images[p], mean)) for p in members]  # noqa: B905
        cost = [sum(other < d for other in distance) + 10 * age for age, d in enumerate(distance)]
        return cost.index(min(cost))

    return victim


@pytest.mark.parametrize("seed", range(3))
def test_typical_first_is_the_sentence_of_the_specification(seed):
    rng = np.random.default_rng(seed)
    groups = rng.choice(3, 120, p=[0.7, 0.2, 0.1]).tolist()
    images = rng.integers(0, 256, (120, 9), dtype=np.uint8)
    ring = make_ring(groups, 60, "typical_first", torch.from_numpy(images))
    unlike_fifo = 0
    for now in range(120):
        ring.add(np.array([now]))
        expected = alg_1(groups[: now + 1], 60, typical_victim(groups, images))
        expected += [[]] * (3 - len(expected))
        assert contents(ring) == expected
        unlike_fifo += any(
            held != sorted(held) or held != list_tail(groups, g, held, now)
            for g, held in enumerate(expected)
        )
    assert unlike_fifo > 5  # or the test would say nothing
    assert len(ring) == 60


def list_tail(groups, group, held, now):
    """What a FIFO of that length would hold."""
    seen = [p for p in range(now + 1) if groups[p] == group]
    return seen[len(seen) - len(held) :]


# --- GSS's buffer


def make_buffer(scores=None, **changes):
    """A gradient buffer; `scores` by position stand in for those of gradients."""
    learner = make_learner("gss", **changes)
    if scores is not None:
        known = torch.tensor(scores, dtype=torch.float64)
        learner.memory._score = lambda loaded: (known[loaded], known[loaded] < 1)
    return learner.memory


def test_the_gradient_buffer_fills_up_whatever_the_scores():
    buffer = make_buffer([2.0, 0.0, 1.5, 0.3, 1.0], memory_size=5)
    buffer.add(np.array([3, 1]))
    assert len(buffer) == 2
    assert buffer.positions[:2].tolist() == [3, 1]
    buffer.add(np.array([0, 2, 4]))
    assert len(buffer) == 5
    assert buffer.positions.tolist() == [3, 1, 0, 2, 4]
    assert buffer.scores.tolist() == [0.3, 0.0, 2.0, 1.5, 1.0]  # those that they entered with


def test_the_gradient_buffer_never_exceeds_its_size_and_keeps_scores_with_positions():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 2, 40)
    buffer = make_buffer(scores, memory_size=7)
    for i in range(0, 40, 3):
        buffer.add(np.arange(i, min(i + 3, 40)))
        n = len(buffer)
        assert n == min(i + 3, 7)
        np.testing.assert_array_equal(buffer.scores[:n], scores[buffer.positions[:n]])
        assert len(set(buffer.positions[:n])) == n
        assert buffer.sizes.sum() == n
    replaced = buffer.positions[buffer.positions >= 7]
    assert len(replaced) > 0
    assert (scores[replaced] < 1).all()


def test_a_restored_gradient_buffer_holds_the_same():
    buffers = [make_buffer(np.linspace(0, 2, 40), memory_size=7) for _ in range(2)]
    buffers[0].add(np.arange(3))
    buffers[1].restore({k: v.copy() for k, v in buffers[0].state().items()})
    for buffer in buffers:
        buffer.add(np.arange(30, 33))
    assert buffers[1].positions.tolist() == buffers[0].positions.tolist()
    assert buffers[1].scores.tolist() == buffers[0].scores.tolist()
    assert len(buffers[1]) == 6


def test_sizes_count_classes():
    buffer = make_buffer(np.ones(40), memory_size=30)
    buffer.add(np.arange(13))
    labels = buffer.stream.labels[:13].tolist()
    assert buffer.sizes.tolist() == [labels.count(c) for c in range(10)]


def test_the_gradient_buffer_draws_uniformly_from_what_it_holds():
    buffer = make_buffer(np.ones(40), memory_size=30)
    buffer.add(np.array([5, 9, 30, 31]))
    drawn = buffer.draw_uniform(20000, np.random.default_rng(0))
    counts = np.bincount(drawn, minlength=40)
    assert_frequencies(counts[[5, 9, 30, 31]], [1 / 4] * 4)
    assert counts.sum() == counts[[5, 9, 30, 31]].sum()


@pytest.mark.parametrize("score", [0.0, 0.25, 0.9])
def test_a_slot_is_replaced_with_the_probability_of_the_paper(score):
    scores = np.array([0.5, 0.0, 2.0, 1.0, 0.1])
    rng, n = np.random.default_rng(0), 20000
    outcomes = [replaced_slot(scores, score, rng) for _ in range(n)]
    counts = [outcomes.count(slot) for slot in (0, 1, 2, 3, 4, None)]
    # met with probability C_i / sum C, then replaced with probability C_i / (C_i + c)
    p = [c / 3.6 * (c / (c + score) if c else 0) for c in scores]
    assert_frequencies(counts, [*p, 1 - sum(p)])
    assert counts[1] == 0


def gated(gate, inner, monkeypatch):
    """Which of three candidates, with these products (3, K) with K batches, may replace."""
    learner = make_learner("gss", gss_gate=gate, memory_size=10)
    learner.memory.add(np.arange(10))
    inner = torch.tensor(inner)
    products = inner, torch.ones(3), torch.ones(inner.shape[1])
    monkeypatch.setattr(gss, "gradient_products", lambda *_: products)
    return learner.memory._score(np.arange(10, 13))[1].tolist()


def test_the_gate_of_a_full_memory(monkeypatch):
    mixed = [[0.3, -0.2], [-0.9, -0.1], [-0.6, -0.4]]  # columns' means: -0.4 and -0.23
    assert gated("sample", mixed, monkeypatch) == [False, True, True]
    assert gated("batch", mixed, monkeypatch) == [True, True, True]
    one_agrees = [[0.3, -0.2], [-0.1, -0.1], [-0.1, -0.4]]  # the first mean is positive
    assert gated("sample", one_agrees, monkeypatch) == [False, True, True]
    assert gated("batch", one_agrees, monkeypatch) == [False, False, False]


@pytest.mark.parametrize("score", [0.0, 0.5])
def test_where_all_scores_are_zero_all_stay(score):
    rng = np.random.default_rng(0)
    assert {replaced_slot(np.zeros(4), score, rng) for _ in range(200)} == {None}


def test_a_first_candidate_has_nothing_to_compare_with():
    buffer = make_buffer()
    buffer.add(np.arange(3))
    assert buffer.scores[:3].tolist() == [1.0] * 3
