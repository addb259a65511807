# Studies: variants of the settings, compared. `snakemake --cores 8 readings` makes one of
# config/studies.yaml, `snakemake --cores 1 plan_readings` says first what it costs.


localrules:
    study_file,
    study,
    study_figure,


wildcard_constraints:
    study="|".join(STUDIES) or "none",


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


# With records_only the compact file is what there is: it stands where the records would.
if not config["records_only"]:

    rule study_records:
        input:
            study=rules.study_file.output,
            runs=runs_of_study,
        output:
            "<results>/studies/{study}/records.jsonl.gz",
        log:
            "<results>/logs/study_records/{study}.log",
        localrule: True
        conda:
            "../../envs/tables.yaml"
        params:
            code=code("scripts/study_records.py"),
        message:
            "Bring the runs of the study {wildcards.study} together"
        shell:
            'python "$SCRIPTS"/study_records.py --study {input.study:q} --output {output:q}'
            " 2>&1 | tee {log:q}"


rule study:
    input:
        study=rules.study_file.output,
        records="<results>/studies/{study}/records.jsonl.gz",
    output:
        expand("<results>/studies/{{study}}/{file}", file=STUDY_FILES),
    log:
        "<results>/logs/study/{study}.log",
    conda:
        "../../envs/tables.yaml"
    params:
        folder=lambda w, output: Path(output[0]).parent,
        titles=lambda w: titles(STUDIES[w.study].benchmarks, STUDIES[w.study].methods),
        code=code("scripts/study.py"),
    message:
        "Compare the variants of the study {wildcards.study}"
    shell:
        'python "$SCRIPTS"/study.py --study {input.study:q} --records {input.records:q}'
        " --folder {params.folder:q} 2>&1 | tee {log:q}"


rule study_figure:
    input:
        lambda w: f"<results>/studies/{w.study}/{studies.FIGURES[w.study_figure]}.csv",
    output:
        multiext(
            "<results>/studies/{study}/{study_figure}",
            pdf=".pdf",
            png=".png",
            svg=".svg",
            json=".json",
        ),
    log:
        "<results>/logs/study_figure/{study}/{study_figure}.log",
    wildcard_constraints:
        study_figure="|".join(studies.FIGURES),
    conda:
        "../../envs/figures.yaml"
    params:
        titles=lambda w: titles(STUDIES[w.study].benchmarks, STUDIES[w.study].methods),
        code=lambda w: code(
            "scripts/study_figure.py", f"src/drl_replication/figures/{w.study_figure}.py"
        ),
    message:
        "Draw {wildcards.study_figure} of the study {wildcards.study}"
    shell:
        'python "$SCRIPTS"/study_figure.py --name {wildcards.study_figure} --csv {input:q}'
        " --pdf {output.pdf:q} --png {output.png:q} --svg {output.svg:q} --json {output.json:q}"
        " 2>&1 | tee {log:q}"


for study in STUDIES:

    # `snakemake readings`
    rule:
        name:
            study
        input:
            partial(all_of_study, study),
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
            conda:
                "../../envs/tables.yaml"
            message:
                "Add up what the missing runs will cost"
            shell:
                'python "$SCRIPTS"/plan.py --study {input.study:q} 2>&1 | tee {log:q}'
