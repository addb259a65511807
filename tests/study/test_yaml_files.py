"""Files in which YAML reads something else than people do."""

import json

import pytest
from helpers import CONFIG, default_config, write_config

from drl_replication.study.config import ConfigError, check, check_files, load
from drl_replication.study.yaml_files import parse

TWICE = {
    "at the top": (
        "seeds: [1]\nmethods: [er]\nseeds: [2]\n",
        "'seeds' stands twice, in line 1 and l.* 3",
    ),
    "inside": (
        "settings:\n  split_mnist:\n    learning_rate: 0.1\n    learning_rate: 0.2",
        "3 and line 4",
    ),
    "in one line": ("{seeds: [1], seeds: [2]}", "line 1 and line 1"),
    "quoted": ("seeds: [1]\n'seeds': [2]", "line 1 and line 2"),
    "two merges": ("a: &a {x: 1}\nb: {<<: *a, <<: *a}", "'<<' stands twice"),
    "JSON": ('{"seeds": [1],\n "seeds": [2]}', "line 1 and line 2"),
    "numbers that are equal": ("{1: a, 1.0: b}", "stands twice"),
}
MISREAD = {
    "1:10": "70",
    "190:20:30": "685230",
    "1:10.5": "70.5",
    "010": "8",
    "-010": "-8",
    "0x1F": "31",
    "0b11": "3",
    "1_000": "1000",
    "1_0.5": "10.5",
    "!!int 010": "8",
}


@pytest.mark.parametrize(("text", "message"), TWICE.values(), ids=TWICE)
def test_a_key_that_stands_twice_is_refused_with_both_places(tmp_path, text, message):
    path = write_config(tmp_path, text)
    for read in (lambda: load([CONFIG, path]), lambda: check_files([CONFIG, path])):
        with pytest.raises(ConfigError, match=rf"change.yaml: the key .*{message}") as caught:
            read()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "number"), MISREAD.items())
@pytest.mark.parametrize("where", ["seeds: [0,\n  {}]", "checkpoint_every:\n  {}", "a: 1\n{}: 2"])
def test_a_number_that_is_another_one_in_yaml_is_refused(tmp_path, text, number, where):
    path = write_config(tmp_path, where.format(text))
    shown = text.removeprefix("!!int ")
    with pytest.raises(ConfigError, match=f"yaml, line 2: {shown} is the number {number} in YAML"):
        check_files([path])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.0e-3", 0.001),
        ("2.", 2.0),
    ],
)
def test_numbers_as_people_write_them_stay(text, value):
    assert parse(text, "here") == value


def test_what_is_merged_in_may_be_said_again():
    text = "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, x: 3}\nd: {<<: [*a, *b], y: 1}"
    assert parse(text, "here")["d"] == {"x": 1, "y": 1}


def test_json_is_read_as_snakemake_does():
    assert parse('{"seeds": [1],\t"a": 1e5}', "here") == {"seeds": [1], "a": 1e5}


def test_texts_of_the_command_line_are_what_they_stand_for():
    """`--config 'seeds=[0, 1]'` arrives as a list of texts."""
    given = {
        "seeds": ["0", "1"],
        "records_only": "true",
        "job_minutes_limit": "null",
        "data_dir": "null",
    }
    checked = check(default_config() | given | {"readings": {"min_positive_pairs": "0"}})
    assert (checked["seeds"], checked["records_only"]) == ([0, 1], True)
    assert checked["job_minutes_limit"] is checked["data_dir"] is None
    assert checked["readings"]["min_positive_pairs"] == 0
    scan = {"memory_size": ["101"], "drl_alpha": {"factors": ["2"]}, "min_positive_pairs": ["0"]}
    study = {"variants": ["v"], "seeds": ["3"], "compared_with": "paper"}
    checked = check(default_config() | {"variants": {"v": {"scan": scan}}, "studies": {"s": study}})
    [found] = [row["scan"] for row in checked["variants"].values()]
    assert found == {"memory_size": [101], "drl_alpha": {"factors": [2]}, "min_positive_pairs": [0]}
    assert checked["studies"]["s"]["seeds"] == [3]
    for wrong in ("010", "0x1", "one", ""):
        with pytest.raises(
            ConfigError, match=rf"^seeds\[0\] is '{wrong}'; allowed: a whole number"
        ):
            check(default_config() | {"seeds": [wrong]})


@pytest.mark.workflow
def test_snakemake_takes_seeds_from_the_command_line(project):
    done = project.snakemake("all", "--dry-run", "--config", "seeds=[3,4]")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seed 4" in done.stdout + done.stderr


def test_the_configuration_itself_is_clean():
    check_files([CONFIG, *sorted(CONFIG.parent.glob("*.yaml"))])
    assert json.dumps(default_config())
