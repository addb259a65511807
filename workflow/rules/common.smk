# What all rules share: the checked configuration, the library, and helpers.

import json
import os
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import DeploymentMethod

PROJECT = Path(workflow.basedir).parent
sys.path.insert(0, str(PROJECT / "src"))

from drl_replication import config as configuration, locks, sources
from drl_replication.benchmarks import BENCHMARKS
from drl_replication.coverage import missing_runs
from drl_replication.datasets import DATASETS
from drl_replication.figures import FIGURES
from drl_replication.methods import METHODS

try:
    config = configuration.check(config)
except configuration.ConfigError as error:
    raise WorkflowError(f"configuration: {error}") from None

if workflow.is_main_process:
    try:
        alive = locks.hold(Path(".snakemake"))  # until this process ends
    except OSError as error:
        raise WorkflowError(
            f"{Path.cwd()} cannot be written ({error.strerror}), but Snakemake keeps notes in it: "
            "work in a copy of the project, or make it writable"
        ) from None


# The readings that a table depends on, besides those that its runs were made with.
TABLE_READINGS = {
    1: [],
    2: [],
    3: ["intransigence_reference"],
    4: ["intransigence_reference", "rho_layers", "rho_null"],
    5: [],
    6: [],
}
TABLE_KINDS = ["csv", "md", "tex"]
FIGURE_KINDS = ["pdf", "png", "json"]
PAPER_FIGURES = [name for name in FIGURES if name.startswith("figure_")]


wildcard_constraints:
    figure="|".join(FIGURES),
    benchmark="|".join(BENCHMARKS),
    method="|".join(METHODS),
    dataset="|".join(DATASETS),
    seed="0|[1-9][0-9]*",


pathvars:
    results=config["results_dir"].rstrip("/"),


def environment():
    """What every command starts with; nothing in it belongs into a rule's parameters.

    Absolute paths here rerun nothing when the project moves. Snakemake unsets PYTHONPATH in
    conda environments, where also `python` is already the right one.
    """
    variables = {
        "PYTHONPATH": PROJECT / "src",
        "DRL_DATA_DIR": os.environ.get("DRL_DATA_DIR") or config["data_dir"] or "",
        "OMP_NUM_THREADS": 1,
        # glibc gives large blocks back at once: A-GEM on CIFAR-100 then peaks at 1.8 GiB, not 2.5.
        "MALLOC_MMAP_THRESHOLD_": 2**23,
    }
    exports = [f"export {name}={shlex.quote(str(value))};" for name, value in variables.items()]
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        exports.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH";')
    return " ".join(exports)


shell.prefix(f"set -euo pipefail; {environment()} ")


def library(script, *parts):
    """A script, and the files of the library that it uses, as inputs: an edit reruns the rule."""
    return sources.of_script(PROJECT / script, *parts, relative_to=PROJECT)


def selected(paths):
    """Records of this configuration: all of them, or those that are there if none may be made."""
    if config["records_only"]:
        paths = [path for path in paths if Path(config["results_dir"], path).exists()]
    return [f"<results>/{path}" for path in paths]


def runs(wildcards=None):
    """The records of all selected runs."""
    paths = selected(
        f"runs/{benchmark}/{method}/seed_{seed}.json"
        for benchmark, method, seed in configuration.runs(config)
    )
    if not paths:
        raise WorkflowError(
            f"records_only is true, but {config['results_dir']}/runs holds no record of the "
            "selected benchmarks, methods and seeds"
        )
    return paths


def records_of(figure):
    """The records that a figure is drawn from."""
    seeds = {"once": [0], "seeds": config["seeds"]}.get(FIGURES[figure].records, [])
    if FIGURES[figure].records == "runs":
        return runs()
    return selected(f"experiments/{figure}/seed_{seed}.json" for seed in seeds)


def figures(names=FIGURES):
    """Those of the figures that there are records for."""
    return [name for name in names if FIGURES[name].records == "none" or records_of(name)]


def settings_of_runs(wildcards=None):
    """The settings that the records in a table must have been made with, as JSON."""
    return json.dumps(configuration.settings_of_runs(config))


def readings_of(names):
    """Arguments with the chosen options of these readings."""
    return [f"--{name.replace('_', '-')}={config['readings'][name]}" for name in names]


def to_be_made(benchmark, method):
    """Whether a selected run of a method lacks its record, or has one of other settings."""
    settings = configuration.run_settings(config, benchmark, method)
    for seed in config["seeds"]:
        path = Path(config["results_dir"], "runs", benchmark, method, f"seed_{seed}.json")
        if not path.exists() or json.loads(path.read_text())["settings"] != settings:
            return True
    return False


def costs_to_measure(wildcards):
    """Costs of the methods that have runs still to be made."""
    return [
        f"<results>/plan/{benchmark}/{method}.json"
        for benchmark in config["benchmarks"]
        for method in config["methods"]
        if to_be_made(benchmark, method)
    ]


def notes(wildcards=None):
    """`--note` arguments: what a reader of a result must know of the configuration."""
    sentences = []
    if config["records_only"]:
        wanted = list(configuration.runs(config))
        there = [Path(path).parts[-3:] for path in runs()]
        there = [(b, m, int(file[len("seed_") : -len(".json")])) for b, m, file in there]
        sentences.append(
            f"Made from the records in {config['results_dir']}/runs without any training: "
            f"{len(there)} of {len(wanted)} selected runs are there."
        )
        if missing := missing_runs(wanted, there):
            sentences.append(f"Missing: {missing}.")
    if changed := configuration.changed_readings(config):
        sentences.append(f"Readings other than the defaults: {'; '.join(changed)}.")
    return [f"--note={sentence}" for sentence in sentences]


def manifest(wildcards):
    """The verified dataset of a benchmark."""
    return f"<results>/data/{config['settings'][wildcards.benchmark]['dataset']}.json"


def experiment_parts(wildcards):
    """The parts of the methods that an experiment trains."""
    methods = ["drl", "ber"] if wildcards.number == "3" else []
    return [part for method in methods for part in METHODS[method].parts]


def run_settings(wildcards):
    """All that decides a run besides its seed, as JSON: a change reruns exactly these runs."""
    settings = configuration.run_settings(config, wildcards.benchmark, wildcards.method)
    return json.dumps(settings)


def checksums(wildcards):
    """The registered files of a dataset: another registration verifies anew."""
    return str(DATASETS[wildcards.dataset].checksums)


def train_resources(wildcards, attempt):
    """Minutes and memory (MB) that a training asks a cluster for; more at each attempt."""
    minutes, memory = {"dense": (30, 2000), "resnet": (720, 4000)}[
        BENCHMARKS[wildcards.benchmark].network
    ]
    if "agem_reference_batch_size" in METHODS[wildcards.method].hyperparameters:
        minutes *= 8  # a second gradient, on a batch many times as large
    return minutes * attempt, memory * attempt


def table_rows(wildcards):
    """The rows of the library's tables that a run uses; other rows may change freely."""
    return str((BENCHMARKS[wildcards.benchmark], METHODS[wildcards.method].parts))
