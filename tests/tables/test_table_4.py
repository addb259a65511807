"""Table 4 against numpy's correlation, and its bootstraps against loops."""

import numpy as np
import pytest
from helpers import make_record
from scipy import stats

from drl_replication.paper.printed import method_title, printed
from drl_replication.tables import table_4
from drl_replication.text.numbers import digits

METHODS = ["drl", "ber", "er", "agem", "gss"]
DIVERGED = [[0.9, None], [None, None]]


def record(method, seed, accuracy, rho, benchmark="split_mnist", **overrides):
    """Accuracy and forgetting add up to a constant; rho differs by its reading."""
    readings = {
        "hidden": {"floor": rho, "drop": rho**2, "rank": 3, "raised": 0},
        "all": {"floor": np.cos(9 * rho), "drop": np.sin(5 * rho), "rank": 3, "raised": 0},
    }
    matrix = [[0.9], [accuracy - 0.1, accuracy + 0.1]]
    return make_record(benchmark, method, seed, matrix, rho=rho, rho_readings=readings, **overrides)


def cloud(seeds, methods=METHODS, **overrides):
    """(methods x seeds) rho and accuracy: rising between the methods and falling within them."""
    rng = np.random.default_rng(0)
    centre = np.arange(len(methods))[:, None] / 10
    inner = rng.normal(0, 0.05, (len(methods), seeds))
    rho = 1 + centre + inner
    accuracy = 0.3 + centre / 2 - inner / 3 + rng.normal(0, 0.02, rho.shape)
    records = [
        record(method, s, accuracy[m, s], rho[m, s], **overrides)
        for m, method in enumerate(methods)
        for s in range(seeds)
    ]
    return rho, accuracy, records


RHO, ACCURACY, RECORDS = cloud(6)


def accuracy_row(*arguments, **keywords):
    return next(table_4.table(*arguments, **keywords).itertuples())


def test_three_correlations_as_in_numpy():
    row = accuracy_row(RECORDS)
    assert (row.benchmark, row.metric) == ("split_mnist", "average_accuracy")
    assert (row.n_runs, row.n_methods, row.n, row.n_diverged) == (30, 5, 6, 0)
    assert row.pooled == pytest.approx(np.corrcoef(RHO.ravel(), ACCURACY.ravel())[0, 1])
    between = stats.pearsonr(RHO.mean(axis=1), ACCURACY.mean(axis=1))
    assert row.between == pytest.approx(between.statistic)
    interval = between.confidence_interval(0.95)
    np.testing.assert_allclose([row.between_low, row.between_high], interval, rtol=1e-9)
    centred = [a - a.mean(axis=1, keepdims=True) for a in (RHO, ACCURACY)]
    assert row.within == pytest.approx(np.corrcoef(*(c.ravel() for c in centred))[0, 1])
    assert row.between > 0.5 > 0 > row.within
    assert row.printed == 0.0461
    assert row.difference == pytest.approx(row.pooled - 0.0461)


def jackknifed(axis, confidence, within=False):
    """The same intervals, one cluster after the other."""

    def z(keep):
        x, y = (np.take(a, keep, axis) for a in (RHO, ACCURACY))
        if within:
            x, y = (a - a.mean(axis=1, keepdims=True) for a in (x, y))
        return np.arctanh(np.corrcoef(x.ravel(), y.ravel())[0, 1])

    n = RHO.shape[axis]
    pseudo = [n * z(range(n)) - (n - 1) * z([j for j in range(n) if j != i]) for i in range(n)]
    return np.tanh(stats.ttest_1samp(pseudo, 0).confidence_interval(confidence))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("pooled_low90", "pooled_high90"), jackknifed(1, 0.9)),
        (("pooled_low", "pooled_high"), jackknifed(0, 0.95)),
        (("within_low", "within_high"), jackknifed(1, 0.95, within=True)),
    ],
)
def test_jackknives_against_loops(columns, expected):
    row = accuracy_row(RECORDS)
    np.testing.assert_allclose([getattr(row, c) for c in columns], expected)


def test_the_method_without_which_the_means_correlate_otherwise():
    row = accuracy_row(RECORDS)
    means = RHO.mean(axis=1), ACCURACY.mean(axis=1)
    without = [np.corrcoef(*(np.delete(m, i) for m in means))[0, 1] for i in range(len(RHO))]
    furthest = np.argmax(np.abs(np.array(without) - row.between))
    order = list(dict.fromkeys(r["method"] for r in RECORDS))
    assert row.outlier == order[furthest]
    assert row.without_outlier == pytest.approx(without[furthest])
    text = table_4.document(table_4.table(RECORDS)).markdown()
    assert f"without {method_title(row.outlier)}: {digits(without[furthest], decimals=2)}" in text


@pytest.mark.parametrize("layers", ["hidden", "all"])
@pytest.mark.parametrize("null", ["floor", "drop"])
def test_the_readings_choose_rho(layers, null):
    row = accuracy_row(RECORDS, rho_layers=layers, rho_null=null)
    rho = [r["rho_readings"][layers][null] for r in RECORDS]
    assert row.pooled == pytest.approx(np.corrcoef(rho, ACCURACY.ravel())[0, 1])
    assert (row.rho_layers, row.rho_null) == (layers, null)


def test_the_other_metrics():
    frame = table_4.table(RECORDS).set_index("metric")
    assert frame.index.tolist() == [
        "average_accuracy",
        "average_forgetting",
        "average_intransigence",
    ]
    # forgetting is 0.9 - (accuracy - 0.1), and intransigence (a* - accuracy - 0.1) / 2
    for metric in ("average_forgetting", "average_intransigence"):
        assert frame.loc[metric, "pooled"] == pytest.approx(
            -frame.loc["average_accuracy", "pooled"]
        )
    paper = printed(4).query("benchmark == 'split_mnist'")
    assert frame["printed"].to_dict() == paper.set_index("metric")["correlation"].to_dict()
    # per seed, a* takes away what the methods of a seed share
    per_seed = table_4.table(RECORDS, "per_seed").set_index("metric")
    best = (0.9 + ACCURACY.max(axis=0) + 0.1) / 2
    expected = np.corrcoef(RHO.ravel(), (best - (ACCURACY + 1.0) / 2).ravel())[0, 1]
    assert per_seed.loc["average_intransigence", "pooled"] == pytest.approx(expected)


def test_diverged_runs_are_left_out_and_counted():
    diverged = [make_record("split_mnist", m, 9, DIVERGED) for m in ("drl", "multisim")]
    frame = table_4.table([*RECORDS, *diverged])
    row = frame.iloc[0]
    assert (row.n_runs, row.n_methods, row.n, row.n_diverged) == (30, 5, 6, 2)
    assert row.pooled == accuracy_row(RECORDS).pooled
    assert "30 runs (5 methods, 6 seeds; 2 diverged runs left out)" in text(frame)
    only = table_4.table(diverged)
    assert only[table_4.CORRELATIONS].isna().all().all()
    assert "0 runs" in text(only)


def text(frame):
    markdown = table_4.document(frame, ["A remark."]).markdown()
    assert "nan" not in markdown
    assert "- A remark." in markdown
    return markdown


def test_missing_seeds_count_as_they_are():
    some = [r for r in RECORDS if (r["method"], r["seed"]) not in {("drl", 0), ("er", 3)}]
    row = accuracy_row(some)
    x = [r["rho"] for r in some]
    y = [r["average_accuracy"] for r in some]
    assert row.n_runs == 28
    assert row.pooled == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_one_seed_has_nothing_within_methods():
    frame = table_4.table([r for r in RECORDS if r["seed"] == 0])
    row = next(frame.itertuples())
    assert row.pooled == pytest.approx(row.between)
    assert np.isfinite([row.pooled_low, row.between_low]).all()
    assert np.isnan([row.within, row.within_low, row.pooled_low90, row.pooled_high90]).all()
    markdown = text(frame)
    assert "| within methods | –<br>– |" in markdown
    assert "5 runs (5 methods, 1 seed)" in markdown
    assert "Of one seed Split MNIST: no within-method correlation" in markdown


def test_two_of_anything_have_no_bootstrap():
    some = [r for r in RECORDS if r["seed"] < 2 and r["method"] in ("drl", "er")]
    row = accuracy_row(some)
    assert np.isfinite([row.pooled, row.between, row.within]).all()
    intervals = [c for c in table_4.CORRELATIONS if "low" in c or "high" in c]
    assert np.isnan([getattr(row, c) for c in intervals]).all()


def test_document():
    fashion = cloud(4, ["drl", "er", "my_method"], benchmark="split_fashion")[2]
    frame = table_4.table([*RECORDS, *fashion])
    document = table_4.document(frame)
    assert document.columns == ["Split MNIST", "Split Fashion-MNIST"]
    row = frame.iloc[0]
    line = document.markdown().splitlines()[4]
    cell = f"{row.pooled:.2f}<br>[{row.pooled_low:.2f}, {row.pooled_high:.2f}]<br>"
    cell += f"0.05 ({row.difference:+.2f})"
    assert line.startswith(f"| Avg. Acc., pooled | {cell.replace('-', '−')} | ")
    assert document.latex().isascii()
    assert document.latex().count(r"\quad paper") == 3


def test_a_benchmark_that_the_paper_has_not():
    frame = table_4.table(cloud(3, benchmark="split_new")[2])
    assert frame["difference"].isna().all()
    assert "split_new" in text(frame)


def test_what_makes_no_table():
    with pytest.raises(ValueError, match="no run records"):
        table_4.table([])
    with pytest.raises(ValueError, match="rho_layers is 'last', but must be one of: hidden, all"):
        table_4.table(RECORDS, rho_layers="last")
    with pytest.raises(ValueError, match="rho_null"):
        table_4.table(RECORDS, rho_null="zero")
    with pytest.raises(ValueError, match="is there twice"):
        table_4.table([*RECORDS, RECORDS[0]])
