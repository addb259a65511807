# What it would cost, before anything is spent: `snakemake --cores 1 plan`.


localrules:
    plan,


rule cost:
    output:
        "<results>/plan/{benchmark}/{method}.json",
    log:
        "<results>/logs/cost/{benchmark}/{method}.log",
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: 30 * attempt,
        mem_mb=asked("mem_mb"),
    params:
        settings=lambda w: json.dumps(settings_of(w)),
        code=lambda w: str(
            (
                code("scripts/cost.py", parts=METHODS[w.method].parts),
                BENCHMARKS[w.benchmark],
                METHODS[w.method].parts,
            )
        ),
    message:
        "Measure the steps of {wildcards.method} on {wildcards.benchmark}"
    shell:
        'python "$SCRIPTS"/cost.py --method {wildcards.method} --settings {params.settings:q}'
        " --output {output:q} 2>&1 | tee {log:q}"


# Without an output, so that it is made anew whenever it is asked for.
rule plan:
    input:
        selection=rules.selection.output,
        costs=costs_to_measure,
    log:
        "<results>/logs/plan/plan.log",
    conda:
        "../../envs/tables.yaml"
    message:
        "Add up what the missing runs will cost"
    shell:
        'python "$SCRIPTS"/plan.py --selection {input.selection:q} 2>&1 | tee {log:q}'
