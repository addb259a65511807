# What all rules share: the checked configuration, and what it selects.

import json
import re
from functools import cache

from drl_replication import sources
from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.jobs import gpus, resources
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
STORE = Store(RESULTS)
VARIANTS = studies.Variants(config)
STUDIES = studies.studies(VARIANTS)
TUNING = studies.tuning_studies(VARIANTS)
ASKED = set()  # the studies that this workflow was asked for
GPUS = gpus.count()


wildcard_constraints:
    figure="|".join(FIGURES),
    benchmark="|".join(BENCHMARKS),
    method="|".join(METHODS),
    dataset="|".join(DATASETS),
    seed="0|[1-9][0-9]*",
    place="(?:variants/[^/]+/)?",  # of a run: none for the paper's own settings


pathvars:
    results=config["results_dir"].rstrip("/"),


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
