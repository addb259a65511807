"""Tuning on a part of the training set (Sec. 5): its points, as variants of the configuration.

Every method has the same number of points, at the same learning rates. A point sets the
hyperparameters of all methods, of which each reads its own. Imports no torch: Snakemake plans
with it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.validation import HELD_OUT
from drl_replication.learning.methods import METHODS
from drl_replication.study.readings import READINGS
from drl_replication.study.refusals import ConfigError
from drl_replication.study.variants import Variant

VALIDATION, TUNING = "validation", "tuning"  # a point on the held-out part, and on the test set
COUNTS = ("mir_candidates", "ogd_samples")  # whole numbers; those that set a step's cost stay
SHARES = ("mer_beta", "mer_gamma")  # at most 1


def families(config: Mapping[str, Any]) -> dict[str, list[Variant]]:
    """The variants `validation_0`, ... and `tuning_0`, ...: each point once in either place."""
    if TUNING not in config:
        return {}
    tuning = config[TUNING]
    held_out = {HELD_OUT: tuning[HELD_OUT]}
    return {
        VALIDATION: [_variant(config, VALIDATION, i, held_out) for i in range(size(tuning))],
        TUNING: [_variant(config, TUNING, i, {}) for i in range(size(tuning))],
    }


def size(tuning: Mapping[str, Any]) -> int:
    """How many points there are. Raises ConfigError if the lists are not of one length."""
    lengths = {name: len(factors) for name, factors in tuning["factors"].items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise ConfigError(f"tuning.factors has lists of several lengths ({told}); allowed: one")
    return next(iter(lengths.values()))


def _variant(config: Mapping[str, Any], family: str, point: int, more: dict) -> Variant:
    tuning = config[TUNING]
    factors = {name: values[point] for name, values in tuning["factors"].items()}
    benchmarks = [b for b in config["benchmarks"] if b in tuning["benchmarks"]]
    settings = {}
    for benchmark in benchmarks:
        block = config["settings"].get(benchmark, {})
        own = {name: _value(name, block[name] * f) for name, f in factors.items() if name in block}
        settings[benchmark] = own | more
    read = _read(config, benchmarks)
    return Variant(
        name=f"{family}_{point}",
        family=family,
        settings=settings,
        benchmarks=tuple(benchmarks),
        methods=tuple(config["methods"]),
        changes={name: f"x{factor:g}" for name, factor in factors.items() if name in read},
    )


def _value(name: str, number: float) -> float:
    """Of 0.02 x 0.3 no more digits than people would write."""
    if name in COUNTS:
        return max(1, round(number))
    return float(f"{min(number, 1) if name in SHARES else number:.3g}")


def _read(config: Mapping[str, Any], benchmarks: Iterable[str]) -> set[str]:
    """The hyperparameters that a selected method reads, as the readings are."""
    rows = [METHODS[method] for method in config["methods"]]
    found = {key for row in rows for key in row.hyperparameters}
    return found | {
        reading.learning_rate[config["readings"][name]]
        for name, reading in READINGS.items()
        if reading.learning_rate
        and any(reading.concerns(BENCHMARKS[b], row) for b in benchmarks for row in rows)
    }
