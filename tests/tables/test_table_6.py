"""Table 6: every value comes from a record."""

import pytest
from helpers import default_config, make_record

from drl_replication.paper.printed import BENCHMARK_TITLES, METHOD_TITLES, printed
from drl_replication.study.settings import run_settings
from drl_replication.tables import table_6


def records(benchmarks=("split_mnist",), methods=tuple(METHOD_TITLES), **changes):
    loaded = default_config()
    for benchmark in benchmarks:
        loaded["settings"][benchmark] |= changes
    return [
        make_record(b, m, 0, settings=run_settings(loaded, b, m))
        for b in benchmarks
        for m in methods
    ]


def cell(frame, hyperparameter, benchmark="split_mnist"):
    key = (frame["hyperparameter"] == hyperparameter) & (frame["benchmark"] == benchmark)
    [found] = frame[key].itertuples()
    return found


def text(frame):
    document = table_6.document(frame, ["A remark."])
    assert document.latex().isascii()
    assert "nan" not in document.markdown()
    assert "None" not in document.markdown()
    return document.markdown()


def test_the_defaults_are_the_papers():
    frame = table_6.table(records(tuple(BENCHMARK_TITLES)))
    assert len(frame) == 13 * 5
    compared = frame.merge(printed(6), on=["hyperparameter", "benchmark"])
    assert len(compared) == 35
    assert (compared["value_x"].astype(float) == compared["value_y"]).all()
    assert (compared["status"] == "as printed").all()
    assert frame["status"].value_counts().to_dict() == {"as printed": 35, "not printed": 30}
    assert "Of 35 printed values 35 were run, 35 of them as printed." in text(frame)
    assert "≠" not in text(frame)


def test_gss_has_a_learning_rate_of_its_own():
    frame = table_6.table(records())
    ours, gss = cell(frame, "learning_rate"), cell(frame, "gss_learning_rate")
    assert (ours.value, ours.methods) == ("0.2", "drl ber er agem multisim rmargin")
    assert (gss.value, gss.methods, gss.status) == ("0.05", "gss", "not printed")
    assert "| learning rate (GSS-greedy) | not run<br>– | 0.05<br>– |" in text(frame)


def test_what_was_not_run_is_said():
    frame = table_6.table(records(methods=["er"]))
    assert cell(frame, "training_batch_size").status == "as printed"
    assert cell(frame, "drl_alpha").status == cell(frame, "memory_size", "split_cifar10").status
    assert cell(frame, "drl_alpha").status == "not run"
    markdown = text(frame)
    assert "| α of DRL | not run<br>2 | not run<br>2 | not run<br>2 | not run<br>0.1 |" in markdown
    assert "Of 35 printed values 2 were run, 2 of them as printed." in markdown
    assert "Data: Split MNIST: mnist." in markdown


def test_another_value_is_marked():
    frame = table_6.table(records(drl_lambda=2e-5))
    found = cell(frame, "drl_lambda")
    assert (found.value, found.printed, found.status) == ("2e-5", 5e-4, "differs")
    assert "| λ of DRL | not run<br>0.01 | 2e-5 ≠<br>0.0005 |" in text(frame)
    assert "Of 35 printed values 7 were run, 6 of them as printed." in text(frame)
    assert "≠ marks other values" in text(frame)


def test_methods_that_disagree_are_named():
    mixed = [*records(methods=["drl", "er"]), *records(methods=["ber"], learning_rate=0.3)]
    found = cell(table_6.table(mixed), "learning_rate")
    assert (found.value, found.status) == ("0.2 (DRL, ER); 0.3 (BER)", "methods disagree")
    assert "0.2 (DRL, ER); 0.3 (BER) ≠<br>0.2" in text(table_6.table(mixed))


def test_a_method_with_its_own_rate_has_a_row_of_its_own():
    own = records(methods=["mer"], learning_rate=0.03)[0]
    own["settings"]["readings"] |= {"mer_settings": "released"}
    frame = table_6.table([*records(methods=["drl", "er"]), own])
    assert (cell(frame, "learning_rate").value, cell(frame, "learning_rate").status) == (
        "0.2",
        "as printed",
    )
    assert cell(frame, "mer_learning_rate").value == "0.03"
    assert "| learning rate (MER) |" in text(frame)


def test_records_of_one_method_that_disagree():
    other = records(methods=["er"], learning_rate=0.3)[0] | {"seed": 1}
    found = cell(table_6.table([*records(methods=["er"]), other]), "learning_rate")
    assert (found.value, found.status) == ("0.2 (ER); 0.3 (ER)", "methods disagree")


def test_a_new_hyperparameter_and_a_new_benchmark_get_their_row_and_column():
    mine = make_record("split_new", "mine", 0)
    mine["settings"] |= {"my_strength": 1.5, "dataset": "mnist"}
    frame = table_6.table([mine])
    assert frame["hyperparameter"].unique()[-1] == "my_strength"
    assert frame["benchmark"].unique()[-1] == "split_new"
    assert cell(frame, "my_strength", "split_new").value == "1.5"
    assert "| my strength | not run<br>– |" in text(frame)


def test_no_records_no_table():
    with pytest.raises(ValueError, match="no run records"):
        table_6.table([])
