"""The distributions of Appendix A, and their figure."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from drl_replication.experiments import figure_4 as experiment
from drl_replication.experiments.figure_4 import SITUATIONS, expected, inner_products, simulate
from drl_replication.figures import figure_4

Y_N, Y_M = np.eye(5)[2], np.eye(5)[3]
each_situation = pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)


def test_the_situations_are_the_papers():
    close_n, close_m = (0.05, 0.05, 0.45, 0.4, 0.05), (0.05, 0.05, 0.4, 0.45, 0.05)
    away_n, away_m = (0.05, 0.05, 0.8, 0.05, 0.05), (0.05, 0.05, 0.05, 0.8, 0.05)
    parameters = {name: (s.n, s.m) for name, s in SITUATIONS.items()}
    assert parameters == {
        "a": (close_n, close_m),
        "b": (away_n, close_m),
        "c": (away_n, away_m),
        "uniform": ((1,) * 5, (1,) * 5),
    }


def test_inner_products_by_their_definition():
    p_n, p_m = np.random.default_rng(0).dirichlet(np.ones(5), (2, 50))
    actual = inner_products(p_n, p_m)
    np.testing.assert_allclose(actual, ((p_n - Y_N) * (p_m - Y_M)).sum(axis=1), atol=1e-15)


def test_the_sign_is_right_where_the_definition_loses_its_digits():
    t = Fraction(2) ** -80
    p_n, p_m = [t, t, 1 - 5 * t, 2 * t, t], [t, t, 2 * t, 1 - 5 * t, t]
    exact = sum(a * b for a, b in zip(p_n, p_m, strict=True)) - p_n[3] - p_m[2]
    p_n, p_m = (np.array([p], dtype=float) for p in (p_n, p_m))
    assert inner_products(p_n, p_m)[0] == pytest.approx(float(exact), rel=1e-12, abs=0)
    assert (p_n * p_m).sum() - p_n[0, 3] - p_m[0, 2] == 0  # as printed


@each_situation
def test_the_mean_is_that_of_the_closed_form(situation):
    found = simulate(situation, 100_000, np.random.default_rng(1))
    # S lies in [-2, 1], so that its standard deviation is 1.5 at most
    assert abs(found["mean"] - expected(situation)) < 5 * 1.5 / np.sqrt(100_000)


@each_situation
def test_the_probability_is_theorem_1s(situation):
    """Draws of scipy, and 2 beta + delta > alpha in place of S < 0."""
    draws = 100_000
    p_n = stats.dirichlet(situation.n).rvs(draws, random_state=2)
    p_m = stats.dirichlet(situation.m).rvs(draws, random_state=3)
    alpha = (p_n**2).sum(axis=1) + (p_m**2).sum(axis=1)
    beta, delta = p_n[:, 3] + p_m[:, 2], ((p_n - p_m) ** 2).sum(axis=1)
    other = np.mean(2 * beta + delta > alpha)
    found = simulate(situation, draws, np.random.default_rng(4))
    assert found["standard_error"] == pytest.approx(np.sqrt(other * (1 - other) / draws), rel=0.05)
    rounded_away = np.mean(np.abs(2 * beta + delta - alpha) < 1e-15)
    assert abs(found["probability"] - other) < 7 * found["standard_error"] + rounded_away


def test_the_probability_of_uniform_predictions_in_closed_form():
    """Given p_n, S = <w, p_m>; on the simplex P(<w, p> > 0) = sum_k w_k+^4 / prod (w_k - w_j)."""
    p_n = np.random.default_rng(5).dirichlet(np.ones(5), 5000)
    w = (p_n - Y_N) - (p_n - Y_N)[:, [3]]
    differences = w[:, :, None] - w[:, None, :] + np.eye(5)
    positive = (np.maximum(w, 0) ** 4 / differences.prod(axis=2)).sum(axis=1)
    found = simulate(SITUATIONS["uniform"], 200_000, np.random.default_rng(6))
    error = np.hypot(found["standard_error"], positive.std() / np.sqrt(len(positive)))
    assert abs(found["probability"] - (1 - positive.mean())) < 5 * error


def test_the_histogram_holds_every_draw(monkeypatch):
    monkeypatch.setattr(experiment, "CHUNK", 300)
    found = simulate(SITUATIONS["a"], 1000, np.random.default_rng(7))
    assert sum(found["share"]) == pytest.approx(1)
    below = sum(found["share"][: list(figure_4.BINS).index(0)])
    assert below == pytest.approx(found["probability"])


def test_the_figure():
    figure, numbers = figure_4.draw([], {"draws": 2000})
    assert list(numbers["summary"]) == list(SITUATIONS)
    assert [axis.get_title("left")[:3] for axis in figure.axes] == ["(a)", "(b)", "(c)", "(d)"]
    for axis, found in zip(figure.axes, numbers["distributions"].values(), strict=True):
        assert [bar.get_height() for bar in axis.patches] == found["share"]
        assert f"{found['probability']:.3f}" in axis.texts[0].get_text()
        assert f"{found['probability']:.3f}" in numbers["details"][0]
    assert "2,000 pairs" in numbers["caption"]
    assert numbers == figure_4.draw([], {"draws": 2000})[1]


def test_the_caption_follows_the_numbers():
    share = [0.0] * 38 + [0.25, 0.5] + [0.0125] * 20  # bins 38 and 39 end at -0.05 and 0
    rows = {
        name: {"probability": p, "standard_error": 0.01, "share": share}
        for name, p in zip(SITUATIONS, (0.5, 0.9, 0.2, 0.7), strict=True)
    }
    caption = figure_4._caption(rows, 100)
    assert "Against the paper" in caption
    details = " ".join(figure_4._details(rows))
    assert "P(S < −0.05) is 0.25, 0.25, 0.25 and 0.25" in details
    rows["a"]["probability"] = 0.95
    assert "is the highest in (a)" in figure_4._caption(rows, 100)
