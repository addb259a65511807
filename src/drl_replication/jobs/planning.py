"""What lets Snakemake plan thousands of jobs in a minute. Imports no Snakemake: it is given."""

import logging
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Any

SIGNATURES = "get_function_params"
NOTHING: dict[str, int] = {}  # what a job of a dry run takes of the machine


def remember_signatures(modules: Iterable[ModuleType]) -> None:
    """Let Snakemake inspect each function of the rules once, and not anew for each job.

    Args:
        modules: of Snakemake, that have its function for it.
    """
    for module in modules:
        asked = getattr(module, SIGNATURES)
        if not hasattr(asked, "cache_info"):
            setattr(module, SIGNATURES, cache(asked))


def announce_briefly(job_class: Any, logger: logging.Logger, event: Any) -> None:
    """Let a dry run tell of a job what the console shows of it.

    Snakemake formats each shell command too, with all resources: for thousands of jobs that takes
    longer than to find them.

    Args:
        job_class: Snakemake's class of jobs.
        logger: what jobs are told to.
        event: Snakemake's name of what is told.
    """
    at_length = job_class.log_info

    def log_info(job: Any, *arguments: Any, **options: Any) -> None:
        if not job.dag.workflow.dryrun:
            at_length(job, *arguments, **options)
            return
        facts = {"jobid": job.jobid, "rule_name": job.rule.name, "rule_msg": _message(job)}
        logger.info("", extra={"event": event, **facts})
        job._scheduler_resources = NOTHING  # else found out, to be given back

    job_class.log_info = log_info


def _message(job: Any) -> str | None:
    """Of our rules' messages wildcards alone are a part."""
    try:
        return job.rule.message and job.rule.message.format(wildcards=job.wildcards)
    except (KeyError, IndexError, AttributeError):
        return job.message
