import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drl_replication.measures import continual
from drl_replication.measures.rho import rho_spectrum

NAN = np.nan
# By hand: task 0 peaks after task 1 (0.95), task 1 right away.
BY_HAND = np.array([[0.9, NAN, NAN], [0.95, 0.8, NAN], [0.5, 0.6, 0.7]])


def test_measures_of_a_matrix_by_hand():
    best = np.array([0.9, 0.9, 1.0])
    assert continual.average_accuracy(BY_HAND) == pytest.approx(0.6)
    # ((0.95 - 0.5) + (0.8 - 0.6)) / 2: over T - 1 tasks, not T
    assert continual.average_forgetting(BY_HAND) == pytest.approx(0.325)
    assert continual.learned_accuracy(BY_HAND).tolist() == [0.9, 0.8, 0.7]
    assert continual.average_intransigence(BY_HAND, best) == pytest.approx(0.4 / 3)
    assert continual.identity_gap(BY_HAND, best) == pytest.approx(0.05 / 3)  # task 0's late gain


def test_the_last_row_is_no_candidate_for_the_peak():
    rises = np.array([[0.2, NAN], [0.6, 0.5]])
    assert continual.average_forgetting(rises) == pytest.approx(-0.4)


@pytest.mark.parametrize("value", [1.0, 0.1])  # a perfect model, a constant one
def test_a_model_that_never_changes_forgets_nothing(value):
    a = np.where(np.tri(5) > 0, value, NAN)
    assert continual.average_accuracy(a) == pytest.approx(value)
    assert continual.average_forgetting(a) == 0
    assert continual.average_intransigence(a, np.full(5, value)) == 0
    assert continual.identity_gap(a, np.full(5, value)) == pytest.approx(0)


def test_one_task_cannot_be_forgotten():
    a = np.array([[0.75]])
    assert continual.average_accuracy(a) == 0.75
    assert continual.average_forgetting(a) == 0.0
    assert continual.identity_gap(a, np.array([0.8])) == pytest.approx(0)


def test_entries_above_the_diagonal_are_not_read():
    full = np.where(np.isnan(BY_HAND), 5.0, BY_HAND)
    assert continual.average_forgetting(full) == continual.average_forgetting(BY_HAND)


@pytest.mark.parametrize("a", [np.zeros((2, 3)), np.zeros((0, 0)), [[NAN]], [[87.0]], [[-0.1]]])
def test_what_is_no_accuracy_matrix_is_refused(a):
    with pytest.raises(ValueError, match="accuracy matrix"):
        continual.average_accuracy(a)


def test_a_reference_of_another_length_is_refused():
    with pytest.raises(ValueError, match="one best accuracy a task"):
        continual.average_intransigence(BY_HAND, np.ones(2))


matrices = st.integers(1, 6).flatmap(
    lambda tasks: arrays(float, (tasks, tasks), elements=st.floats(0, 1))
)


@given(matrices, st.floats(0, 1))
def test_the_measures_add_up_to_the_reference_and_late_gains(a, margin):
    tasks = len(a)
    best = np.minimum(continual.learned_accuracy(a) + margin, 1)
    late = [max(a[j, i] for j in range(i, tasks - 1)) - a[i, i] for i in range(tasks - 1)]
    assert continual.identity_gap(a, best) == pytest.approx(sum(late) / tasks, abs=1e-12)
    assert continual.identity_gap(a, best) >= -1e-12


@given(matrices)
def test_no_late_peak_no_gap(a):
    falling = np.minimum.accumulate(np.where(np.tri(len(a)) > 0, a, 1), axis=0)
    assert continual.identity_gap(falling, np.ones(len(a))) == pytest.approx(0, abs=1e-12)


# Two methods with two seeds each, two tasks.
DIAGONALS = np.array([[0.9, 0.5], [0.5, 0.7], [0.8, 0.6], [0.8, 0.4]])


@pytest.mark.parametrize(
    ("reading", "best"),
    [
        ("best_run", [[0.9, 0.7]] * 4),
        ("best_mean", [[0.8, 0.6]] * 4),
        ("per_seed", [[0.9, 0.6], [0.8, 0.7]] * 2),
    ],
)
def test_the_three_references(reading, best):
    star = continual.best_learned(DIAGONALS, reading, ["er", "er", "drl", "drl"], [0, 1, 0, 1])
    np.testing.assert_allclose(star, best)


def test_per_seed_takes_the_methods_that_have_the_seed():
    star = continual.best_learned(DIAGONALS[:3], "per_seed", ["er", "er", "drl"], [0, 1, 0])
    np.testing.assert_allclose(star, [[0.9, 0.6], [0.5, 0.7], [0.9, 0.6]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((DIAGONALS, "best", ["er"] * 4, range(4)), "'best'.*best_run, best_mean, per_seed"),
        ((DIAGONALS, "best_run", ["er"] * 3, range(4)), "3 methods"),
        ((DIAGONALS[:0], "best_run", [], []), "0 methods"),
        ((DIAGONALS * NAN, "best_run", ["er"] * 4, range(4)), "leave diverged runs out"),
    ],
)
def test_a_reference_needs_matching_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        continual.best_learned(*arguments)


def spectrum(shares):
    return -np.log(len(shares)) - np.mean(np.log(shares))


def test_orthonormal_rows_have_no_rho():
    rho = rho_spectrum(np.eye(4, 7))
    assert rho == {"floor": 0.0, "drop": 0.0, "rank": 4, "raised": 0}


def test_rho_of_a_2_by_2_by_hand():
    # Singular values 3 and 1: KL((1/2, 1/2) || (3/4, 1/4)) = ln 2 - ln 3 / 2
    rotation = np.array([[0.6, -0.8], [0.8, 0.6]])
    rho = rho_spectrum(rotation @ np.diag([3.0, 1.0]) @ rotation.T)
    assert rho["floor"] == pytest.approx(np.log(2) - np.log(3) / 2)
    assert rho["drop"] == rho["floor"]


def test_rank_one_is_floored_or_dropped():
    rho = rho_spectrum(np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 0.5, 2.0]))
    total = 1 + 2e-6
    assert rho["floor"] == pytest.approx(spectrum(np.array([1, 1e-6, 1e-6]) / total))
    assert (rho["drop"], rho["rank"], rho["raised"]) == (0.0, 1, 2)


def test_dead_units_are_counted():
    alive = np.random.default_rng(0).normal(size=(20, 3))
    rho = rho_spectrum(np.hstack([alive, np.zeros((20, 2))]))
    assert (rho["rank"], rho["raised"]) == (3, 2)
    assert rho["drop"] == pytest.approx(rho_spectrum(alive)["drop"])
    assert rho["floor"] > rho["drop"]


@given(st.floats(-1e100, 1e100).filter(lambda factor: abs(factor) > 1e-100))
def test_rho_does_not_depend_on_the_scale(factor):
    x = np.random.default_rng(0).normal(size=(5, 4))
    rho, scaled = rho_spectrum(x), rho_spectrum(factor * x)
    assert scaled == pytest.approx(rho)


def test_rho_is_uncentred():
    x = np.random.default_rng(0).normal(size=(5, 4))
    assert rho_spectrum(x + 10)["floor"] > rho_spectrum(x)["floor"] + 0.1


def test_zeros_are_the_limit_of_constant_representations():
    zeros, tiny = rho_spectrum(np.zeros((6, 4))), rho_spectrum(np.ones((6, 4)))
    assert zeros["floor"] == pytest.approx(tiny["floor"])
    assert (zeros["drop"], zeros["rank"], zeros["raised"]) == (0.0, 0, 4)


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.zeros(3), [[NAN]], [[1.0, np.inf]]], ids=str)
def test_what_has_no_spectrum_is_refused(x):
    with pytest.raises(ValueError, match="The representations"):
        rho_spectrum(x)
