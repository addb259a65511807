"""Many records in one file stand for those that are missing at their places."""

import gzip
import json

import pytest
from helpers import CONFIG, make_record, make_settings, place

from drl_replication.records.packed import holder, is_there, pack
from drl_replication.records.packed import places as all_places
from drl_replication.records.runs import collect, read_record, record_path, write_record
from drl_replication.records.strict_json import RecordError
from drl_replication.study import config, selection

RECORDS = [make_record(method=m, seed=s) for m in ("drl", "er") for s in (0, 1, 10)]
SETTINGS = {"split_mnist": dict.fromkeys(("drl", "er"), make_settings())}


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "runs" / "split_mnist.jsonl.gz"
    path.parent.mkdir()
    path.write_bytes(pack(RECORDS))
    return path


def places(packed):
    return [record_path(packed.parent, r["benchmark"], r["method"], r["seed"]) for r in RECORDS]


def test_packed_records_are_what_was_packed(packed):
    assert collect(places(packed), SETTINGS) == RECORDS
    assert pack(reversed(RECORDS)) == packed.read_bytes()
    assert all(map(is_there, places(packed)))
    assert not is_there(record_path(packed.parent, "split_mnist", "drl", 2))
    assert not is_there(record_path(packed.parent, "split_fashion", "drl", 0))
    with pytest.raises(RecordError, match=r"1 of 1 .*seed_2"):
        collect([record_path(packed.parent, "split_mnist", "drl", 2)], SETTINGS)


def test_a_record_at_its_own_place_goes_first(packed):
    mine = make_record(method="er", seed=1, matrix=[[0.5]])
    path = place(packed.parent, mine)
    assert read_record(path) == mine
    assert holder(path) == path
    other = record_path(packed.parent, "split_mnist", "er", 0)
    assert holder(other) == packed
    path.write_text("{")  # not passed over
    with pytest.raises(RecordError, match="seed_1"):
        read_record(path)


def test_whoever_changes_a_record_changes_no_other_reader_s(packed):
    path = places(packed)[0]
    read_record(path)["accuracy_matrix"].clear()
    assert read_record(path) == RECORDS[0]


def test_what_is_packed_anew_is_read_anew(packed):
    path = places(packed)[0]
    read_record(path)
    packed.write_bytes(pack([make_record(method="drl", matrix=[[0.25]]), *RECORDS[1:]]))
    assert read_record(path)["accuracy_matrix"] == [[0.25]]


def lines(*values):
    return gzip.compress("\n".join(json.dumps(value) for value in values).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pack(RECORDS)[:-40],
        b"no gzip",
        gzip.compress(b'{"seed": 0,'),
        gzip.compress(b'{"seed": NaN}'),
        lines(["a list"]),
        lines({"seed": 0}),
        lines(RECORDS[0], RECORDS[0]),
        gzip.compress(b"[" * 100_000),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(packed, content):
    packed.write_bytes(content)
    with pytest.raises(RecordError, match=r"split_mnist\.jsonl\.gz .* rule pack") as caught:
        read_record(places(packed)[0])
    assert "\n" not in str(caught.value)


def test_packed_records_are_checked_like_others(packed):
    inconsistent = RECORDS[0] | {"average_accuracy": 0.123}
    elsewhere = make_record("split_fashion", "drl", 1)
    packed.write_bytes(pack([inconsistent, elsewhere, *RECORDS[2:]]))
    with pytest.raises(RecordError, match=r"0\.123"):
        read_record(places(packed)[0])
    with pytest.raises(RecordError, match="split_fashion"):
        read_record(places(packed)[1])
    with pytest.raises(RecordError, match="learning_rate"):
        read_record(places(packed)[2], make_settings(learning_rate=0.5))


def test_a_configuration_finds_packed_runs(packed):
    chosen = config.load([CONFIG]) | {
        "results_dir": str(packed.parents[1]),
        "records_only": True,
        "benchmarks": ["split_mnist"],
        "seeds": [0, 1, 2, 10],
    }
    place(packed.parent, RECORDS[0])
    there = [(run.method, run.seed) for run in selection.usable(chosen)]
    assert there == [(m, s) for m in ("drl", "er") for s in (0, 1, 10)]
    files = selection.files(chosen)
    assert files == ["runs/split_mnist/drl/seed_0.json", "runs/split_mnist.jsonl.gz"]
    assert selection.files(chosen | {"records_only": False})[-1].endswith("rmargin/seed_10.json")


def test_all_places_of_a_folder_whoever_holds_them(tmp_path):
    runs = tmp_path / "runs"
    own = make_record(method="er", seed=3)
    write_record(place(runs, own), own)
    others = [make_record(method=m, seed=s) for m, s in (("er", 3), ("drl", 0), ("drl", 11))]
    (runs / f"{own['benchmark']}.jsonl.gz").write_bytes(pack(others))
    assert all_places(runs) == sorted(place(runs, record) for record in others)
