from dataclasses import replace

import numpy as np
import pytest
from helpers import make_record, make_settings, place, triangle

from drl_replication.data.benchmarks import BENCHMARKS, split
from drl_replication.figures import (
    accuracy_curves,
    accuracy_matrices,
    memory_composition,
    style,
)

MODULES = [accuracy_curves, accuracy_matrices, memory_composition]
SETTINGS = {
    benchmark: {method: make_settings(benchmark) for method in ("drl", "er", "gss")}
    for benchmark in ("split_mnist", "split_fashion")
}


def memory(counts, groups="class"):
    return {"groups": groups, "counts": counts}


def random_record(rng, benchmark, method, seed):
    matrix = [[float(v) for v in rng.random(t + 1)] for t in range(5)]
    counts = [[int(n) for n in rng.integers(1, 50, 10)] for _ in range(5)]
    return make_record(benchmark, method, seed, matrix, memory=memory(counts))


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(0)
    runs = [("split_mnist", m, s) for m in ("drl", "er", "gss") for s in range(3)]
    runs += [("split_fashion", "er", 1), ("split_fashion", "gss", 0), ("split_fashion", "gss", 1)]
    return [random_record(rng, *run) for run in runs]


@pytest.fixture(scope="module")
def paths(records, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return [place(root, record) for record in records]


def drawn(module, paths):
    figure, numbers = module.draw(paths, SETTINGS)
    return figure, numbers


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


def test_lines_on_paper_are_the_numbers(paths):
    figure, numbers = drawn(accuracy_curves, paths)
    for axis, lines in zip(figure.axes, numbers["panels"].values(), strict=False):
        for line, method in zip(axis.get_lines(), lines, strict=True):
            assert line.get_color() == style.method_style(method)["color"]
            np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
            np.testing.assert_allclose(line.get_ydata(), lines[method]["mean"])


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
    first = numbers["panels"]["split_mnist"]["drl"]["mean"]
    np.testing.assert_allclose(mesh[4], first[4])
    assert mesh.mask.tolist() == np.triu(np.ones((5, 5), bool), 1).tolist()
    assert figure.axes[0].yaxis_inverted()
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert texts.count("not run") == 1  # drl on split_fashion
    assert f"{np.mean(first[4]):.3f}" in texts


def test_memory_is_shared_by_tasks(records, paths):
    _, numbers = drawn(memory_composition, paths)
    assert numbers["panels"]["split_mnist"]["ring buffer"]["methods"] == ["drl", "er"]
    assert numbers["panels"]["split_mnist"]["ring buffer"]["runs"] == 6
    policies = {"ring buffer": ("drl", "er"), "GSS-greedy": ("gss",)}
    for benchmark, of_policy in numbers["panels"].items():
        for policy, panel in of_policy.items():
            runs = of(records, benchmark, *policies[policy])
            for t in range(5):
                for i in range(5):
                    rows = [r["memory"]["counts"][t] for r in runs]
                    shares = [(row[2 * i] + row[2 * i + 1]) / sum(row) for row in rows]
                    assert panel["mean"][t][i] == pytest.approx(sum(shares) / len(shares))


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
def test_captions_say_what_is_missing(module, paths):
    caption = drawn(module, paths)[1]["caption"]
    assert "Finished seeds: Split MNIST 3 (mnist); Split Fashion-MNIST 1 to 2" in caption
    assert "all 3 seeds of DRL on Split Fashion-MNIST" in caption
    assert "2 of 3 seeds of ER on Split Fashion-MNIST" in caption
    assert "iverged" not in caption


@pytest.mark.parametrize("module", MODULES)
def test_diverged_runs_are_said_and_left_out(module, records, paths, tmp_path):
    lost = triangle([[0.5], *([None] * (t + 2) for t in range(4))])
    extra = place(tmp_path, make_record("split_mnist", "er", 7, lost, memory=memory([[1] * 10])))
    numbers = drawn(module, [*paths, extra])[1]
    assert "Diverged and left out: 1 of 13 runs." in numbers["caption"]
    assert numbers["panels"] == drawn(module, paths)[1]["panels"]
    with pytest.raises(ValueError, match="All 1 runs diverged"):
        module.draw([extra], SETTINGS)


@pytest.mark.parametrize("module", MODULES)
def test_the_same_files_each_time_for_one_benchmark_or_two(module, paths, tmp_path):
    for count in (1, len(paths)):
        written = []
        for turn in range(2):
            files = [tmp_path / f"{turn}.{kind}" for kind in ("pdf", "png", "json")]
            style.save(*drawn(module, paths[:count]), *files)
            written.append([file.read_bytes() for file in files])
        assert written[0] == written[1]
