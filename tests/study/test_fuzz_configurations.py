"""Whatever stands in a configuration is right or refused in one sentence."""

import pytest
import yaml
from fuzzing import ANY, SLOW, changed, fuzz, mutations, one_sentence, places
from helpers import CONFIG, default_config
from hypothesis import given
from hypothesis import strategies as st

from drl_replication.records.settings import settings_digest
from drl_replication.study.config import ConfigError, check, load
from drl_replication.study.selection import selected
from drl_replication.study.settings import run_settings


def check_config(config):
    """A configuration that was accepted can be planned with."""
    runs = selected(config)
    assert runs
    assert len(runs) == len(set(runs))
    for benchmark, method in {(run.benchmark, run.method) for run in runs}:
        assert len(settings_digest(run_settings(config, benchmark, method))) == 16


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def load_or_refuse(*paths):
    try:
        config = load(paths)
    except ConfigError as error:
        one_sentence(error)
        return
    check_config(config)


YAML_PIECES = st.one_of(
    st.sampled_from(["seeds", "settings", "split_mnist", "readings", "2001-99-99", "0o8", "1:9"]),
    st.sampled_from([": ", "\n", "  ", "- ", "[", "]", "{", "}", ", ", "? ", "| ", "> ", "'", '"']),
    st.sampled_from(["&a ", "*a", "<<: ", "#", "%YAML 1.1\n", "---\n", "...\n", ".nan", "~", "="]),
    st.sampled_from(["!!int ", "!!bool ", "!!float ", "!!timestamp ", "!!binary ", "!!set "]),
    st.sampled_from(["!!omap ", "!!python/name:os ", "\t", "\0", "\x85", "\U0001f600"]),
)


@fuzz(3)
@given(st.binary(max_size=60) | st.lists(YAML_PIECES, max_size=12).map("".join).map(str.encode))
def test_any_text_as_configuration(scratch, content):
    (scratch / "change.yaml").write_bytes(content)
    load_or_refuse(scratch / "change.yaml")


@fuzz(SLOW)
@given(mutations(CONFIG.read_bytes()))
def test_a_mutated_configuration_file(scratch, content):
    (scratch / "config.yaml").write_bytes(content)
    load_or_refuse(scratch / "config.yaml")


@fuzz(3)
@given(st.sampled_from(list(places(default_config()))), ANY | st.just(...))
def test_any_value_anywhere_in_the_configuration(path, value):
    try:
        config = check(changed(default_config, path, value))
    except ConfigError as error:
        one_sentence(error)
        return
    check_config(config)


@fuzz(SLOW)
@given(st.dictionaries(st.sampled_from(list(default_config())), ANY, max_size=3))
def test_any_difference_to_the_configuration(scratch, difference):
    (scratch / "change.yaml").write_text(yaml.safe_dump(difference), encoding="utf-8")
    load_or_refuse(CONFIG, scratch / "change.yaml")
