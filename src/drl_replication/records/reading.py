"""The one reader of JSON: every kind of file that one job writes and another reads has a schema."""

import json
import textwrap
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema.exceptions import best_match

from drl_replication.records.strict_json import AGAIN, RecordError, read_json
from drl_replication.records.validator import Validator


class Kind(NamedTuple):
    """What a file of a kind is called, and what to do about a bad one."""

    title: str
    remedy: str


MADE_BY_SNAKEMAKE = "make it with snakemake"
KINDS = {  # schemas/{kind}.json
    "run": Kind("run record", AGAIN),
    "experiment": Kind("experiment record", AGAIN),
    "figure": Kind("JSON of a figure", AGAIN),
    "selection": Kind("selection of runs", MADE_BY_SNAKEMAKE),
    "study": Kind("study", MADE_BY_SNAKEMAKE),
    "study_summary": Kind("summary of a study", MADE_BY_SNAKEMAKE),
    "cost": Kind("measured cost", AGAIN),
    "manifest": Kind("manifest", "make it anew: snakemake --cores 1 --forcerun download"),
}


def read(path: str | Path, kind: str) -> Any:
    """The content of a file of a kind, read strictly and checked against the kind's schema.

    Raises RecordError, in one sentence, as `strict_json.read_json` and `check`, and for a file
    that is nested too deeply; its subclass UnreadableError for one that cannot be read now.
    """
    path = Path(path)
    try:
        content = read_json(path)
        check(content, path, kind)
    except RecursionError:
        title, remedy = KINDS[kind]
        raise RecordError(f"{path} is nested too deeply to be a {title}: {remedy}.") from None
    return content


def check(content: Any, path: Path, kind: str) -> None:
    """Raise RecordError where `content`, of the file at `path`, is not what its kind's schema says.

    The sentence names the file, the place in it and the value.
    """
    title, remedy = KINDS[kind]
    _check_version(content, path, kind)
    error = best_match(_validator(kind).iter_errors(content))
    if error is not None:
        place, message = (
            error.json_path[:200],
            textwrap.shorten(error.message, 200, placeholder=" ..."),
        )
        raise RecordError(f"{path} breaks the schema of a {title} at {place}: {message}; {remedy}.")


@cache
def _validator(kind: str) -> Any:
    source = files("drl_replication.records").joinpath("schemas", f"{kind}.json")
    return Validator(json.loads(source.read_text(encoding="utf-8")))


def _check_version(content: Any, path: Path, kind: str) -> None:
    """A kind with versions says first that a file is of another one: its keys may differ."""
    known = _validator(kind).schema["properties"].get("schema_version", {}).get("const")
    if known is None:
        return
    title, remedy = KINDS[kind]
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is not int:
        raise RecordError(
            f"{path} is no {title}, since it is not an object with an integer "
            f"schema_version: {remedy}."
        )
    if version != known:
        age, remedy = ("newer", "update the package") if version > known else ("older", remedy)
        raise RecordError(
            f"{path} has schema_version {version}, {age} than {known}, which this version of the "
            f"package reads: {remedy}."
        )
