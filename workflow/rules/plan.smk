# What it would cost, before anything is spent: `snakemake --cores 1 plan`.


localrules:
    plan,


rule cost:
    input:
        lambda w: library("scripts/cost.py", *METHODS[w.method].parts),
    output:
        "<results>/plan/{benchmark}/{method}.json",
    log:
        "<results>/logs/cost/{benchmark}/{method}.log",
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: 30 * attempt,
        mem_mb=lambda w, attempt: train_resources(w, 1, attempt)["mem_mb"],
    params:
        settings=run_settings,
        rows=table_rows,
    message:
        "Measure the steps of {wildcards.method} on {wildcards.benchmark}"
    shell:
        "python scripts/cost.py --method {wildcards.method} --settings {params.settings:q}"
        " --output {output:q} 2>&1 | tee {log:q}"


# Without an output, so that it is made anew whenever it is asked for.
rule plan:
    input:
        costs=costs_to_measure,
    log:
        "<results>/logs/plan/plan.log",
    conda:
        "../../envs/train.yaml"
    params:
        settings=settings_of_runs,
        seeds=config["seeds"],
        results=config["results_dir"],
    message:
        "Add up what the missing runs will cost"
    shell:
        "python scripts/plan.py --results {params.results:q} --settings {params.settings:q}"
        " --seeds {params.seeds} 2>&1 | tee {log:q}"
