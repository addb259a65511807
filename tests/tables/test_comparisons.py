"""Tests between methods, against scipy and by hand."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from helpers import PROJECT, make_record, make_settings, place, selection
from scipy import stats

from drl_replication.tables import all_six as paper_tables
from drl_replication.tables import comparisons
from drl_replication.tables.comparisons import ASKED, PAIRS, PRINTED, REFERENCE, RIVALS
from drl_replication.tables.frames import rows as rows_of
from drl_replication.tables.frames import to_csv
from drl_replication.tables.separation import Pair, best_of, family

RNG = np.random.default_rng(0)
ACCURACY = {  # ten seeds that pair: what a seed shares is larger than what divides the methods
    method: 0.6 + SHARED + lead + RNG.normal(0, 0.01, 10)
    for SHARED in [RNG.normal(0, 0.05, 10)]
    for method, lead in [("er", -0.04), ("drl", 0.0), ("ber", 0.002), ("rmargin", 0.05)]
}
DIVERGED = [[0.9, None], [None, None]]


def record(method, seed, accuracy, benchmark="split_mnist"):
    matrix = DIVERGED if accuracy is None else [[0.9], [accuracy - 0.1, accuracy + 0.1]]
    return make_record(benchmark, method, seed, matrix, settings=make_settings(benchmark))


def records(seeds=10, methods=ACCURACY, **overrides):
    return [record(m, s, ACCURACY[m][s], **overrides) for m in methods for s in range(seeds)]


def rows(frame, comparison, measure="average_accuracy"):
    found = frame[(frame["comparison"] == comparison) & (frame["measure"] == measure)]
    return found.set_index("rival")


def test_the_pairs_that_are_asked_about():
    more = {"uniform": ACCURACY["er"] + 0.001, "agem": ACCURACY["er"]}
    made = [record(m, s, a[s]) for m, a in (ACCURACY | more).items() for s in range(10)]
    frame = comparisons.comparisons(made)
    asked = frame[(frame["comparison"] == ASKED) & (frame["measure"] == "average_accuracy")]
    pairs = list(zip(asked["method"], asked["rival"], strict=True))
    assert pairs == [("er", "agem"), ("agem", "uniform"), ("drl", "uniform"), ("drl", "ber")]
    by_pair = asked.set_index(["method", "rival"])
    assert by_pair.loc[("agem", "uniform"), "mean_difference"] == pytest.approx(-0.001)
    assert by_pair.loc[("agem", "uniform"), "verdict"] == "worse"
    assert by_pair.loc[("er", "agem"), "p"] == 1
    # the paper's own families are what they were without the others
    alone = comparisons.comparisons(records(methods=["er", "drl", "ber", "rmargin"]))
    with_others = rows(frame, RIVALS).drop(index=["uniform", "agem"])
    assert with_others["p"].tolist() == rows(alone, RIVALS)["p"].tolist()
    text = comparisons.to_markdown(frame)
    assert "Does A-GEM's projection do anything? A-GEM − Uniform replay" in text
    assert "*not in the paper's tables*" in text
    assert "uniform" not in set(rows(frame, PAIRS).index)


def test_paired_tests_as_in_scipy():
    found = rows(comparisons.comparisons(records()), RIVALS)
    assert found.index.tolist() == ["ber", "er", "rmargin"]  # the paper's order
    raw = {}
    for rival, row in found.iterrows():
        d = ACCURACY["drl"] - ACCURACY[rival]
        assert (row["method"], row["n"], row["n_diverged"]) == ("drl", 10, 0)
        assert row["mean_difference"] == pytest.approx(d.mean())
        test = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
        raw[rival] = test.pvalue
        assert row["p"] == pytest.approx(test.pvalue)
        for end, outward in ((row["low"], -1e-9), (row["high"], 1e-9)):  # where that test turns
            pvalues = [
                stats.permutation_test(
                    (d - end - shift,), np.mean, permutation_type="samples", n_resamples=np.inf
                ).pvalue
                for shift in (outward, -outward)
            ]
            assert pvalues[0] <= 0.05 < pvalues[1]
        assert (row["low"] <= 0 <= row["high"]) == (row["p"] > 0.05)
    # Holm by hand: the two smallest are tied at 2/1024
    assert raw["er"] == raw["rmargin"] == 2 / 1024 < raw["ber"]
    expected = [raw["ber"], 3 * 2 / 1024, 3 * 2 / 1024]
    np.testing.assert_allclose(found["p_holm"], expected)
    assert found["verdict"].tolist() == ["no difference shown", "better", "worse"]


def test_lower_forgetting_and_intransigence_are_better():
    frame = comparisons.comparisons(records())
    for measure in ("average_forgetting", "average_intransigence"):
        found = rows(frame, RIVALS, measure)
        assert found["verdict"].tolist() == ["no difference shown", "better", "worse"]
        assert found.loc["er", "mean_difference"] < 0
    assert [best(frame, PAIRS, m) for m in frame["measure"].unique()] == [["rmargin"]] * 3


def best(frame, comparison, measure="average_accuracy"):
    return best_of(rows_of(rows(frame, comparison, measure).reset_index(), Pair))


def test_the_best_of_a_column_are_told_by_all_its_pairs():
    frame = comparisons.comparisons(records(methods=["er", "drl", "ber"]))
    found = rows(frame, PAIRS).reset_index().set_index(["method", "rival"])
    assert list(found.index) == [("drl", "ber"), ("drl", "er"), ("ber", "er")]
    # Holm over the three: the smallest possible p of ten pairs is 2 / 1024
    np.testing.assert_allclose(found["p_holm"][1:], 3 * 2 / 1024)
    assert found["verdict"].tolist() == ["no difference shown", "better", "better"]
    assert found[["low", "high"]].isna().all(axis=None)
    assert best(frame, PAIRS) == ["drl", "ber"]


def test_the_papers_best_by_welch():
    frame = comparisons.comparisons(records())
    assert best(frame, PRINTED) == ["drl", "multisim"]
    found = rows(frame, PRINTED)
    found = found[found["method"] == "drl"]
    for rival, mean, std in [("multisim", 0.881, 0.006), ("er", 0.840, 0.008)]:
        test = stats.ttest_ind_from_stats(0.882, 0.006, 10, mean, std, 10, equal_var=False)
        assert found.loc[rival, "p"] == pytest.approx(test.pvalue, rel=1e-9)
    assert found["verdict"].to_dict() == dict.fromkeys(
        ["ber", "er", "agem", "gss", "rmargin"], "better"
    ) | {"multisim": "no difference shown"}


def test_one_seed_is_too_few():
    frame = comparisons.comparisons(records(seeds=1))
    found = rows(frame, RIVALS)
    assert set(found["verdict"]) == {"too few seeds"}
    assert found[["low", "high", "p", "p_holm"]].isna().all().all()
    assert found["mean_difference"].notna().all()
    assert rows(frame, PAIRS).empty  # one run is called the best of nothing
    assert "<br>too few seeds, n = 1" in comparisons.to_markdown(frame)


def test_three_seeds_cannot_show_a_difference():
    found = rows(comparisons.comparisons(records(seeds=3)), RIVALS)
    assert found["p"].min() == 0.25
    assert found[["low", "high"]].isna().all(axis=None)
    assert set(found["verdict"]) == {"too few seeds"}


def test_pairs_that_are_shown_make_room_for_those_of_fewer_seeds():
    """Of seven pairs p is 2^-6 at best: too much times four, not times the one that is left."""
    p = {"a": 0.001, "b": 0.001, "c": 0.001, "d": 0.5}

    def verdicts(**changed):
        found = p | changed
        result = {"n": 7, "n_diverged": 0, "mean_difference": 1.0, "low": 0.1, "high": 0.2}
        pairs = family(
            [("drl", rival) for rival in found],
            "max",
            lambda _, r: result | {"p": found[r]},
        )
        return [pair.verdict for pair in pairs]

    assert verdicts() == ["better"] * 3 + ["no difference shown"]
    assert verdicts(a=0.6, b=0.6, c=0.6) == ["too few seeds"] * 4


@pytest.mark.parametrize("seeds", [6, 7])
def test_too_few_seeds_are_those_of_which_no_outcome_could_show_a_difference(seeds):
    """Of three rivals, Holm asks for p <= 0.05 / 3 once: 2^-6, so seven pairs."""
    verdicts = set(rows(comparisons.comparisons(records(seeds=seeds)), RIVALS)["verdict"])
    assert ("too few seeds" in verdicts) == (seeds == 6)


def test_who_adds_a_method_changes_no_p_of_the_papers():
    mine = [make_record("split_mnist", "my_method", s, [[0.9], [0.5, 0.7]]) for s in range(10)]
    with_mine = rows(comparisons.comparisons([*records(), *mine]), RIVALS)
    assert with_mine.index[-1] == "my_method"
    pd.testing.assert_frame_equal(
        with_mine.drop(index="my_method"), rows(comparisons.comparisons(records()), RIVALS)
    )


def test_another_reference_is_compared_with_all_besides_drl():
    mine = [record("my_method", s, ACCURACY["er"][s] + 0.002) for s in range(10)]
    usual = comparisons.comparisons([*records(), *mine])
    frame = comparisons.comparisons([*records(), *mine], reference="my_method")
    own = rows(frame, REFERENCE)
    assert own.index.tolist() == ["drl", "ber", "er", "rmargin"]
    assert own.loc["er", "mean_difference"] == pytest.approx(0.002)
    d = ACCURACY["er"] + 0.002 - ACCURACY["drl"]
    flips = np.array(np.meshgrid(*[[-1, 1]] * 10)).reshape(10, -1)
    p = (np.abs(d @ flips) >= abs(d.sum()) - 1e-12).mean()
    assert own.loc["drl", "p"] == pytest.approx(p)
    rest = frame[frame["comparison"] != REFERENCE].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, usual)
    assert "my_method minus each rival (higher is better for my_method)" in (
        comparisons.to_markdown(frame)
    )
    assert "minus each rival" in comparisons.to_markdown(usual)


def test_the_verdict_is_on_the_adjusted_p():
    found = rows(comparisons.comparisons(records(seeds=6)), RIVALS)
    assert found.loc["er", "p"] == 2 / 64 < 0.05 < found.loc["er", "p_holm"]
    assert set(found["verdict"]) == {"too few seeds"}  # nor could another outcome show one


def test_only_seeds_that_both_have_are_paired():
    some = [r for r in records() if not (r["method"] == "er" and r["seed"] < 4)]
    some = [r for r in some if not (r["method"] == "drl" and r["seed"] == 9)]
    some.append(record("drl", 9, None))
    frame = comparisons.comparisons(some)
    row = rows(frame, RIVALS).loc["er"]
    assert (row["n"], row["n_diverged"]) == (5, 1)
    assert row["mean_difference"] == pytest.approx((ACCURACY["drl"] - ACCURACY["er"])[4:9].mean())
    markdown = comparisons.to_markdown(frame)
    assert "n = 5 (1 diverged)" in markdown
    assert "Pairs: Split MNIST: n = 5 to 10." in markdown
    assert "Pairs with a diverged run are counted" in markdown


def test_a_method_that_always_diverges():
    diverged = [record("gss", seed, None) for seed in range(10)]
    frame = comparisons.comparisons([*records(), *diverged])
    row = rows(frame, RIVALS).loc["gss"]
    assert (row["n"], row["n_diverged"], row["verdict"]) == (0, 10, "too few seeds")
    # a rival that cannot be tested is none of the family
    assert rows(frame, RIVALS).loc["er", "p_holm"] == pytest.approx(3 * 2 / 1024)
    assert "| GSS-greedy | –<br>too few seeds, n = 0 (10 diverged) |" in comparisons.to_markdown(
        frame
    )
    only = comparisons.comparisons(diverged)
    assert set(only["comparison"]) == {PRINTED}
    assert "nan" not in comparisons.to_markdown(only)


def test_without_drl_and_beyond_the_paper():
    frame = comparisons.comparisons(
        [record(m, s, ACCURACY[m][s], "split_new") for m in ("er", "ber") for s in range(10)]
    )
    assert set(frame["comparison"]) == {PAIRS}
    markdown = comparisons.to_markdown(frame)
    assert "| Average accuracy, ours | **BER** |" in markdown
    assert "| Average accuracy, the paper's | – |" in markdown


def test_markdown():
    both = [*records(), *records(methods=["drl", "er"], benchmark="split_fashion")]
    frame = comparisons.comparisons(both, "best_mean")
    markdown = comparisons.to_markdown(frame, ["A remark."])
    assert markdown.count("**Average") == 3
    row = rows(frame[frame["benchmark"] == "split_mnist"], RIVALS).loc["er"]
    cell = f"+{row.mean_difference:.3f} [{row.low:.3f}, {row.high:.3f}]<br>p = 0.006<br>"
    assert f"| ER | {cell}**better, n = 10** | " in markdown
    assert "<br>no difference shown, n = 10 | not run |" in markdown
    # on Split Fashion-MNIST two methods of the table were not run, so it has no best
    assert "| Average accuracy, ours | **R-Margin** | – |" in markdown
    assert "| Average accuracy, the paper's | **DRL, Multisimilarity** | **DRL** |" in markdown
    assert "the best over the paper's methods in this table of the mean over seeds" in markdown
    assert markdown.endswith("- A remark.\n")
    assert "nan" not in markdown


def test_no_records_no_comparisons():
    with pytest.raises(ValueError, match="no run records"):
        comparisons.comparisons([])


# Scripts ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    paths = [place(root / "runs", r) for r in records(seeds=2)]
    settings = {"split_mnist": dict.fromkeys(ACCURACY, make_settings())}
    return selection(root, paths, settings)


def script(name, *arguments):
    command = [sys.executable, PROJECT / "scripts" / name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_script_of_the_comparisons(tmp_path, runs):
    outputs = [f"--csv={tmp_path}/c.csv", f"--md={tmp_path}/c.md", "--note", "a = b"]
    done = script("comparisons.py", *runs, "--intransigence-reference=per_seed", *outputs)
    assert (done.returncode, done.stderr) == (0, "")
    frame = comparisons.comparisons(records(seeds=2), "per_seed")
    assert (tmp_path / "c.csv").read_text() == to_csv(frame)
    assert (tmp_path / "c.md").read_text() == comparisons.to_markdown(frame, ["a = b"])
    missing = tmp_path / "runs/split_mnist/er/seed_7.json"
    runs = selection(tmp_path, [missing], {"split_mnist": {"er": make_settings()}})
    done = script("comparisons.py", *runs, *outputs)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_script_of_the_tables_takes_the_readings_of_each(tmp_path, runs):
    readings = {
        "intransigence_reference": "best_mean",
        "rho_layers": "all",
        "rho_null": "drop",
    }
    options = [f"--{name.replace('_', '-')}={option}" for name, option in readings.items()]
    for number in (4, 5, 6):
        outputs = [f"--{kind}={tmp_path}/{number}.{kind}" for kind in ("csv", "md", "tex")]
        done = script("table.py", f"--number={number}", *runs, *options, *outputs, "--note=a = b")
        assert (done.returncode, done.stderr) == (0, "")
        frame = paper_tables.paper_table(number, records(seeds=2), readings)
        document = paper_tables.PAPER_TABLES[number].document(frame, ["a = b"])
        assert (tmp_path / f"{number}.csv").read_text() == to_csv(frame)
        assert (tmp_path / f"{number}.md").read_text() == document.markdown()
        assert (tmp_path / f"{number}.tex").read_text() == document.latex()
        if number == 4:
            assert frame[list(readings)].iloc[0].to_dict() == readings
