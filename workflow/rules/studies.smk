# Studies: variants of the settings, compared. `snakemake --cores 8 readings` makes one of
# config/studies.yaml, `snakemake --cores 1 plan_readings` says first what it costs.


import atexit


localrules:
    study_file,


wildcard_constraints:
    study="|".join(STUDIES) or "none",


def runs_of_study(wildcards):
    """The records of all runs of a study; a dry run says how many there are."""
    found = studied([wildcards.study])
    ASKED.add(wildcards.study)
    if not found:
        raise WorkflowError(
            f"studies.{wildcards.study} has no runs: the configuration selects none of its "
            "benchmarks or methods"
        )
    if is_running():
        writable(RESULTS.absolute())
    elif workflow.dryrun and workflow.is_main_process:
        atexit.register(print, cost_of(wildcards.study), file=sys.stderr)  # under the long list
    return [f"<results>/{run.path}" for run in found]


def costs_of_study(study, wildcards):
    """Costs of the methods that have runs still to be made."""
    return costs_of({run: VARIANTS.key(run) for run in studied([study])})


@cache
def cost_of(study):
    """In a sentence, from costs that were measured on some machine of ours."""
    found = studied([study])
    lacking = [run for run in found if not STORE.has(VARIANTS.key(run), run)]
    chosen = [VARIANTS.settings(run.variant, run.benchmark, run.method) for run in lacking]
    seconds = sum(
        resources.predict(resources.cost(run.benchmark, run.method), own)["seconds"]
        for run, own in zip(lacking, chosen)
    )
    return (
        f"{study}: {len(found)} runs of {len(cells(study))} variants, {len(lacking)} of them to be "
        f"made, about {seconds / 3600:.2f} core-hours (`snakemake plan_{study}` measures it here)"
    )


rule study_file:
    output:
        "<results>/studies/{study}/study.json",
    log:
        "<results>/logs/study_file/{study}.log",
    params:
        content=lambda w: studies.digest(STUDIES[w.study], VARIANTS),
    message:
        "List the variants of the study {wildcards.study}"
    run:
        studies.write(STUDIES[wildcards.study], VARIANTS, Path(output[0]))


rule study_records:
    input:
        study=rules.study_file.output,
        runs=runs_of_study,
    output:
        "<results>/studies/{study}/records.jsonl.gz",
    log:
        "<results>/logs/study_records/{study}.log",
    conda:
        "../../envs/tables.yaml"
    params:
        code=code("scripts/study_records.py"),
    message:
        "Bring the runs of the study {wildcards.study} together"
    shell:
        "python scripts/study_records.py --study {input.study:q} --output {output:q}"
        " 2>&1 | tee {log:q}"


for study in STUDIES:

    # `snakemake readings`
    rule:
        name:
            study
        input:
            f"<results>/studies/{study}/records.jsonl.gz",
        localrule: True


if not config["records_only"]:
    for study in STUDIES:

        # `snakemake plan_readings`
        rule:
            name:
                f"plan_{study}"
            input:
                study=f"<results>/studies/{study}/study.json",
                costs=partial(costs_of_study, study),
            log:
                f"<results>/logs/plan/{study}.log",
            localrule: True
            message:
                "Add up what the missing runs will cost"
            shell:
                "python scripts/plan.py --study {input.study:q} 2>&1 | tee {log:q}"
