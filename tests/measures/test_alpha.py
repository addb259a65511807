"""The bound on alpha, against the loss itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drl_replication.measures.alpha import alpha_bound, balanced_counts

NORMALISATIONS = ("pairs", "batch")


def auxiliary_loss(h, labels, alpha, normalisation):
    """Eq. 3 by its double sum, in float64."""
    products = h @ h.T
    same = labels[:, None] == labels
    other = ~np.eye(len(h), dtype=bool) & same
    between, within = products[~same], products[other]
    if normalisation == "batch":
        return (between.sum() + alpha * within.sum()) / len(h) ** 2
    return between.mean() + alpha * within.mean()


@pytest.mark.parametrize(
    ("normalisation", "expected"),
    [("pairs", [1, 1 / 3, 0.22, 0.18, 1 / 9]), ("batch", [1.11, 1.25, 1.5, 2, 2])],
)
def test_the_bounds_of_balanced_batches_of_20(normalisation, expected):
    found = [alpha_bound(balanced_counts(20, c), normalisation) for c in (2, 4, 6, 8, 10)]
    np.testing.assert_allclose(found, expected, atol=0.005)


@given(
    counts=st.lists(st.integers(2, 6), min_size=2, max_size=5),
    normalisation=st.sampled_from(NORMALISATIONS),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=60, deadline=None)
def test_above_the_bound_no_class_indicators_lower_the_loss_and_below_some_do(
    counts, normalisation, seed
):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    bound = alpha_bound(counts, normalisation)
    for _ in range(10):
        h = generator.normal(size=(len(counts), 3))[labels]
        assert auxiliary_loss(h, labels, 1.001 * bound, normalisation) >= -1e-12

    def form(v):
        return auxiliary_loss(v[labels][:, None], labels, 0.999 * bound, normalisation)

    # the quadratic form by polarisation: its lowest direction falls as the square of its length
    unit = np.eye(len(counts))
    gram = np.array([[(form(a + b) - form(a - b)) / 4 for b in unit] for a in unit])
    values, vectors = np.linalg.eigh(gram)
    assert values[0] < 0
    lowest = vectors[:, 0]
    np.testing.assert_allclose(form(1000 * lowest), 1e6 * form(lowest), rtol=1e-6)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_the_double_sum_is_the_loss_that_trains(normalisation):
    """Its gradient on class indicators, by automatic differentiation."""
    labels = np.repeat([0, 1], 10)
    v = np.array([1.0, -1.0])
    h = torch.tensor(v[labels][:, None], requires_grad=True)
    below = 0.9 * alpha_bound([10, 10], normalisation)
    same = torch.tensor(labels[:, None] == labels)
    other = same & ~torch.eye(20, dtype=torch.bool)
    products = h @ h.T
    parts = products[~same], products[other]
    loss = (
        sum(part.mean() * w for part, w in zip(parts, (1, below), strict=True))
        if normalisation == "pairs"
        else (parts[0].sum() + below * parts[1].sum()) / 400
    )
    loss.backward()
    np.testing.assert_allclose(
        loss.item(), auxiliary_loss(h.detach().numpy(), labels, below, normalisation)
    )
    assert loss.item() < 0
    assert (h.grad.numpy() * h.detach().numpy() < 0).all()  # descent makes h ever larger


def test_single_samples_and_classes_have_no_bound():
    for counts in ([3], [3, 1]):
        with pytest.raises(ValueError, match="two classes of two samples"):
            alpha_bound(counts)
