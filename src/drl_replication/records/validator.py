"""JSON schemas at the pace of thousands of records: long lists of numbers are checked at once."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

PLAIN = {"type", "minimum", "maximum", "description"}  # all that a schema of such numbers says
TYPES: dict[str, tuple[type, ...]] = {"number": (int, float), "integer": (int,)}  # not bool


def _all_right(schema: Mapping[str, Any], values: list[Any]) -> bool:
    """Whether all values are numbers as the schema wants them, and it asks for nothing else."""
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = {kind for name in names for kind in TYPES.get(name, ())}
    if not kinds or not schema.keys() <= PLAIN:
        return False
    numbers = [v for v in values if v is not None] if "null" in names else values
    if not {*map(type, numbers)} <= kinds:
        return False
    low, high = schema.get("minimum"), schema.get("maximum")
    if not numbers:
        return True
    return (low is None or min(numbers) >= low) and (high is None or max(numbers) <= high)


def _items(
    validator: Any, items: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """As the standard's keyword, which alone says what is wrong."""
    if isinstance(items, dict) and isinstance(instance, list) and _all_right(items, instance):
        return
    yield from Draft202012Validator.VALIDATORS["items"](validator, items, instance, schema)


# NaN, which compares with nothing, is in no JSON that is read here: see `strict_json`.
Validator: Any = extend(
    Draft202012Validator,
    {"items": _items},
    # JSON has one kind of number; here 3.0 is no integer, and true is neither.
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda checker, value: type(value) is int
    ),
)
