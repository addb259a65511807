"""Tuning: the choice by hand, what is never mixed, and the page."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from helpers import PROJECT, default_config, make_record
from scipy.stats import qmc

from drl_replication.data.datasets import Images
from drl_replication.data.validation import hold_out
from drl_replication.learning.methods import METHODS
from drl_replication.studies import tuning
from drl_replication.studies.columns import Columns
from drl_replication.studies.records import collected, read_records
from drl_replication.study import config, paper_settings, studies
from drl_replication.study.config import ConfigError
from drl_replication.study.study_files import StudyFile, read_study, to_json
from drl_replication.tables.frames import rows

FACTORS = ("learning_rate", "gss_learning_rate", "drl_alpha", "drl_lambda")
TUNING = f"""\
benchmarks: [split_mnist]
methods: [drl, ber]
variants: {{}}
studies: {{}}
tuning:
  title: tuned
  factors: {{{", ".join(f"{name}: [1, 0.5, 0.25, 0.1]" for name in FACTORS)}}}
  validation_fraction: 0.1
  validation_seeds: [100, 101]
  seeds: [0, 1, 2, 3, 4]
  benchmarks: [split_mnist]
"""
# accuracies of the two seeds at each point
HELD_OUT = {
    "drl": [(0.80, 0.82), (0.90, 0.94), (0.91, 0.90), (0.70, 0.71)],
    "ber": [(0.80, 0.80), (0.80, 0.80), (0.79, 0.79), (None, 0.99)],
}


def told(**changes):
    loaded = yaml.safe_load(TUNING)
    loaded["tuning"] |= changes
    return config.check(default_config() | loaded)


def result_of(run, settings):
    if run.seed >= 100:
        value = HELD_OUT[run.method][int(run.variant.rpartition("_")[2])][run.seed - 100]
    else:
        value = 0.8 + 0.01 * run.seed + 0.05 * (run.variant != "paper")
    matrix = [[0.9] * (t + 1) for t in range(4)] + [[value or 0.1] * 5]
    record = make_record(run.benchmark, run.method, run.seed, matrix, settings=settings)
    if value is None:
        record |= dict.fromkeys(("average_accuracy", "average_forgetting", "rho", "rho_readings"))
        record |= {"diverged": True, "diverged_at_step": 7}
        record["accuracy_matrix"] = [[None] * 5] * 5
        record["diagnostics"] |= {"final_loss": None, "dead_units": None}
    return record


def with_records(study, folder, name):
    for *_, settings, runs in study.groups():
        for run in runs:
            path = folder / run.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(result_of(run, settings)))
    (folder / name).write_bytes(collected(study))
    return read_records(folder / name, study)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The held-out study, the selection, and the study of what was chosen with its records."""
    folder = tmp_path_factory.mktemp("tuning")
    variants = studies.Variants(told(title="tuned") | {"results_dir": str(folder)})
    for name, study in studies.tuning_studies(variants).items():
        studies.write(study, variants, folder / f"{name}.json")
    validation, points = (read_study(folder / f"{n}.json") for n in ("validation", "tuning"))
    chosen = tuning.selection(validation, with_records(validation, folder, "validation.gz"))
    (folder / "study.json").write_text(to_json(tuning.tuned(chosen, validation, points)))
    study = read_study(folder / "study.json")
    return validation, chosen, Columns(study, with_records(study, folder, "records.gz"))


def test_the_choice_is_the_smallest_rate_within_one_standard_error(made):
    _, chosen, _ = made
    found = {row.method: row for row in rows(chosen[chosen["chosen"]], tuning.Point)}
    # DRL: the best mean is .92 with a standard error of .02, so .905 at half its rate is as good.
    assert found["drl"].point == "validation_2"
    assert found["drl"].learning_rate == pytest.approx(0.2 * 0.25)
    # BER: of equal means without spread the smaller rate; a diverged run counts as zero.
    assert found["ber"].point == "validation_1"
    last = [row for row in rows(chosen, tuning.Point) if row.point == "validation_3"]
    assert [(row.mean, row.n_diverged) for row in last if row.method == "ber"] == [(0.495, 1)]


def test_every_method_has_as_many_points_at_the_same_rates(made):
    _, chosen, _ = made
    rates = chosen.groupby("method")["learning_rate"].apply(sorted).to_dict()
    assert rates["drl"] == rates["ber"] and len(rates["ber"]) == 4


def test_only_the_chosen_points_are_run_on_the_test_set(made):
    _, _, columns = made
    [variant] = columns.study.others
    assert [(c.method, c.place) for c in variant.cells] == [
        ("drl", "tuning_2"),
        ("ber", "tuning_1"),
    ]
    assert all("validation_fraction" not in cell.settings for cell in variant.cells)
    assert columns.study.seeds == [0, 1, 2, 3, 4]


def test_a_point_that_is_the_paper_s_is_not_run_again(made):
    validation, chosen, columns = made
    first = chosen.assign(chosen=chosen["point"] == "validation_0")
    variants = studies.Variants(told())
    tests = studies.cells(studies.tuning_studies(variants)["tuning"], variants)
    assert "tuning_0" not in tests
    again = tuning.tuned(first, validation, columns.study)
    assert again.others[0].cells == []


def test_the_results_are_beside_each_other(made):
    _, _, columns = made
    row = next(r for r in rows(tuning.results(columns), tuning.Result) if r.method == "drl")
    assert (row.measure, row.printed, row.n, row.n_tuned) == ("average_accuracy", 0.882, 5, 5)
    assert row.mean == pytest.approx(0.82) and row.mean_tuned == pytest.approx(0.87)
    tests = tuning.tests(columns)
    assert sorted(tests["settings"].unique()) == ["paper", "tuned"]
    assert (tests["mean_difference"] == 0).sum() >= 2


def test_the_page_says_how_and_what(made):
    validation, chosen, columns = made
    page, report = tuning.texts(chosen, columns, validation, 0.1)
    assert "on 10 % of the training images" in page and "(100, 101)" in page
    assert "| Split MNIST | DRL | 4 | 0.05 | drl_alpha 0.5, drl_lambda 0.000125 |" in page
    assert "| Split MNIST | BER | 0.864 | 0.820 ± 0.016 (1.5) | 0.870 ± 0.016 (1.5) |" in page
    assert report["study"] == "tuning" and len(report["sentences"]) == 1
    ends = chosen.assign(chosen=chosen.groupby("method")["learning_rate"].rank() == 1)
    assert tuning._edges(ends) == [
        "The best may lie outside of what was tried where its end was chosen: the smallest rate by "
        "DRL and BER on Split MNIST."
    ]
    assert tuning._edges(chosen.assign(chosen=False)) == []


def test_the_sentences_name_the_best_that_tests_leave(made):
    _, _, columns = made
    frame, tests = tuning.results(columns), tuning.tests(columns)
    [told] = tuning.sentences(frame, tests)  # both methods have the same runs
    none = "none (no two methods are told apart)"
    assert told == (
        f"Split MNIST: the best, as far as tests tell, are {none} with printed settings and {none} "
        "when each method is tuned; tuned, DRL is shown better than 0 of 1 rivals and worse than 0."
    )
    frame.loc[frame["method"] == "ber", "best_tuned"] = True
    assert "and BER when each method is tuned" in tuning.sentences(frame, tests)[0]


ADDED = [m for m, row in METHODS.items() if row.why]
OWN = {  # what each has to tune beside the learning rate
    "gem": {"gem_margin"},
    "mer": {"mer_beta", "mer_gamma"},
    "ogd": {"ogd_samples"},
    "derpp": {"derpp_alpha"},
    "mir": {"mir_candidates"},
}


@pytest.fixture(scope="module")
def of_the_project():
    """The project's own tuning, with every method on two benchmarks."""
    loaded = default_config() | yaml.safe_load((PROJECT / "config/studies.yaml").read_text())
    difference = {"methods": list(METHODS), "benchmarks": ["permuted_mnist", "split_mnist"]}
    return studies.Variants(config.check(loaded | difference))


def test_every_added_method_has_its_own_hyperparameters_and_eight_points(of_the_project):
    study = studies.tuning_studies(of_the_project)["validation"]
    found = {}
    for part in studies.cells(study, of_the_project).values():
        for cell in part:
            found.setdefault((cell.benchmark, cell.method), []).append(cell.settings)
    assert found.keys() == {
        *((b, m) for b in study.benchmarks for m in METHODS),
    } - {("permuted_mnist", "er_ace")}
    for (benchmark, method), points in found.items():
        assert len(points) == 8
        varying = {n for n in points[0] if len({str(point[n]) for point in points}) > 1}
        if method in ADDED:
            assert varying == {"learning_rate"} | OWN.get(method, set())
        block = of_the_project.config["settings"][benchmark]
        base = block[{"gss": "gss_learning_rate", "mer": "mer_learning_rate"}.get(method, RATE)]
        factors = [point["learning_rate"] / base for point in points]
        np.testing.assert_allclose(factors, RATES, rtol=6e-3)  # three digits of the product


RATE = "learning_rate"
RATES = [1, 0.023, 0.13, 0.55, 0.33, 0.076, 0.044, 1.8]


def test_the_points_are_the_sobol_sequences_that_the_configuration_names(of_the_project):
    factors = of_the_project.config["tuning"]["factors"]
    ten = (0.1, 10)
    named = {
        0: {RATE: (0.02, 2), "drl_alpha": ten, "drl_lambda": ten, "multisim_lambda": ten}
        | {"rmargin_lambda": ten},
        1: {"gem_margin": ten, "mer_beta": ten, "mer_gamma": (0.1, 1), "ogd_samples": (0.1, 1)}
        | {"derpp_alpha": ten, "mir_candidates": (0.4, 4)},
    }
    for seed, ranges in named.items():
        drawn = qmc.Sobol(len(ranges), scramble=True, seed=seed).random(8)
        for column, (name, (low, high)) in zip(drawn.T, ranges.items(), strict=True):
            expected = [float(f"{low * (high / low) ** u:.2g}") for u in column]
            assert factors[name] == expected, name
    for name in ("gss_learning_rate", "mer_learning_rate"):
        assert factors[name] == factors[RATE]
    assert factors.keys() == {*named[0], *named[1], "gss_learning_rate", "mer_learning_rate"}


def test_counts_stay_whole_and_shares_end_at_one(of_the_project):
    points = [of_the_project.settings(f"tuning_{i}", "split_mnist", "mir") for i in range(8)]
    assert [point["mir_candidates"] for point in points] == [36, 170, 100, 26, 55, 115, 80, 32]
    loaded = of_the_project.config["settings"]["split_mnist"] | {"mer_beta": 0.3}
    own = of_the_project.config["settings"] | {"split_mnist": loaded}
    more = studies.Variants(config.check(of_the_project.config | {"settings": own}))
    assert more.settings("tuning_4", "split_mnist", "mer")["mer_beta"] == 1


def test_the_published_points_of_the_papers_methods_are_those_of_now(of_the_project):
    study = read_study(PROJECT / "results/published/studies/tuning/validation.json")
    for variant in study.variants:
        for cell in variant.cells:
            if cell.benchmark == "split_mnist":
                now = of_the_project.settings(variant.name, cell.benchmark, cell.method)
                assert now == cell.settings


def test_other_methods_stand_in_the_results_without_a_rank(tmp_path):
    more = {"methods": ["drl", "ber", "uniform"], "results_dir": str(tmp_path)}
    variants = studies.Variants(config.check(told() | more))
    study = studies.tuning_studies(variants)["tuning"]
    studies.write(study, variants, tmp_path / "points.json")
    points = read_study(tmp_path / "points.json")
    last = replace(points.others[-1], name=tuning.TUNED)
    chosen = StudyFile(**{**vars(points), "variants": [points.base, last]})
    columns = Columns(chosen, with_records(chosen, tmp_path, "records.gz"))
    frame, tests = tuning.results(columns), tuning.tests(columns)
    accuracy = frame[frame["measure"] == "average_accuracy"]
    found = {row.method: row for row in rows(accuracy, tuning.Result)}
    assert list(found) == ["drl", "ber", "uniform"]
    assert np.isnan([found["uniform"].rank, found["uniform"].printed]).all()
    assert (found["drl"].rank, found["uniform"].mean) == (1.5, pytest.approx(0.82))
    [sentence] = tuning.sentences(frame, tests)
    assert "worse than 0; of other methods better than 0 of 1 rivals and worse than 0." in sentence
    evidence = columns.evidence(chosen.base)
    assert evidence is not None and "uniform" not in set(evidence.tests["rival"])


def test_held_out_runs_are_never_the_paper_s():
    variants = studies.Variants(told())
    held = variants.settings("validation_1", "split_mnist", "drl")
    assert held["validation_fraction"] == 0.1
    assert "validation_fraction" not in variants.settings("tuning_1", "split_mnist", "drl")
    assert "accuracy on held-out training images instead of the test set" in [
        *paper_settings.changed_numbers(held)
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"validation_seeds": [3, 100]}, "tuning.validation_seeds has 3"),
        ({"factors": {"learning_rate": [1, 2], "drl_alpha": [1]}}, "drl_alpha"),
        ({"factors": {"learning_rate": [1, 2], "drl_alpha": [1, 2, 3]}}, "several lengths"),
        ({"factors": {"learning_rat": [1, 2]}}, "learning_rat"),
        ({"validation_fraction": 0.9}, "validation_fraction"),
        ({"factors": {"learning_rate": [1, 0]}}, "0"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        told(**change)


def test_a_variant_cannot_have_a_point_s_name():
    loaded = yaml.safe_load(TUNING) | {
        "variants": {"tuning_1": {"readings": {"representation_layers": "hidden"}}}
    }
    with pytest.raises(ConfigError, match="tuning_1"):
        config.check(default_config() | loaded)


def test_what_is_held_out_is_not_trained_on():
    rng = np.random.default_rng(0)
    images = Images(
        np.arange(200, dtype=np.uint8).reshape(-1, 1, 1),
        rng.integers(0, 10, 200),
        np.full((7, 1, 1), 255, np.uint8),
        np.zeros(7, np.int64),
    )
    held = hold_out(images, 0.1)
    assert len(held.test_labels) == 20
    together = np.concatenate([held.train_images, held.test_images]).ravel()
    assert sorted(together.tolist()) == list(range(200))  # each image once, no test image
    of = dict(zip(images.train_images.ravel(), images.train_labels, strict=True))
    for x, y in ((held.train_images, held.train_labels), (held.test_images, held.test_labels)):
        assert [of[i] for i in x.ravel()] == y.tolist()
    again = hold_out(images, 0.1)
    assert np.array_equal(again.test_images, held.test_images)
