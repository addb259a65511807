"""Updates against torch.optim, and A-GEM's projection by hand."""

from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import make_learner

from drl_replication.learning.gradients import gradient
from drl_replication.learning.methods.agem import project
from drl_replication.learning.methods.rmargin import draw_pairs
from drl_replication.seeding import generator

# --- SGD


@pytest.mark.parametrize("learning_rate", [0.02, 0.5])
def test_sgd_is_torchs(learning_rate):
    learner = make_learner("ber", learning_rate=learning_rate)
    network = deepcopy(learner.network)
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate)
    rng = np.random.default_rng(0)
    for _ in range(5):
        positions = rng.integers(0, 40, 9)
        loss = learner.update.step(positions)
        inputs = learner.stream.images[positions].float() / 255
        expected = F.cross_entropy(network(inputs)[-1], learner.stream.labels[positions])
        optimizer.zero_grad()
        expected.backward()
        optimizer.step()
        assert loss == pytest.approx(expected.item(), rel=1e-6)  # the one before the step
        for ours, theirs in zip(learner.network.parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-7)


@pytest.mark.parametrize("form", ["printed", "hinge", "released"])
def test_beta_of_rmargin_is_trained_with_its_own_gradient(form):
    learner = make_learner(
        "rmargin", rmargin_lambda=0.01, learning_rate=0.5, rmargin_form=form, seed=2
    )
    positions = np.arange(10)
    labels = learner.stream.labels[positions].numpy()
    positive, negative = draw_pairs(labels, "replace", generator(2, "objective"))
    if form == "released":
        positive, negative = np.triu(positive, 1), np.triu(negative, 1)
    if form == "hinge":
        # only a pair within the margin counts
        h = torch.cat(learner.network(learner.stream.batch(positions)[0]), 1).detach()
        unit = (h / h.norm(dim=1, keepdim=True)).double().numpy()
        d = np.linalg.norm(unit[:, None] - unit, axis=2)
        positive, negative = positive * (0.2 + d - 0.6 > 0), negative * (0.2 - d + 0.6 > 0)
    slope = negative.sum() - positive.sum()
    assert slope != 0
    learner.update.step(positions)
    assert learner.objective.beta.item() == pytest.approx(0.6 - 0.5 * 0.01 * slope, rel=1e-5)


# --- A-GEM


def test_projection_by_hand():
    # g = (1, 0), r = (-1, 1): <g, r> = -1, <r, r> = 2, so g + r / 2
    (projected,) = project([torch.tensor([1.0, 0.0])], [torch.tensor([-1.0, 1.0])])
    assert projected.tolist() == [0.5, 0.5]
    (projected,) = project([torch.tensor([3.0, -2.0])], [torch.tensor([0.0, 4.0])])
    assert projected.tolist() == [3.0, 0.0]


@pytest.mark.parametrize("reference", [[2.0, 1.0], [0.0, 3.0], [0.0, 0.0]])
def test_without_a_conflict_the_gradient_stays(reference):
    gradient = [torch.tensor([1.0, 0.0])]
    assert torch.equal(project(gradient, [torch.tensor(reference)])[0], gradient[0])


@pytest.mark.parametrize("seed", range(20))
def test_the_projection_removes_the_conflict_and_nothing_else(seed):
    rng = torch.Generator().manual_seed(seed)
    shapes = [(3, 4), (3,), (2, 3)]
    g, r = ([torch.randn(s, generator=rng, dtype=torch.float64) for s in shapes] for _ in range(2))
    flat_g, flat_r = (torch.cat([t.flatten() for t in x]) for x in (g, r))
    projected = project(g, r)
    assert [p.shape for p in projected] == [t.shape for t in g]
    flat = torch.cat([p.flatten() for p in projected])
    (as_one,) = project([flat_g], [flat_r])
    torch.testing.assert_close(flat, as_one)
    if flat_g @ flat_r >= 0:
        assert torch.equal(flat, flat_g)
        return
    assert abs(flat @ flat_r) < 1e-10
    # the nearest point: what was taken away is a multiple of r
    removed = flat_g - flat
    assert removed @ flat_r < 0
    torch.testing.assert_close(removed, removed @ flat_r / (flat_r @ flat_r) * flat_r)


@pytest.mark.parametrize("length", [1e-38, 1e-23, 1e20])
def test_the_projection_holds_over_the_whole_range_of_floats(length):
    (projected,) = project([torch.tensor([1.0, 0.0])], [torch.tensor([-length, length])])
    assert projected.tolist() == pytest.approx([0.5, 0.5])
    (projected,) = project([torch.tensor([length, 0.0])], [torch.tensor([-1.0, 1.0])])
    assert projected.tolist() == pytest.approx([length / 2, length / 2])


def test_the_reference_on_distinct_samples_is_that_of_all_draws():
    learner = make_learner("agem", task=2)
    drawn = np.array([3, 1, 3, 3, 9, 14, 1])
    expected = gradient(learner.network, *learner.stream.batch(drawn))
    for ours, wanted in zip(learner.update.reference(drawn), expected, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-7)


def recorded(learner):
    """Every (positions, gradient) of a reference batch from here on."""
    calls, compute = [], learner.update.reference

    def reference(positions):
        gradients = compute(positions)
        calls.append((positions, gradients))
        return gradients

    learner.update.reference = reference
    return calls


def test_agem_has_no_reference_in_the_first_task():
    learner = make_learner("agem")
    calls = recorded(learner)
    for position in range(8):
        learner.learn(np.array([position]))
    assert not calls
    learner.start_task(1)
    learner.learn(np.array([8]))
    assert len(calls) == 1


@pytest.mark.parametrize("benchmark", ["split_mnist", "permuted_mnist"])
@pytest.mark.parametrize("reading", ["memory", "task", "loaded"])
def test_agems_reference_comes_from_earlier_tasks(reading, benchmark):
    learner = make_learner(
        "agem", benchmark, task=2, agem_batch=reading, agem_reference_batch_size=50
    )
    calls = recorded(learner)
    for position in range(16, 24):
        learner.learn(np.array([position]))
    references = [positions for positions, _ in calls]
    assert all(len(r) == 50 for r in references)
    assert len(references) == 8
    drawn = set(np.concatenate(references).tolist())
    assert max(drawn) < 16  # eight images a task
    assert drawn & set(range(8))
    assert drawn & set(range(8, 16))


def test_a_step_of_agem_follows_the_projected_gradient():
    learner = make_learner("agem", task=1, agem_batch="loaded", learning_rate=0.3)
    calls = recorded(learner)
    conflicts = 0
    for position in range(8, 16):
        before = torch.cat([p.detach().flatten() for p in learner.network.parameters()])
        inputs, labels = learner.stream.batch(np.array([position]))
        gradients = gradient(learner.network, inputs, labels)
        learner.learn(np.array([position]))
        after = torch.cat([p.detach().flatten() for p in learner.network.parameters()])
        g, r = (
            torch.cat([torch.from_numpy(t.T).flatten() for t in learner.network.parts(*parts)])
            for parts in (gradients, calls[-1][1])
        )
        if g @ r < 0:
            conflicts += 1
            g = g - (g @ r) / (r @ r) * r
        torch.testing.assert_close(before - after, 0.3 * g, rtol=1e-4, atol=1e-6)
    assert conflicts > 0
