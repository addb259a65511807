"""What we think happened: numbers of the study, or no sentence at all."""

import pandas as pd
import pytest
from helpers import PROJECT

from drl_replication.studies import explanations
from drl_replication.study import config, studies

STUDY = PROJECT / "results/published/studies/readings"
EFFECT = {"measure": "accuracy", "n": 3, "n_diverged": 2, "effect": 0.5, "low": 0.4, "high": 0.6}


BENCHMARKS = ("permuted_mnist", "split_mnist", "split_fashion")
AGREEMENT = pd.DataFrame(
    [("paper", "split_mnist", 1, 0, 0)],
    columns=["variant", "benchmark", "reproduced", "differ", "inconclusive"],
)


def row(variant, benchmark, method, **changes):
    return EFFECT | {"variant": variant, "benchmark": benchmark, "method": method} | changes


def test_a_sentence_has_the_study_s_numbers():
    effects = pd.DataFrame(
        [
            row("representation_layers_hidden", "split_mnist", "drl"),
            row("representation_layers_hidden", "permuted_mnist", "drl", effect=-0.25),
            row("representation_layers_hidden", "split_fashion", "drl"),
            row("representation_layers_hidden", "split_mnist", "drl", measure="rho", effect=9.0),
        ]
    )
    [found] = explanations.explanations(effects, AGREEMENT)
    assert found.about == "The logits in h"
    assert "by +0.500 [0.400, 0.600] on Split MNIST" in found.sentence
    assert "−0.250 [0.400, 0.600] on Permuted MNIST" in found.sentence


def test_without_its_runs_there_is_no_sentence():
    effects = pd.DataFrame([row("other", "split_mnist", "drl")])
    assert explanations.explanations(effects, AGREEMENT) == []


def test_a_sentence_is_told_only_where_the_runs_say_so():
    def about(**changes):
        effects = pd.DataFrame(
            [
                row("alpha_16_paper_x1", "permuted_mnist", "drl", **changes),
                row("alpha_16_paper_x1", "split_mnist", "drl"),
                row("alpha_16_paper_x1", "split_fashion", "drl"),
            ]
        )
        return [found.about for found in explanations.explanations(effects, AGREEMENT)]

    assert about(effect=-0.2, low=-0.3, high=-0.1) == ["Larger alpha"]
    assert about(effect=-0.2, low=-0.5, high=0.1) == about() == []
    nothing = AGREEMENT.assign(reproduced=0, differ=0, inconclusive=0)  # as on other data
    effects = pd.DataFrame([row("representation_layers_hidden", b, "drl") for b in BENCHMARKS])
    assert explanations.explanations(effects, nothing) == []
    assert len(explanations.explanations(effects, AGREEMENT)) == 1


def test_more_numbers_must_be_reproduced_where_it_says_so():
    rate = "learning_rate_x0.1"

    def told(reproduced, drl=0.8):
        means = {"drl": drl, "er": 0.75}
        effects = [row(rate, b, m, after=mean) for b in BENCHMARKS[1:] for m, mean in means.items()]
        lines = [(rate, b, reproduced, 0, 1) for b in BENCHMARKS[1:]]
        lines += [("paper", b, 2, 0, 1) for b in BENCHMARKS[1:]]
        agreement = pd.DataFrame(lines, columns=[*AGREEMENT])
        return explanations.explanations(pd.DataFrame(effects), agreement)

    [found] = told(3)
    assert found.about == "Learning rate, split benchmarks"
    assert "by 0.050 and 0.050 alone" in found.sentence
    assert told(2) == told(3, drl=0.7) == []


def test_every_sentence_is_told_of_the_published_study():
    frames = [pd.read_csv(STUDY / f"{name}.csv") for name in ("effects", "agreement")]
    found = explanations.explanations(*frames)
    assert [e.about for e in found] == [about for about, *_ in explanations.SENTENCES]
    diverged = frames[0].set_index(["variant", "benchmark", "method", "measure"])
    n = diverged.loc[("alpha_0_paper_x1", "split_mnist", "drl", "accuracy"), "n_diverged"]
    assert f"{n} of 5 on Split MNIST" in next(e for e in found if e.about == "alpha = 0").sentence


@pytest.mark.parametrize("place", [place for _, _, place, _ in explanations.SENTENCES])
def test_every_command_is_of_a_run_that_the_study_has(place):
    files = [PROJECT / "config" / name for name in ("config.yaml", "studies.yaml")]
    variants = studies.Variants(config.load(files))
    study = studies.studies(variants)["readings"]
    runs = studies.runs(study, studies.cells(study, variants))
    assert f"variants/{place}/seed_0.json" in {run.path for run in runs}
