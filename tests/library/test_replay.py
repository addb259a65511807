"""The public ring buffer against lists (Alg. 1), and its batches."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drl_replication.replay import RingBuffer


def filled(labels, capacity=5, classes=4):
    """A buffer that was given samples 0, 1, ... one by one."""
    buffer = RingBuffer(capacity, classes)
    for i, label in enumerate(labels):
        buffer.add(torch.tensor([[float(i)]]), torch.tensor([label]))
    return buffer


def held(buffer):
    """The numbers of the samples held, from many draws."""
    x, y = buffer.uniform(400)
    return {(int(i), int(label)) for i, label in zip(x[:, 0], y, strict=True)}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 6))
def test_it_holds_what_lists_would(labels, capacity):
    lists = [[] for _ in range(4)]
    for i, label in enumerate(labels):
        lists[label].append(i)
        if sum(map(len, lists)) > capacity:
            largest = max(range(4), key=lambda c: len(lists[c]))  # the first of equals
            lists[largest].pop(0)
    buffer = filled(labels, capacity)
    assert buffer.counts.tolist() == [len(part) for part in lists]
    assert len(buffer) == sum(map(len, lists))
    assert held(buffer) == {(i, c) for c, part in enumerate(lists) for i in part}


def test_a_balanced_batch_has_each_class_as_often():
    buffer = filled([0, 1, 1, 2, 2, 2], capacity=6)
    x, y = buffer.balanced(9)
    assert Counter(y.tolist()) == {0: 3, 1: 3, 2: 3} and x.shape == (9, 1)


def test_a_small_batch_has_pairs_and_the_current_class():
    buffer = filled([0, 1, 2, 3])
    for _ in range(20):
        counts = Counter(buffer.balanced(4, current=torch.tensor([3]))[1].tolist())
        assert counts[3] == 2 and sorted(counts.values()) == [2, 2]


def test_many_at_once_are_as_one_by_one():
    labels = [0, 0, 1, 2, 1, 0, 0, 3]
    buffer = RingBuffer(5, 4)
    buffer.add(torch.arange(8.0)[:, None], torch.tensor(labels))
    assert held(buffer) == held(filled(labels))


def test_the_same_seed_draws_the_same():
    draws = [filled([0, 1, 2, 3]).balanced(20)[0] for _ in range(2)]
    assert torch.equal(*draws)


def test_counts_are_a_copy():
    buffer = filled([0, 1])
    buffer.counts[:] = 9
    assert buffer.counts.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda b: RingBuffer(0, 4), "capacity is 0, but at least 1 is needed."),
        (lambda b: RingBuffer(4, 0), "classes is 0, but at least 1 is needed."),
        (lambda b: RingBuffer(4, 4).uniform(2), "The memory is empty: add samples before"),
        (lambda b: b.balanced(0), "batch_size is 0, but at least 1 is needed."),
        (lambda b: b.balanced(1), "batch_size is 1, but at least 2 is needed."),
        (lambda b: b.balanced(3, torch.tensor([0, 1])), "batch_size is 3, but at least 4 is"),
        (lambda b: b.balanced(8, None, 2), "min_positive_pairs is 2, but must be 0 or 1."),
        (
            lambda b: b.add(torch.ones(1, 1), torch.tensor([4])),
            "A label is 4, but must be from 0 to 3",
        ),
        (
            lambda b: b.add(torch.ones(1, 2), torch.tensor([1])),
            r"shape (2,) each, but those held have (1,)",
        ),
        (
            lambda b: b.add(torch.ones(2, 1), torch.tensor([1])),
            r"labels have shape (1,) and type torch.int64 for 2",
        ),
    ],
)
def test_what_cannot_be_done_is_said(act, sentence):
    buffer = filled([0, 1])
    with pytest.raises(ValueError) as error:
        act(buffer)
    assert sentence in str(error.value)
    assert np.array_equal(buffer.counts, [1, 1, 0, 0])
