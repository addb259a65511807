"""The configuration: read, merge, check, and resolve into the settings of one run.

Imports no torch: Snakemake plans with it.
"""

import math
from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.data.validation import HELD_OUT
from drl_replication.learning.methods import METHODS
from drl_replication.study.folders import check_folders
from drl_replication.study.readings import READINGS
from drl_replication.study.refusals import ConfigError, options_for, place_of, sentence, short
from drl_replication.study.tuning import COUNTS
from drl_replication.study.variant_checks import check_variants
from drl_replication.study.yaml_files import parse, read

MAX_VALUES, MAX_DEPTH = 100_000, 20  # of a configuration


@cache
def schema() -> dict:
    """The JSON schema of the configuration, with the names from the code's tables filled in."""
    text = files("drl_replication.study").joinpath("config.schema.yaml").read_text()
    result = yaml.safe_load(text)
    properties = result["properties"]
    properties["benchmarks"]["items"]["enum"] = list(BENCHMARKS)
    properties["methods"]["items"]["enum"] = list(METHODS)
    properties["reference"]["enum"] = list(METHODS)
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
    _fill_in_variants(result)
    sources = {"type": "array", "items": {"type": "string", "minLength": 1}}
    properties["download"]["properties"]["mirrors"]["properties"] = dict.fromkeys(DATASETS, sources)
    return result


def _fill_in_variants(result: dict) -> None:
    """The schemas of variants and studies, made of those of readings and settings."""
    properties, definitions = result["properties"], result["$defs"]
    variant, study = definitions["variant"], definitions["study"]
    readings = _optional(properties["readings"])
    blocks = {n: _optional(b) for n, b in properties["settings"]["properties"].items()}
    anywhere: dict = {"type": "object", "additionalProperties": False, "properties": {}}
    for block in blocks.values():
        anywhere["properties"] |= {k: v for k, v in block["properties"].items() if k != "dataset"}
    axis = definitions["scan_axis"]
    values = {n: {"type": block["type"]} for n, block in anywhere["properties"].items()}
    values |= {n: {"enum": block["enum"]} for n, block in readings["properties"].items()}
    # All else of them is checked value by value, when they are expanded.
    lists = {name: {**axis["else"], "items": value} for name, value in values.items()}
    axes = {
        name: {**axis, "else": of_key, "then": of_key if name in READINGS else axis["then"]}
        for name, of_key in lists.items()
    }
    variant["properties"]["readings"] |= readings
    variant["properties"]["readings_of"]["properties"] = dict.fromkeys(BENCHMARKS, readings)
    variant["properties"]["settings"]["properties"] = {"all": anywhere, **blocks}
    variant["properties"]["scan"]["properties"] = axes
    for template in (variant, study):
        template["properties"]["benchmarks"]["items"]["enum"] = list(BENCHMARKS)
        template["properties"]["methods"]["items"]["enum"] = list(METHODS)
    study["properties"]["chosen_on"]["items"]["enum"] = list(METHODS)
    properties["variants"]["additionalProperties"] = variant
    properties["studies"]["additionalProperties"] = study
    tuning = properties["tuning"]["properties"]
    tuning["benchmarks"]["items"]["enum"] = list(BENCHMARKS)
    numbers = [n for n, p in anywhere["properties"].items() if p["type"] == "number" or n in COUNTS]
    tuning["factors"]["properties"] = dict.fromkeys(numbers, definitions["factors"])


def _optional(block: dict) -> dict:
    return {key: value for key, value in block.items() if key != "required"}


def _settings_schema(template: dict, benchmark: str) -> dict:
    block = deepcopy(template)
    block["properties"]["dataset"]["enum"] = list(BENCHMARKS[benchmark].datasets)
    for name, method in METHODS.items():
        for key in method.hyperparameters:  # those of a method that someone added
            number = {"type": "number", "description": f"Hyperparameter of {name}."}
            block["properties"].setdefault(key, number)
    block["required"] = [name for name, p in block["properties"].items() if "default" not in p]
    return block


def load(paths: Iterable[Path]) -> dict:
    """Read YAML files, each later one a difference to those before, and check the result.

    Dictionaries merge key by key and all else is replaced, as with Snakemake's `--configfile`.

    Raises:
        ConfigError: a file is missing or no YAML mapping, or :func:`check` refuses the result.
    """
    return check(completed({}, paths))


def completed(difference: dict, paths: Iterable[str | Path]) -> dict:
    """A difference on top of YAML files, each of which is one to those before; not checked yet.

    Raises:
        ConfigError: a file is missing or no YAML mapping.
    """
    config: dict = {}
    for path in map(Path, paths):
        config = _merge(config, read(path))
    return _merge(config, difference)


def check_files(paths: Iterable[str | Path]) -> None:
    """Refuse files that Snakemake has read, but not as people do: see `study.yaml_files`.

    Raises:
        ConfigError: as :func:`load`, but for what only the merged configuration shows.
    """
    for path in map(Path, paths):
        read(path)


def _merge(base: dict, difference: dict) -> dict:
    merged = dict(base)
    for key, value in difference.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def check(config: dict) -> dict:
    """Check a merged configuration; return it with what the code's tables say filled in.

    Raises:
        ConfigError: naming the first value that is wrong, its place and what is allowed.
    """
    _check_amount(config)
    config = _filled_in(_typed(deepcopy(dict(config)), schema()))
    _check_finite(config)
    errors = sorted(Draft202012Validator(schema()).iter_errors(config), key=place_of)
    if errors:
        more = f" ({len(errors) - 1} more like this)" if len(errors) > 1 else ""
        raise ConfigError(short(sentence(errors[0])) + more)
    check_folders(config)
    config["results_dir"] = str(Path(config["results_dir"]))  # Snakemake's paths have no ./ or //
    for name in config["benchmarks"]:
        if name not in config["settings"]:
            raise ConfigError(f"settings.{name} is missing, but benchmarks selects {name!r}")
    for name, block in config["settings"].items():  # figures and variants use others, too
        _check_sizes(name, block, config)
    if config["reference"] not in ("drl", *config["methods"]):
        raise ConfigError(
            f"reference is {config['reference']!r}, which methods does not select; allowed: "
            f"{options_for(config['reference'], config['methods'])}"
        )
    check_variants(config, _difference(), _check_sizes)
    return config


def _typed(value: Any, schema: dict) -> Any:
    """With texts read as numbers, truth values or null where the schema wants no text.

    Snakemake reads `--config 'seeds=[0, 1]'` as a list of texts. What the schema wants whole
    becomes an int: 1000.0 is as whole as 1000, and must not be another setting.
    """
    if "if" in schema:  # a mapping or a list
        schema = schema["then" if isinstance(value, dict) else "else"]
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties") or {}
        return {k: _typed(v, known.get(k, other)) for k, v in value.items()}
    if isinstance(value, list):
        return [_typed(item, schema.get("items", {})) for item in value]
    kinds = schema.get("type", ())
    if value == "null" and "null" in kinds:
        return None
    if isinstance(value, float) and value.is_integer():
        is_whole = "integer" in kinds or ("number" not in kinds and value in schema.get("enum", ()))
        return int(value) if is_whole else value
    is_text = "string" in kinds or value in schema.get("enum", ())
    if not isinstance(value, str) or is_text or not schema.keys() & {"type", "enum"}:
        return value
    try:
        read = parse(value, "")
    except ConfigError:
        return value  # refused as what it is
    return _typed(read, schema) if isinstance(read, int | float) else value


def _filled_in(config: dict) -> dict:
    """With what the tables of readings and benchmarks say where the configuration doesn't."""
    config.setdefault("reference", "drl")
    if isinstance(config.setdefault("readings", {}), dict):
        config["readings"] = {k: r.default for k, r in READINGS.items()} | config["readings"]
    if isinstance(config.get("settings"), dict):
        for name, row in BENCHMARKS.items():
            if isinstance(block := config["settings"].get(name), dict):
                config["settings"][name] = row.defaults | block
    return config


def _check_amount(config: dict) -> None:
    """YAML's aliases make a short file endless, or deeper than anything can walk through."""
    values = 0
    rest: list[tuple[Any, str, int]] = [(config, "", 0)]
    while rest:
        value, place, depth = rest.pop()
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
        items = enumerate(value) if isinstance(value, list) else items
        values += 1
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise ConfigError(
                f"{short(place)} makes the configuration too large; allowed: {MAX_VALUES} values, "
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


@cache
def _difference() -> Draft202012Validator:
    """Of what an expanded variant changes."""
    variant = schema()["$defs"]["variant"]["properties"]
    wanted = {name: variant[name] for name in ("readings", "readings_of", "settings")}
    return Draft202012Validator({"type": "object", "properties": wanted})


def _check_sizes(name: str, block: dict, config: dict, where: str = "") -> None:
    """What the schema cannot say: sizes that depend on the data and on the benchmark."""
    benchmark, dataset = BENCHMARKS[name], DATASETS[block["dataset"]]
    available, task = min(
        (dataset.training_images_of(classes), task + 1)
        for task, classes in enumerate(benchmark.task_classes)
    )
    where = where or f"settings.{name}"
    held_out = block.get(HELD_OUT, 0)
    available = int(available * (1 - held_out))
    if block["training_images"] > available:
        less = f", less what validation_fraction ({held_out:g}) holds out" if held_out else ""
        raise ConfigError(
            f"{where}.training_images is {block['training_images']}; allowed: at most {available}, "
            f"what {block['dataset']} has for task {task}{less}"
        )
    _check_batches(where, block, config)
    if block["memory_size"] < benchmark.group_count:
        raise ConfigError(
            f"{where}.memory_size is {block['memory_size']}; allowed: at least "
            f"{benchmark.group_count}, "
            "one sample of each class (or task) that the memory is balanced over"
        )


def _check_batches(where: str, block: dict, config: dict) -> None:
    """Balanced batches hold the classes of the loading batch, two samples of each (Alg. 3)."""
    balanced = [m for m in config["methods"] if METHODS[m].batches == "ber:Balanced"]
    benchmark = BENCHMARKS[where.rpartition(".")[2]]
    most = max(len(benchmark.groups_of(task)) for task in range(benchmark.tasks))
    samples = 1 + bool(config["readings"]["min_positive_pairs"])
    needed = samples * min(most, block["loading_batch_size"])
    if balanced and block["training_batch_size"] < needed:
        raise ConfigError(
            f"{where}.training_batch_size is {block['training_batch_size']}, but batches of "
            f"{balanced[0]} hold all classes of a loading batch of {block['loading_batch_size']}; "
            f"allowed: at least {needed}"
        )
