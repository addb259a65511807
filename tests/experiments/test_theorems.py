"""Fact 1 and Theorems 1 and 2 (Sec. 2.1, Appx. A) as properties of autograd's gradients."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drl_replication.experiments.gaussians import features, probabilities, sample_gradients

NEARLY_ZERO = 1e-9  # below it, the sign is a matter of rounding
NUMBERS = st.floats(-3, 3, allow_subnormal=False)
no_deadline = settings(deadline=None, max_examples=150)


@st.composite
def pairs(draw, same=None, inputs=NUMBERS):
    """Two samples x (2, D) of a linear model W (D, K), and their labels."""
    d, k = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    labels = draw(st.tuples(*[st.integers(0, k - 1)] * 2))
    if same is not None:
        labels = (labels[0], labels[0]) if same else (labels[0], (labels[0] + 1) % k)
    return (
        draw(arrays(float, (2, d), elements=inputs)),
        draw(arrays(float, (d, k), elements=NUMBERS)),
        np.array(labels),
    )


def autograd(x, w, labels):
    """The gradient of each sample's own loss, flat: (2, D K)."""
    weights = torch.tensor(w, requires_grad=True)
    losses = F.cross_entropy(torch.tensor(x) @ weights, torch.tensor(labels), reduction="none")
    rows = [torch.autograd.grad(loss, weights, retain_graph=True)[0].flatten() for loss in losses]
    return torch.stack(rows).numpy()


def predictions(x, w):
    return torch.softmax(torch.tensor(x @ w), dim=1).numpy()


def products(x, w, labels):
    """<g_n, g_m> by autograd, and <x_n, x_m>; neither is zero."""
    gradients = autograd(x, w, labels)
    of_gradients, of_inputs = gradients[0] @ gradients[1], x[0] @ x[1]
    assume(min(abs(of_gradients), abs(of_inputs)) > NEARLY_ZERO)
    return of_gradients, of_inputs


@given(pairs())
@no_deadline
def test_fact_1(pair):
    x, w, labels = pair
    errors = predictions(x, w) - np.eye(w.shape[1])[labels]
    gradients = autograd(x, w, labels)
    np.testing.assert_allclose(
        gradients[0] @ gradients[1], (x[0] @ x[1]) * (errors[0] @ errors[1]), rtol=1e-9, atol=1e-12
    )


@given(pairs(same=False))
@no_deadline
def test_theorem_1(pair):
    x, w, (n, m) = pair
    of_gradients, of_inputs = products(*pair)
    p = predictions(x, w)
    alpha = (p**2).sum()
    beta = p[0, m] + p[1, n]
    delta = ((p[0] - p[1]) ** 2).sum()
    assume(abs(2 * beta + delta - alpha) > NEARLY_ZERO)
    opposed = np.sign(of_gradients) == -np.sign(of_inputs)
    assert opposed == (2 * beta + delta > alpha)


@given(pairs(same=True))
@no_deadline
def test_theorem_2(pair):
    of_gradients, of_inputs = products(*pair)
    assert np.sign(of_gradients) == np.sign(of_inputs)


@given(pairs(same=True, inputs=st.floats(0, 3, allow_subnormal=False)))
@no_deadline
def test_gradients_of_one_class_do_not_conflict_after_a_relu(pair):
    gradients = autograd(*pair)
    assert gradients[0] @ gradients[1] >= -1e-12


@given(
    arrays(float, (2, 2), elements=NUMBERS),
    arrays(float, (3, 3), elements=NUMBERS),
    st.tuples(*[st.integers(0, 2)] * 2),
)
@no_deadline
def test_the_gradients_of_figure_1_are_those_of_autograd(points, w, labels):
    expected = autograd(features(points), w, np.array(labels))
    actual = sample_gradients(w, points, np.array(labels))
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(probabilities(w, points), predictions(features(points), w))
