"""The figure of all benchmarks together, against scipy and by counting."""

import json

import numpy as np
import pytest
from helpers import make_record, make_settings, place, triangle
from matplotlib import pyplot as plt
from scipy import stats

from drl_replication.figures import all_benchmarks, style

BENCHMARKS, METHODS = ("split_mnist", "split_fashion"), ("drl", "ber", "er")
SETTINGS = {b: {m: make_settings(b) for m in METHODS} for b in BENCHMARKS}
LOST = triangle([[None] * (t + 1) for t in range(5)])


def matrix(accuracy):
    return [[accuracy] * (t + 1) for t in range(5)]


def scores(seed=0, n=6):
    rng = np.random.default_rng(seed)
    return {(b, m): rng.normal(0.8, 0.03, n).round(2) for b in BENCHMARKS for m in METHODS}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def drawn(root, values):
    paths = [
        place(root, make_record(b, m, s, LOST if np.isnan(v) else matrix(v)))
        for (b, m), found in values.items()
        for s, v in enumerate(found)
    ]
    figure, numbers = all_benchmarks.draw(paths, SETTINGS)
    assert len(numbers["caption"]) <= style.CAPTION_LENGTH
    json.dumps(numbers, allow_nan=False)
    return figure, numbers


def test_it_shows_mann_whitneys_probabilities_and_the_share_of_runs_above_each_score(tmp_path):
    values = scores()
    figure, numbers = drawn(tmp_path, values)
    found = {(p["benchmark"], p["rival"]): p for p in numbers["probabilities"]}
    for rival in ("ber", "er"):
        expected = [
            stats.mannwhitneyu(values[b, "drl"], values[b, rival]).statistic / 36
            for b in BENCHMARKS
        ]
        for benchmark, u in zip(BENCHMARKS, expected, strict=True):
            assert found[benchmark, rival]["probability"] == pytest.approx(u)
        assert numbers["summary"]["over_all"][rival] == pytest.approx(np.mean(expected))
        assert found["all", rival]["low"] <= np.mean(expected) <= found["all", rival]["high"]
    forest, profiles = figure.axes[:2]
    shown = {line.get_xdata()[0] for line in forest.lines if len(line.get_xdata()) == 1}
    assert {p["probability"] for p in numbers["probabilities"]} == shown
    assert [tick.get_text() for tick in forest.get_yticklabels()] == ["BER", "ER"]
    for method, line in zip(METHODS, profiles.lines, strict=True):
        for level, share in zip(*line.get_data(), strict=True):
            above = [
                np.mean(values[b, method] / max(values[b, m].mean() for m in METHODS) > level)
                for b in BENCHMARKS
            ]
            assert share == pytest.approx(np.mean(above), abs=0.1)  # levels are rounded
            assert np.mean(above) == pytest.approx(share, abs=1e-4) or level in np.round(
                [v / max(values[b, m].mean() for m in METHODS) for b in BENCHMARKS
                 for v in values[b, method]], 5)  # fmt: skip


def test_a_diverged_run_counts_as_lost(tmp_path):
    values = scores()
    values["split_mnist", "drl"][:] = np.nan
    _, numbers = drawn(tmp_path, values)
    found = {(p["benchmark"], p["rival"]): p["probability"] for p in numbers["probabilities"]}
    assert found["split_mnist", "er"] == found["split_mnist", "ber"] == 0


def words(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def test_it_says_what_cannot_be_drawn(tmp_path):
    figure, numbers = drawn(tmp_path / "few", scores(n=4))
    assert words(figure) == ["Nothing to draw: no benchmark has 5 runs of two methods."]
    assert numbers["summary"] == {"over_all": {}}
    figure, _ = all_benchmarks.draw([], SETTINGS)
    assert words(figure)[0].startswith("Nothing to draw")
    part = {key: found if key[1] != "er" else found[:3] for key, found in scores().items()}
    figure, numbers = drawn(tmp_path / "part", part)
    assert words(figure) == ["on no benchmark has each method 5 runs"]
    assert {p["rival"] for p in numbers["probabilities"]} == {"ber"}
    alone = {key: found for key, found in scores().items() if key[1] == "er"}
    figure, _ = drawn(tmp_path / "alone", alone)
    assert words(figure) == ["DRL and no rival have 5 runs of one benchmark"]


def test_the_same_files_each_time(tmp_path):
    written = []
    for turn in "ab":
        figure, numbers = drawn(tmp_path / "runs", scores())
        files = [tmp_path / f"{turn}.{kind}" for kind in ("pdf", "png", "svg", "json")]
        style.save(figure, numbers, files[:3], files[3])
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
