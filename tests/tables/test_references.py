"""How a* varies with the seeds, by brute force."""

import numpy as np
import pytest
from helpers import make_record

from drl_replication.paper.printed import METHOD_TITLES
from drl_replication.tables.references import reference_spread


def records(seeds, lost=()):
    """Two tasks, learned with random accuracies."""
    generator = np.random.default_rng(0)
    found = []
    for method in METHOD_TITLES:
        for seed in range(seeds):
            a, b = generator.uniform(0.5, 0.9, 2).round(3)
            gone = (method, seed) in lost
            matrix = [[a, None], [None, None]] if gone else [[a], [0.4, b]]
            found.append(make_record("split_mnist", method, seed, matrix))
    return found


def learned(found):
    values = {(r["method"], r["seed"]): r["accuracy_matrix"] for r in found}
    seeds = sorted({seed for _, seed in values})
    return np.array(
        [[[values[m, s][i][i] for i in (0, 1)] for s in seeds] for m in METHOD_TITLES], dtype=float
    )


def brute_force(a, draw, reading):
    chosen = a[:, draw]
    if reading == "best_run":
        return np.mean([chosen[:, :, i].max() for i in (0, 1)])
    if reading == "best_mean":
        return np.mean([chosen[:, :, i].mean(axis=1).max() for i in (0, 1)])
    return np.mean([np.mean([chosen[:, s, i].max() for i in (0, 1)]) for s in range(len(draw))])


@pytest.mark.parametrize("reading", ["best_run", "best_mean", "per_seed"])
@pytest.mark.parametrize("seeds", [10, 11, 14])
def test_the_spread_of_a_star(reading, seeds):
    found = records(seeds)
    (row,) = reference_spread(found, reading).itertuples()
    a, generator = learned(found), np.random.default_rng(9)
    again, others = (
        [brute_force(a, generator.choice(seeds, 10, replace=r), reading) for _ in range(4000)]
        for r in (True, False)
    )
    np.testing.assert_allclose(row.best_std, np.std(again), rtol=0.06)
    shift = np.mean(others) - brute_force(a, np.arange(seeds), reading)
    np.testing.assert_allclose(row.best_shift, shift, atol=5e-4)


@pytest.mark.parametrize("seeds", [10, 11, 40])
def test_of_a_mean_over_seeds_it_is_the_deviation_over_the_root_of_ten(seeds):
    found = records(seeds)
    (row,) = reference_spread(found, "per_seed").itertuples()
    best = learned(found).max(axis=0).mean(axis=1)
    np.testing.assert_allclose(row.best_std, best.std() / 10**0.5, rtol=0.03)


def test_the_shift_is_from_the_a_star_of_all_runs():
    """One method has ten seeds, the others more: a* is of all."""
    found = [r for r in records(14) if r["method"] != "agem" or r["seed"] < 10]
    (row,) = reference_spread(found, "best_run").itertuples()
    (ten,) = reference_spread([r for r in found if r["seed"] < 10], "best_run").itertuples()
    matrices = [r["accuracy_matrix"] for r in found]
    best = np.mean([max(float(a[i][i]) for a in matrices) for i in (0, 1)])
    of_ten = brute_force(learned([r for r in found if r["seed"] < 10]), np.arange(10), "best_run")
    np.testing.assert_allclose(row.best_shift, of_ten - best, atol=1e-12)
    assert row.best_shift < 0
    assert ten.best_shift == 0
    assert row.best_std == ten.best_std


def test_a_seed_on_which_all_diverge_is_left_out():
    found = records(14, lost=[(method, 3) for method in METHOD_TITLES])
    without = [r for r in found if r["seed"] != 3]
    assert reference_spread(found, "best_run").equals(reference_spread(without, "best_run"))


def test_a_partial_column_has_none():
    assert reference_spread(records(9), "best_run").empty
    partial = [r for r in records(10) if r["method"] != "gss"]
    assert reference_spread(partial, "best_run").empty


def test_a_diverged_run_takes_no_part():
    (row,) = reference_spread(records(10, lost=[("drl", 3)]), "best_run").itertuples()
    assert 0 < row.best_std < 0.1
