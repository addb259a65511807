"""A configuration that is refused: one sentence that names value, place and what is allowed."""

import difflib
from collections.abc import Iterable
from datetime import date
from typing import Any

import yaml
from jsonschema import ValidationError

from drl_replication.data.errors import without_secrets

MAX_SENTENCE = 1000


class ConfigError(ValueError):
    """The configuration holds something that cannot be; the message says what and where."""


def short(text: str) -> str:
    """At most so much of a text that a hostile file may hold."""
    text = without_secrets(text)
    return text if len(text) <= MAX_SENTENCE else f"{text[:MAX_SENTENCE]}..."


def place_of(error: ValidationError) -> str:
    """Where a violation of the schema stands, as `settings.split_mnist.learning_rate`."""
    steps = (f"[{s}]" if isinstance(s, int) else f".{s}" for s in error.absolute_path)
    return "".join(steps).lstrip(".")


def sentence(error: ValidationError) -> str:
    """One clear sentence for a violation of the schema."""
    place = place_of(error) or "the configuration"
    rule: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        allowed = schema["properties"]
        unknown = next(key for key in value if key not in allowed)
        return f"{place} has the unknown key {unknown!r}; allowed: {options_for(unknown, allowed)}"
    if error.validator == "required":
        return f"{place} lacks the key {next(key for key in rule if key not in value)!r}"
    if error.validator == "enum":
        return f"{place} is {value!r}; allowed: {options_for(value, rule)}"
    if error.validator == "type":
        wanted = rule if isinstance(rule, list) else [rule]
        hint = _text_hint(value) if "string" in wanted else _number_hint(value)
        return f"{place} is {value!r}; allowed: {' or '.join(map(_kind, wanted))}{hint}"
    if error.validator == "maxItems":
        return f"{place} has {len(value)} items; allowed: at most {rule}, so leave some out"
    return f"{place} is wrong: {error.message}"


def options_for(value: Any, options: Iterable[Any]) -> str:
    """What is allowed in place of a value, and which of it may have been meant."""
    options = [str(option) for option in options]
    close = difflib.get_close_matches(str(value), options, n=1)
    return ", ".join(options) + (f" (did you mean {close[0]!r}?)" if close else "")


def _kind(wanted: str) -> str:
    names = {"array": "a list", "object": "a mapping", "integer": "a whole number"}
    names |= {"null": "null", "string": "text"}
    names["boolean"] = "true or false (in a file), True or False (after --config)"
    return names.get(wanted, f"a {wanted}")


def _text_hint(value: Any) -> str:
    """YAML takes 2026-01-31 for a date, and yes for true."""
    return "; write it in quotes if it is text" if isinstance(value, int | float | date) else ""


def _number_hint(value: Any) -> str:
    """YAML 1.1 reads 5e-4 as text; people don't."""
    try:
        number = float(value) if isinstance(value, str) else None
    except ValueError:
        number = None
    return "" if number is None else f"; this is text in YAML: write it as {_yaml_number(number)}"


def _yaml_number(number: float) -> str:
    whole = number.is_integer() and abs(number) < 1e15
    return yaml.safe_dump(int(number) if whole else number).split("\n")[0]
