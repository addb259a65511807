"""Configuration files, read so that nothing in them is taken for something else.

YAML takes `1:10` for 70 and `010` for 8, and of a key that stands twice the last; Snakemake, which
reads the files with the same library, follows it. Both are refused here.
"""

import json
import re
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from drl_replication.study.refusals import ConfigError, short

MAX_BYTES = 2**20  # of a file; ours have some 10 kB
# PyYAML's constructors let more pass than its own: `!!int x`, `!!bool x`, `!!timestamp x`, [[[[...
PYYAML_ERRORS = (
    yaml.YAMLError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    IndexError,
    OverflowError,
    RecursionError,
)
AS_PEOPLE_READ = {
    "int": re.compile(r"[-+]?(0|[1-9][0-9]*)"),
    "float": re.compile(r"[-+]?([0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?|\.[a-zA-Z]+)"),
}


def read(path: Path) -> dict[Any, Any]:
    """The mapping in a YAML or JSON file.

    Raises:
        ConfigError: it cannot be read, is no mapping, or holds a key twice or a number that YAML
            and people read differently; the message says in which line.
    """
    content = parse(_text(path), str(path))
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of keys to values")
    return content


def parse(text: str, where: str) -> Any:
    """The value of a YAML or JSON text that stands at `where`; raises as :func:`read`."""
    if text.lstrip()[:1] == "{":  # JSON, which Snakemake tries first
        with suppress(ValueError, RecursionError, _TwiceError):
            return json.loads(text, object_pairs_hook=_unique)
    try:
        return yaml.load(text, Loader=_strict(where))
    except ConfigError:
        raise
    except PYYAML_ERRORS as error:
        reason = " ".join(str(error).split())  # PyYAML's own has several lines
        raise ConfigError(f"{where}: cannot be read as YAML: {short(reason)}") from error


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():  # a pipe or device may never end
            raise ConfigError(f"{path}: cannot be read: it is no file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path}: cannot be read: allowed are at most {MAX_BYTES} bytes")
        return content.decode()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error


class _TwiceError(Exception):
    """JSON has a key twice; read as YAML, it is told in which lines."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise _TwiceError
    return dict(pairs)


def _strict(where: str) -> type[yaml.SafeLoader]:
    """A loader for the text of that file."""

    checked: set[yaml.MappingNode] = set()

    class Strict(yaml.SafeLoader):
        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            """Once, before the keys of a `<<` are merged in, which may stand again."""
            if node not in checked:
                checked.add(node)
                lines: dict[Hashable, int] = {}
                for key_node, _ in node.value:
                    special = key_node.tag in ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
                    key = key_node.value if special else self.construct_object(key_node, deep=True)
                    line = key_node.start_mark.line + 1
                    if isinstance(key, Hashable) and key in lines:
                        raise ConfigError(
                            f"{where}: the key {short(repr(key))} stands twice, in line "
                            f"{lines[key]} and line {line}; keep one of them"
                        )
                    if isinstance(key, Hashable):
                        lines[key] = line
            super().flatten_mapping(node)

        def number(self, node: yaml.ScalarNode) -> int | float:
            kind = node.tag.rpartition(":")[2]
            construct = {"int": self.construct_yaml_int, "float": self.construct_yaml_float}[kind]
            value: int | float = construct(node)
            if not AS_PEOPLE_READ[kind].fullmatch(node.value):
                raise ConfigError(
                    f"{where}, line {node.start_mark.line + 1}: {short(node.value)} is the number "
                    f"{short(str(value))} in YAML; write it so if you mean that, or in quotes if "
                    "it is text"
                )
            return value

    for kind in ("int", "float"):
        Strict.add_constructor(f"tag:yaml.org,2002:{kind}", Strict.number)
    return Strict
