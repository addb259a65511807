"""Variants and studies in the configuration: what they expand to, and what is refused."""

import json
import re
import time

import pytest
import yaml
from helpers import CONFIG, PROJECT, default_config

from drl_replication.study import config, studies
from drl_replication.study.readings import READINGS
from drl_replication.study.refusals import ConfigError
from drl_replication.study.runs import PAPER, Run, key
from drl_replication.study.settings import run_settings
from drl_replication.study.study_files import read_study
from drl_replication.study.variant_checks import TAKEN

STUDIES = CONFIG.with_name("studies.yaml")
TWO = """\
variants:
  rate: {scan: {learning_rate: {factors: [0.5, 1]}}}
  hidden: {readings: {representation_layers: hidden}}
studies:
  mine:
    variants: [rate, hidden]
    benchmarks: [split_mnist]
    methods: [drl, ber]
    seeds: [0, 1]
    compared_with: paper
"""


def variants_of(text, **changes):
    return studies.Variants(config.check(default_config() | yaml.safe_load(text) | changes))


def built_in():
    return studies.Variants(config.load([CONFIG, STUDIES]))


def cells_of(variants, name="mine"):
    return studies.cells(studies.studies(variants)[name], variants)


def test_what_a_study_compares_with_may_be_one_of_its_variants():
    """Also one that changes tables alone, and so no run."""
    name = "intransigence_reference_best_mean"
    text = TWO.replace("[rate, hidden]", "[each]").replace(
        "compared_with: paper", f"compared_with: {name}"
    )
    found = cells_of(
        variants_of(text.replace("variants:\n", "variants:\n  each: {each_reading: true}\n", 1))
    )
    assert [cell[:2] for cell in found[name]] == [("split_mnist", "drl"), ("split_mnist", "ber")]


def test_no_study_is_called_as_a_rule_is():
    text = "".join(
        p.read_text()
        for p in (PROJECT / "workflow").rglob("*")
        if p.suffix != ".yaml" and p.is_file()
    )
    rules = re.findall(r"^\s*(?:rule|checkpoint) (\w+):", text, re.MULTILINE)
    assert len(rules) > 30
    assert [rule for rule in rules if not TAKEN.fullmatch(rule)] == []


def test_a_scan_is_one_variant_a_combination():
    found = variants_of(
        "variants: {a: {scan: {drl_alpha: [0, 0.5], representation_layers: "
        "[paper, hidden], learning_rate: {factors: [0.1]}}}}"
    ).families["a"]
    assert [v.name for v in found] == [
        "a_0_paper_x0.1", "a_0_hidden_x0.1", "a_0.5_paper_x0.1", "a_0.5_hidden_x0.1"
    ]  # fmt: skip
    last = found[-1]
    assert last.readings == {"representation_layers": "hidden"}
    assert last.settings["split_mnist"] == {"drl_alpha": 0.5, "learning_rate": 0.02}
    assert last.settings["permuted_mnist"] == {"drl_alpha": 0.5, "learning_rate": 0.002}
    assert last.changes == {
        "representation_layers": "hidden", "drl_alpha": "0.5", "learning_rate": "x0.1"
    }  # fmt: skip
    assert "representation_layers" not in found[0].changes  # the default


def test_each_reading_is_every_option_but_the_default_alone():
    variants = built_in()
    found = variants.families["each_reading"]
    assert len(found) == sum(len(reading.options) - 1 for reading in READINGS.values())
    for variant in found:
        [(name, option)] = variant.readings.items()
        assert option in READINGS[name].options and option != READINGS[name].default
    assert variants.by_name["representation_layers_released"].benchmarks == (
        "split_cifar10",
        "split_cifar100",
    )


def test_a_reading_that_somebody_adds_is_in_the_study(monkeypatch):
    from drl_replication.study.readings import Reading

    monkeypatch.setitem(READINGS, "mine", Reading({"a": "first", "b": "second"}))
    config.schema.cache_clear()
    config._difference.cache_clear()
    try:
        assert "mine_b" in built_in().by_name
    finally:
        config.schema.cache_clear()
        config._difference.cache_clear()


def test_settings_of_all_benchmarks_and_of_one():
    text = "variants: {a: {settings: {all: {drl_lambda: 1}, split_mnist: {drl_lambda: 2}}}}"
    variants = variants_of(text)
    found = [
        variants.settings("a", b, "drl")["drl_lambda"] for b in ("permuted_mnist", "split_mnist")
    ]
    assert found == [1, 2]


def test_a_variant_is_as_if_the_configuration_said_so():
    variants = variants_of(TWO)
    other = default_config()
    other["settings"]["split_mnist"]["learning_rate"] = 0.1
    run = Run("split_mnist", "drl", 3, "rate_x0.5")
    assert variants.key(run) == key("drl", 3, run_settings(other, "split_mnist", "drl"))
    assert variants.key(run) != variants.key(Run("split_mnist", "drl", 3))


def test_where_it_is_not_meant_it_is_the_paper():
    text = "variants: {a: {benchmarks: [split_mnist], methods: [drl], readings: {subset: first}}}"
    variants = variants_of(text)
    for benchmark, method in (("split_mnist", "ber"), ("split_fashion", "drl")):
        assert variants.settings("a", benchmark, method) == variants.settings(
            PAPER, benchmark, method
        )
    assert variants.settings("a", "split_mnist", "drl")["readings"]["subset"] == "first"


def test_only_what_differs_is_run():
    found = cells_of(variants_of(TWO))
    assert {name: [cell[:2] for cell in part] for name, part in found.items()} == {
        "paper": [("split_mnist", "drl"), ("split_mnist", "ber")],
        "rate_x0.5": [("split_mnist", "drl"), ("split_mnist", "ber")],
        "hidden": [("split_mnist", "drl")],  # BER has no loss on representations; x1 is the paper
    }
    runs = studies.runs(studies.studies(variants_of(TWO))["mine"], found)
    assert len(runs) == len(set(runs)) == 5 * 2


def test_of_two_variants_with_equal_settings_one_has_the_runs():
    found = cells_of(built_in(), "readings")
    places = {
        cell.method: cell.place for cell in found["released"] if cell.benchmark == "split_mnist"
    }
    assert places["ber"] == "memory_eviction_typical_first"
    assert places["drl"] == "released"
    assert {cell.place for cell in found["alpha_2_hidden_x1"]} == {"representation_layers_hidden"}
    assert "alpha_2_paper_x1" not in found


def test_the_built_in_study_holds_the_whole_grid_quickly():
    start = time.process_time()
    variants = built_in()
    study = studies.studies(variants)["readings"]
    found = studies.cells(study, variants)
    runs = studies.runs(study, found)
    keys = {variants.key(run) for run in runs}
    assert time.process_time() - start < 10
    assert len(keys) == len(runs) > 1000  # no run twice, under whatever name
    rates = {
        (c.benchmark, c.settings["learning_rate"])
        for name in ("paper", *(f"learning_rate_x{f}" for f in ("0.05", "0.1", "0.25", "0.5")))
        for c in found[name]
        if c.method == "drl"
    }
    assert {r for b, r in rates if b == "split_fashion"} == {0.01, 0.02, 0.05, 0.1, 0.2}
    assert {r for b, r in rates if b == "permuted_mnist"} == {0.001, 0.002, 0.005, 0.01, 0.02}
    assert len(study.seeds) == 5


def test_a_study_is_read_as_it_was_written(tmp_path):
    variants = variants_of(TWO)
    study = studies.studies(variants)["mine"]
    studies.write(study, variants, tmp_path / "study.json")
    read = read_study(tmp_path / "study.json")
    assert read.base.name == PAPER and [v.name for v in read.others] == ["rate_x0.5", "hidden"]
    assert read.base.cells == studies.cells(study, variants)[PAPER]
    wanted = set(studies.runs(study, studies.cells(study, variants)))
    assert {run for *_, runs in read.groups() for run in runs} == wanted


def test_seeds_that_the_same_studies_want_share_jobs():
    text = TWO + TWO.partition("studies:\n")[2].replace("mine", "more").replace("[0, 1]", "[1, 2]")
    variants = variants_of(text, seeds=[0])
    groups = studies.seed_groups(variants, studies.studies(variants))
    assert groups[0] == ("", [PAPER], [0])
    rest = {(tuple(names), tuple(seeds)) for _, names, seeds in groups[1:]}
    others = ("rate_x0.5", "rate_x1", "hidden")
    assert {(n, s) for names, s in rest for n in names} == {
        (n, (s,)) for n in others for s in (0, 1, 2)
    } | {(PAPER, (1,)), (PAPER, (2,))}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("variants: {a: {}}", "variants.a changes nothing; allowed: readings, "),
        ("variants: {paper: {readings: {subset: first}}}", "variants.paper cannot be called so"),
        ("variants: {'a/b': {readings: {subset: first}}}", "variants.a/b is no name; allowed: "),
        (
            "variants: {a: {reading: {}}}",
            "variants.a has the unknown key 'reading'; allowed: readings",
        ),
        (
            "variants: {a: {readings: {subset: fist}}}",
            "variants.a.readings.subset is 'fist'; allowed: per_seed, first",
        ),
        ("variants: {a: {readings: {subst: first}}}", "has the unknown key 'subst'"),
        (
            "variants: {a: {settings: {all: {learning_rate: 0}}}}",
            "variants.a.settings.all.learning_rate is wrong",
        ),
        ("variants: {a: {settings: {split_mnst: {}}}}", "'split_mnst'; allowed: all"),
        ("variants: {a: {scan: {lerning_rate: [1]}}}", "did you mean 'learning_rate'?"),
        ("variants: {a: {scan: {learning_rate: [-1]}}}", "variants.a.settings."),
        ("variants: {a: {scan: {subset: {factors: [2]}}}}", "variants.a.scan.subset is"),
        ("variants: {a: {scan: {learning_rate: {factor: [2]}}}}", "unknown key 'factor'"),
        ("variants: {a: {scan: {drl_alpha: [x]}}}", "drl_alpha[0] is 'x'; allowed: a number"),
        (
            "variants: {a: {scan: {drl_alpha: [1]}, each_reading: true}}",
            "has scan and each_reading",
        ),
        (
            "variants: {a: {settings: {all: {memory_size: 3}}}}",
            "variants.a.settings.permuted_mnist.memory_size is 3",
        ),
        (
            "variants: {a: {each_reading: true}, b: {each_reading: true}}",
            "allowed: names of their own",
        ),
        (
            "studies: {s: {variants: [a], seeds: [0], compared_with: paper}}",
            "studies.s.variants[0] is 'a'; allowed: ",
        ),
        (TWO.replace("compared_with: paper", "compared_with: papr"), "did you mean 'paper'?"),
        (TWO.replace("mine:", "figure_1:"), "studies.figure_1 cannot be called so"),
        (TWO.replace("seeds: [0, 1]", "seeds: []"), "studies.mine.seeds"),
        (TWO.replace("    seeds: [0, 1]\n", ""), "studies.mine lacks the key 'seeds'"),
        (TWO.replace("methods: [drl, ber]", "methods: [derl]"), "did you mean 'drl'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_one_sentence(text, said):
    with pytest.raises(ConfigError) as error:
        config.check(default_config() | yaml.safe_load(text))
    assert said in str(error.value), error.value
    assert "\n" not in str(error.value)


def test_released_is_what_the_specification_says():
    released = built_in().by_name["released"]
    assert json.loads(json.dumps(released.readings)) == {
        "permutations": "fixed",
        "cifar_standardisation": "pixel",
        "drl_normalisation": "batch",
        "representation_layers": "released",
        "multisim_form": "layerwise",
        "rmargin_form": "released",
        "er_current": "sample",
        "agem_batch": "loaded",
    }
    splits = [b for b in default_config()["benchmarks"] if b.startswith("split")]
    assert released.readings_of == {b: {"memory_eviction": "typical_first"} for b in splits}


def test_the_study_of_the_documents_is_valid():
    part = (PROJECT / "docs/studies.md").read_text(encoding="utf-8")
    example = part.partition("```yaml\n")[2].partition("```")[0]
    assert len(example.strip().splitlines()) <= 10
    [study] = studies.studies(variants_of(example)).values()
    assert study.variants
