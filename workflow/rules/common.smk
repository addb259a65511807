# What all rules share: the checked configuration, and what it selects.

import json
import re
import shlex
import sys
from contextlib import suppress
from functools import cache

from snakemake_interface_executor_plugins.settings import DeploymentMethod

from drl_replication import sources
from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.files import check_temporary, check_writable, remove_cut
from drl_replication.jobs import gpus, locks, resources, slurm
from drl_replication.jobs.store import Store
from drl_replication.learning.methods import METHODS
from drl_replication.study import (
    config as configuration,
    selection,
    settings,
    studies,
    study_files,
)
from drl_replication.study.figures import FIGURES
from drl_replication.study.readings import READINGS_OF_TABLES, TABLE_READINGS
from drl_replication.study.runs import PAPER, PLACE, Run

try:
    configuration.check_files(workflow.configfiles)
    if workflow.modifier.skip_configfile:  # the difference that another workflow imports this with
        config = configuration.completed(config, DEFAULTS)
    config = configuration.check(config)
except configuration.ConfigError as error:
    raise WorkflowError(f"configuration: {error}") from None

RESULTS = Path(config["results_dir"])
PUBLISHED = Path("results/published")  # of the whole study, and tracked by git
if RESULTS == PUBLISHED:
    whole = configuration.load(map(Path, DEFAULTS))
    if any({*whole[key]} - {*config[key]} for key in ("benchmarks", "methods", "seeds")):
        raise WorkflowError(
            f"{PUBLISHED} holds the results of the whole study, and a part would take their place; "
            f"say: mkdir -p results/part && cp -r {PUBLISHED}/runs {PUBLISHED}/experiments "
            "results/part, and add results_dir=results/part after --config"
        )
STORE = Store(RESULTS)
VARIANTS = studies.Variants(config)
STUDIES = studies.studies(VARIANTS)
TUNING = studies.tuning_studies(VARIANTS)
ASKED = set()  # the studies that this workflow was asked for
GPUS = gpus.count()

if not ON_SLURM and workflow.global_resources.get("gpu").value is None:
    # A training that takes a GPU has it for itself; `--resources gpu=2` says otherwise.
    workflow.register_resource("gpu", max(1, GPUS))


@cache
def writable(folder):
    """Refuse a folder that cannot be written, in one sentence."""
    try:
        check_writable(folder)
    except OSError as error:
        raise WorkflowError(
            f"{folder} cannot be written ({error.strerror}): make it writable, or work in a copy "
            "of the project"
        ) from None


try:
    check_temporary()
except OSError as error:
    raise WorkflowError(
        f"{error.filename}, the folder for temporary files, cannot be written "
        f"({error.strerror}): make room there, or name another folder as TMPDIR"
    ) from None

if workflow.is_main_process:
    writable(Path.cwd())
    alive = locks.hold(Path(".snakemake"))  # until this process ends
    remove_cut(RESULTS)
    if ON_SLURM:
        with suppress(ImportError):  # a dry run needs no plugin
            import snakemake_executor_plugin_slurm

            slurm.watch(snakemake_executor_plugin_slurm)
    if not config["records_only"]:
        try:
            STORE.check_version()
        except ValueError as error:
            raise WorkflowError(str(error)) from None


onstart:
    writable(RESULTS.absolute())  # in an input function Snakemake would show a traceback


onerror:
    # Snakemake deletes all that a failed job made, also the runs that it had finished.
    with suppress(OSError):  # the disk that was full; the next job takes them from the store
        STORE.put_back(
            selection.keys(config) | {run: VARIANTS.key(run) for run in studied(ASKED)}
        )


wildcard_constraints:
    figure="|".join(FIGURES),
    benchmark="|".join(BENCHMARKS),
    method="|".join(METHODS),
    dataset="|".join(DATASETS),
    seed="0|[1-9][0-9]*",
    place="(?:variants/[^/]+/)?",  # of a run: none for the paper's own settings


pathvars:
    results=config["results_dir"].rstrip("/"),


def environment():
    """What every command starts with; nothing in it belongs into a rule's parameters.

    Absolute paths here rerun nothing when the project moves. Snakemake unsets PYTHONPATH in
    conda environments, where also `python` is already the right one.
    """
    variables = {
        "PYTHONPATH": PROJECT / "src",
        "SCRIPTS": PROJECT / "scripts",
        "DRL_DATA_DIR": os.environ.get("DRL_DATA_DIR") or config["data_dir"] or "",
        "DRL_KEEP_WEIGHTS": " ".join(map(str, config["keep_weights"])),
        "OMP_NUM_THREADS": 1,
    }
    exports = [f"export {name}={shlex.quote(str(value))};" for name, value in variables.items()]
    if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
        exports.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH";')
    return " ".join(exports)


# Not as an argument, which is printed and recorded: an address may hold a password.
os.environ.update(DRL_MIRRORS=json.dumps(config["download"]["mirrors"]))
# Snakemake formats it, but a brace here is one of a folder's name.
shell.prefix(f"set -euo pipefail; {environment()} ".replace("{", "{{").replace("}", "}}"))


def code(*scripts, parts=()):
    """A digest of scripts and what they import: as a parameter, an edit reruns the rule."""
    return sources.digest(*(PROJECT / script for script in scripts), parts=parts)


def titles(benchmarks, methods):
    """The names that a table or figure shows: `code` skips the rows that they stand in."""
    rows = [*(BENCHMARKS[name] for name in benchmarks), *(METHODS[name] for name in methods)]
    return [row.title for row in rows]


TITLES = titles(config["benchmarks"], config["methods"])


def is_running():
    """Whether jobs will be run, not just planned or touched."""
    return workflow.executor_plugin is not None and not (workflow.dryrun or workflow.touch)


def arguments(option, values):
    """Each value after its own option."""
    return [f"--{option}={value}" for value in values]
