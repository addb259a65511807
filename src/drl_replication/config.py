"""The configuration: read, merge, check, and resolve into the settings of one run.

Imports no torch: Snakemake plans with it.
"""

import difflib
import math
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from drl_replication.benchmarks import BENCHMARKS
from drl_replication.datasets import DATASETS
from drl_replication.methods import METHODS
from drl_replication.readings import READINGS

# What every run depends on, whatever its method.
COMMON = ("dataset", "training_images", "memory_size")
MAX_BYTES = 2**20  # of a file; ours have some 10 kB
MAX_VALUES, MAX_DEPTH = 100_000, 20  # of a configuration
MAX_SENTENCE = 1000
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


class ConfigError(ValueError):
    """The configuration holds something that cannot be; the message says what and where."""


@cache
def schema() -> dict:
    """The JSON schema of the configuration, with the names from the code's tables filled in."""
    text = files("drl_replication").joinpath("schemas/config.schema.yaml").read_text()
    result = yaml.safe_load(text)
    properties = result["properties"]
    properties["benchmarks"]["items"]["enum"] = list(BENCHMARKS)
    properties["methods"]["items"]["enum"] = list(METHODS)
    properties["readings"]["required"] = list(READINGS)
    properties["readings"]["properties"] = {
        name: {
            "enum": list(reading.options),
            "description": "; ".join(f"`{k}`: {v}" for k, v in reading.options.items()) + ".",
        }
        for name, reading in READINGS.items()
    }
    properties["settings"]["properties"] = {
        name: _settings_schema(result["$defs"]["benchmark_settings"], name) for name in BENCHMARKS
    }
    sources = {"type": "array", "items": {"type": "string", "minLength": 1}}
    properties["download"]["properties"]["mirrors"]["properties"] = dict.fromkeys(DATASETS, sources)
    return result


def _settings_schema(template: dict, benchmark: str) -> dict:
    block = deepcopy(template)
    block["properties"]["dataset"]["enum"] = list(BENCHMARKS[benchmark].datasets)
    for name, method in METHODS.items():
        for key in method.hyperparameters:  # those of a method that someone added
            number = {"type": "number", "description": f"Hyperparameter of {name}."}
            block["properties"].setdefault(key, number)
    block["required"] = list(block["properties"])
    return block


def load(paths: Iterable[Path]) -> dict:
    """Read YAML files, each later one a difference to those before, and check the result.

    Dictionaries merge key by key and all else is replaced, as with Snakemake's `--configfile`.

    Raises:
        ConfigError: a file is missing or no YAML mapping, or :func:`check` refuses the result.
    """
    config: dict = {}
    for path in map(Path, paths):
        part = _read(path)
        if not isinstance(part, dict):
            raise ConfigError(f"{path}: must be a mapping of keys to values")
        config = _merge(config, part)
    return check(config)


def _read(path: Path) -> Any:
    try:
        if path.exists() and not path.is_file():  # a pipe or device may never end
            raise ConfigError(f"{path}: cannot be read: it is no file")
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{path}: cannot be read: allowed are at most {MAX_BYTES} bytes")
    try:
        return yaml.safe_load(text.decode())
    except PYYAML_ERRORS as error:
        reason = " ".join(str(error).split())  # PyYAML's own has several lines
        raise ConfigError(f"{path}: cannot be read as YAML: {_short(reason)}") from error


def _short(text: str) -> str:
    return text if len(text) <= MAX_SENTENCE else f"{text[:MAX_SENTENCE]}..."


def _merge(base: dict, difference: dict) -> dict:
    merged = dict(base)
    for key, value in difference.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def check(config: dict) -> dict:
    """Check a merged configuration against the schema; return it with every reading filled in.

    Raises:
        ConfigError: naming the first value that is wrong, its place and what is allowed.
    """
    _check_amount(config)
    config = deepcopy(dict(config))
    if isinstance(config.setdefault("readings", {}), dict):
        config["readings"] = {k: r.default for k, r in READINGS.items()} | config["readings"]
    _check_finite(config)
    errors = sorted(Draft202012Validator(schema()).iter_errors(config), key=_place)
    if errors:
        more = f" ({len(errors) - 1} more like this)" if len(errors) > 1 else ""
        raise ConfigError(_short(_sentence(errors[0])) + more)
    config["seeds"] = [int(seed) for seed in config["seeds"]]
    for name in config["benchmarks"]:
        block = config["settings"].get(name)
        if block is None:
            raise ConfigError(f"settings.{name} is missing, but benchmarks selects {name!r}")
        _check_sizes(name, block)
    return config


def _check_amount(config: dict) -> None:
    """YAML's aliases make a short file endless, or deeper than anything can walk through."""
    values, rest = 0, [(config, "", 0)]
    while rest:
        value, place, depth = rest.pop()
        items = value.items() if isinstance(value, dict) else ()
        items = enumerate(value) if isinstance(value, list) else items
        values += 1
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise ConfigError(
                f"{_short(place)} makes the configuration too large; allowed: {MAX_VALUES} values, "
                f"nested {MAX_DEPTH} deep"
            )
        # The place of what stands deeper is told by the key that it belongs to.
        rest += [(item, place if depth else str(key), depth + 1) for key, item in items]


def _check_finite(value: Any, place: str = "") -> None:
    """YAML's .nan and .inf pass a schema's ranges."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{place.lstrip('.')} is {value}; allowed: a finite number")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_finite(item, f"{place}.{key}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            _check_finite(item, f"{place}[{i}]")


def _check_sizes(name: str, block: dict) -> None:
    """What the schema cannot say: sizes that depend on the data and on the benchmark."""
    benchmark, dataset = BENCHMARKS[name], DATASETS[block["dataset"]]
    tasks = benchmark.tasks if benchmark.kind == "split" else 1
    available = dataset.training_images // tasks
    where = f"settings.{name}"
    if block["training_images"] > available:
        raise ConfigError(
            f"{where}.training_images is {block['training_images']}; allowed: at most {available}, "
            f"what {block['dataset']} has for one task"
        )
    groups = benchmark.tasks if benchmark.kind == "permuted" else benchmark.classes
    if block["memory_size"] < groups:
        raise ConfigError(
            f"{where}.memory_size is {block['memory_size']}; allowed: at least {groups}, "
            "one sample of each class (or task) that the memory is balanced over"
        )


def _place(error: ValidationError) -> str:
    steps = (f"[{s}]" if isinstance(s, int) else f".{s}" for s in error.absolute_path)
    return "".join(steps).lstrip(".")


def _sentence(error: ValidationError) -> str:
    """One clear sentence for a violation of the schema."""
    place = _place(error) or "the configuration"
    rule, value = error.validator_value, error.instance
    if error.validator == "additionalProperties":
        allowed = error.schema["properties"]
        unknown = next(key for key in value if key not in allowed)
        return f"{place} has the unknown key {unknown!r}; allowed: {_allowed(unknown, allowed)}"
    if error.validator == "required":
        return f"{place} lacks the key {next(key for key in rule if key not in value)!r}"
    if error.validator == "enum":
        return f"{place} is {value!r}; allowed: {_allowed(value, rule)}"
    if error.validator == "type":
        wanted = " or ".join(rule) if isinstance(rule, list) else rule
        return f"{place} is {value!r}; allowed: {_kind(wanted)}{_number_hint(value)}"
    if error.validator == "maxItems":
        return f"{place} has {len(value)} items; allowed: at most {rule}, so leave some out"
    return f"{place} is wrong: {error.message}"


def _allowed(value: Any, options: Iterable) -> str:
    options = [str(option) for option in options]
    close = difflib.get_close_matches(str(value), options, n=1)
    return ", ".join(options) + (f" (did you mean {close[0]!r}?)" if close else "")


def _kind(wanted: str) -> str:
    names = {"array": "a list", "object": "a mapping", "integer": "a whole number"}
    names["boolean"] = "true or false (in a file), True or False (after --config)"
    return names.get(wanted, f"a {wanted}")


def _number_hint(value: Any) -> str:
    """YAML 1.1 reads 5e-4 as text; people don't."""
    try:
        number = float(value) if isinstance(value, str) else None
    except ValueError:
        number = None
    return "" if number is None else f"; this is text in YAML: write it as {_yaml_number(number)}"


def _yaml_number(number: float) -> str:
    return yaml.safe_dump(number).split("\n")[0]


def run_settings(config: dict, benchmark: str, method: str) -> dict:
    """All settings that a run of `method` on `benchmark` depends on, and no other.

    The result is plain JSON. Two runs with equal settings and seed are the same run.

    Raises:
        ConfigError: unknown benchmark or method.
    """
    for kind, name, known in (
        ("benchmark", benchmark, config["settings"]),
        ("method", method, METHODS),
    ):
        if name not in known:
            raise ConfigError(f"the {kind} {name!r} is unknown; allowed: {_allowed(name, known)}")
    block, row = config["settings"][benchmark], METHODS[method]
    types = schema()["properties"]["settings"]["properties"][benchmark]["properties"]
    readings = {
        name: config["readings"][name]
        for name, reading in READINGS.items()
        if reading.concerns(BENCHMARKS[benchmark], row)
    }
    keys = {key: key for key in (*COMMON, *row.hyperparameters)}
    for name, option in readings.items():
        if READINGS[name].learning_rate:
            keys["learning_rate"] = READINGS[name].learning_rate[option]
    # YAML's 2 and 2.0 are one value, whichever of the two the schema wants
    kinds = {"number": float, "integer": int, "string": str}
    values = {key: kinds[types[source]["type"]](block[source]) for key, source in keys.items()}
    return {"benchmark": benchmark, **values, "readings": readings}


def changed_readings(config: dict) -> list[str]:
    """`name = option` for each reading of runs that is not the default.

    Those of tables are left out: the tables that depend on them say so themselves.
    """
    chosen = config["readings"]
    return [
        f"{name} = {chosen[name]}"
        for name, reading in READINGS.items()
        if chosen[name] != reading.default and not reading.tables
    ]


def runs(config: dict) -> Iterator[tuple[str, str, int]]:
    """The selected (benchmark, method, seed), in the order of the configuration."""
    for benchmark in config["benchmarks"]:
        for method in config["methods"]:
            for seed in config["seeds"]:
                yield benchmark, method, seed


def figure_settings(config: dict, figure: str) -> dict:
    """All that decides what a figure is drawn from, besides seeds: plain JSON.

    Figures 2 and 3 use the data and the methods of Split MNIST; those drawn from runs use the
    settings of all selected runs.
    """
    own = dict(config["figures"].get(figure, {}))
    if figure == "figure_2":
        return own | {"dataset": config["settings"]["split_mnist"]["dataset"]}
    if figure == "figure_3":
        return own | {m: run_settings(config, "split_mnist", m) for m in ("drl", "ber")}
    return own or settings_of_runs(config)


def settings_of_runs(config: dict) -> dict[str, dict[str, dict]]:
    """The settings of all selected runs: {benchmark: {method: settings}}."""
    return {
        benchmark: {method: run_settings(config, benchmark, method) for method in config["methods"]}
        for benchmark in config["benchmarks"]
    }
