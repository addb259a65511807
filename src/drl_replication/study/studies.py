"""Studies: lists of variants, the runs that they need, and the file that tells scripts of them.

Imports no torch: Snakemake plans with it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from drl_replication.files import write_text_atomically
from drl_replication.paper.printed import METHOD_TITLES
from drl_replication.study.readings import READINGS
from drl_replication.study.runs import PAPER, Run, facts_of, key_with
from drl_replication.study.settings import run_settings, why_void
from drl_replication.study.tuning import TUNING, VALIDATION, families
from drl_replication.study.variants import Block, Variant, expand

DRL = "drl"
CHOSEN_ON = ("ber", "er")  # the methods on whose numbers a rate may be chosen; see config.schema

# The figures of a study, by the CSV that each is drawn from.
FIGURES = {"specification_curve": "curve", "agreement_by_rate": "rates"}


class Variants:
    """All variants of a checked configuration, by name, `paper` first; and what their runs read."""

    def __init__(self, config: Mapping[str, Any]):
        self.config = config
        everything = tuple(config["benchmarks"]), tuple(config["methods"])
        self.families: dict[str, list[Variant]] = {}
        self.by_name = {PAPER: Variant(PAPER, "", {}, {}, {}, *everything)}
        for family, row in config.get("variants", {}).items():
            self.families[family] = list(expand(config, family, row))
        self.families |= families(config)
        for found in self.families.values():
            self.by_name |= {variant.name: variant for variant in found}
        self._settings: dict[tuple[str, str, str], Block] = {}
        self._facts: dict[tuple[str, str, str], str] = {}
        self._configs: dict[tuple[str, str], Mapping[str, Any]] = {}

    def settings(self, variant: str, benchmark: str, method: str) -> Block:
        """What a run of `method` on `benchmark` reads; where the variant isn't meant, the paper's.

        Raises:
            ConfigError: unknown benchmark or method.
        """
        place = variant, benchmark, method
        if place not in self._settings:
            self._settings[place] = run_settings(self._config(*place), benchmark, method)
        return self._settings[place]

    def key(self, run: Run) -> str:
        """The key of a run under its variant."""
        place = run.variant, run.benchmark, run.method
        if place not in self._facts:
            self._facts[place] = facts_of(run.method, self.settings(*place))
        return key_with(run.method, run.seed, self._facts[place])

    def _config(self, name: str, benchmark: str, method: str) -> Mapping[str, Any]:
        variant = self.by_name[name]
        if name == PAPER or benchmark not in variant.benchmarks or method not in variant.methods:
            return self.config
        if (name, benchmark) not in self._configs:
            readings = variant.readings | variant.readings_of.get(benchmark, {})
            block = self.config["settings"].get(benchmark, {}) | variant.settings.get(benchmark, {})
            self._configs[name, benchmark] = {
                **self.config,
                "readings": self.config["readings"] | readings,
                "settings": self.config["settings"] | {benchmark: block},
            }
        return self._configs[name, benchmark]


class Cell(NamedTuple):
    """A method on a benchmark under a variant: its settings, and the variant whose place it has.

    Of several variants with the same settings for it, the first one's runs are those of all.
    """

    benchmark: str
    method: str
    settings: dict[str, Any]
    place: str


@dataclass(frozen=True)
class Study:
    """What is compared with what: `compared_with` is the name of a variant."""

    name: str
    title: str
    variants: tuple[Variant, ...]
    benchmarks: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    compared_with: str
    chosen_on: tuple[str, ...]


def studies(variants: Variants) -> dict[str, Study]:
    """The studies of a checked configuration.

    Of a study's benchmarks and methods those count that the configuration selects.
    """
    config = variants.config
    return {
        name: Study(
            name,
            row.get("title", name),
            tuple(v for family in row["variants"] for v in variants.families[family]),
            tuple(b for b in config["benchmarks"] if b in row.get("benchmarks", [b])),
            tuple(m for m in config["methods"] if m in row.get("methods", [m])),
            tuple(int(seed) for seed in row["seeds"]),
            row["compared_with"],
            tuple(row.get("chosen_on", CHOSEN_ON)),
        )
        for name, row in config.get("studies", {}).items()
    }


def tuning_studies(variants: Variants) -> dict[str, Study]:
    """Every point on the held-out part; and on the test set, where only those chosen are run."""
    config = variants.config
    if TUNING not in config:
        return {}
    tuning = config[TUNING]
    benchmarks = tuple(b for b in config["benchmarks"] if b in tuning["benchmarks"])
    methods = tuple(config["methods"])
    seeds = {VALIDATION: tuning["validation_seeds"], TUNING: tuning["seeds"]}
    compared_with = {VALIDATION: variants.families[VALIDATION][0].name, TUNING: PAPER}
    return {
        name: Study(
            name,
            tuning["title"],
            tuple(variants.families[name]),
            benchmarks,
            methods,
            tuple(seeds[name]),
            compared_with[name],
            (),
        )
        for name in (VALIDATION, TUNING)
    }


def one_point(study: Study) -> Study:
    """With the first of its variants alone, as an example of what one costs."""
    return replace(study, variants=study.variants[:1])


def cells(study: Study, variants: Variants) -> dict[str, list[Cell]]:
    """By variant: all cells of what is compared with, and of the others those that differ from it.

    A variant in which nothing differs, and that changes no table either, is left out.
    """
    base = variants.by_name[study.compared_with]
    places: dict[str, str] = {}
    found: dict[str, list[Cell]] = {}
    first = [_cell(variants, base.name, b, m, places) for b, m in _pairs(study)]
    found[base.name] = first
    usual = {cell[:2]: cell.settings for cell in first}
    for variant in study.variants:
        if variant.name == base.name:
            continue
        other = [
            _cell(variants, variant.name, b, m, places)
            for b, m in _pairs(study)
            if variants.settings(variant.name, b, m) != usual[b, m]
        ]
        if other or variant.of_tables:
            found[variant.name] = other
    return found


def _pairs(study: Study) -> Iterator[tuple[str, str]]:
    return (
        (benchmark, method)
        for benchmark in study.benchmarks
        for method in study.methods
        if not why_void(benchmark, method)
    )


def _cell(
    variants: Variants, name: str, benchmark: str, method: str, places: dict[str, str]
) -> Cell:
    settings = variants.settings(name, benchmark, method)
    facts = json.dumps([method, settings], sort_keys=True)  # the seed aside, what a key is made of
    return Cell(benchmark, method, settings, places.setdefault(facts, name))


def runs(study: Study, found: Mapping[str, list[Cell]]) -> list[Run]:
    """Every run that a study needs, once."""
    return list(
        dict.fromkeys(
            Run(cell.benchmark, cell.method, seed, cell.place)
            for part in found.values()
            for cell in part
            for seed in study.seeds
        )
    )


def drawable(study: Study, found: Mapping[str, list[Cell]]) -> list[str]:
    """The figures for which a study has variants."""
    own = [
        v for v in study.variants if any(c.method in METHOD_TITLES for c in found.get(v.name, ()))
    ]
    changes = [list(v.changes) for v in own]
    rivals = {*study.methods} & {*METHOD_TITLES} - {DRL}  # by whom the curve is drawn
    wanted = {
        "specification_curve": DRL in study.methods and len(rivals) > 0,
        "agreement_by_rate": ["learning_rate"] in changes,
    }
    enough = len(study.seeds) > 1
    return [name for name in FIGURES if wanted[name] and enough]


def seed_groups(
    variants: Variants, found: Mapping[str, Study]
) -> list[tuple[str, list[str], list[int]]]:
    """Seeds that may share jobs: those that the same studies want of a variant.

    Each with a name, and the variants that share it. What the configuration itself selects comes
    first, then what studies want of the paper's variant besides.
    """
    own = list(variants.config["seeds"])
    wanted: dict[str, dict[int, list[str]]] = {PAPER: {}}
    for study in found.values():
        for name in (study.compared_with, *(variant.name for variant in study.variants)):
            for seed in study.seeds:
                if name != PAPER or seed not in own:
                    wanted.setdefault(name, {}).setdefault(seed, []).append(study.name)
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, seeds in wanted.items():
        by_studies: dict[tuple[str, ...], list[int]] = {}
        for seed, names in seeds.items():
            by_studies.setdefault(tuple(names), []).append(seed)
        for part in by_studies.values():
            groups.setdefault(tuple(part), []).append(name)
    others = [(f"study_{i}_", names, list(part)) for i, (part, names) in enumerate(groups.items())]
    return [("", [PAPER], own), *others]


def to_json(study: Study, variants: Variants) -> str:
    """What scripts are told of a study: its variants, and of each its cells."""
    found = cells(study, variants)
    by_name = variants.by_name
    content = {
        "study": study.name,
        "title": study.title,
        "results": variants.config["results_dir"],
        "seeds": study.seeds,
        "compared_with": study.compared_with,
        "chosen_on": study.chosen_on,
        "readings": variants.config["readings"],
        "variants": [
            {
                "name": name,
                "family": by_name[name].family,
                "changes": _that_matter(by_name[name], part),
                "decided": by_name[name].decided,
                "of_tables": by_name[name].of_tables,
                "cells": [cell._asdict() for cell in part],
            }
            for name, part in found.items()
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def _that_matter(variant: Variant, part: list[Cell]) -> dict[str, str]:
    """What a variant changes, without readings that none of these runs has."""
    read = {name for cell in part for name in cell.settings["readings"]}
    return {
        name: told
        for name, told in variant.changes.items()
        if name not in READINGS or name in read or name in variant.of_tables
    }


def digest(study: Study, variants: Variants) -> str:
    """SHA-256 of what :func:`to_json` says."""
    return hashlib.sha256(to_json(study, variants).encode()).hexdigest()


def write(study: Study, variants: Variants, path: Path) -> None:
    """Tell the scripts of a study: see `study.study_files`."""
    write_text_atomically(path, to_json(study, variants))
