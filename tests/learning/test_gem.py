"""GEM's step against problems solved by hand and by another solver, and its properties."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import make_learner
from scipy.optimize import minimize

from drl_replication.learning.methods.gem import constrained


def solved(g, rows, margin=0.0, *, within=True, ridge=0.0):
    found = constrained(
        torch.tensor(g, dtype=torch.float64),
        torch.tensor(rows, dtype=torch.float64),
        margin,
        within=within,
        ridge=ridge,
    )
    return found.numpy()


def test_one_task_by_hand():
    # g = (1, 0), g_1 = (-1, 1): v = -<g, g_1> / <g_1, g_1> = 1/2, as in A-GEM
    np.testing.assert_allclose(solved([1, 0], [[-1, 1]]), [0.5, 0.5])


def test_two_tasks_by_hand():
    # Only g_1 conflicts, and the step that is right for it conflicts with g_2, so that both bind:
    # <z, g_1> = <z, g_2> = 0 leaves the third axis alone.
    np.testing.assert_allclose(solved([2, -1, 3], [[-1, 0, 0], [1, 1, 0]]), [0, 0, 3], atol=1e-9)
    # Here g_2 goes on agreeing: v = (1, 0).
    np.testing.assert_allclose(solved([1, 2], [[-1, 0], [0, 1]]), [0, 2], atol=1e-9)


def test_margins_by_hand():
    # P = 2, Gg = -1. Within: v = max(1/2, gamma). Added: 1/2 + gamma.
    rows = [[-1, 1]]
    for margin in (0.25, 0.75):
        v = max(0.5, margin)
        np.testing.assert_allclose(solved([1, 0], rows, margin), [1 - v, v])
        v = 0.5 + margin
        np.testing.assert_allclose(solved([1, 0], rows, margin, within=False), [1 - v, v])


def test_without_a_conflict_the_gradient_stays_whatever_the_margin():
    g = torch.tensor([1.0, 0.0], dtype=torch.float64)
    rows = torch.tensor([[0.0, 1.0], [2.0, 1.0]], dtype=torch.float64)
    assert constrained(g, rows, 0.5, within=True) is g


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("margin", [0.0, 0.5])
def test_random_problems_as_slsqp_solves_them(seed, margin):
    rng = np.random.default_rng(seed)
    g, rows, ridge = rng.normal(size=12), rng.normal(size=(4, 12)), 1e-3
    gram, inner = rows @ rows.T + ridge * np.eye(4), rows @ g
    found = minimize(
        lambda v: 0.5 * v @ gram @ v + inner @ v,
        np.full(4, margin + 1),
        jac=lambda v: gram @ v + inner,
        bounds=[(margin, None)] * 4,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    expected = g + found.x @ rows if (inner < 0).any() else g
    np.testing.assert_allclose(solved(g, rows, margin, ridge=ridge), expected, atol=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_no_conflict_is_left_and_nothing_is_nearer(seed):
    rng = np.random.default_rng(seed)
    g, rows = rng.normal(size=30), rng.normal(size=(5, 30))
    z = solved(g, rows)
    assert (rows @ z).min() > -1e-9
    for other in z + 0.1 * rng.normal(size=(200, 30)):
        if (rows @ other).min() >= 0:
            assert np.linalg.norm(other - g) >= np.linalg.norm(z - g) - 1e-12
    # with a margin, at least so much of every gradient is in the step
    v = np.linalg.lstsq(rows.T, solved(g, rows, 0.5) - g, rcond=None)[0]
    assert v.min() > 0.5 - 1e-9


def test_a_vanishing_reference_conflicts_with_nothing():
    np.testing.assert_allclose(solved([1, 0], [[-1, 1], [0, 0]]), [0.5, 0.5])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_gradient_that_is_no_number_stays_for_divergence_to_be_noticed(bad):
    for g, rows in (([bad, 0.0], [[-1.0, 1.0]]), ([1.0, 0.0], [[bad, 1.0]])):
        np.testing.assert_array_equal(solved(g, rows), g)


@pytest.mark.parametrize("benchmark", ["split_mnist", "permuted_mnist"])
def test_the_references_are_the_earlier_tasks_memories(benchmark):
    learner = make_learner("gem", benchmark, task=2)
    update, memory, stream = learner.update, learner.memory, learner.stream
    assert update.earlier_tasks() == [0, 1]
    held = np.concatenate([memory.members(g) for g in range(stream.group_count)])
    for task in (0, 1):
        own = held[(held >= stream.starts[task]) & (held < stream.starts[task + 1])]
        inputs, labels = stream.batch(own)
        F.cross_entropy(learner.network(inputs)[-1], labels).backward()
        found = learner.network.parts(update.reference(task)[0])
        for part, parameter in zip(found, learner.network.parameters(), strict=True):
            np.testing.assert_allclose(part.T, parameter.grad, rtol=1e-4, atol=1e-7)
            parameter.grad = None


def test_the_share_of_each_earlier_task():
    learner = make_learner("gem", task=4, gem_reference="share", gem_reference_batch_size=10)
    asked, batch = [], learner.stream.batch
    object.__setattr__(learner.stream, "batch", lambda p: (asked.append(p), batch(p))[1])
    for task in learner.update.earlier_tasks():
        learner.update.reference(task)
        start, end = learner.stream.starts[task : task + 2]
        assert len(asked[-1]) == 2  # ten of four tasks
        assert start <= asked[-1].min() and asked[-1].max() < end


def test_the_first_task_is_plain_sgd():
    learners = [make_learner(method) for method in ("gem", "uniform")]
    for position in range(8):
        losses = [learner.learn(np.array([position])) for learner in learners]
        assert losses[0] == losses[1]
