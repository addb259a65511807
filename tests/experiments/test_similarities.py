"""Similarities of pairs against one backward pass a sample and loops over pairs."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from drl_replication.experiments.similarities import (
    cosines,
    draw_per_class,
    pair_similarities,
    summary,
)
from drl_replication.learning.networks import build_network

KINDS, SIGNS = ("representation", "gradient"), ("positive", "negative")


@pytest.fixture(scope="module")
def problem():
    rng = torch.Generator().manual_seed(0)
    network = build_network("dense", 16, 3, seed=0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.empty_like(parameter).uniform_(-0.2, 0.2, generator=rng))
    labels = torch.tensor([0, 2, 1, 0, 2, 0, 1])
    return network, torch.rand(7, 4, 4, generator=rng), labels


def naive(network, inputs, labels, layers):
    """Every pair by itself, with one backward pass a sample."""
    vectors = {kind: [] for kind in KINDS}
    for x, y in zip(inputs.split(1), labels.split(1), strict=True):
        outputs = network(x)
        loss = F.cross_entropy(outputs[-1], y)
        gradient = torch.autograd.grad(loss, list(network.parameters()))
        vectors["gradient"].append(torch.cat([g.flatten() for g in gradient]))
        vectors["representation"].append(torch.cat([outputs[i][0] for i in layers]).detach())
    result = {kind: {sign: [] for sign in SIGNS} for kind in KINDS}
    for i, j in combinations(range(len(labels)), 2):
        sign = "positive" if labels[i] == labels[j] else "negative"
        for kind, v in vectors.items():
            result[kind][sign].append((v[i] @ v[j] / (v[i].norm() * v[j].norm())).item())
    return result


@pytest.mark.parametrize("layers", [(0, 1, 2), (1,)])
def test_every_pair_is_that_of_a_backward_pass_each(problem, layers):
    actual, expected = pair_similarities(*problem, layers), naive(*problem, layers)
    for kind in KINDS:
        for sign in SIGNS:
            np.testing.assert_allclose(actual[kind][sign], expected[kind][sign], atol=1e-5)
    assert len(actual["gradient"]["positive"]) == 3 + 1 + 1  # of 3, 2 and 2 samples a class
    assert len(actual["gradient"]["negative"]) == 3 * 2 + 3 * 2 + 2 * 2


def test_the_network_stays_as_it_was(problem):
    network = problem[0]
    before = [p.clone() for p in network.parameters()]
    pair_similarities(*problem, (0, 1, 2))
    assert network.training
    assert all(torch.equal(p, b) for p, b in zip(network.parameters(), before, strict=True))
    assert all(p.dtype == torch.float32 for p in network.parameters())


def test_tiny_gradients_of_samples_that_are_surely_right_have_their_direction(problem):
    network = build_network("dense", 16, 3, seed=0)
    with torch.no_grad():
        network.head.bias.copy_(torch.tensor([22.0, 0, 0]))
    labels = torch.zeros(7, dtype=torch.int64)
    found = pair_similarities(network, problem[1], labels, (2,))["gradient"]["positive"]
    exact = naive(network.double(), problem[1].double(), labels, (2,))["gradient"]["positive"]
    np.testing.assert_allclose(found, exact, atol=1e-4)


def test_cosines_by_hand():
    vectors = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-6.0, -8.0], [0.0, 2.0]], dtype=torch.float64)
    expected = [[1, 0, -1, 0.8], [0, 0, 0, 0], [-1, 0, 1, -0.8], [0.8, 0, -0.8, 1]]
    np.testing.assert_allclose(cosines((vectors @ vectors.T).numpy()), expected, atol=1e-12)


def test_images_are_drawn_from_each_class():
    labels = np.random.default_rng(0).integers(0, 4, 200)
    draw = draw_per_class(labels, (3, 1), 20, np.random.default_rng(1))
    assert labels[draw].tolist() == [3] * 20 + [1] * 20
    assert len(set(draw.tolist())) == 40
    assert (draw != draw_per_class(labels, (3, 1), 20, np.random.default_rng(2))).any()
    with pytest.raises(ValueError, match=r"test_images_per_class is 3, but class 1 has only 2 "):
        draw_per_class(np.array([0, 0, 0, 1, 1]), (0, 1), 3, np.random.default_rng(0))


def test_a_summary_counts_as_numpy_does():
    values = np.array([-1.0, -0.99, -1e-9, 0.0, 0.011, 0.999, 1.0])
    found = summary(values)
    assert found["pairs"] == 7
    assert found["mean"] == pytest.approx(values.mean())
    assert found["conflicting"] == pytest.approx(3 / 7)
    edges = np.linspace(-1, 1, 101)
    last = edges[-1]  # belongs to the last bin
    by_hand = [
        sum(low <= v < high or v == high == last for v in values) for low, high in pairwise(edges)
    ]
    assert found["histogram"] == by_hand
    assert sum(by_hand) == 7
