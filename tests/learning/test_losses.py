"""Each objective against loops over pairs, written from the paper, and autograd."""

import math
from copy import deepcopy

import numpy as np
import pytest
import torch
from helpers import make_learner, tiny_images
from torch import nn

from drl_replication.learning.methods.cosines import Cosines, unit_rows
from drl_replication.learning.methods.drl import drl_gradient, drl_loss, pair_weights
from drl_replication.learning.methods.loss import Objective, cross_entropy
from drl_replication.learning.methods.multisim import (
    layerwise_gradient,
    layerwise_loss,
    multisimilarity_gradient,
    multisimilarity_loss,
)
from drl_replication.learning.methods.rmargin import draw_pairs, margin_gradient, margin_loss
from drl_replication.seeding import generator

LABELS = {
    "mixed": [0, 1, 1, 2, 0, 1, 7],
    "balanced": [0, 0, 1, 1, 2, 2],
    "one class": [3, 3, 3, 3],
    "no two of one class": [4, 0, 9, 2],
    "two samples": [1, 5],
    "one sample": [6],
}
ALL_LABELS = pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
GENERATOR = torch.Generator().manual_seed(0)


def features(n, width=5):
    return torch.randn(n, width, generator=GENERATOR, dtype=torch.float64)


def random_layers(n, widths=(4, 3, 10), dtype=torch.float32):
    return [features(n, w).to(dtype).requires_grad_() for w in widths]


def assert_close(actual, expected, tolerance=1e-5):
    torch.testing.assert_close(
        actual, expected, rtol=tolerance, atol=tolerance / 10, check_dtype=False
    )


def naive_cross_entropy(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        total = total + torch.log(torch.exp(row - row.max()).sum()) + row.max() - row[label]
    return total / len(labels)


def assert_objective(objective, layers, labels, expected):
    """Closed form and plain scalar of an objective against an `expected` scalar of the layers."""
    arguments = [h.detach().numpy() for h in layers], np.array(labels)
    for loss in (objective(*arguments), Objective.__call__(objective, *arguments)):
        assert_objective_at(loss, layers, expected)


def assert_objective_at(loss, layers, expected):
    assert loss.value == pytest.approx(expected.item(), rel=1e-5)
    wanted = torch.autograd.grad(expected, layers, materialize_grads=True, retain_graph=True)
    for actual, w in zip(loss.at_layers, wanted, strict=True):
        assert_close(torch.zeros_like(w) if actual is None else torch.from_numpy(actual), w, 1e-4)


# --- DRL (Eq. 3, 4)


def naive_drl(h, labels, alpha, normalisation):
    """Eq. 3, pair by pair."""
    between = within = (0 * h).sum()
    n_between = n_within = 0
    for i in range(len(labels)):
        for j in range(len(labels)):
            if i == j:
                continue
            if labels[i] == labels[j]:
                within, n_within = within + h[i] @ h[j], n_within + 1
            else:
                between, n_between = between + h[i] @ h[j], n_between + 1
    if normalisation == "batch":
        n_between = n_within = len(labels) ** 2
    return between / max(n_between, 1) + alpha * within / max(n_within, 1)


def naive_gradient(h, function):
    h = h.detach().requires_grad_()
    value = function(h)
    (gradient,) = torch.autograd.grad(value, h)
    return value.detach(), gradient


@pytest.mark.parametrize("alpha", [0.0, 0.1, 2.0])
@pytest.mark.parametrize("normalisation", ["pairs", "batch"])
@ALL_LABELS
def test_drl_gradient_is_that_of_the_sum_over_pairs(labels, normalisation, alpha):
    h, y = features(len(labels)), torch.tensor(labels)
    value, expected = naive_gradient(h, lambda h: naive_drl(h, labels, alpha, normalisation))
    closed, gradient = drl_gradient(h.numpy(), y.numpy(), alpha, normalisation)
    assert closed == pytest.approx(value.item(), rel=1e-12, abs=1e-12)
    assert_close(torch.from_numpy(gradient), expected, 1e-12)
    # the public scalar, which anyone's autograd can derive
    ours = naive_gradient(h, lambda h: drl_loss(h, y, alpha, normalisation))
    assert_close(ours[0], value, 1e-12)
    assert_close(ours[1], expected, 1e-12)


def test_drl_by_hand():
    h, y = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), np.array([0, 0, 1])
    # of one class: 2 ordered pairs of <h_0, h_1>; of different classes 4: all orthogonal
    value, gradient = drl_gradient(h, y, alpha=1.0)
    assert gradient.tolist() == [[2.0, 1.5], [1.0, 1.5], [1.5, 0.0]]
    assert value == drl_loss(torch.from_numpy(h), torch.from_numpy(y), alpha=1.0) == 2.0
    value, gradient = drl_gradient(h, y, alpha=3.0, normalisation="batch")
    assert value == pytest.approx(3.0 * 2 * 2 / 9)


def test_drl_weights_at_the_papers_batch_size():
    # at B = 20 with 10 balanced classes: 20 and 1.1 times as much as `batch` does
    y = np.arange(20) % 10
    between, within = pair_weights(y[:, None] == y, "pairs")
    assert between * 400 == pytest.approx(400 / 360)
    assert within * 400 == pytest.approx(400 / 20)


@pytest.mark.parametrize("layers_reading", ["paper", "hidden", "released"])
@pytest.mark.parametrize("normalisation", ["pairs", "batch"])
@pytest.mark.parametrize("alpha", [0.1, 2.0])
@ALL_LABELS
def test_the_whole_drl_objective(labels, alpha, normalisation, layers_reading):
    weight = 0.3
    objective = make_learner(
        "drl",
        drl_alpha=alpha,
        drl_lambda=weight,
        drl_normalisation=normalisation,
        representation_layers=layers_reading,
    ).objective
    layers = random_layers(len(labels))
    chosen = layers[:2] if layers_reading == "hidden" else layers
    auxiliary = naive_drl(torch.cat(chosen, 1), labels, alpha, normalisation)
    expected = naive_cross_entropy(layers[-1], labels) + weight * auxiliary
    assert_objective(objective, layers, labels, expected)


@pytest.mark.parametrize("method", ["ber", "drl", "multisim"])
@pytest.mark.parametrize("benchmark", ["split_mnist", "permuted_mnist"])
def test_gradient_through_the_network_is_that_of_the_naive_loss(method, benchmark):
    changes = {"drl_lambda": 0.05, "drl_alpha": 0.7, "multisim_lambda": 0.4}
    learner = make_learner(method, benchmark, **changes)
    positions = np.array([0, 3, 3, 9, 20, 31, 8, 39, 0])  # 3 and 0 twice
    inputs, labels = learner.stream.batch(positions)
    layers, backward = learner.network.trace(inputs)
    loss = learner.objective(layers, labels.numpy())
    gradient = backward(loss.at_layers)

    weights = [p.detach().double().requires_grad_() for p in learner.network.parameters()]
    x = learner.stream.images[positions].flatten(1).double() / 255
    h1 = (x @ weights[0].T + weights[1]).clamp_min(0)
    h2 = (h1 @ weights[2].T + weights[3]).clamp_min(0)
    logits = h2 @ weights[4].T + weights[5]
    labels = learner.stream.labels[positions].tolist()
    h = torch.cat([h1, h2, logits], 1)
    total = naive_cross_entropy(logits, labels)
    if method == "drl":
        total = total + 0.05 * naive_drl(h, labels, 0.7, "pairs")
    if method == "multisim":
        total = total + 0.4 * naive_multisimilarity(h, labels)
    parts = learner.network.parts(*gradient)
    for actual, wanted in zip(parts, torch.autograd.grad(total, weights), strict=True):
        assert_close(torch.from_numpy(actual.T), wanted, 1e-4)
    assert loss.value == pytest.approx(total.item(), rel=1e-5)


# --- Multisimilarity (Eq. 7)


def cosine(a, b):
    return (a @ b) / ((a @ a).sqrt() * (b @ b).sqrt())


def naive_multisimilarity(h, labels):
    """Eq. 7, pair by pair."""
    alpha, beta, gamma, total = 2, 40, 0.5, 0.0
    for i in range(len(labels)):
        pull = push = (0 * h).sum()
        for j in range(len(labels)):
            if labels[i] != labels[j]:
                push = push + torch.exp(beta * (cosine(h[i], h[j]) - gamma))
            elif i != j:
                pull = pull + torch.exp(-alpha * (cosine(h[i], h[j]) - gamma))
        total = total + torch.log(1 + pull) / alpha + torch.log(1 + push) / beta
    return total / len(labels)


def naive_layerwise(h, labels):
    """One log over all B x B entries of a layer, masked-out ones zeros, over B (`layerwise`)."""
    pull = push = (0 * h).sum()
    for i in range(len(labels)):
        for j in range(len(labels)):
            s = cosine(h[i], h[j])
            positive = s if labels[i] == labels[j] and i != j else 0 * s
            negative = s if labels[i] != labels[j] else 0 * s
            pull = pull + torch.exp(-2 * (positive - 0.5))
            push = push + torch.exp(40 * (negative - 0.5))
    return (torch.log(1 + pull) / 2 + torch.log(1 + push) / 40) / len(labels)


@pytest.mark.parametrize(
    ("ours", "naive"),
    [(multisimilarity_loss, naive_multisimilarity), (layerwise_loss, naive_layerwise)],
)
@ALL_LABELS
def test_multisimilarity_is_its_sum_over_pairs(labels, ours, naive):
    h, y = features(len(labels)), torch.tensor(labels)
    value, gradient = naive_gradient(h, lambda h: ours(h, y))
    expected_value, expected_gradient = naive_gradient(h, lambda h: naive(h, labels))
    assert_close(value, expected_value, 1e-12)
    assert_close(gradient, expected_gradient, 1e-10)


def test_multisimilarity_by_hand():
    h = torch.tensor([[1.0, 0.0], [1.0, math.sqrt(3)]])  # cosine 0.5 = gamma: each exp is 1
    assert multisimilarity_loss(h, torch.tensor([4, 4])).item() == pytest.approx(math.log(2) / 2)
    # without positives, an anchor adds only its negatives
    assert multisimilarity_loss(h, torch.tensor([4, 5])).item() == pytest.approx(math.log(2) / 40)
    assert multisimilarity_loss(h[:1], torch.tensor([4])).item() == 0


@pytest.mark.parametrize("layers_reading", ["paper", "hidden", "released"])
@pytest.mark.parametrize("form", ["anchor", "layerwise"])
def test_the_whole_multisimilarity_objective(form, layers_reading):
    objective = make_learner(
        "multisim", multisim_lambda=0.7, multisim_form=form, representation_layers=layers_reading
    ).objective
    labels, layers = LABELS["mixed"], random_layers(7)
    chosen = layers[:2] if layers_reading == "hidden" else layers
    auxiliary = (
        naive_multisimilarity(torch.cat(chosen, 1), labels)
        if form == "anchor"
        else sum(naive_layerwise(h, labels) for h in chosen)
    )
    expected = naive_cross_entropy(layers[-1], labels) + 0.7 * auxiliary
    assert_objective(objective, layers, labels, expected)


# --- R-Margin (Eq. 8)


def euclidean(a, b):
    """Zero with gradient zero for coincident samples, where autograd alone would give NaN."""
    difference = a / a.norm() - b / b.norm()
    squared = (difference * difference).sum()
    return squared.sqrt() if squared > 0 else squared * 0


def naive_margin(h, positive, negative, beta, form):
    """Pairs counted `positive[i][j]` and `negative[i][j]` times."""
    total = (0 * h).sum()
    for i in range(len(h)):
        for j in range(len(h)):
            if form == "released" and j <= i:
                continue
            d = euclidean(h[i], h[j])
            d = d**2 if form == "released" else d
            pull, push = 0.2 + (d - beta), 0.2 - (d - beta)
            if form == "hinge":
                pull, push = pull.clamp_min(0), push.clamp_min(0)
            total = total + positive[i][j] * pull + negative[i][j] * push
    return total


def plain_pairs(labels):
    same = np.equal.outer(labels, labels)
    return (same & ~np.eye(len(labels), dtype=bool)).astype(np.float32), (~same).astype(np.float32)


@pytest.mark.parametrize("form", ["printed", "hinge", "released"])
@pytest.mark.parametrize("switch", ["replace", "relabel"])
@ALL_LABELS
def test_margin_loss_is_its_sum_over_pairs(labels, switch, form):
    h, beta = features(len(labels)), torch.tensor(0.9, dtype=torch.float64)
    positive, negative = draw_pairs(np.array(labels), switch, np.random.default_rng(1), 0.5)
    counts = torch.from_numpy(positive).double(), torch.from_numpy(negative).double()

    value, gradient = naive_gradient(h, lambda h: margin_loss(h, *counts, beta, form))
    expected = naive_gradient(h, lambda h: naive_margin(h, positive, negative, beta, form))
    assert_close(value, expected[0], 1e-12)
    assert_close(gradient, expected[1], 1e-10)

    _, by_beta = naive_gradient(beta, lambda beta: margin_loss(h, *counts, beta, form))
    at_beta = naive_gradient(beta, lambda b: naive_margin(h, positive, negative, b, form) + 0 * b)
    assert_close(by_beta, at_beta[1], 1e-12)

    closed = margin_gradient(h.numpy(), positive, negative, 0.9, form)
    for actual, wanted in zip(closed, (*expected, at_beta[1]), strict=True):
        assert_close(torch.as_tensor(actual, dtype=torch.float64), wanted, 1e-9)


def test_printed_margin_is_equation_8_but_for_a_constant():
    labels, h, beta = LABELS["mixed"], features(7), 0.6
    equation_8 = 0.0
    for i in range(7):
        for j in range(7):
            d = euclidean(h[i], h[j])
            equation_8 += 0.2 + (i != j and labels[i] == labels[j]) * (d - beta)
            equation_8 -= (labels[i] != labels[j]) * (d - beta)
    counts = map(torch.from_numpy, plain_pairs(labels))
    ours = margin_loss(h, *counts, torch.tensor(beta), "printed")
    assert_close(ours + 7 * 0.2, equation_8, 1e-6)  # gamma of the seven pairs i = j


def network_gradient(form, beta):
    learner = make_learner("rmargin", rmargin_form=form, rmargin_lambda=1.0)
    learner.objective.beta.data.fill_(beta)
    inputs, labels = learner.stream.batch(np.arange(12))
    layers, backward = learner.network.trace(inputs)
    gradient = backward(learner.objective(layers, labels.numpy()).at_layers)
    return np.concatenate([g.ravel() for g in gradient])


@pytest.mark.parametrize("form", ["printed", "released"])
def test_without_a_hinge_beta_has_no_influence_on_the_network(form):
    reference = network_gradient(form, 0.6)
    for beta in (-5.0, 0.0, 1.9, 100.0):
        np.testing.assert_array_equal(network_gradient(form, beta), reference)


def test_with_the_hinge_beta_has_influence_on_the_network():
    gradients = [network_gradient("hinge", beta) for beta in (-5.0, 0.3, 100.0)]
    for i in range(3):
        assert np.linalg.norm(gradients[i] - gradients[i - 1]) > 1e-2 * np.linalg.norm(gradients[i])


@pytest.mark.parametrize("form", ["printed", "hinge", "released"])
def test_a_sample_drawn_twice_gives_a_finite_gradient(form):
    labels = [0, 0, 1, 1, 2]
    h = features(5).float()
    h[1], h[3] = h[0], h[2]  # equal but for nothing
    counts = plain_pairs(labels)
    tensors = [torch.from_numpy(c) for c in counts]
    beta = torch.tensor(0.6)
    _, gradient = naive_gradient(h, lambda h: margin_loss(h, *tensors, beta, form))
    _, expected = naive_gradient(h, lambda h: naive_margin(h, *counts, beta, form))
    assert gradient.isfinite().all()
    assert gradient.abs().max() < 100
    assert_close(gradient, expected, 1e-4)


def test_the_same_samples_in_a_batch_give_a_finite_step():
    learner = make_learner("rmargin", rmargin_lambda=1.0)
    learner.update.step(np.array([4, 4, 4, 9, 9, 17]))
    assert learner.is_finite()


@pytest.mark.parametrize("layers_reading", ["paper", "hidden", "released"])
@pytest.mark.parametrize("switch", ["replace", "relabel"])
@pytest.mark.parametrize("form", ["printed", "hinge", "released"])
def test_the_whole_rmargin_objective(form, switch, layers_reading):
    objective = make_learner(
        "rmargin",
        seed=3,
        rmargin_lambda=0.7,
        rmargin_form=form,
        rmargin_switch=switch,
        representation_layers=layers_reading,
    ).objective
    assert objective.beta.item() == pytest.approx(0.6)
    labels = [0, 1, 1, 2, 0, 2, 1, 0, 5]
    # near enough to each other for the hinge to cut some pairs only
    layers = [(h.detach() / 2 + 1).requires_grad_() for h in random_layers(9)]
    chosen = layers[:2] if layers_reading == "hidden" else layers
    chosen = [layers[1]] if form == "released" else chosen
    rng = generator(3, "objective")  # each step draws its switches anew
    values = []
    for _ in range(3):
        pairs = draw_pairs(np.array(labels), switch, rng, 0.2)
        auxiliary = naive_margin(torch.cat(chosen, 1), *pairs, 0.6, form)
        expected = naive_cross_entropy(layers[-1], labels) + 0.7 * auxiliary
        state = objective.rng.bit_generator.state
        arguments = [h.detach().numpy() for h in layers], np.array(labels)
        closed = objective(*arguments)
        assert_objective_at(closed, layers, expected)
        after, objective.rng.bit_generator.state = objective.rng.bit_generator.state, state
        plain = Objective.__call__(objective, *arguments)
        assert_objective_at(plain, layers, expected)
        assert objective.rng.bit_generator.state == after  # both draw the same
        values.append(plain.value)
    assert len(set(values)) == 3


# --- the switch of R-Margin


@pytest.mark.parametrize("switch", ["replace", "relabel"])
@ALL_LABELS
def test_without_a_switch_the_pairs_are_the_plain_masks(labels, switch):
    pairs = draw_pairs(np.array(labels), switch, np.random.default_rng(0), p_rho=0)
    for actual, expected in zip(pairs, plain_pairs(labels), strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("p_rho", [0.2, 1.0])
@ALL_LABELS
def test_replace_moves_negatives_within_an_anchors_row(labels, p_rho):
    positive, negative = plain_pairs(labels)
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn_positive, drawn = draw_pairs(np.array(labels), "replace", rng, p_rho)
        np.testing.assert_array_equal(drawn_positive, positive)
        np.testing.assert_array_equal(drawn.sum(1), negative.sum(1))
        gain = drawn - negative
        assert (gain[positive == 0] <= 0).all()  # the anchor itself included
        assert (gain[positive == 1] >= 0).all()
        assert set(np.unique(drawn[negative == 1])) <= {0, 1}
        lonely = positive.sum(1) == 0
        np.testing.assert_array_equal(drawn[lonely], negative[lonely])
        if p_rho == 1:
            assert (drawn[~lonely][negative[~lonely] == 1] == 0).all()


@pytest.mark.parametrize("p_rho", [0.2, 1.0])
@ALL_LABELS
def test_relabel_makes_negatives_positive(labels, p_rho):
    positive, negative = plain_pairs(labels)
    rng = np.random.default_rng(0)
    for _ in range(20):
        drawn_positive, drawn = draw_pairs(np.array(labels), "relabel", rng, p_rho)
        np.testing.assert_array_equal(drawn_positive + drawn, positive + negative)
        assert (drawn_positive[positive == 1] == 1).all()
        assert set(np.unique(drawn)) <= {0, 1}
        if p_rho == 1:
            assert drawn.sum() == 0


@pytest.mark.parametrize("switch", ["replace", "relabel"])
def test_each_negative_pair_switches_with_probability_p_rho(switch):
    labels = np.array([0, 0, 0, 1, 1, 2])
    _, negative = plain_pairs(labels)
    rng, n = np.random.default_rng(0), 4000
    drawn = [draw_pairs(labels, switch, rng) for _ in range(n)]
    lost = sum((d < negative).astype(int) for _, d in drawn) / n
    can = (negative == 1) & ((labels != 2)[:, None] | (switch == "relabel"))
    assert np.abs(lost[can] - 0.2).max() < 5 * math.sqrt(0.2 * 0.8 / n)
    assert lost[~can].max() == 0


def test_replaced_pairs_fall_evenly_on_an_anchors_positives():
    labels = np.array([0, 1, 0, 1, 0, 0])
    rng = np.random.default_rng(0)
    total = sum(draw_pairs(labels, "replace", rng, p_rho=1.0)[1] for _ in range(4000))
    expected = np.zeros((6, 6))
    for i, j in np.argwhere(np.equal.outer(labels, labels) & ~np.eye(6, dtype=bool)):
        partners = (labels == labels[i]).sum() - 1
        expected[i, j] = 4000 * (labels != labels[i]).sum() / partners
    assert np.abs(total - expected).max() < 5 * math.sqrt(8000)
    assert (total[expected == 0] == 0).all()


# --- the base


def test_cross_entropy_is_the_mean_over_the_batch():
    objective = make_learner("ber").objective
    layers, labels = random_layers(4), [0, 9, 3, 3]
    expected = naive_cross_entropy(layers[-1], labels)
    assert_objective(objective, layers, labels, expected)
    assert list(objective.parameters()) == []


def test_weighted_cross_entropy_counts_a_sample_as_often_as_it_says():
    logits, labels = features(4, 10).numpy(), np.array([0, 9, 3, 3])
    counts = np.array([2, 1, 0, 3])
    value, gradient = cross_entropy(logits, labels, counts / 6)
    drawn = np.repeat(np.arange(4), counts)
    expected, by_draw = cross_entropy(logits[drawn], labels[drawn])
    assert value == pytest.approx(expected)
    summed = np.zeros_like(logits)
    np.add.at(summed, drawn, by_draw)
    np.testing.assert_allclose(gradient, summed)


def test_cross_entropy_of_extreme_logits_is_finite():
    logits = np.array([[1e30, -1e30, 0.0], [-200.0, 200.0, 0.0]], np.float32)
    value, gradient = cross_entropy(logits, np.array([0, 1]))
    assert value == 0
    assert (gradient == 0).all()


def test_the_network_is_two_hidden_layers_and_a_head():
    network = make_learner("ber").network
    x = torch.rand(3, 4, 4)
    h1, h2, logits = network(x)
    weights = {k: v.detach() for k, v in deepcopy(network).named_parameters()}
    first = (x.reshape(3, 16) @ weights["first.weight"].T + weights["first.bias"]).clamp_min(0)
    assert_close(h1, first)
    assert_close(h2, (first @ weights["second.weight"].T + weights["second.bias"]).clamp_min(0))
    assert_close(logits, nn.functional.linear(h2, weights["head.weight"], weights["head.bias"]))
    assert [p.shape for p in network.parameters()] == [
        (100, 16), (100,), (100, 100), (100,), (10, 100), (10,)
    ]  # fmt: skip


def test_the_initialisation_is_glorot_uniform():
    network = make_learner("ber").network
    for layer in (network.first, network.second, network.head):
        fan_out, fan_in = layer.weight.shape
        bound = math.sqrt(6 / (fan_in + fan_out))
        assert 0.97 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.06)
        assert (layer.bias == 0).all()


# --- ResNet (its layers: test_networks.py)


def test_the_layers_of_a_method_on_a_resnet():
    images = tiny_images(shape=(3, 32, 32))
    widths = {"paper": [160, 10], "hidden": [160], "released": [2560, 160, 10]}
    for reading, expected in widths.items():
        changes = {"representation_layers": reading, "drl_lambda": 0.1}
        learner = make_learner("drl", "split_cifar10", images=images, **changes)
        layers, _ = learner.network.trace(torch.rand(3, 3, 32, 32))
        loss = learner.objective(layers, np.array([0, 1, 1]))
        reached = [g.shape[1] for g in loss.at_layers if g is not None]
        assert reached == sorted({*expected, 10}, reverse=True)  # the logits by cross entropy


# --- closed forms against autograd, where vectors vanish or coincide


def awkward(seed, dtype=torch.float64):
    """A random batch: among its rows copies, zeros, opposites and very long or short ones."""
    rng = torch.Generator().manual_seed(seed)
    size, width = (int(torch.randint(2, n, (), generator=rng)) for n in (14, 9))
    h = torch.randn(size, width, generator=rng, dtype=dtype)
    kinds = torch.randint(0, 12, (size,), generator=rng)
    for i, kind in enumerate(kinds.tolist()):
        if kind == 0:
            h[i] = 0
        elif kind in (1, 2):
            h[i] = h[i - 1] * (1 if kind == 1 else -2)  # exact
        elif kind in (3, 4):
            h[i] *= 2.0**-40 if kind == 3 else 2.0**40
    return h, torch.randint(0, 1 + seed % 4, (size,), generator=rng)


def relative(actual, expected, h):
    """Largest error of a gradient, each row as for a vector of length one."""
    length = h.norm(dim=1, keepdim=True)
    return ((actual - expected) * length).abs().max() / (expected * length).abs().max().clamp_min(1)


@pytest.mark.parametrize(
    ("scalar", "closed"),
    [(multisimilarity_loss, multisimilarity_gradient), (layerwise_loss, layerwise_gradient)],
)
def test_multisimilarity_in_closed_form_on_awkward_batches(scalar, closed):
    for seed in range(300):
        h, labels = awkward(seed)
        expected_value, expected = naive_gradient(h, lambda h, y=labels: scalar(h, y))
        value, gradient = closed(h.numpy(), labels.numpy())
        assert value == pytest.approx(expected_value.item(), rel=1e-12)
        assert np.isfinite(gradient).all()
        assert relative(torch.from_numpy(gradient), expected, h) < 1e-11


@pytest.mark.parametrize("form", ["printed", "hinge", "released"])
def test_margin_in_closed_form_on_awkward_batches(form):
    for seed in range(300):
        h, labels = awkward(seed)
        drawn = draw_pairs(labels.numpy(), "replace", np.random.default_rng(seed))
        counts = [torch.from_numpy(c) for c in drawn]
        beta = torch.tensor(0.9, dtype=torch.float64)
        expected_value, expected = naive_gradient(
            h, lambda h, c=counts, b=beta: margin_loss(h, *c, b, form)
        )
        value, gradient, at_beta = margin_gradient(h.numpy(), *drawn, 0.9, form)
        assert value == pytest.approx(expected_value.item(), rel=1e-12, abs=1e-12)
        assert np.isfinite(gradient).all()
        assert relative(torch.from_numpy(gradient), expected, h) < 1e-8
        _, by_beta = naive_gradient(
            beta, lambda b, h=h, c=counts: margin_loss(h, *c, b, form) + 0 * b
        )
        assert at_beta == pytest.approx(by_beta.item())


@pytest.mark.parametrize("length", [1e-38, 1e-25, 1e25, 1e38])
def test_cosines_hold_over_the_whole_range_of_floats(length):
    h = length * torch.tensor([[0.6, 0.8], [0.8, -0.6], [0.6, 0.8]])
    expected = torch.tensor([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])
    np.testing.assert_allclose(Cosines(h.numpy()).values, expected, atol=1e-6)
    unit = unit_rows(h)
    assert_close(unit @ unit.T, expected, 1e-6)


def test_a_zero_row_has_no_direction_to_go():
    h = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1])
    _, gradient = naive_gradient(h, lambda h: multisimilarity_loss(h, labels))
    assert (gradient[0] == 0).all()
    assert (Cosines(h.numpy()).gradient(np.ones((2, 2)))[0] == 0).all()
