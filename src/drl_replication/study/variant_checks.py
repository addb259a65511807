"""Variants and studies of a configuration: refused before anything is made of them."""

import re
from collections import Counter
from collections.abc import Callable

from jsonschema import Draft202012Validator

from drl_replication.study.figures import FIGURES
from drl_replication.study.refusals import ConfigError, options_for, place_of, sentence, short
from drl_replication.study.runs import PAPER
from drl_replication.study.tuning import families as tuning_families
from drl_replication.study.variants import Variant, expand

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
# What a study cannot be called: the workflow's own rules.
TAKEN = re.compile(
    "all|tables?|figures?|report|page|verdict|plan|audit|comparisons|aggregates|run_measures|"
    "selection|train|cost|download|experiment|study|tune|tuning|validation|claims|packs?|overview|"
    "(table|figure|train|plan|study|tuning|validation|experiment|claim)_.*|" + "|".join(FIGURES)
)
DIFFERENCES = ("readings", "readings_of", "settings")
Sizes = Callable[[str, dict, dict, str], None]


def check_variants(config: dict, values: Draft202012Validator, sizes: Sizes) -> None:
    """Check names, what scans expand to, and what studies name.

    Args:
        config: whose `variants` and `studies` follow their schemas.
        values: of what a variant changes.
        sizes: raises for sizes that the schema cannot tell: of the name of a benchmark, its block,
            the configuration and the block's place.

    Raises:
        ConfigError: naming the first that is wrong, its place and what is allowed.
    """
    names: dict[str, str] = {}
    families = {}
    for family, found in tuning_families(config).items():
        for variant in found:
            names[variant.name] = family
            _check_variant(config, variant, values, sizes)
    _check_seeds(config.get("tuning"))
    for family, row in config.setdefault("variants", {}).items():
        _check_name(f"variants.{family}", family, re.compile(PAPER))
        _check_form(family, row)
        families[family] = list(expand(config, family, row))
        if twice := [n for n, k in Counter(v.name for v in families[family]).items() if k > 1]:
            raise ConfigError(
                f"variants.{family} has several variants {twice[0]!r}; allowed: values that differ "
                "in twelve digits"
            )
        for variant in families[family]:
            _check_variant(config, variant, values, sizes)
            if names.setdefault(variant.name, family) != family or variant.name == PAPER:
                raise ConfigError(
                    f"variants.{family} has a variant {variant.name!r}, but so has "
                    f"variants.{names[variant.name]}; allowed: names of their own"
                )
    for name, study in config.setdefault("studies", {}).items():
        _check_name(f"studies.{name}", name, TAKEN)
        for i, family in enumerate(study["variants"]):
            if family not in families:
                raise ConfigError(
                    f"studies.{name}.variants[{i}] is {family!r}; allowed: "
                    f"{options_for(family, families)}"
                )
        known = {PAPER, *names}
        if study["compared_with"] not in known:
            raise ConfigError(
                f"studies.{name}.compared_with is {study['compared_with']!r}; allowed: "
                f"{options_for(study['compared_with'], sorted(known))}"
            )


def _check_seeds(tuning: dict | None) -> None:
    if tuning and (both := set(tuning["seeds"]) & set(tuning["validation_seeds"])):
        raise ConfigError(
            f"tuning.validation_seeds has {min(both)}, as tuning.seeds has; allowed: seeds that no "
            "reported run has"
        )


def _check_name(place: str, name: str, taken: re.Pattern) -> None:
    """A variant's name is one of a folder, and a study's also one of a rule."""
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{short(place)} is no name; allowed: letters, digits, '_', '-' and '.', a letter first"
        )
    if taken.fullmatch(name):
        raise ConfigError(f"{place} cannot be called so, since {name!r} means something already")


def _check_form(family: str, row: dict) -> None:
    if "scan" in row and "each_reading" in row:
        raise ConfigError(f"variants.{family} has scan and each_reading; allowed: one of them")
    if not {"scan", "each_reading", *DIFFERENCES} & row.keys():
        raise ConfigError(
            f"variants.{family} changes nothing; allowed: readings, readings_of, settings, scan, "
            "each_reading"
        )
    if "each_reading" in row and set(DIFFERENCES) & row.keys():
        raise ConfigError(
            f"variants.{family} has each_reading, which is of readings alone; allowed beside it: "
            "benchmarks, methods, decided"
        )


def _check_variant(
    config: dict, variant: Variant, values: Draft202012Validator, sizes: Sizes
) -> None:
    """Its values, as those of the configuration are checked."""
    if not NAME.fullmatch(variant.name):
        raise ConfigError(f"variants.{variant.family} has no usable name: {short(variant.name)!r}")
    part = {name: getattr(variant, name) for name in DIFFERENCES}
    errors = sorted(values.iter_errors(part), key=place_of)
    if errors:
        raise ConfigError(short(f"variants.{variant.family}.{sentence(errors[0])}"))
    for benchmark, changed in variant.settings.items():
        readings = variant.readings | variant.readings_of.get(benchmark, {})
        if (changed or readings) and benchmark in config["settings"]:
            block = config["settings"][benchmark] | changed
            own = config | {"readings": config["readings"] | readings}
            sizes(benchmark, block, own, f"variants.{variant.family}.settings.{benchmark}")
