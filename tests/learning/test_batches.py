"""The batch rules against Alg. 2 and 3, and against Appendix B's sentences."""

import numpy as np
import pytest
from helpers import assert_frequencies, make_learner, methods_with
from hypothesis import assume, given
from hypothesis import strategies as st

from drl_replication.learning.methods.ber import select_classes

BALANCED = methods_with("ber:Balanced")


def select(current, seen, size, min_positive_pairs=1, seed=0):
    rng = np.random.default_rng(seed)
    return select_classes(np.array(current), np.array(seen), size, min_positive_pairs, rng)


def counted(classes):
    return dict(zip(*(a.tolist() for a in np.unique(classes, return_counts=True)), strict=True))


# --- Alg. 3


def test_as_many_of_each_class_where_the_batch_divides():
    assert counted(select([3], [1, 3, 7], 12)) == {1: 4, 3: 4, 7: 4}
    assert counted(select([3], [3], 5)) == {3: 5}


def test_the_rest_goes_to_random_classes():
    # n_c = 3, r_c = 2
    draws = [counted(select([3], [1, 3, 7], 11, seed=s)) for s in range(600)]
    assert all(sorted(d.values()) == [3, 4, 4] for d in draws)
    assert_frequencies([sum(d[c] == 3 for d in draws) for c in (1, 3, 7)], [1 / 3] * 3)


def test_too_few_places_for_pairs_of_all_classes():
    # n_c = 1: two each of floor(9 / 2) - 1 = 3 random other classes and of the current one,
    # and one more of any of these
    draws = [counted(select([3], range(6), 9, seed=s)) for s in range(1500)]
    assert all(sorted(d.values()) == [2, 2, 2, 3] for d in draws)
    assert all(3 in d for d in draws)
    others = [0, 1, 2, 4, 5]
    picked = sum(d[3] for d in draws) - 2 * 1500
    assert abs(picked - 1500 / 4) < 5 * np.sqrt(1500 * 3 / 16)
    chosen = np.array([sum(c in d for d in draws) for c in others])
    assert np.abs(chosen - 1500 * 3 / 5).max() < 5 * np.sqrt(1500 * 6 / 25)


def test_without_positive_pairs_all_classes_are_in():
    draws = [counted(select([3], range(6), 9, 0, seed=s)) for s in range(300)]
    assert all(sorted(d.values()) == [1, 1, 1, 2, 2, 2] for d in draws)
    assert len({tuple(d.values()) for d in draws}) == 20  # 3 of 6


def test_more_classes_than_places():
    draws = [counted(select([3], range(8), 5, 0, seed=s)) for s in range(300)]
    assert all(list(d.values()) == [1] * 5 and 3 in d for d in draws)
    assert set().union(*draws) == set(range(8))
    assert counted(select([2, 3], range(8), 5)) in [{2: 2, 3: 3}, {2: 3, 3: 2}]


@st.composite
def situations(draw):
    seen = sorted(draw(st.sets(st.integers(0, 30), min_size=1, max_size=20)))
    current = sorted(draw(st.sets(st.sampled_from(seen), min_size=1, max_size=min(4, len(seen)))))
    return current, seen, draw(st.integers(2, 45)), draw(st.integers(0, 99))


@given(situations(), st.integers(0, 1))
def test_what_alg_3_promises(situation, min_positive_pairs):
    current, seen, size, seed = situation
    assume(len(current) * (1 + min_positive_pairs) <= size)
    classes = counted(select(current, seen, size, min_positive_pairs, seed))
    assert sum(classes.values()) == size
    assert set(current) <= classes.keys() <= set(seen)
    assert max(classes.values()) - min(classes.values()) <= 1
    if min_positive_pairs:
        assert min(classes.values()) >= 2
    if size >= len(seen) * (1 + min_positive_pairs):
        assert list(classes) == seen


@given(situations())
def test_min_positive_pairs_cannot_matter_with_two_places_a_class(situation):
    current, seen, size, seed = situation
    size = max(size, 2 * len(seen))
    with_pairs, without = (select(current, seen, size, m, seed) for m in (1, 0))
    np.testing.assert_array_equal(with_pairs, without)


def test_min_positive_pairs_matters_with_fewer():
    assert len(counted(select([0], range(10), 19, 1))) == 9
    assert len(counted(select([0], range(10), 19, 0))) == 10


# --- Alg. 2


@pytest.mark.parametrize("method", BALANCED)
def test_balanced_batches(method):
    learner = make_learner(method, task=2, training_batch_size=13)
    for position in range(16, 24):  # the third task
        (batch,) = learner.batches(np.array([position]))
        groups = learner.stream.groups
        assert position in learner.memory.members(groups[position])  # stored first
        assert len(batch) == 13
        counts = counted(groups[batch])
        seen = np.flatnonzero(learner.memory.sizes).tolist()
        assert sorted(counts) == seen  # 13 places are two for each of 5 or 6 classes
        assert groups[position] in counts
        assert max(counts.values()) - min(counts.values()) <= 1
        held = np.concatenate([learner.memory.members(g) for g in seen])
        assert set(batch) <= set(held)


def test_a_balanced_batch_holds_the_class_just_loaded():
    learner = make_learner("ber", task=4, training_batch_size=4)
    groups = learner.stream.groups
    for position in range(32, 40):
        (batch,) = learner.batches(np.array([position]))
        counts = counted(groups[batch])
        assert counts[groups[position]] == 2
        assert sorted(counts.values()) == [2, 2]


def test_a_reading_without_pairs_reaches_more_classes():
    learner = make_learner("ber", task=4, training_batch_size=8, min_positive_pairs=0)
    (batch,) = learner.batches(np.array([32]))
    assert len(counted(learner.stream.groups[batch])) == 8


def test_balanced_over_task_ids_where_tasks_share_their_classes():
    learner = make_learner("ber", "permuted_mnist", task=3, training_batch_size=20)
    (batch,) = learner.batches(np.array([24]))
    tasks = batch // 8  # eight images a task
    assert counted(tasks) == {0: 5, 1: 5, 2: 5, 3: 5}


def first_task_batches(method, **changes):
    """Many batches after nine samples of one class and one of another."""
    learner = make_learner(method, training_images=12, memory_size=10, **changes)
    groups = learner.stream.groups
    ones = np.flatnonzero(groups == 1)[:1]
    zeros = np.flatnonzero(groups == 0)
    learner.memory.add(np.resize(zeros, 9))
    learner.memory.add(ones)
    loaded = zeros[:1]
    drawn = [groups[b] for _ in range(300) for b in learner.batches(loaded)]
    assert learner.memory.sizes[:2].tolist() == [9, 1]  # a zero comes, a zero goes
    return np.concatenate(drawn)


@pytest.mark.parametrize("method", [*BALANCED, "er"])
def test_the_first_task_is_uniform_over_the_memory(method):
    drawn = first_task_batches(method, first_task="uniform", er_current="sample")
    assert_frequencies(np.bincount(drawn), [0.9, 0.1])


@pytest.mark.parametrize("method", [*BALANCED, "er"])
def test_the_first_task_as_later(method):
    drawn = first_task_batches(method, first_task="as_later", er_current="sample")
    assert np.bincount(drawn).tolist() == [3000, 3000]


def test_after_the_first_task_nothing_is_uniform():
    learner = make_learner("ber", task=1, training_batch_size=9, first_task="uniform")
    (batch,) = learner.batches(np.array([8]))
    assert list(counted(learner.stream.groups[batch]).values()) == [3, 3, 3]


# --- ER


@pytest.mark.parametrize(("size", "half"), [(20, 10), (7, 4)])
def test_er_takes_half_from_the_current_task(size, half):
    learner = make_learner("er", task=2, training_batch_size=size)
    groups, seen = learner.stream.groups, [set(), set()]
    for position in range(16, 24):
        (batch,) = learner.batches(np.array([position]))
        assert len(batch) == size
        current = np.isin(groups[batch], [4, 5])
        assert current.sum() == half
        assert (batch[current] <= position).all()
        seen[0] |= set(groups[batch[current]])
        seen[1] |= set(groups[batch[~current]])
    assert seen == [{4, 5}, {0, 1, 2, 3}]


@pytest.mark.parametrize(("size", "half"), [(2000, 1000), (2001, 1001)])
def test_er_by_sample_takes_half_from_the_class_just_loaded(size, half):
    learner = make_learner("er", task=2, training_batch_size=size, er_current="sample")
    groups = learner.stream.groups
    for position in range(16, 24):
        (batch,) = learner.batches(np.array([position]))
        counts = np.bincount(groups[batch], minlength=10)
        assert counts[groups[position]] == half
        counts[groups[position]] = 0
        held = learner.memory.sizes.copy()
        held[groups[position]] = 0
        assert_frequencies(counts, held / held.sum())  # over all others that are held


def test_er_draws_each_half_uniformly():
    learner = make_learner("er", task=1, training_batch_size=4000, memory_size=100)
    for position in range(8, 16):
        (batch,) = learner.batches(np.array([position]))
    counts = np.bincount(batch)
    assert_frequencies(counts[:8], [1 / 8] * 8)
    assert_frequencies(counts[8:], [1 / 8] * 8)
    assert counts[:8].sum() == 2000


@pytest.mark.parametrize("first_task", ["uniform", "as_later"])
def test_er_has_only_current_samples_in_the_first_task(first_task):
    learner = make_learner("er", first_task=first_task, training_batch_size=7)
    for position in range(8):
        (batch,) = learner.batches(np.array([position]))
        assert len(batch) == 7
        assert set(batch) <= set(range(position + 1))


# --- A-GEM


def agem_batches(reading):
    learner = make_learner("agem", task=2, agem_batch=reading, training_batch_size=30)
    return [next(iter(learner.batches(np.array([p])))) for p in range(16, 24)], learner


def test_agem_draws_from_the_whole_memory():
    batches, learner = agem_batches("memory")
    assert all(len(b) == 30 for b in batches)
    assert set(learner.stream.groups[np.concatenate(batches)]) == {0, 1, 2, 3, 4, 5}
    drawn = np.concatenate([learner.memory.draw_uniform(30, learner.rng) for _ in range(300)])
    held = np.concatenate([learner.memory.members(g) for g in range(6)])
    assert_frequencies(np.bincount(drawn, minlength=40)[held], [1 / 20] * 20)


def test_agem_draws_from_the_current_task():
    batches, learner = agem_batches("task")
    assert all(len(b) == 30 for b in batches)
    assert set(learner.stream.groups[np.concatenate(batches)]) == {4, 5}
    assert all((b <= 16 + i).all() for i, b in enumerate(batches))


def test_agem_trains_on_what_is_loaded():
    batches, learner = agem_batches("loaded")
    assert [b.tolist() for b in batches] == [[p] for p in range(16, 24)]
    assert 23 in np.concatenate([learner.memory.members(g) for g in (4, 5)])  # stored all the same


# --- GSS


def test_gss_alternates_new_and_replayed_samples():
    learner = make_learner("gss", gss_batch_size=3, gss_iterations=4)
    first = list(learner.batches(np.array([0, 1, 2])))
    # nothing to replay yet, and stored only afterwards
    assert [b.tolist() for b in first] == [[0, 1, 2]] * 4
    assert learner.memory.positions[:3].tolist() == [0, 1, 2]
    second = []
    for batch in learner.batches(np.array([3, 4, 5])):
        assert len(learner.memory) == 3
        second.append(batch)
    assert len(second) == 8
    assert [b.tolist() for b in second[::2]] == [[3, 4, 5]] * 4
    assert all(len(b) == 3 and set(b) <= {0, 1, 2} for b in second[1::2])
    assert len({tuple(b) for b in second[1::2]}) > 1  # drawn anew
    assert len(learner.memory) == 6


def test_gss_replays_as_many_as_it_loads_at_a_time():
    learner = make_learner("gss", gss_batch_size=5, gss_iterations=1)
    list(learner.batches(np.array([0, 1, 2])))
    new, replayed = learner.batches(np.array([3]))  # the last load of a task may be smaller
    assert new.tolist() == [3]
    assert len(replayed) == 5


# --- seeds pair: what is drawn does not depend on the objective


def test_methods_with_one_batch_rule_draw_the_same_batches():
    drawn = []
    for method in BALANCED:
        learner = make_learner(method, seed=5)
        batches = []
        learner.update.step = lambda positions, into=batches: into.append(positions.tolist()) or 0.0
        for task in range(2):
            learner.start_task(task)
            for position in range(8 * task, 8 * task + 8):
                learner.learn(np.array([position]))
        drawn.append(batches)
    assert len(drawn[0]) == 16
    assert all(d == drawn[0] for d in drawn)
    assert len(drawn) >= 4  # and one that someone added
