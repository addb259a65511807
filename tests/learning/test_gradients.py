"""Inner products of gradients, and GSS's scores, against one backward pass a sample or batch."""

from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from helpers import make_learner

from drl_replication.learning.gradients import gradient, gradient_gram, gradient_products
from drl_replication.learning.methods.gss import scores
from drl_replication.learning.networks import build_network


def draw_biases(network, rng):
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.uniform_(-0.5, 0.5, generator=rng)


def make_problem(name, shape, n):
    rng = torch.Generator().manual_seed(0)
    network = build_network(name, int(np.prod(shape)), 10, seed=0).double().eval()
    draw_biases(network, rng)
    inputs = torch.rand(n, *shape, generator=rng, dtype=torch.float64)
    return network, inputs, torch.randint(10, (n,), generator=rng)


@pytest.fixture(scope="module")
def dense():
    return make_problem("dense", (4, 4), 12)


@pytest.fixture(scope="module")
def resnet():
    return make_problem("resnet", (3, 8, 8), 6)


def flat(network, gradient):
    """In the order of the parameters: the dense network's array holds weights as (in, out)."""
    if isinstance(gradient[0], np.ndarray):
        gradient = [torch.from_numpy(part.T) for part in network.parts(*gradient)]
    return torch.cat([part.flatten() for part in gradient])


def backward(network, inputs, labels):
    """The flat gradient of the mean cross entropy, all parameters."""
    loss = F.cross_entropy(network(inputs)[-1], labels)
    gradient = torch.autograd.grad(loss, list(network.parameters()))
    return torch.cat([g.flatten() for g in gradient])


def per_batch(network, inputs, labels, size=1):
    parts = zip(inputs.split(size), labels.split(size), strict=True)
    return torch.stack([backward(network, x, y) for x, y in parts])


def assert_close(actual, expected, tolerance=1e-9):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


def test_the_gram_matrix_is_that_of_a_backward_pass_each(dense):
    gradients = per_batch(*dense)
    assert_close(torch.from_numpy(gradient_gram(*dense)), gradients @ gradients.T)


def test_the_gram_matrix_of_tiny_gradients_has_their_directions(dense):
    network, inputs, labels = deepcopy(dense[0]), dense[1], dense[2]
    with torch.no_grad():
        network.head.bias[:] = torch.arange(10.0).double() * 50
    labels = torch.full_like(labels, 9)  # p of the others: from e^-50 down to e^-450
    gram = gradient_gram(network, inputs, labels, unit=True)
    assert (gram.diagonal() > 0).all()
    # nothing but p of the class next to it counts: p_8 and -p_8 at the logits
    at_logits = np.zeros((1, 10))
    at_logits[0, 8:] = 1, -1
    ways = [network.trace(x)[1] for x in inputs.split(1)]
    gradients = torch.stack([flat(network, way([None, None, at_logits])) for way in ways])
    assert_close(torch.from_numpy(gram), gradients @ gradients.T)


def test_a_gram_matrix_needs_linear_layers_only(resnet):
    with pytest.raises(AssertionError, match="outside"):
        gradient_gram(*resnet)


@pytest.mark.parametrize("kind", ["dense", "resnet"])
def test_the_gradient_of_a_batch(kind, request):
    problem = request.getfixturevalue(kind)
    assert_close(flat(problem[0], gradient(*problem)), backward(*problem))


@pytest.mark.parametrize("kind", ["dense", "resnet"])
def test_a_gradient_weighted_by_how_often_a_sample_counts(kind, request):
    network, inputs, labels = request.getfixturevalue(kind)
    drawn = torch.tensor([0, 3, 3, 5, 0, 3])
    distinct, counts = drawn.unique(return_counts=True)
    weights = counts.numpy() / len(drawn)
    actual = gradient(network, inputs[distinct], labels[distinct], weights)
    assert_close(flat(network, actual), backward(network, inputs[drawn], labels[drawn]))


@pytest.mark.parametrize(
    ("kind", "samples", "batches"),
    [("dense", 2, 2), ("dense", 3, 3), ("dense", 4, 1), ("dense", 2, 10), ("resnet", 2, 2)],
)
def test_products_and_scores_are_those_of_the_gradients(kind, samples, batches, request):
    network, inputs, labels = request.getfixturevalue(kind)
    size = (len(labels) - samples) // batches
    singles = per_batch(network, inputs[:samples], labels[:samples])
    means = per_batch(
        network, inputs[samples:][: batches * size], labels[samples:][: batches * size], size
    )
    used = samples + batches * size
    products = gradient_products(network, inputs[:used], labels[:used], samples, batches)
    expected = singles @ means.T, singles.square().sum(1), means.square().sum(1)
    for actual, wanted in zip(products, expected, strict=True):
        assert_close(actual, wanted)
    cosines = [[F.cosine_similarity(s, m, dim=0).item() for m in means] for s in singles]
    expected = torch.tensor([max(row) + 1 for row in cosines], dtype=torch.float64)
    assert_close(scores(*products), expected)


def score(candidates, batches):
    c, b = torch.tensor(candidates), torch.tensor(batches)
    return scores(c @ b.T, c.square().sum(1), b.square().sum(1)).tolist()


def test_scores_by_hand():
    assert score([[2.0, 0.0]], [[-5.0, 0.0]]) == [0.0]
    assert score([[2.0, 0.0]], [[0.0, 1.0], [-1.0, 0.0]]) == [1.0]
    assert score([[3.0, 4.0], [0.0, -1.0]], [[0.0, 7.0], [2.0, 0.0]]) == pytest.approx([1.8, 1.0])


@pytest.mark.parametrize("length", [1e-30, 1e-22, 1e18])
def test_scores_hold_over_the_whole_range_of_floats(length):
    c, b = torch.tensor([[3 * length, 4 * length]]).double(), torch.tensor([[0, length]]).double()
    found = scores(c @ b.T, c.square().sum(1), b.square().sum(1))
    assert found.item() == pytest.approx(1.8)


@pytest.mark.parametrize("kind", ["dense", "resnet"])
def test_products_of_tiny_float32_gradients_do_not_vanish(kind, request):
    network, inputs, labels = request.getfixturevalue(kind)
    network, inputs = deepcopy(network).float(), inputs.float()
    with torch.no_grad():
        network.head.bias[3] = 60.0  # 1 - p is about e^-60
    labels = torch.full_like(labels, 3)
    inner, squared, batch_squared = gradient_products(network, inputs, labels, 2, 2)
    assert (squared > 0).all()
    assert (batch_squared > 0).all()
    assert (squared < 1e-40).all()
    assert (scores(inner, squared, batch_squared) > 1.5).all()


def test_a_vanishing_gradient_is_similar_to_none():
    assert score([[0.0, 0.0]], [[3.0, 1.0]]) == [1.0]
    assert score([[2.0, 1.0]], [[0.0, 0.0]]) == [1.0]
    # a network that is sure and right
    network, inputs, labels = make_problem("dense", (4, 4), 3)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.fill_(0)
        network.head.bias[labels[0]] = 1000.0
    products = gradient_products(network, inputs, labels[:1].expand(3), 1, 1)
    assert scores(*products).tolist() == [1.0]


def test_the_buffer_scores_with_the_network_of_now():
    learner = make_learner("gss", seed=4, gss_batch_size=3, task=1)
    loaded = np.array([8, 9, 10])
    state = learner.rng.bit_generator.state
    actual, _ = learner.memory._score(loaded)

    learner.rng.bit_generator.state = state
    drawn = learner.memory.draw_uniform(30, learner.rng)  # ten random batches
    singles = per_batch(learner.network, *learner.stream.batch(loaded))
    means = per_batch(learner.network, *learner.stream.batch(drawn), 3)
    expected = [1 + max(F.cosine_similarity(g, m, dim=0).item() for m in means) for g in singles]
    np.testing.assert_allclose(actual, expected, rtol=1e-4)
