"""The arms of the experiments that judge claims: each changes what it says."""

import json

import numpy as np
import pytest
import torch
from helpers import make_learner, tiny_images, tiny_settings

from drl_replication.experiments import claim_measures, claim_parts, claim_runs
from drl_replication.learning.methods.loss import by_autograd
from drl_replication.learning.methods.rmargin import margin_loss
from drl_replication.study.settings import CLAIM_METHODS


def layers_and_labels():
    rng = np.random.default_rng(0)
    widths = (100, 100, 10)
    return [rng.normal(size=(6, w)).astype(np.float32) for w in widths], np.array(
        [0, 0, 1, 1, 2, 2]
    )


def test_a_metric_loss_alone_is_its_part_of_the_objective():
    learner = make_learner("multisim")
    claim_parts.objective(claim_parts.MultiSimAlone)(learner)
    layers, labels = layers_and_labels()
    found = learner.objective(layers, labels)
    weight, auxiliary = learner.objective.weight, learner.objective.auxiliary
    expected = by_autograd(lambda hs, y: weight * auxiliary(hs, y), layers, labels)
    assert found.value == pytest.approx(expected.value, rel=1e-5)
    for ours, theirs in zip(found.at_layers, expected.at_layers, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)
    assert learner.update.objective is learner.objective


def test_without_a_switch_pairs_count_as_they_are():
    learner = make_learner("rmargin")
    claim_parts.objective(claim_parts.NoSwitch)(learner)
    layers, labels = layers_and_labels()
    same = labels[:, None] == labels
    h = torch.from_numpy(np.concatenate(layers, axis=1)).double()
    positive, negative = (torch.from_numpy(x) for x in (same & ~np.eye(6, dtype=bool), ~same))
    value = learner.objective.derived(layers, labels)[0]
    form = learner.objective.form
    expected = margin_loss(h, positive.double(), negative.double(), torch.tensor(0.6), form)
    assert value == pytest.approx(float(expected), rel=1e-5)


def test_the_current_half_is_what_was_loaded():
    learner = make_learner("er", task=1)
    claim_parts.batches(claim_parts.LoadedOnce)(learner)
    loaded = np.array([9])
    (batch,) = learner.batches(loaded)
    half = learner.batches.size // 2
    assert (batch[:half] == 9).all()
    assert (learner.stream.groups[batch[half:]] < 2).all()  # of the first task
    first = make_learner("er")
    claim_parts.batches(claim_parts.LoadedOnce)(first)
    assert [batch.tolist() for batch in first.batches(np.array([0, 1]))] == [[0, 1]]


def test_five_batches_for_what_was_loaded():
    learner = make_learner("ber")
    claim_parts.batches(claim_parts.FiveTimes)(learner)
    assert len(list(learner.batches(np.arange(3)))) == 5
    assert len(learner.memory) == 3


def test_the_cosine_is_that_of_two_gradients_by_autograd():
    learner = make_learner("ber", task=1)
    learner.memory.add(np.arange(8, 12))
    losses = []
    for group in ([0, 1], [2, 3]):
        held = np.concatenate([learner.memory.members(g) for g in group])
        x, y = learner.stream.batch(held)
        losses.append(torch.nn.functional.cross_entropy(learner.network(x)[-1], y))
    a, b = (
        torch.cat([g.flatten() for g in torch.autograd.grad(loss, learner.network.weights)])
        for loss in losses
    )
    expected = float(torch.nn.functional.cosine_similarity(a, b, dim=0))
    assert claim_measures.cosine_with_earlier(learner) == pytest.approx(expected, abs=1e-5)
    assert np.isnan(claim_measures.cosine_with_earlier(make_learner("ber")))


def test_all_arms_are_made_and_measured(monkeypatch):
    few = ("ber", "drl_small_batch", "multisim_alone", "drl_er_batches", "ber_large_batch")
    monkeypatch.setattr(claim_runs, "ARMS", {name: claim_runs.ARMS[name] for name in few})
    settings = {m: tiny_settings(m) for m in CLAIM_METHODS}  # what the study gives it
    found = claim_runs.measure(0, settings, tiny_images())["arms"]
    assert list(found) == list(few)
    json.dumps(found, allow_nan=False)
    assert found["ber"]["known_task_accuracy"] >= found["ber"]["average_accuracy"]
    permuted = {m: tiny_settings(m, "permuted_mnist") for m in CLAIM_METHODS}
    assert "drl_small_batch" not in claim_runs.measure(0, permuted, tiny_images())["arms"]
