"""Variants: named differences of the configuration.

What the configuration itself says is the variant `paper`. A variant of the configuration may be a
family: a scan, or each option of each reading, which expands to one variant a combination.
Imports no torch: Snakemake plans with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.study.readings import READINGS, READINGS_OF_TABLES

ALL = "all"  # in `settings`: every benchmark
Block = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """A named difference: of readings, of the settings of benchmarks, for some runs only.

    `changes` says what it changes, by the name of the reading or setting, as people read it.
    """

    name: str
    family: str = ""  # its key in the configuration
    readings: Block = field(default_factory=dict)
    readings_of: dict[str, Block] = field(default_factory=dict)  # by benchmark
    settings: dict[str, Block] = field(default_factory=dict)  # by benchmark
    benchmarks: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    changes: dict[str, str] = field(default_factory=dict)
    decided: str = "before"

    @property
    def of_tables(self) -> Block:
        """The readings that change tables, not runs."""
        return {name: o for name, o in self.readings.items() if name in READINGS_OF_TABLES}


def expand(config: Mapping[str, Any], family: str, row: Mapping[str, Any]) -> Iterator[Variant]:
    """The variants that a row of the configuration's `variants` stands for."""
    if row.get("each_reading"):
        yield from _each_reading(config, family, row)
    elif "scan" in row:
        axes = [_points(name, axis) for name, axis in row["scan"].items()]
        for points in product(*axes):
            name = "_".join([family, *(point.label for point in points)])
            yield _variant(config, name, family, row, points)
    else:
        yield _variant(config, family, family, row, ())


@dataclass(frozen=True)
class Point:
    """A value of one key of a scan, or a factor on what the configuration has."""

    key: str
    value: Any
    is_factor: bool = False

    @property
    def label(self) -> str:
        """In the variant's name."""
        number = isinstance(self.value, int | float)
        return "x" * self.is_factor + (f"{self.value:.12g}" if number else str(self.value))

    def of(self, block: Mapping[str, Any]) -> Any:
        """The value for a benchmark; 0.2 x 0.05 is 0.01, not 0.010000000000000002."""
        return float(f"{block[self.key] * self.value:.12g}") if self.is_factor else self.value


def _points(key: str, axis: list | Mapping[str, list]) -> list[Point]:
    if isinstance(axis, Mapping):
        return [Point(key, factor, is_factor=True) for factor in axis["factors"]]
    return [Point(key, value) for value in axis]


def _variant(
    config: Mapping[str, Any],
    name: str,
    family: str,
    row: Mapping[str, Any],
    points: tuple[Point, ...],
) -> Variant:
    of_readings = {p.key: p.value for p in points if p.key in READINGS}
    of_settings = [p for p in points if p.key not in READINGS]
    benchmarks = row.get("benchmarks", config["benchmarks"])
    settings = {}
    for benchmark in benchmarks:
        block = config["settings"].get(benchmark, {})
        own = row.get("settings", {})
        settings[benchmark] = {
            **own.get(ALL, {}),
            **own.get(benchmark, {}),
            **{p.key: p.of(block) for p in of_settings if p.key in block},
        }
    readings = row.get("readings", {}) | of_readings
    return Variant(
        name,
        family,
        readings,
        row.get("readings_of", {}),
        settings,
        tuple(benchmarks),
        tuple(row.get("methods", config["methods"])),
        _changes(
            config, row, readings, [p for p in of_settings if not _is_own(config, benchmarks, p)]
        ),
        row.get("decided", "before"),
    )


def _is_own(config: Mapping[str, Any], benchmarks: Iterable[str], point: Point) -> bool:
    """Whether a point of a scan is what the configuration has anyway."""
    blocks = [config["settings"].get(benchmark, {}) for benchmark in benchmarks]
    return all(point.of(block) == block[point.key] for block in blocks if point.key in block)


def _changes(
    config: Mapping[str, Any],
    row: Mapping[str, Any],
    readings: Mapping[str, Any],
    points: list[Point],
) -> dict[str, str]:
    """What a variant changes, in the words of the configuration."""
    own = config["readings"]
    found = {name: str(option) for name, option in readings.items() if option != own[name]}
    blocks = [item for n in ("readings_of", "settings") for item in row.get(n, {}).items()]
    places: dict[tuple[str, str], list[str]] = {}
    for benchmark, block in blocks:
        for name, value in block.items():
            places.setdefault((name, str(value)), []).append(benchmark)
    for (name, value), where in places.items():
        told = value if ALL in where else f"{value} on {', '.join(where)}"
        found[name] = f"{found[name]}; {told}" if name in found else told
    return found | {point.key: point.label for point in points}


def _each_reading(
    config: Mapping[str, Any], family: str, row: Mapping[str, Any]
) -> Iterator[Variant]:
    """Each option of each reading that the configuration doesn't have, alone."""
    for name, reading in READINGS.items():
        for option in reading.options:
            if option == config["readings"][name]:
                continue
            networks = reading.only_on.get(option)
            benchmarks = [
                benchmark
                for benchmark in row.get("benchmarks", config["benchmarks"])
                if networks is None or BENCHMARKS[benchmark].network in networks
            ]
            alone = {**row, "benchmarks": benchmarks}
            yield _variant(config, f"{name}_{option}", family, alone, (Point(name, option),))
