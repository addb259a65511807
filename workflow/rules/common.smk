# What all rules share: the checked configuration, the library, and helpers.

import json
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import DeploymentMethod

PROJECT = Path(workflow.basedir).parent
sys.path.insert(0, str(PROJECT / "src"))

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.figures import FIGURES
from drl_replication.files import check_writable
from drl_replication.jobs import locks, safekeeping, sources
from drl_replication.jobs.resources import is_done, resources as resources_of, runs_together
from drl_replication.learning.methods import METHODS
from drl_replication.study import config as configuration, settings as study
from drl_replication.study.readings import READINGS_OF_TABLES, TABLE_READINGS
from drl_replication.text.coverage import missing_runs, partial_figures

try:
    config = configuration.check(config)
except configuration.ConfigError as error:
    raise WorkflowError(f"configuration: {error}") from None


def writable(folder):
    """Refuse a folder that cannot be written, in one sentence."""
    try:
        check_writable(folder)
    except OSError as error:
        raise WorkflowError(
            f"{folder} cannot be written ({error.strerror}): make it writable, or work in a copy "
            "of the project"
        ) from None


if workflow.is_main_process:
    writable(Path.cwd())
    alive = locks.hold(Path(".snakemake"))  # until this process ends


onstart:
    writable(Path(config["results_dir"]).absolute())
    if not workflow.touch:
        set_stale_aside()


onsuccess:
    safekeeping.forget_copies(Path(config["results_dir"]))


onerror:
    put_finished_back()


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


# Snakemake formats it, but a brace here is one of a folder's name.
shell.prefix(f"set -euo pipefail; {environment()} ".replace("{", "{{").replace("}", "}}"))


def library(script, *parts):
    """A script, and the files of the library that it uses, as inputs: an edit reruns the rule."""
    return sources.of_script(PROJECT / script, *parts, relative_to=PROJECT)


def selected(paths):
    """Records of this configuration: all of them, or those that are there if none may be made."""
    if config["records_only"]:
        paths = [path for path in paths if Path(config["results_dir"], path).exists()]
    return [f"<results>/{path}" for path in paths]


def selected_runs():
    """The records of all selected runs."""
    return selected(
        f"runs/{benchmark}/{method}/seed_{seed}.json"
        for benchmark, method, seed in study.selected_runs(config)
    )


def runs(wildcards):
    """The records of all selected runs, for a rule that needs one at least."""
    return selected_runs() or nothing_recorded("runs", "selected benchmarks, methods and seeds")


def nothing_recorded(folder, what):
    raise WorkflowError(
        f"records_only is true, but {config['results_dir']}/{folder} holds no record of the {what}"
    )


def records_of(figure):
    """The records that a figure is drawn from."""
    if FIGURES[figure].records == "runs":
        return selected_runs()
    seeds = {"once": [0], "seeds": config["seeds"]}.get(FIGURES[figure].records, [])
    return selected(f"experiments/{figure}/seed_{seed}.json" for seed in seeds)


def can_be_drawn(figure):
    """Whether there are records for it, or will be."""
    return FIGURES[figure].records == "none" or bool(records_of(figure))


def records_to_draw(wildcards):
    """The records of a figure, one at least where it needs some."""
    if not can_be_drawn(wildcards.figure):
        nothing_recorded(f"experiments/{wildcards.figure}", "selected seeds")
    return records_of(wildcards.figure)


def figure_rows(wildcards):
    """What a figure uses of the library's tables of rows: one groups methods by memory."""
    if wildcards.figure != "memory_composition":
        return ""
    return str([METHODS[method].memory for method in config["methods"]])


def figures(names=FIGURES):
    """Those of the figures that can be drawn."""
    return [name for name in names if can_be_drawn(name)]


def settings_of_runs(wildcards=None):
    """The settings that the records in a table must have been made with, as JSON."""
    return json.dumps(study.settings_of_runs(config))


def readings_of(names):
    """Arguments with the chosen options of these readings."""
    return [f"--{name.replace('_', '-')}={config['readings'][name]}" for name in names]


def to_be_made(benchmark, method):
    """Whether a selected run of a method lacks its record, or has one of other settings."""
    settings = study.run_settings(config, benchmark, method)
    return not all(is_done(record(benchmark, method, seed), settings) for seed in config["seeds"])


def costs_to_measure(wildcards):
    """Costs of the methods that have runs still to be made."""
    return [
        f"<results>/plan/{benchmark}/{method}.json"
        for benchmark in config["benchmarks"]
        for method in config["methods"]
        if to_be_made(benchmark, method)
    ]


def notes(wildcards=None, missing=True):
    """`--note` arguments: what a reader of a result must know of the configuration.

    Without `missing` for what says by itself which runs it lacks.
    """
    sentences = []
    if config["records_only"]:
        wanted = list(study.selected_runs(config))
        there = [Path(path).parts[-3:] for path in selected_runs()]
        there = [(b, m, int(file[len("seed_") : -len(".json")])) for b, m, file in there]
        sentences.append(
            f"Made from the records in {config['results_dir']}/runs without any training: "
            f"{len(there)} of {len(wanted)} selected runs are there."
        )
        if missing and len(there) < len(wanted):
            sentences.append(f"Missing: {missing_runs(wanted, there)}.")
    if changed := study.changed_readings(config):
        sentences.append(f"Readings other than the defaults: {'; '.join(changed)}.")
    return [f"--note={sentence}" for sentence in sentences]


def notes_on_figures():
    """A `--note` argument for each figure that has records of fewer seeds than are selected."""
    there = {
        figure: [int(Path(path).stem[len("seed_") :]) for path in records_of(figure)]
        for figure in PAPER_FIGURES
        if FIGURES[figure].records == "seeds"
    }
    return [f"--note={sentence}." for sentence in partial_figures(there, config["seeds"])]


def record(benchmark, method, seed):
    """Where the record of a run stands."""
    return Path(config["results_dir"], "runs", benchmark, method, f"seed_{seed}.json")


def set_stale_aside():
    """Snakemake would put a stale record back if its job failed, and take it for the new one."""
    for job in workflow.dag.needrun_jobs():
        if job.rule.name.startswith("train"):
            settings = study.run_settings(
                config, job.wildcards.benchmark, job.wildcards.method
            )
            for path in map(Path, job.output):
                if not safekeeping.is_current(path, settings):
                    safekeeping.put_aside(path)


def put_finished_back():
    """Snakemake deletes all that a failed job made, also the runs that it had finished."""
    for benchmark, method, seed in study.selected_runs(config):
        settings = study.run_settings(config, benchmark, method)
        with suppress(OSError):  # the disk that was full; the next job tries again
            safekeeping.put_back(record(benchmark, method, seed), settings)


def note_on_readings():
    """A `--note` argument that names the option of every reading."""
    chosen = ", ".join(f"{name} = {option}" for name, option in config["readings"].items())
    return f"--note=Readings of ambiguous sentences (config/README.md): {chosen}."


def manifest(wildcards):
    """The verified dataset of a benchmark."""
    return f"<results>/data/{config['settings'][wildcards.benchmark]['dataset']}.json"


def experiment_parts(wildcards):
    """The parts of the methods that an experiment trains."""
    methods = ["drl", "ber"] if wildcards.number == "3" else []
    return [part for method in methods for part in METHODS[method].parts]


def experiment_rows(wildcards):
    """The rows of the library's tables that an experiment uses."""
    return str((BENCHMARKS["split_mnist"], experiment_parts(wildcards)))


def run_settings(wildcards):
    """All that decides a run besides its seed, as JSON: a change reruns exactly these runs."""
    settings = study.run_settings(config, wildcards.benchmark, wildcards.method)
    return json.dumps(settings)


def checksums(wildcards):
    """The registered files of a dataset: another registration verifies anew."""
    return str(DATASETS[wildcards.dataset].checksums)


def training_jobs():
    """The rules that train, as (name, seeds, regular expression of benchmarks).

    `train` makes one run, of any seed. Where `job_minutes` asks for longer jobs than a run of
    the costliest method, there is another rule for each few seeds, which goes first.
    """
    jobs = {}
    for benchmark in config["benchmarks"]:
        settings = study.settings_of_runs(config)[benchmark]
        size = runs_together(settings, config["job_minutes"])
        for start in range(0, len(config["seeds"]), size):
            seeds = tuple(map(str, config["seeds"][start : start + size]))
            jobs.setdefault(seeds, []).append(benchmark)
    together = [
        (f"train_{seeds[0]}_to_{seeds[-1]}", seeds, "|".join(benchmarks))
        for seeds, benchmarks in jobs.items()
        if len(seeds) > 1
    ]
    return [("train", ("{seed}",), "|".join(BENCHMARKS)), *together]


def train_resources(wildcards, runs, attempt):
    """Minutes and memory (MB) that a job of so many trainings asks a cluster for."""
    settings = study.run_settings(config, wildcards.benchmark, wildcards.method)
    return resources_of(wildcards.method, settings, runs, attempt, config["job_minutes_limit"])


def table_rows(wildcards):
    """The rows of the library's tables that a run uses; other rows may change freely."""
    return str((BENCHMARKS[wildcards.benchmark], METHODS[wildcards.method].parts))
