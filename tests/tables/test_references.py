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
@pytest.mark.parametrize("seeds", [10, 14])
def test_the_spread_of_a_star(reading, seeds):
    found = records(seeds)
    (row,) = reference_spread(found, reading).itertuples()
    a, generator = learned(found), np.random.default_rng(9)
    drawn = [
        brute_force(a, generator.choice(seeds, 10, replace=seeds == 10), reading)
        for _ in range(4000)
    ]
    np.testing.assert_allclose(row.best_std, np.std(drawn), rtol=0.06)
    shift = np.mean(drawn) - brute_force(a, np.arange(seeds), reading) if seeds > 10 else 0
    np.testing.assert_allclose(row.best_shift, shift, atol=5e-4)


def test_a_partial_column_has_none():
    assert reference_spread(records(9), "best_run").empty
    partial = [r for r in records(10) if r["method"] != "gss"]
    assert reference_spread(partial, "best_run").empty


def test_a_diverged_run_takes_no_part():
    (row,) = reference_spread(records(10, lost=[("drl", 3)]), "best_run").itertuples()
    assert 0 < row.best_std < 0.1
