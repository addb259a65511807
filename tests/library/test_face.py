"""The library as others use it: names, what importing them brings, and the example."""

import importlib
import inspect
import re
import subprocess
import sys
import tomllib

import pytest
from helpers import PROJECT
from packaging.requirements import Requirement
from project_copy import Copy

FACE = re.findall(
    r"^## drl_replication\.(\S+)$",
    (PROJECT / "docs/api.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
GUIDE = (PROJECT / "docs/library.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
EXAMPLE = (PROJECT / "examples/ten_lines.py").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Refuses what extras bring, as an environment without them would; torch asks for some by itself.
WITHOUT_EXTRAS = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Refuse())
"""


def names(requirements):
    return {Requirement(text).name.lower() for text in requirements}


EXTRAS = set().union(*map(names, PYPROJECT["optional-dependencies"].values())) - {PYPROJECT["name"]}


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(PROJECT / "src"), "OMP_NUM_THREADS": "1"},
    )


def without_extras(code):
    """Run code where no package of an extra can be imported."""
    refused = {name.replace("-", "_") for name in EXTRAS}
    assert {"snakemake", "matplotlib", "pandas"} <= refused
    return run(WITHOUT_EXTRAS.format(refused=refused) + code)


def accuracy(done):
    assert done.returncode == 0, done.stderr
    return float(done.stdout.removeprefix("accuracy on all ten classes: "))


def test_the_face_is_imported_with_the_base_dependencies_alone():
    modules = [f"drl_replication.{name}" for name in FACE]
    done = without_extras("".join(f"import {module}\n" for module in modules) + "print('done')")
    assert done.stdout == "done\n", done.stderr


def test_what_extras_bring_is_refused_there():
    done = without_extras("import drl_replication.figures.style")
    assert done.returncode == 1 and "No module named 'matplotlib'" in done.stderr


def test_the_extras_are_what_the_whole_project_needs():
    asked = (PROJECT / "envs/requirements.in").read_text(encoding="utf-8")
    lines = [line for line in asked.splitlines() if line and not line.startswith("#")]
    assert names(PYPROJECT["dependencies"]) | EXTRAS <= names(lines)


@pytest.mark.parametrize("name", FACE)
def test_every_public_function_is_typed_and_documented(name):
    module = importlib.import_module(f"drl_replication.{name}")
    public = getattr(module, "__all__", None) or [
        key
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and key[0] != "_"
    ]
    members = [
        member
        for key in public
        for value in [getattr(module, key)]
        for member in ([value, *vars(value).values()] if inspect.isclass(value) else [value])
        if inspect.isfunction(member) and (member.__name__[0] != "_")
    ]
    assert members
    for function in members:
        assert inspect.getdoc(function), function
        signature = inspect.signature(function)
        assert signature.return_annotation is not signature.empty, function
        for parameter in list(signature.parameters.values()):
            assert parameter.name == "self" or parameter.annotation is not parameter.empty


def test_drl_is_ten_lines_of_a_plain_loop():
    loop = EXAMPLE.partition("for x, y in stream():\n")[2].partition("\n\n")[0]
    assert len(loop.splitlines()) <= 10 and "drl_loss" in loop


def test_the_example_learns_all_classes_and_without_the_memory_it_does_not():
    assert accuracy(run(EXAMPLE)) > 0.8
    drawn = "    x, y = memory.balanced(20, current=y)\n"
    assert EXAMPLE.count(drawn) == 1
    assert accuracy(run(EXAMPLE.replace(drawn, ""))) < 0.4


def test_the_page_of_functions_is_fresh():
    done = Copy(PROJECT).python("scripts/tools/api_docs.py", "--check")
    assert done.returncode == 0, done.stderr
    assert {"losses", "replay", "diagnostics", "measures.continual"} <= set(FACE)


def test_what_the_guide_measures_is_right():
    told = run(BLOCKS[2] + "\nprint(accuracy, forgetting, p)")
    found = [float(number) for number in told.stdout.split()]
    # (0.90 + 0.91 + 0.97) / 3; ((0.99 - 0.90) + (0.98 - 0.91)) / 2; of the 32 signs, those whose
    # sum is at least as far from 0 as 0.07: all alike 2, one 0.01 turned 2 x 2
    assert found == pytest.approx([0.92666667, 0.08, 6 / 32], abs=1e-6)
