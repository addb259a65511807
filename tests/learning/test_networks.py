"""The networks against what the papers say of them."""

import numpy as np
import pytest
import torch
from helpers import make_learner, tiny_images

from drl_replication.learning import networks
from drl_replication.learning.networks import DenseNetwork, ReducedResNet18, build_network
from drl_replication.learning.streams import Standardise

CIFAR = tiny_images(per_class=4, shape=(3, 32, 32))


def cifar_learner(method="er", **changes):
    return make_learner(method, "split_cifar10", images=CIFAR, **changes)


@pytest.mark.parametrize(("classes", "parameters"), [(10, 1_094_750), (100, 1_109_240)])
def test_the_reduced_resnet_has_the_known_size(classes, parameters):
    network = ReducedResNet18(classes)
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_the_layers_of_the_resnet():
    network = ReducedResNet18(10).eval()
    last_map, features, logits = network(torch.rand(3, 3, 32, 32))
    assert [last_map.shape, features.shape, logits.shape] == [(3, 2560), (3, 160), (3, 10)]
    torch.testing.assert_close(last_map.view(3, 160, 16).mean(2), features)
    torch.testing.assert_close(network.head(features), logits)
    assert network.representation["paper"] == (1, 2)


def test_the_layers_of_the_dense_network():
    network = DenseNetwork(784, 10)
    h1, h2, logits = network(torch.rand(3, 28, 28))
    assert [h1.shape, h2.shape, logits.shape] == [(3, 100), (3, 100), (3, 10)]
    for layer in (network.first, network.second, network.head):
        limit = (6 / sum(layer.weight.shape)) ** 0.5  # Glorot, uniform
        assert 0.95 * limit < layer.weight.abs().max() <= limit
        assert not layer.bias.any()


def test_large_batches_give_the_same_gradient_and_averages_with_less_memory(monkeypatch):
    inputs, labels = torch.rand(6, 3, 32, 32), torch.arange(6)

    def learned(limit):
        monkeypatch.setattr(networks, "RECOMPUTE_OVER", limit)
        network = build_network("resnet", 3072, 10, seed=0)
        loss = torch.nn.functional.cross_entropy(network(inputs)[-1], labels)
        gradient = torch.autograd.grad(loss, list(network.parameters()))
        averages = [b for name, b in network.named_buffers() if "running" in name]
        momenta = {m.momentum for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)}
        assert momenta == {0.1}
        return [*gradient, *averages]

    calls = []
    original = networks._recomputed
    monkeypatch.setattr(networks, "_recomputed", lambda *a: calls.append(1) or original(*a))
    expected = learned(6)
    assert not calls
    for a, b in zip(learned(5), expected, strict=True):
        torch.testing.assert_close(a, b)
    assert len(calls) == 9


@pytest.mark.parametrize("name", ["dense", "resnet"])
def test_initial_weights_depend_on_the_seed_alone(name):
    torch.manual_seed(1)
    first = build_network(name, 784, 10, seed=0).state_dict()
    state = torch.random.get_rng_state()
    torch.manual_seed(2)
    second = build_network(name, 784, 10, seed=0).state_dict()
    other = build_network(name, 784, 10, seed=1).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])
    torch.manual_seed(1)
    build_network(name, 784, 10, seed=0)  # leaves torch's own generator alone
    assert torch.equal(state, torch.random.get_rng_state())


def test_batchnorm_learns_in_training_and_keeps_still_in_evaluation():
    learner = cifar_learner("ber")
    averages = [b for name, b in learner.network.named_buffers() if "running" in name]

    def snapshot():
        return [b.clone() for b in averages]

    before = snapshot()
    learner.accuracy(0)
    learner.probe(2)
    assert all(torch.equal(a, b) for a, b in zip(before, averages, strict=True))
    learner.learn(np.array([0]))
    assert not any(torch.equal(a, b) for a, b in zip(before, averages, strict=True))
    assert learner.network.training


def test_gss_scores_in_evaluation_mode():
    learner = cifar_learner("gss")
    learner.memory.add(np.arange(8))
    before = {k: v.clone() for k, v in learner.network.state_dict().items()}
    learner.memory.add(np.arange(8, 16))  # scored against the memory
    assert all(torch.equal(before[k], v) for k, v in learner.network.state_dict().items())
    assert learner.network.training


@pytest.mark.parametrize("over", ["channel", "pixel"])
def test_uint8_images_against_the_float_path(over):
    images = CIFAR.train_images
    floats = images.astype(np.float64) / 255
    axes = (0, 2, 3) if over == "channel" else 0
    expected = (floats - floats.mean(axes, keepdims=True)) / floats.std(axes, keepdims=True)
    standardised = Standardise(images, over, torch.device("cpu"))(torch.from_numpy(images))
    assert standardised.dtype == torch.float32
    np.testing.assert_allclose(standardised.numpy(), expected, atol=2e-5)


def test_a_constant_pixel_is_no_division_by_zero():
    images = np.full((4, 3, 32, 32), 7, np.uint8)
    standardised = Standardise(images, "pixel", torch.device("cpu"))(torch.from_numpy(images))
    assert not standardised.any()


def test_cifar_streams_stay_bytes_and_ignore_test_images():
    learner = cifar_learner()
    assert learner.stream.images.dtype == torch.uint8
    assert all(images.dtype == torch.uint8 for images, _ in learner.stream.tests)
    brighter = CIFAR.__class__(
        CIFAR.train_images, CIFAR.train_labels, CIFAR.test_images // 2, CIFAR.test_labels
    )
    other = make_learner("er", "split_cifar10", images=brighter)
    assert torch.equal(learner.stream.normalise.shift, other.stream.normalise.shift)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_learns_the_same_up_to_rounding():
    from drl_replication.learning.training import train

    learner = cifar_learner()
    on_cpu = train("drl", 0, learner.settings, CIFAR, "cpu")
    on_gpu = train("drl", 0, learner.settings, CIFAR, "cuda")
    assert on_gpu["steps"] == on_cpu["steps"]
    assert on_gpu["memory"] == on_cpu["memory"]


def test_a_gpu_records_a_few_shapes_of_batches_alone(monkeypatch):
    recorded = []
    monkeypatch.setattr(networks, "Replay", lambda _, x: recorded.append(x.shape[0]) or x.shape[0])
    network = cifar_learner().network
    sizes = [*range(1, networks.REPLAYS + 3), 1, networks.REPLAYS]
    found = [network._replay(torch.zeros(n, 3, 32, 32)) for n in sizes]
    assert recorded == list(range(1, networks.REPLAYS + 1))  # each once
    assert found == [*recorded, None, None, 1, networks.REPLAYS]
    network._apply(lambda tensor: tensor)  # what moves the parameters
    assert network._replay(torch.zeros(9, 3, 32, 32)) == 9
