"""Write docs/api.md, the public functions of the library, from their docstrings.

python scripts/tools/api_docs.py            write it
python scripts/tools/api_docs.py --check    is it stale?
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import whole_files

# What is stable: names and arguments change with a major version alone.
FACE = (
    "losses",
    "replay",
    "diagnostics",
    "measures.continual",
    "measures.rho",
    "measures.alpha",
    "measures.statistics",
)
HEAD = """# The library, function by function

Written by `scripts/tools/api_docs.py` from the docstrings. Shapes stand in brackets: B samples of a
batch, H units of a representation, N samples, T tasks. [How to use it](library.md)."""
SECTION = re.compile(r"^(Args|Returns|Raises):$")
MODULES = re.compile(r"\b(?:torch|numpy|collections|typing)\.(?:[a-z_]+\.)*")
FUNCTION = re.compile(r"<function (\w+) at \w+>")  # a default value
ROLE = re.compile(r":\w+:`~?([^`]+)`")


def files() -> dict[str, str]:
    """The page."""
    return {
        "docs/api.md": "\n\n".join([HEAD, *(part for name in FACE for part in of(name))]) + "\n"
    }


def of(name: str) -> Iterator[str]:
    """A module: its docstring, then each public function and class."""
    module = import_module(f"drl_replication.{name}")
    yield f"## drl_replication.{name}"
    yield markdown(inspect.getdoc(module) or "")
    for key in public(module):
        value = getattr(module, key)
        if inspect.isclass(value):
            yield from of_class(value)
        elif inspect.isfunction(value):
            yield from of_function(key, value)


def public(module: ModuleType) -> list[str]:
    """The names that a module offers: its `__all__`, or the functions that it defines."""
    own = [
        key
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and key[0] != "_"
    ]
    return list(getattr(module, "__all__", own))


def of_class(value: type) -> Iterator[str]:
    """A class: how it is built, then its methods and properties."""
    yield f"### {value.__name__}"
    yield signature(value.__name__, value.__init__)  # type: ignore[misc]
    yield markdown(inspect.getdoc(value) or "")
    yield markdown(inspect.getdoc(value.__init__) or "")  # type: ignore[misc]
    for key, member in vars(value).items():
        if isinstance(member, property):
            yield f"`{key}`: {markdown(inspect.getdoc(member) or '')}"
        elif inspect.isfunction(member) and key[0] != "_":
            yield signature(f"{value.__name__}.{key}", member)
            yield markdown(inspect.getdoc(member) or "")


def of_function(name: str, function: Any) -> Iterator[str]:
    """A function."""
    yield f"### {name}"
    yield signature(name, function)
    yield markdown(inspect.getdoc(function) or "")


def signature(name: str, function: Any) -> str:
    """Names and types of the arguments, one a line, and what comes out."""
    found = inspect.signature(function)
    arguments = [p for p in found.parameters.values() if p.name != "self"]
    lines = [f"    {argument}," for argument in arguments]
    stars = [i for i, p in enumerate(arguments) if p.kind is p.KEYWORD_ONLY]
    if stars:
        lines.insert(stars[0], "    *,")
    result = found.return_annotation
    none = result is found.empty or result is None
    last = ")" if none else f") -> {inspect.formatannotation(result)}"
    text = MODULES.sub("", "\n".join([f"{name}(", *lines, last]))
    text = FUNCTION.sub(r"\1", text)
    return f"```python\n{text}\n```"


def markdown(docstring: str) -> str:
    """A docstring with its sections as lists."""
    blocks, section = [], ""
    for block in re.split(r"\n{2,}", ROLE.sub(r"`\1`", docstring)):
        first, _, rest = block.partition("\n")
        if found := SECTION.match(first):
            section = found[1]
            blocks.append(f"**{section}**\n\n{_items(textwrap.dedent(rest))}")
        else:
            blocks.append(block)
    return "\n\n".join(blocks)


def _items(text: str) -> str:
    """`name: what it is` lines as a list; other text as it is."""
    items = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    if not all(re.match(r"[\w*]+: ", item) for item in items):
        return text
    told = [re.sub(r"^([\w*]+): ", r"- `\1`: ", " ".join(item.split())) for item in items]
    return "\n".join(told)


if __name__ == "__main__":
    whole_files.main(__doc__, files)
