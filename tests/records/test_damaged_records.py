"""Damaged records at aggregation: refused by name, and mended by following the advice."""

import json

import pytest
from helpers import selection
from undisturbed import (
    RUN,
    complete,
    records,
    tables,
    told,
)

pytestmark = pytest.mark.workflow


def changed(**values):
    return lambda text: json.dumps(json.loads(text) | values)


DAMAGE = {
    "truncated": (lambda text: text[: len(text) // 2], "not a whole, valid JSON file"),
    "empty": (lambda text: "", "is empty"),
    "zeros after a power loss": (lambda text: "\0" * len(text), "not a whole, valid JSON file"),
    "tampered": (changed(average_accuracy=0.99), "average_accuracy is 0.99, but"),
    "of another seed": (changed(seed=7), "belongs at .../split_mnist/er/seed_7.json"),
    "of an older schema": (changed(schema_version=0), "schema_version 0, older than 1"),
    "of a newer schema": (changed(schema_version=2), "update the package"),
}


@pytest.mark.parametrize("script", ["table", "audit"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_refused_by_name(twin, damage, script):
    change, message = DAMAGE[damage]
    path = twin.root / RUN
    settings = {"split_mnist": {"er": json.loads(path.read_text())["settings"]}}
    path.write_text(change(path.read_text()))
    kinds = ("csv", "md", "tex") if script == "table" else ("csv", "md")
    arguments = [f"--{kind}=new.{kind}" for kind in kinds]
    arguments += selection(twin.root, [RUN], settings)
    arguments += ["--number=1"] * (script == "table")
    done = twin.python(f"scripts/{script}.py", *arguments)
    told(done, RUN, message)
    assert done.stderr.count("\n") == 1
    assert not list(twin.root.glob("*new.*"))


def test_a_damaged_record_is_noticed_and_comes_back_from_the_store(twin, finished):
    path = twin.root / RUN
    path.write_text(path.read_text()[:1000])
    complete(twin)
    assert records(twin.root) == records(finished.root)
    assert tables(twin.root) == tables(finished.root)
