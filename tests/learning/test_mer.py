"""MER against a loop written out with torch.optim, and as SGD where it should be that."""

from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import make_learner, tiny_images

POSITIONS = np.array([[3, 1, 4, 8], [1, 5, 9, 8], [2, 6, 5, 8]])  # s = 3 batches, k = 4


def flat(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def sgd_by_sample(network, learner, positions, rate):
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    for position in positions:
        inputs, labels = learner.stream.batch(np.array([position]))
        optimizer.zero_grad()
        F.cross_entropy(network(inputs)[-1], labels).backward()
        optimizer.step()


def moved(network, since, share):
    with torch.no_grad():
        for parameter, old in zip(network.parameters(), since.parameters(), strict=True):
            parameter.copy_(old + share * (parameter - old))


@pytest.mark.parametrize("algorithm", [1, 6])
def test_a_step_is_the_papers_loop(algorithm):
    learner = make_learner(
        "mer", mer_learning_rate=0.1, mer_beta=0.3, mer_gamma=0.6, mer_algorithm=algorithm
    )
    network = deepcopy(learner.network)
    start = deepcopy(network)
    for batch in POSITIONS:
        before = deepcopy(network)
        sgd_by_sample(network, learner, batch, 0.1)
        if algorithm == 1:
            moved(network, before, 0.3)
    moved(network, start, 0.6)
    learner.update.step(POSITIONS)
    torch.testing.assert_close(flat(learner.network), flat(network), rtol=0, atol=1e-6)


def test_one_batch_and_full_steps_are_sgd_sample_by_sample():
    learner = make_learner("mer", mer_learning_rate=0.2, mer_beta=1, mer_gamma=1)
    other = make_learner("uniform", learning_rate=0.2)
    learner.update.step(POSITIONS[:1])
    for position in POSITIONS[0]:
        other.update.step(np.array([position]))
    assert torch.equal(flat(learner.network), flat(other.network))


def test_the_averages_of_batchnorm_go_the_same_way():
    images = tiny_images(per_class=4, shape=(3, 32, 32))
    learner = make_learner("mer", "split_cifar10", images=images, mer_gamma=0, mer_beta=0.5)
    before = [value.clone() for value in learner.network.values]
    learner.update.step(np.array([[0, 1]]))
    for value, old in zip(learner.network.values, before, strict=True):
        assert torch.equal(value, old)  # gamma = 0 keeps nothing


def test_each_batch_has_draws_from_the_memory_and_the_loaded_sample_last():
    learner = make_learner("mer", task=1, mer_batches=50, mer_batch_size=4)
    held = set(range(8))
    (batches,) = learner.batches(np.array([8]))
    assert batches.shape == (50, 4)
    assert (batches[:, -1] == 8).all()
    assert set(batches[:, :-1].ravel().tolist()) == held  # the loaded one enters afterwards
    assert 8 not in held
    assert 8 in learner.memory.members(int(learner.stream.groups[8]))


def test_the_first_sample_is_alone():
    learner = make_learner("mer", mer_batches=3)
    (batches,) = learner.batches(np.array([0]))
    assert batches.tolist() == [[0], [0], [0]]


def test_the_rate_is_the_authors_or_the_benchmarks():
    for reading, rate in (("released", 0.03), ("table6", 0.2)):
        assert make_learner("mer", mer_settings=reading).update.learning_rate == rate
