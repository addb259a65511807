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


def test_what_the_profiles_of_the_crate_ask_for():
    """As validators recommend; no address of the project is known, so none is named."""
    for name, entity in ENTITIES.items():
        if "File" in entity["@type"]:
            assert re.fullmatch(r"(text|application)/[a-z]+", entity["encodingFormat"]), name
    readme, workflow = ENTITIES["README.md"], ENTITIES[ENTITIES["./"]["mainEntity"]["@id"]]
    assert readme["about"] == {"@id": "./"} and readme["encodingFormat"] == "text/markdown"
    assert "ComputationalWorkflow" in ENTITIES[workflow["conformsTo"]["@id"]]["name"]
    kinds = {name: ENTITIES["./"][name]["@id"] for name in ("author", "publisher")}
    assert all(ENTITIES[name]["@type"] == "Organization" for name in kinds.values())
    for name in ("name", "description", "datePublished", "license"):
        assert ENTITIES["./"][name]


# Of the schema of CITATION.cff 1.2.0, what this file uses.
CFF_KEYS = {"cff-version", "message", "type", "title", "version", "date-released", "license"}
CFF_KEYS |= {"authors", "keywords", "preferred-citation", "references"}


def test_the_citation_has_the_form_of_its_schema():
    assert CITATION.keys() == CFF_KEYS and CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] in ("software", "dataset")
    for entry in (CITATION["preferred-citation"], *CITATION["references"]):
        assert {"type", "title", "authors"} <= entry.keys()
    for author in CITATION["authors"]:
        assert author.keys() == {"name"}  # of an entity; a person has given and family names


# CodeMeta 3.0's own terms, of those used here; the others are schema.org's.
CODEMETA_TERMS = {"referencePublication", "readme", "softwareRequirements"}
SCHEMA_TERMS = {"name", "identifier", "description", "version", "datePublished", "license"}
SCHEMA_TERMS |= {"author", "keywords", "programmingLanguage", "runtimePlatform", "operatingSystem"}


def test_codemeta_uses_terms_that_it_has():
    assert CODEMETA.keys() - {"@context", "type"} <= CODEMETA_TERMS | SCHEMA_TERMS
    assert CODEMETA["@context"] == "https://w3id.org/codemeta/3.0"


@pytest.mark.parametrize("name", ["codemeta.json", "codecheck.yml", "ro-crate-metadata.json"])
def test_nothing_is_left_to_be_filled_in(name):
    assert not re.search(r"TODO|FIXME|XXXX|placeholder|\bnull\b", text(name), re.IGNORECASE)
