"""What the configuration means for single runs and figures."""

import hashlib
from collections.abc import Mapping
from typing import Any

from drl_replication import sources
from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.validation import HELD_OUT
from drl_replication.learning.methods import METHODS
from drl_replication.study.config import schema
from drl_replication.study.readings import READINGS
from drl_replication.study.refusals import ConfigError, options_for

FIGURE_IMAGES = "split_mnist"  # the benchmark whose images and methods Figures 2 and 3 use
# What every run depends on, whatever its method.
COMMON = ("dataset", "training_images", "memory_size")


def run_settings(config: Mapping[str, Any], benchmark: str, method: str) -> dict:
    """All settings that a run of `method` on `benchmark` depends on, and no other.

    The result is plain JSON. Two runs with equal settings and seed are the same run.

    Raises:
        ConfigError: unknown benchmark or method, or a method that is void there.
    """
    for kind, name, known in (
        ("benchmark", benchmark, config["settings"]),
        ("method", method, METHODS),
    ):
        if name not in known:
            raise ConfigError(
                f"the {kind} {name!r} is unknown; allowed: {options_for(name, known)}"
            )
    if why := why_void(benchmark, method):
        raise ConfigError(f"{method} does not run on {benchmark}: {why}")
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
    if block.get(HELD_OUT):  # only there: a run on the test set has no such setting
        values[HELD_OUT] = float(block[HELD_OUT])
    # Only where it is on, so that it is in no key of a run that is evaluated after tasks alone.
    watched = {"evaluate_every": n} if (n := config["evaluate_every"]) else {}
    return {"benchmark": benchmark, **values, **watched, "readings": readings}


def why_void(benchmark: str, method: str) -> str:
    """Why a method means nothing on a benchmark, as a clause; empty where it does."""
    needed = METHODS[method].only_groups
    if needed in ("", BENCHMARKS[benchmark].groups):
        return ""
    return {
        "class": "its tasks share all classes, so nothing is left of what the method changes",
        "task": "its groups are classes, and the method needs tasks as groups",
    }[needed]


def changed_readings(config: Mapping[str, Any]) -> list[str]:
    """`name = option` for each reading of runs that is not the default.

    Those of tables are left out: the tables that depend on them say so themselves.
    """
    chosen = config["readings"]
    return [
        f"{name} = {chosen[name]}"
        for name, reading in READINGS.items()
        if chosen[name] != reading.default and not reading.tables
    ]


def figure_settings(config: Mapping[str, Any], figure: str) -> dict:
    """All that decides what a figure is drawn from, besides runs and seeds: plain JSON.

    Figures 2 and 3 use the data and the methods of Split MNIST.
    """
    own = dict(config["figures"].get(figure, {}))
    if figure == "figure_2":
        return own | {"dataset": config["settings"][FIGURE_IMAGES]["dataset"]}
    if figure == "figure_3":
        return own | {m: _of_experiment(config, FIGURE_IMAGES, m) for m in ("drl", "ber")}
    return own


def _of_experiment(config: Mapping[str, Any], benchmark: str, method: str) -> dict:
    """Of a run inside an experiment, which holds no images out and is evaluated after tasks."""
    settings = run_settings(config, benchmark, method)
    return {k: v for k, v in settings.items() if k not in (HELD_OUT, "evaluate_every")}


CLAIM_METHODS = ("drl", "ber", "er", "multisim", "rmargin")
CLAIM_EXAMPLES, CLAIM_RUNS = "claim_examples", "claim_runs_"  # and a benchmark


def claim_experiments(config: Mapping[str, Any]) -> dict[str, dict]:
    """The experiments that judge claims, and all that decides each besides its seed: plain JSON.

    Runs of the selected benchmarks that have the small network.
    """
    small = [b for b in config["benchmarks"] if BENCHMARKS[b].network == "dense"]
    names = ("samples_per_class", "selected_fraction")
    examples = {name: config["figures"]["figure_1"][name] for name in names}
    return {CLAIM_EXAMPLES: examples} | {
        f"{CLAIM_RUNS}{b}": {m: _of_experiment(config, b, m) for m in CLAIM_METHODS} for b in small
    }


def claim_code(name: str) -> str:
    """SHA-256 of the code of an experiment of `claim_experiments`, and of its tables' rows."""
    benchmark = name.removeprefix(CLAIM_RUNS) if name.startswith(CLAIM_RUNS) else ""
    module = sources.PACKAGE / "experiments" / ("claim_runs.py" if benchmark else f"{name}.py")
    used = {part for m in CLAIM_METHODS for part in METHODS[m].parts} if benchmark else ()
    parts = tuple(sorted(used))
    all_of_it = sources.digest(module, parts=parts), BENCHMARKS.get(benchmark), parts
    return hashlib.sha256(repr(all_of_it).encode()).hexdigest()


def settings_of_runs(config: Mapping[str, Any]) -> dict[str, dict[str, dict]]:
    """The settings of all selected runs: {benchmark: {method: settings}}."""
    return {
        benchmark: {
            method: run_settings(config, benchmark, method)
            for method in config["methods"]
            if not why_void(benchmark, method)
        }
        for benchmark in config["benchmarks"]
    }
