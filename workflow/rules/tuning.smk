# Tuning as Sec. 5 says: `snakemake --cores 8 tune`. All points on held-out training images; then,
# on the test set, the point that was chosen for each method.


localrules:
    tuning_file,
    tuning_selection,
    tuning,


rule tuning_file:
    output:
        "<results>/studies/tuning/{part}.json",
    log:
        "<results>/logs/tuning_file/{part}.log",
    wildcard_constraints:
        part="validation|points|example",
    params:
        content=lambda w: studies.digest(tuning_part(w.part), VARIANTS),
    message:
        "List the {wildcards.part} of the tuning"
    run:
        studies.write(tuning_part(wildcards.part), VARIANTS, Path(output[0]))


if not config["records_only"]:

    rule validation_records:
        input:
            study="<results>/studies/tuning/validation.json",
            runs=runs_of_validation,
        output:
            "<results>/studies/tuning/validation.jsonl.gz",
        log:
            "<results>/logs/validation_records.log",
        localrule: True
        conda:
            "../../envs/tables.yaml"
        params:
            code=code("scripts/study_records.py"),
        message:
            "Bring the runs on held-out images together"
        shell:
            'python "$SCRIPTS"/study_records.py --study {input.study:q} --output {output:q}'
            " 2>&1 | tee {log:q}"


checkpoint tuning_selection:
    input:
        validation="<results>/studies/tuning/validation.json",
        records="<results>/studies/tuning/validation.jsonl.gz",
        points="<results>/studies/tuning/points.json",
    output:
        study="<results>/studies/tuning/study.json",
        selection="<results>/studies/tuning/selection.csv",
    log:
        "<results>/logs/tuning_selection.log",
    conda:
        "../../envs/tables.yaml"
    params:
        code=code("scripts/tuning_selection.py"),
    message:
        "Choose the hyperparameters of each method"
    shell:
        'python "$SCRIPTS"/tuning_selection.py --validation {input.validation:q}'
        " --records {input.records:q} --points {input.points:q} --study {output.study:q}"
        " --selection {output.selection:q} 2>&1 | tee {log:q}"


if not config["records_only"]:

    rule tuning_records:
        input:
            study="<results>/studies/tuning/study.json",
            runs=runs_of_tuning,
        output:
            "<results>/studies/tuning/records.jsonl.gz",
        log:
            "<results>/logs/tuning_records.log",
        localrule: True
        conda:
            "../../envs/tables.yaml"
        params:
            code=code("scripts/study_records.py"),
        message:
            "Bring the runs with tuned hyperparameters together"
        shell:
            'python "$SCRIPTS"/study_records.py --study {input.study:q} --output {output:q}'
            " 2>&1 | tee {log:q}"


rule tuning:
    input:
        validation="<results>/studies/tuning/validation.json",
        selection="<results>/studies/tuning/selection.csv",
        study="<results>/studies/tuning/study.json",
        records="<results>/studies/tuning/records.jsonl.gz",
    output:
        results="<results>/studies/tuning/results.csv",
        tests="<results>/studies/tuning/tests.csv",
        page="<results>/studies/tuning/tuning.md",
        summary="<results>/studies/tuning/summary.json",
    log:
        "<results>/logs/tuning.log",
    conda:
        "../../envs/tables.yaml"
    params:
        folder=lambda w, output: Path(output.page).parent,
        fraction=config["tuning"]["validation_fraction"],
        titles=titles(TUNING["tuning"].benchmarks, TUNING["tuning"].methods),
        code=code("scripts/tuning.py"),
    message:
        "Compare tuned hyperparameters with the printed ones"
    shell:
        'python "$SCRIPTS"/tuning.py --validation {input.validation:q} --selection {input.selection:q}'
        " --study {input.study:q} --records {input.records:q} --fraction {params.fraction}"
        " --folder {params.folder:q} 2>&1 | tee {log:q}"


rule tune:
    input:
        rules.tuning.output,
    localrule: True


if not config["records_only"]:

    # `snakemake plan_tune`: the chosen points cost what any point does
    rule plan_tune:
        input:
            studies=[
                "<results>/studies/tuning/validation.json",
                "<results>/studies/tuning/example.json",
            ],
            costs=costs_of_tuning,
        log:
            "<results>/logs/plan/tune.log",
        localrule: True
        conda:
            "../../envs/tables.yaml"
        message:
            "Add up what the missing runs will cost"
        shell:
            'python "$SCRIPTS"/plan.py --study {input.studies:q} 2>&1 | tee {log:q}'
