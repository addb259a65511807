"""Version, citation, and what archives read."""

import gzip
import json
import re
import tomllib
from datetime import datetime

import pytest
import yaml
from helpers import PROJECT
from project_copy import Copy

import drl_replication


def text(name):
    return (PROJECT / name).read_text(encoding="utf-8")


CITATION = yaml.safe_load(text("CITATION.cff"))
CODEMETA = json.loads(text("codemeta.json"))
CODECHECK = yaml.safe_load(text("codecheck.yml"))
CRATE = json.loads(text("ro-crate-metadata.json"))
ENTITIES = {entity["@id"]: entity for entity in CRATE["@graph"]}


def test_they_are_fresh():
    done = Copy(PROJECT).python("scripts/tools/archive.py", "--check")
    assert done.returncode == 0, done.stderr


def test_one_version_and_date_everywhere():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    heading = re.search(r"^## \[(\d\S*)\] – (\S+)$", text("CHANGELOG.md"), re.MULTILINE)
    assert heading.groups() == (version, str(CITATION["date-released"]))
    assert version == drl_replication.__version__ == CITATION["version"] == CODEMETA["version"]


def test_what_is_to_be_cited_is_there():
    preferred = CITATION["preferred-citation"]
    assert {"type", "title", "authors", "year"} <= preferred.keys()
    assert (PROJECT / preferred["notes"].split()[0]).exists()
    assert preferred["title"].lower() == text("REPLICATION.md").splitlines()[0][2:].lower()


def test_every_output_to_be_checked_is_there():
    files = [entry["file"] for entry in CODECHECK["manifest"]]
    assert all((PROJECT / file).is_file() for file in files)
    assert len(files) == len(set(files)) and all(e["comment"] for e in CODECHECK["manifest"])
    wanted = [*(f"tables/table_{n}.csv" for n in range(1, 7)), "verdict.csv", "claims.csv"]
    wanted += [f"figures/figure_{n}.pdf" for n in range(1, 5)]
    assert {f"results/published/{name}" for name in wanted} <= set(files)


def references(value):
    """The @id of everything that an entity points to."""
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    return [value["@id"]] if isinstance(value, dict) else []


def test_everything_that_the_crate_points_to_is_described():
    assert len(ENTITIES) == len(CRATE["@graph"])
    pointed = {
        name for e in ENTITIES.values() for value in e.values() for name in references(value)
    }
    assert pointed - ENTITIES.keys() == {"https://w3id.org/ro/crate/1.1"}
    assert ENTITIES["ro-crate-metadata.json"]["about"] == {"@id": "./"}


def test_the_crate_s_files_and_folders_are_there():
    for name, entity in ENTITIES.items():
        kinds = [entity["@type"]] if isinstance(entity["@type"], str) else entity["@type"]
        if "File" in kinds:
            assert (PROJECT / name).is_file(), name
        elif "Dataset" in kinds:
            assert name.endswith("/") and (PROJECT / name).is_dir(), name
        if "File" in kinds or ("Dataset" in kinds and name != "./"):
            assert {"@id": name} in ENTITIES["./"]["hasPart"], name


def test_the_crate_tells_of_every_run():
    runs = PROJECT / "results/published/runs"
    held = {(path, path.parent.name, path.name) for path in runs.glob("*/*")}
    for path in runs.glob("*.jsonl.gz"):
        records = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
        held |= {(path, record["benchmark"], record["method"]) for record in records}
    actions = [entity for entity in ENTITIES.values() if entity["@type"] == "CreateAction"]
    told = {(PROJECT / a["result"]["@id"], *a["@id"][1:].rsplit("-", 1)) for a in actions}
    assert told == held
    assert ENTITIES["./"]["mentions"] == [{"@id": action["@id"]} for action in actions]
    for action in actions:
        assert action["instrument"] == ENTITIES["./"]["mainEntity"]
        start, end = (datetime.fromisoformat(action[key]) for key in ("startTime", "endTime"))
        assert start <= end


@pytest.mark.parametrize("name", ["codemeta.json", "codecheck.yml", "ro-crate-metadata.json"])
def test_nothing_is_left_to_be_filled_in(name):
    assert not re.search(r"TODO|FIXME|XXXX|placeholder|\bnull\b", text(name), re.IGNORECASE)
