"""The public losses against loops over pairs, written from the paper, and what they refuse."""

import math

import numpy as np
import pytest
import torch

from drl_replication.losses import INITIAL_BETA, drl_loss, margin_loss, multisimilarity_loss

H = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 1, 2, 0, 1])
ORDERED = [(i, j) for i in range(6) for j in range(6) if i != j]


def rng():
    return np.random.default_rng(0)


def unit(i):
    return H[i] / math.sqrt(sum(float(v) ** 2 for v in H[i]))


def of_classes(same):
    return [(i, j) for i, j in ORDERED if (LABELS[i] == LABELS[j]) == same]


def test_drl_is_the_mean_over_pairs_of_each_kind():
    between, within = ([float(H[i] @ H[j]) for i, j in of_classes(same)] for same in (False, True))
    expected = sum(between) / len(between) + 3 * sum(within) / len(within)
    assert float(drl_loss(H, LABELS, alpha=3)) == pytest.approx(expected)
    of_batch = (sum(between) + 3 * sum(within)) / 36
    assert float(drl_loss(H, LABELS, 3, normalisation="batch")) == pytest.approx(of_batch)


def test_multisimilarity_has_a_log_for_each_anchor():
    total = 0.0
    for i in range(6):
        pull = sum(
            math.exp(-2 * (float(unit(i) @ unit(j)) - 0.5)) for k, j in of_classes(True) if k == i
        )
        push = sum(
            math.exp(40 * (float(unit(i) @ unit(j)) - 0.5)) for k, j in of_classes(False) if k == i
        )
        total += math.log(1 + pull) / 2 + math.log(1 + push) / 40
    assert float(multisimilarity_loss(H, LABELS)) == pytest.approx(total / 6)


@pytest.mark.parametrize("form", ["printed", "hinge"])
def test_margin_without_switches_is_a_sum_over_pairs(form):
    total = 0.0
    for i, j in ORDERED:
        excess = float((unit(i) - unit(j)).norm()) - INITIAL_BETA
        term = 0.2 + (excess if LABELS[i] == LABELS[j] else -excess)
        total += max(term, 0.0) if form == "hinge" else term
    found = margin_loss(H, LABELS, INITIAL_BETA, rng(), form=form, p_rho=0)
    assert float(found) == pytest.approx(total)


def test_margin_pulls_every_pair_if_all_negative_ones_are_relabelled():
    expected = sum(0.2 + float((unit(i) - unit(j)).norm()) - 0.6 for i, j in ORDERED)
    found = margin_loss(H, LABELS, 0.6, rng(), switch="relabel", p_rho=1)
    assert float(found) == pytest.approx(expected)


def test_the_boundary_learns_with_the_network():
    h, beta = H.clone().requires_grad_(), torch.tensor(0.6, requires_grad=True)
    margin_loss(h, LABELS, beta, rng(), form="hinge").backward()
    assert beta.grad is not None and beta.grad.abs() > 0 and h.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "loss",
    [
        lambda h, y: drl_loss(h, y, 2.0),
        multisimilarity_loss,
        lambda h, y: margin_loss(h, y, 0.6, rng()),
    ],
)
def test_other_shapes_and_types_are_refused(loss):
    with pytest.raises(ValueError, match=r"shape \(6, 2, 2\) .* shape \(B, H\) is needed"):
        loss(H.reshape(6, 2, 2), LABELS)
    with pytest.raises(ValueError, match=r"labels have shape \(5,\) .* for 6 representations"):
        loss(H, LABELS[:5])
    with pytest.raises(ValueError, match="float64 for 6 representations: give one whole number"):
        loss(H, LABELS.double())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"form": "soft"}, "form is 'soft', but must be one of: printed, hinge, released."),
        ({"switch": "no"}, "switch is 'no', but must be one of: replace, relabel."),
        ({"p_rho": 1.5}, "p_rho is 1.5, but a probability is from 0 to 1."),
    ],
)
def test_other_options_are_refused(options, sentence):
    with pytest.raises(ValueError) as error:
        margin_loss(H, LABELS, 0.6, rng(), **options)
    assert str(error.value) == sentence


def test_another_normalisation_is_refused():
    with pytest.raises(ValueError, match="normalisation is 'sum', but must be one of: pairs, b"):
        drl_loss(H, LABELS, 2.0, "sum")
