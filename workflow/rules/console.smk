# What is said on the screen. Before everything else, so that it is said of errors, too.

import logging
import sys
from pathlib import Path

import snakemake.common
import snakemake.rules
from snakemake.exceptions import WorkflowError
from snakemake.jobs import Job
from snakemake_interface_logger_plugins.common import LogEvent

from drl_replication.jobs import console, planning, targets
from drl_replication.jobs.forecast import forecast


def rules_without_message():
    """The targets, which do nothing themselves."""
    return {rule.name for rule in workflow.rules if not rule.message}


def named_targets():
    """What may be asked for by name."""
    making = {"verdict", "audit", "comparisons", "aggregates"}
    names = [rule.name for rule in workflow.rules if not rule.message or rule.name in making]
    return names + [rule.name for rule in workflow.rules if rule.name.startswith("plan")]


def unknown_target(name):
    """What to say of a target that no rule makes."""
    paths = {str(path) for rule in workflow.rules for path in rule.input if isinstance(path, str)}
    return targets.unknown(name, named_targets(), paths, config["results_dir"])


def made():
    """The files that were asked for."""
    jobs = workflow.dag.targetjobs
    return console.listed([str(path) for job in jobs for path in job.output or job.input])


def cost_of_call():
    """What the trainings of this call will cost, if that is much."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    jobs = [job for job in jobs if job.rule.name.startswith("train")]
    runs = [Run.at(path) for job in jobs for path in job.output]
    lacking = [run for run in runs if not is_made(run)]
    settings_of = VARIANTS.settings
    return forecast(
        [(r.benchmark, r.method, settings_of(r.variant, r.benchmark, r.method)) for r in lacking],
        1 if ON_SLURM else workflow.resource_settings.cores or 1,
    )


IS_OWN = Path(workflow.main_snakefile).resolve() == (PROJECT / "workflow/Snakefile").resolve()


def is_quiet():
    """Whether nobody has asked for Snakemake's own words, and no other workflow imports this."""
    output = workflow.output_settings
    if not IS_OWN:
        return False
    return not (output.verbose or output.printshellcmds or output.quiet or output.debug_dag)


IMPORTED = not workflow.modifier.is_main_snakefile()  # by another workflow, whose words it leaves

if workflow.is_main_process and is_quiet() and not IMPORTED:
    stream = sys.stdout if workflow.output_settings.stdout else sys.stderr
    console.take_over(
        logging.getLogger("snakemake.logging"),
        console.Console(
            stream,
            lambda: workflow.dryrun,
            rules_without_message,
            unknown_target,
            made,
            cost_of_call,
        ),
    )
    planning.announce_briefly(Job, logging.getLogger("snakemake.logging"), LogEvent.JOB_INFO)

planning.remember_signatures([snakemake.common, snakemake.rules])

# Results would lie about within the project, unless --directory asks for just that.
if PROJECT in Path.cwd().resolve().parents and not (IMPORTED or workflow.overwrite_workdir):
    raise WorkflowError(f"this is not the project's folder; say first: cd {PROJECT}")


onsuccess:
    print(f"Made: {made()}", file=sys.stderr)
