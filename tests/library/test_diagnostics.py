"""Gradient diagnostics against autograd, sample by sample, and the dense network's closed form."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from drl_replication.diagnostics import cosines, gradient_cosines, pairs, per_sample_gradients
from drl_replication.learning.gradients import gradient_gram
from drl_replication.learning.networks import build_network

LABELS = torch.tensor([0, 1, 1, 2, 0])


def small_model():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Tanh(), nn.Flatten(), nn.Linear(18, 3)
    return nn.Sequential(*layers).double().eval()


def inputs():
    return torch.randn(5, 1, 5, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def by_hand(model, x):
    rows = []
    for sample, label in zip(x, LABELS, strict=True):
        model.zero_grad()
        F.cross_entropy(model(sample[None]), label[None]).backward()
        learning = [p.grad.flatten() for p in model.parameters() if p.requires_grad]
        rows.append(torch.cat(learning))
    return torch.stack(rows)


@pytest.mark.parametrize("frozen", [False, True])
def test_each_sample_has_its_own_gradient(frozen):
    model, x = small_model(), inputs()
    model[0].requires_grad_(not frozen)
    found = per_sample_gradients(model, x, LABELS)
    torch.testing.assert_close(found, by_hand(model, x))
    assert found.requires_grad is False


def test_cosines_are_those_of_the_dense_network_s_closed_form():
    network = build_network("dense", 784, 3, seed=0).eval()
    x = torch.rand(5, 784, generator=torch.Generator().manual_seed(3))
    gram = gradient_gram(network, x, LABELS)
    norms = np.sqrt(gram.diagonal())

    def last(layers, labels):
        return F.cross_entropy(layers[-1], labels)

    found = gradient_cosines(network, x, LABELS, last).numpy()
    np.testing.assert_allclose(found, gram / np.outer(norms, norms), atol=1e-5)


def test_a_row_of_zeros_is_orthogonal_to_all():
    found = cosines(torch.tensor([[3.0, 4.0], [0.0, 0.0], [4.0, -3.0]]))
    assert torch.allclose(found, torch.diag(torch.tensor([1.0, 0.0, 1.0])), atol=1e-7)


def test_pairs_are_told_apart():
    matrix = torch.arange(25.0).reshape(5, 5)
    same, different = pairs(matrix + matrix.T, LABELS)
    assert same.tolist() == [float(4 + 20), float(7 + 11)]  # (0, 4) and (1, 2)
    assert len(different) == 8


def test_what_cannot_be_measured_is_said():
    model, x = small_model(), inputs()
    with pytest.raises(ValueError, match=r"training mode.*call model.eval\(\) first"):
        per_sample_gradients(model.train(), x, LABELS)
    with pytest.raises(ValueError, match="No parameter of the model has requires_grad"):
        per_sample_gradients(model.eval().requires_grad_(False), x, LABELS)
    with pytest.raises(ValueError, match=r"shape \(2, 2\) for 5 labels"):
        pairs(torch.eye(2), LABELS)
