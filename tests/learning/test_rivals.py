"""DER++, ER-ACE and MIR against autograd and brute force."""

from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import make_learner, tiny_images

# --- DER++


def derpp_gradients(learner, positions, kept):
    """By autograd, on logits that are kept in a dictionary."""
    network = deepcopy(learner.network)
    inputs, labels = learner.stream.batch(positions)
    logits = network(inputs)[-1]
    loss = F.cross_entropy(logits, labels)
    start = learner.stream.starts[learner.task]
    earlier = [i for i, p in enumerate(positions.tolist()) if p < start]
    for i, p in enumerate(positions.tolist()):
        kept.setdefault(p, logits[i].detach().clone())
    if earlier:
        theirs = torch.stack([kept[p] for p in positions[earlier].tolist()])
        loss = loss + learner.settings["derpp_alpha"] * F.mse_loss(logits[earlier], theirs)
    loss.backward()
    return loss.item(), [p.grad for p in network.parameters()]


def test_derpp_is_autograds_on_kept_logits():
    learner = make_learner("derpp", derpp_alpha=0.7, learning_rate=0.1)
    kept, rng = {}, np.random.default_rng(0)
    for task in (0, 1, 2):
        learner.start_task(task)
        for _ in range(4):
            positions = rng.integers(0, learner.stream.starts[task + 1], 9)
            wanted, gradients = derpp_gradients(learner, positions, kept)
            before = [p.detach().clone() for p in learner.network.parameters()]
            assert learner.update.step(positions) == pytest.approx(wanted, rel=1e-5)
            after = learner.network.parameters()
            for new, old, gradient in zip(after, before, gradients, strict=True):
                torch.testing.assert_close((old - new) / 0.1, gradient, rtol=1e-3, atol=2e-6)


def test_derpp_counts_the_logits_as_held():
    held = make_learner("derpp", task=2).bytes_held() - make_learner("er", task=2).bytes_held()
    assert held == 16 * 10 * 4  # 16 samples, ten float32 each


# --- ER-ACE


def ace_gradient(learner, labels):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(len(labels), 10)).astype(np.float32)
    return logits, learner.objective([logits], labels)


def test_ace_hides_other_classes_from_the_current_half_alone():
    learner = make_learner("er_ace", training_batch_size=7)
    labels = np.array([4, 5, 4, 5, 0, 4, 9])  # four current, three replayed
    logits, loss = ace_gradient(learner, labels)
    at_logits = loss.at_layers[-1]
    hidden = [c for c in range(10) if c not in (4, 5)]
    assert (at_logits[:4, hidden] == 0).all()
    assert (at_logits[:4, [4, 5]] != 0).all()
    assert (at_logits[4:] != 0).all()
    # written out sample by sample
    expected = 0.0
    for i, label in enumerate(labels):
        seen = [4, 5] if i < 4 else list(range(10))
        expected += np.log(np.exp(logits[i, seen]).sum()) - logits[i, label]
    assert loss.value == pytest.approx(expected / 7, rel=1e-5)


def test_aces_batch_is_half_current_half_of_the_whole_memory():
    learner = make_learner("er_ace", task=2, training_batch_size=40)
    learner.memory.add(np.arange(16, 20))
    batch = learner.batches.draw(np.array([19]))
    assert batch[:20].min() >= 16
    assert batch[20:].min() < 8 and batch[20:].max() >= 16


# --- MIR


@pytest.mark.parametrize("benchmark", ["split_mnist", "split_cifar10"])
def test_mir_chooses_as_brute_force(benchmark):
    images = tiny_images(per_class=4, shape=(3, 32, 32)) if "cifar" in benchmark else None
    learner = make_learner(benchmark=benchmark, method="mir", task=2, images=images)
    learner.memory.add(np.arange(16, 20))
    current, earlier = np.arange(16, 20), ~learner.shared.current_groups
    state = deepcopy(learner.rng.bit_generator.state)
    chosen = learner.batches.replayed(4, current, earlier)
    learner.rng.bit_generator.state = state
    candidates = sorted(set(learner.memory.draw_uniform(50, learner.rng, earlier).tolist()))
    stepped = deepcopy(learner.network)
    optimizer = torch.optim.SGD(stepped.parameters(), lr=learner.settings["learning_rate"])
    inputs, labels = learner.stream.batch(current)
    F.cross_entropy(stepped(inputs)[-1], labels).backward()
    optimizer.step()
    rises = {}
    for position in candidates:
        inputs, labels = learner.stream.batch(np.array([position]))
        losses = [
            F.cross_entropy(network.eval()(inputs)[-1], labels).item()
            for network in (stepped, learner.network)
        ]
        rises[position] = losses[0] - losses[1]
    assert chosen.tolist() == sorted(candidates, key=lambda p: -rises[p])[:4]


def test_mirs_virtual_step_leaves_no_trace():
    images = tiny_images(per_class=4, shape=(3, 32, 32))
    learner = make_learner("mir", "split_cifar10", task=2, images=images)
    before = [value.clone() for value in learner.network.values]
    learner.batches.rises(np.arange(16, 20), np.arange(8))
    for value, old in zip(learner.network.values, before, strict=True):
        assert torch.equal(value, old)
    assert learner.network.training


def test_of_too_few_candidates_mir_takes_some_again():
    learner = make_learner("mir", task=1, mir_candidates=2)
    learner.memory.add(np.arange(8, 12))
    chosen = learner.batches.replayed(5, np.arange(8, 12), ~learner.shared.current_groups)
    assert len(chosen) == 5
    assert len(set(chosen.tolist())) <= 2
