"""The house stands: each package imports only what stands on a lower floor."""

import ast

import pytest
from helpers import PROJECT

PACKAGE = PROJECT / "src" / "drl_replication"
# From the ground up; what shares a floor does not know each other.
FLOORS = [
    {"__init__", "files", "seeding", "sources", "measures"},
    {"data"},
    {"learning"},
    {"paper", "losses", "replay", "diagnostics"},
    {"records", "text"},
    {"study", "experiments"},
    {"tables"},
    {"jobs"},
    {"verdict"},
    {"studies", "figures"},
    {"report"},
]
WITH_TORCH = {"learning", "experiments", "jobs", "losses", "replay", "diagnostics"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def floor(name):
    [number] = [i for i, rooms in enumerate(FLOORS) if name in rooms]
    return number


def imports(path):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module
            if node.module == "drl_replication":
                yield from (f"drl_replication.{alias.name}" for alias in node.names)


def test_every_room_stands_on_a_floor():
    assert {room(path) for path in MODULES} == set().union(*FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    own = room(path)
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top == "torch":
            assert own in WITH_TORCH, f"torch in {own}/"
        if top == "drl_replication" and rest:
            name = rest.split(".")[0]
            if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists():
                assert name == own or floor(name) < floor(own), f"{own} imports {name}"


def test_the_library_knows_neither_scripts_nor_workflow():
    for path in MODULES:
        assert not {m.split(".")[0] for m in imports(path)} & {"scripts", "workflow", "snakemake"}
