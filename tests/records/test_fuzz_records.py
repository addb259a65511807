"""Whatever stands in a record or checkpoint is right or refused in one sentence."""

import json
import math
from functools import cache

import pytest
import torch
from fuzzing import ANY, EDITS, changed, edited, fuzz, mutations, one_sentence, places
from helpers import make_record
from hypothesis import given
from hypothesis import strategies as st

from drl_replication.learning.checkpoints import Checkpoint
from drl_replication.records.runs import read_record
from drl_replication.records.settings import settings_digest
from drl_replication.records.strict_json import RecordError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


# Run records --------------------------------------------------------------------------------------


RECORD = json.dumps(make_record(), indent=1).encode()


def read_or_refuse(scratch, content):
    path = scratch / "split_mnist/er/seed_0.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        record = read_record(path)
    except RecordError as error:
        one_sentence(error)
        assert str(path) in str(error)
        return
    check_record(record)


def check_record(record):
    """What everybody who reads a record counts on."""
    assert record.keys() == make_record().keys()
    assert (record["benchmark"], record["method"], record["seed"]) == ("split_mnist", "er", 0)
    assert record["settings_digest"] == settings_digest(record["settings"])
    rows, tasks = record["accuracy_matrix"], len(record["accuracy_matrix"])
    assert all(len(row) == tasks for row in rows)
    if not record["diverged"]:
        last = rows[-1]
        assert all(0 <= value <= 1 for value in last)
        assert math.isclose(record["average_accuracy"], sum(last) / tasks, abs_tol=1e-8)
        assert -1 <= record["average_forgetting"] <= 1
        assert 0 <= record["rho"] < math.inf
    for key in ("training_seconds", "evaluation_seconds", "steps"):
        assert 0 <= record[key] < math.inf
    json.dumps(record, allow_nan=False)


@fuzz()
@given(st.binary(max_size=100))
def test_any_bytes_as_record(scratch, content):
    read_or_refuse(scratch, content)


@fuzz()
@given(mutations(RECORD))
def test_a_mutated_record(scratch, content):
    read_or_refuse(scratch, content)


@fuzz()
@given(
    st.lists(
        st.tuples(st.sampled_from(list(places(make_record()))), ANY | st.just(...)),
        min_size=1,
        max_size=2,
    )
)
def test_any_values_anywhere_in_a_record(scratch, changes):
    record = make_record()
    for path, value in changes:
        try:
            record = changed(lambda record=record: record, path, value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    record["settings_digest"] = digest_or_none(record)
    read_or_refuse(scratch, json.dumps(record).encode())


def digest_or_none(record):
    try:
        return settings_digest(record["settings"])
    except (KeyError, ValueError):
        return None


# Checkpoints --------------------------------------------------------------------------------------


STATE = {"position": 7, "weights": torch.arange(20.0), "loss": 0.5}


@cache
def saved(folder):
    checkpoint = Checkpoint(folder / "whole.pt", "same")
    checkpoint.save(STATE)
    return checkpoint.path.read_bytes()


@fuzz()
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_a_mutated_checkpoint_is_not_gone_on_from(scratch, edits):
    whole = saved(scratch)
    content = edited(whole, edits)
    checkpoint = Checkpoint(scratch / "run.pt", "same")
    checkpoint.path.write_bytes(content)
    assert (checkpoint.load() is None) == (content != whole)
