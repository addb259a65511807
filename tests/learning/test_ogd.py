"""OGD's directions are orthonormal, its steps orthogonal to them, and both are what they say."""

import numpy as np
import pytest
import torch
from helpers import make_learner, tiny_images

from drl_replication.learning.methods.ogd import extended, without
from drl_replication.learning.methods.vectors import vector


def after_a_task(**changes):
    learner = make_learner("ogd", **changes)
    for position in range(8):
        learner.learn(np.array([position]))
    return learner


def assert_orthonormal(basis):
    torch.testing.assert_close(
        basis @ basis.T, torch.eye(len(basis), dtype=basis.dtype), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("reading", ["gtl", "all", "ave"])
def test_the_basis_stays_orthonormal_over_tasks(reading):
    learner = after_a_task(ogd_directions=reading)
    sizes = [len(learner.update.basis)]
    for task in (1, 2):
        learner.start_task(task)
        for position in range(8 * task, 8 * task + 8):
            learner.learn(np.array([position]))
        sizes.append(len(learner.update.basis))
    assert sizes[0] < sizes[1] < sizes[2]
    assert_orthonormal(learner.update.basis)
    assert learner.update.bytes_held == sizes[2] * learner.update.basis.shape[1] * (8 + 4)


def test_near_and_dependent_directions():
    rng = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 50, generator=rng, dtype=torch.float64)
    near = first + 1e-4 * second
    basis = extended(
        torch.zeros(0, 50, dtype=torch.float64), [first, near, first + near, 0 * first]
    )
    assert len(basis) == 2
    assert_orthonormal(basis)
    # the plane is that of the two
    assert without(second, basis).norm() < 1e-8 * second.norm()


@pytest.mark.parametrize("n", [1, 16, 40])
def test_what_is_left_is_orthogonal_and_nothing_else_is_lost(n):
    rng = torch.Generator().manual_seed(n)
    basis = extended(
        torch.zeros(0, 100, dtype=torch.float64),
        list(torch.randn(n, 100, generator=rng, dtype=torch.float64)),
    )
    g = torch.randn(100, generator=rng, dtype=torch.float64)
    left = without(g, basis)
    assert (basis @ left).abs().max() < 1e-10
    torch.testing.assert_close(left, g - basis.T @ (basis @ g), rtol=0, atol=1e-12)


def test_a_step_moves_along_no_direction():
    learner = after_a_task()
    learner.start_task(1)
    before = vector([learner.network.vector]).clone()
    learner.learn(np.array([8]))
    step = vector([learner.network.vector]) - before
    assert step.norm() > 1e-3
    along = learner.update.basis @ step
    assert along.abs().max() < 1e-6 * step.norm()  # the network is in float32


@pytest.mark.parametrize("benchmark", ["split_mnist", "split_cifar10"])
@pytest.mark.parametrize("reading", ["gtl", "all", "ave"])
def test_directions_are_gradients_of_logits(reading, benchmark):
    images = tiny_images(per_class=4, shape=(3, 32, 32)) if "cifar" in benchmark else None
    learner = make_learner("ogd", benchmark, images=images, ogd_directions=reading)
    network = learner.network.eval()
    found = learner.update.directions(3)
    inputs, labels = learner.stream.batch(np.array([3]))
    logits = network(inputs)[-1][0]
    wanted = {"gtl": [logits[labels[0]]], "all": list(logits), "ave": [logits.mean()]}[reading]
    assert len(found) == len(wanted)
    for ours, logit in zip(found, wanted, strict=True):
        theirs = torch.autograd.grad(logit, list(network.parameters()), retain_graph=True)
        if benchmark == "split_mnist":  # its vector has weights as (in, out)
            theirs = [g.mT.contiguous() if g.dim() > 1 else g for g in theirs]
        torch.testing.assert_close(ours, vector(theirs), rtol=1e-4, atol=1e-6)


def test_only_the_tasks_own_samples_and_no_more_than_asked_for():
    learner = make_learner("ogd", task=2, ogd_samples=3)
    learner.memory.add(np.arange(16, 24))
    asked = []
    learner.update.directions = lambda position: asked.append(position) or []
    learner.update.end_task()
    assert len(set(asked)) == 3
    assert all(16 <= position < 24 for position in asked)


def test_the_last_task_adds_nothing():
    learner = make_learner("ogd", task=4)
    learner.update.end_task()
    assert len(learner.update.basis) == 0


def test_the_first_task_is_finetuning():
    learners = [make_learner(method) for method in ("ogd", "finetune")]
    for position in range(7):
        losses = [learner.learn(np.array([position])) for learner in learners]
        assert losses[0] == losses[1]
