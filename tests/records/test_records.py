import json
import os

import pytest
from helpers import make_record, make_settings, place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drl_replication import files
from drl_replication.records import reading, strict_json
from drl_replication.records.runs import read_record, record_path, write_record
from drl_replication.records.settings import settings_digest
from drl_replication.records.strict_json import RecordError

DIVERGED = [[0.9], [None] * 3, [None] * 3]


def refusal(path, *arguments):
    """The one sentence that refuses a record; it names the file."""
    with pytest.raises(RecordError) as caught:
        read_record(path, *arguments)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("matrix", [None, DIVERGED, [[0.5]], [[1, None], [0, 1]]])
def test_round_trip(tmp_path, matrix):
    record = make_record(matrix=matrix)
    path = record_path(tmp_path, "split_mnist", "er", 0)
    write_record(path, record)
    assert read_record(path) == record
    assert read_record(path, make_settings()) == record
    assert [p.name for p in path.parent.iterdir()] == ["seed_0.json"]


def test_a_matrix_row_is_one_line(tmp_path):
    path = record_path(tmp_path, "split_mnist", "er", 0)
    write_record(path, make_record())
    assert "    [0.7, 0.8, null],\n" in path.read_text()
    assert path.read_text().endswith("}\n")


def test_text_that_looks_like_a_list_stays(tmp_path):
    record = make_record(settings=make_settings(note="[\n  1,\n  2\n]"))
    path = record_path(tmp_path, "split_mnist", "er", 0)
    write_record(path, record)
    assert read_record(path)["settings"]["note"] == "[\n  1,\n  2\n]"


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"training_seconds": float("nan")}, {"average_accuracy": 0.1}]
)
def test_what_could_not_be_read_is_not_written(tmp_path, wrong):
    path = record_path(tmp_path, "split_mnist", "er", 0)
    with pytest.raises(ValueError, match=r"schema|NaN|nan|contradicts"):
        write_record(path, make_record() | wrong)
    assert not path.exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_text_atomically(path, "old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_text_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_digest_is_canonical():
    digest = "4066b37374c1ee09"  # sha256sum of {"a":[2.0],"b":1}
    assert settings_digest({"b": 1, "a": [2.0]}) == digest
    assert settings_digest({"a": [2.0], "b": 1}) == digest
    assert settings_digest({"a": 1}) != settings_digest({"a": True})
    with pytest.raises(ValueError):
        settings_digest({"a": float("nan")})


OPEN = {"run": [".settings"], "figure": [""]}  # objects that may hold other keys


@pytest.mark.parametrize("kind", reading.KINDS)
def test_each_schema_describes_every_key_and_allows_no_other(kind):
    open_objects = []

    def visit(schema, place):
        for key, part in schema.get("properties", {}).items():
            assert part.get("description"), f"{place}.{key}"
            visit(part, f"{place}.{key}")
        if "properties" in schema and schema.get("additionalProperties") is not False:
            open_objects.append(place)
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                visit(schema[key], f"{place}.{key}")

    schema = reading._validator(kind).schema
    reading._validator(kind).check_schema(schema)
    visit(schema, "")
    for name, part in schema.get("$defs", {}).items():
        visit(part, name)
    assert open_objects == OPEN.get(kind, [])


@pytest.mark.parametrize("kind", reading.KINDS)
def test_every_kind_is_refused_in_one_sentence_that_names_file_and_remedy(kind, tmp_path):
    path = tmp_path / "file.json"
    for content in ["", "[]", "{}", "null", "[" * 100_000, '{"schema_version": 1}', '{"a": NaN}']:
        path.write_text(content)
        with pytest.raises(RecordError) as error:
            reading.read(path, kind)
        assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_three_point_zero_and_true_are_no_integers(tmp_path):
    path = tmp_path / "selection.json"
    for value in ["3.0", "true"]:
        path.write_text(f'{{"caption": "", "summary": {{}}, "seeds": [{value}]}}')
        with pytest.raises(RecordError, match=r"JSON of a figure at \$.seeds\[0\]"):
            reading.read(path, "figure")


# Files that are no JSON ---------------------------------------------------------------------------

WHOLE = json.dumps(make_record())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (WHOLE[: len(WHOLE) // 2].encode(), "not a whole, valid JSON file"),
        (b"plain text", "not a whole, valid JSON file"),
        (b"\xff\xfe{}", "not UTF-8"),
        (WHOLE.replace("5.25", "NaN").encode(), "nan|NaN"),
        (WHOLE.replace("5.25", "-Infinity").encode(), "-Infinity"),
        (WHOLE.replace("5.25", "1e999").encode(), "1e999"),
        (WHOLE.replace("5000", "9" * 5000).encode(), "too long"),
        (WHOLE.replace('"seed"', '"method"').encode(), "same key twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"schema_version": 1, "a": ' + b"[" * 900 + b"]" * 900 + b"}", "breaks the schema|deep"),
        (b" " * (strict_json.MAX_BYTES + 1), "at most 16777216"),
        (b"[]", "no run record"),
        (b"null", "no run record"),
        (b"{}", "no run record"),
        (b'{"schema_version": true}', "no run record"),
        (b'{"schema_version": "1"}', "no run record"),
        (b'{"schema_version": 2}', "newer than 1.*update the package"),
        (b'{"schema_version": 0}', "older than 1.*run the job again"),
    ],
    ids=range(20),
)
def test_a_file_that_holds_no_record(tmp_path, content, message):
    path = tmp_path / "split_mnist/er/seed_0.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(RecordError, match=message):
        read_record(path)
    assert refusal(path)


def test_a_missing_file_and_a_folder(tmp_path):
    assert "is missing" in refusal(tmp_path / "seed_0.json")
    assert "is missing" in refusal(tmp_path / "no/folder/seed_0.json")
    assert "is not a file" in refusal(tmp_path)


# Records that cannot be -------------------------------------------------------------------------


def corrupt(keys, value):
    record = make_record()
    part = record
    for key in keys[:-1]:
        part = part[key]
    if value is Ellipsis:
        del part[keys[-1]]
    else:
        part[keys[-1]] = value
    return record


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["rho"], ..., "'rho' is a required property"),
        (["provenance", "host"], ..., r"\$\.provenance"),
        (["extra"], 1, "'extra' was unexpected"),
        (["memory", "extra"], 1, r"\$\.memory"),
        (["seed"], -1, r"\$\.seed"),
        (["seed"], 0.5, r"\$\.seed"),
        (["seed"], True, r"\$\.seed"),
        (["benchmark"], "../../etc", r"\$\.benchmark"),
        (["accuracy_matrix", 2, 1], 87.0, r"\$\.accuracy_matrix\[2\]\[1\]: 87.0 is greater"),
        (["accuracy_matrix", 2, 1], "0.5", r"\$\.accuracy_matrix"),
        (["accuracy_matrix"], [], r"\$\.accuracy_matrix"),
        (["average_accuracy"], None, r"\$\.average_accuracy"),
        (["rho"], None, r"\$\.rho"),
        (["rho_readings"], None, r"\$\.rho_readings"),
        (["diverged"], True, "breaks the schema"),
        (["diverged_at_step"], 3, r"\$\.diverged_at_step"),
        (["settings", "readings"], ..., r"\$\.settings"),
        (["settings_digest"], "xyz", r"\$\.settings_digest"),
        (["provenance", "started"], "yesterday", r"\$\.provenance\.started"),
        (["provenance", "data", "files", "train"], "abc", r"\$\.provenance\.data\.files"),
    ],
)
def test_a_record_against_the_schema(tmp_path, keys, value, message):
    record = corrupt(keys, value)
    path = place(tmp_path, record | {"benchmark": "split_mnist", "seed": 0})
    path.write_text(json.dumps(record))
    with pytest.raises(RecordError, match=message):
        read_record(path)
    assert "run the job again" in refusal(path)


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["settings_digest"], "0" * 16, "settings_digest is 0000000000000000, but"),
        (["settings", "learning_rate"], 0.3, "settings_digest is"),
        (["average_accuracy"], 0.7, "average_accuracy is 0.7, but accuracy_matrix gives 0.66"),
        (["average_forgetting"], 0.2, "average_forgetting is 0.2, but accuracy_matrix gives 0.3"),
        (["rho"], 1.25, "rho is 1.25, but rho_readings gives 1.5"),
        (["accuracy_matrix", 2, 0], 0.9, "average_accuracy is"),
        (["accuracy_matrix", 0, 1], 0.9, "row 0 .* does not hold 1 numbers, then 2 nulls"),
        (["accuracy_matrix", 1, 1], None, "row 1 .* does not hold 2 numbers"),
        (["accuracy_matrix", 1], [None] * 3, "diverged is false, but"),
        (["accuracy_matrix", 1], [0.7, 0.8], "row 1"),
        (["accuracy_matrix"], [[0.9], [0.7], [0.5]], "row 0"),
        (["memory", "counts"], [[1]], "memory.counts has 1 rows for 3 tasks"),
    ],
)
def test_a_record_that_contradicts_itself(tmp_path, keys, value, message):
    path = place(tmp_path, corrupt(keys, value))
    with pytest.raises(RecordError, match=message):
        read_record(path)
    assert "contradicts itself" in refusal(path)


def test_diverged_must_agree_with_the_matrix(tmp_path):
    record = make_record(matrix=DIVERGED)
    path = place(tmp_path, record | {"accuracy_matrix": make_record()["accuracy_matrix"]})
    assert "diverged is true, but" in refusal(path)
    late = [[0.9, None, None], [None] * 3, [0.5, 0.5, None]]
    path = place(tmp_path, record | {"accuracy_matrix": late})
    assert "does not hold" in refusal(path)


@pytest.mark.parametrize("place_of", [("er", 1), ("drl", 0)])
def test_a_record_at_another_runs_path(tmp_path, place_of):
    method, seed = place_of
    path = place(tmp_path, make_record(method=method, seed=seed))
    path.write_text(json.dumps(make_record()))
    assert "belongs at .../split_mnist/er/seed_0.json" in refusal(path)


def test_settings_of_another_benchmark(tmp_path):
    path = place(tmp_path, make_record(settings=make_settings("split_fashion")))
    assert "settings.benchmark is 'split_fashion'" in refusal(path)


def test_other_settings_are_listed_with_both_values(tmp_path):
    path = place(tmp_path, make_record())
    wanted = make_settings(learning_rate=0.02, memory_size=300, readings={"subset": "first"})
    message = refusal(path, wanted)
    for part in (
        "learning_rate is 0.2, expected 0.02",
        "memory_size is absent, expected 300",
        "readings.min_positive_pairs is 1, expected absent",
        'readings.subset is "per_seed", expected "first"',
    ):
        assert part in message
    assert "dataset" not in message


# Hostile files ------------------------------------------------------------------------------------

fuzz = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read_or_refuse(tmp_path, content):
    path = tmp_path / "split_mnist/er/seed_0.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        return read_record(path, make_settings())
    except RecordError as error:
        assert "\n" not in str(error)
        return None


@fuzz
@given(st.integers(0, len(WHOLE) - 1))
def test_every_truncation_is_refused(tmp_path, length):
    assert read_or_refuse(tmp_path, WHOLE[:length].encode()) is None


@fuzz
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_flipped_byte_gives_a_record_or_a_refusal(tmp_path, place, flip):
    content = bytearray(WHOLE.encode())
    content[place] ^= flip
    read_or_refuse(tmp_path, bytes(content))


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3)
    ),
    max_leaves=6,
)


@fuzz
@given(st.sampled_from([*make_record()]), any_json)
def test_any_value_of_any_key_gives_a_record_or_a_refusal(tmp_path, key, value):
    read_or_refuse(tmp_path, json.dumps(make_record() | {key: value}).encode())


@fuzz
@given(any_json)
def test_any_json_is_refused(tmp_path, value):
    assert read_or_refuse(tmp_path, json.dumps(value).encode()) is None
