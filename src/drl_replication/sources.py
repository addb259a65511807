"""Which files of this package a script depends on, and what their code says.

Snakemake reruns a rule when its command or an input changes, but does not see what a script
imports. With the :func:`digest` of that as a parameter of the rule, an edit reruns what depends on
it and nothing else.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
# Tables whose rows reach the rules as parameters: a new row must not rerun the other rows' runs.
TABLES = {
    PACKAGE / "__init__.py",  # the version
    PACKAGE / "data" / "benchmarks.py",
    PACKAGE / "data" / "datasets.yaml",
    PACKAGE / "learning" / "methods" / "__init__.py",
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
DATA = (".csv", ".json", ".yaml", ".j2", ".css", ".js")


def digest(*scripts: Path, parts: tuple[str, ...] = ()) -> str:
    """SHA-256 of what scripts and the modules that they use say: see :func:`syntax`."""
    files = {file for script in scripts for file in of_script(script, *parts)}
    return hashlib.sha256(repr(sorted(map(syntax, files))).encode()).hexdigest()


@cache
def syntax(file: Path) -> str:
    """SHA-256 of a file; of Python's without comments, docstrings and layout, which do nothing."""
    content = file.read_bytes()
    if file.suffix == ".py":
        tree = ast.parse(content)
        for node in ast.walk(tree):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
        content = ast.dump(tree).encode()
    return hashlib.sha256(content).hexdigest()


def of_script(script: Path, *parts: str) -> list[Path]:
    """The script, the modules it imports at the top of a file, theirs, and the data they name.

    Imports inside functions are left out: they are for use by hand.

    Args:
        script: Python file.
        parts: of a method's row, as `file:Name`; imported by name, so not seen otherwise.
    """
    methods = PACKAGE / "learning" / "methods"
    waiting = [script, *(methods / f"{part.partition(':')[0]}.py" for part in parts)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or path in TABLES:
            continue
        found.add(path)
        if path.suffix == ".py":
            waiting += _uses(path)
    return sorted(found)


@cache
def _uses(path: Path) -> list[Path]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    files: list[Path | None] = []
    for statement in tree.body:
        module = statement.module or "" if isinstance(statement, ast.ImportFrom) else ""
        if isinstance(statement, ast.ImportFrom) and module.startswith("drl_replication"):
            files += [_module(module), *(_module(f"{module}.{a.name}") for a in statement.names)]
    for node in ast.walk(tree):  # data beside the module, named by a literal
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            files += [path.parent / node.value] if node.value.endswith(DATA) else []
    return [file for file in files if file and file.is_file()]


def _module(name: str) -> Path | None:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None  # a name inside a module, not a module
