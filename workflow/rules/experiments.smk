# What Figures 1 to 3 need besides runs: a solver, two classifiers, gradients of trained networks.


CLAIM_EXPERIMENTS = settings.claim_experiments(config)


rule experiment_1:
    output:
        "<results>/experiments/figure_1/seed_{seed}.json",
    log:
        "<results>/logs/experiments/figure_1/seed_{seed}.log",
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: minutes_of_figure_1() * attempt,
        mem_mb=lambda w, attempt: 2000 * attempt,
    params:
        settings=json.dumps(settings.figure_settings(config, "figure_1")),
        code=code("scripts/experiment.py", "src/drl_replication/experiments/figure_1.py"),
    message:
        "Select memories with GSS-IQP for Figure 1"
    shell:
        'python "$SCRIPTS"/experiment.py --figure 1 --seed {wildcards.seed}'
        " --settings {params.settings:q} --output {output:q} 2>&1 | tee {log:q}"


rule experiment:
    input:
        manifest=f"<results>/data/{config['settings']['split_mnist']['dataset']}.json",
    output:
        "<results>/experiments/figure_{number}/seed_{seed}.json",
    log:
        "<results>/logs/experiments/figure_{number}/seed_{seed}.log",
    wildcard_constraints:
        number="[23]",
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: 30 * attempt,
        mem_mb=lambda w, attempt: 2000 * attempt,
    params:
        settings=lambda w: json.dumps(settings.figure_settings(config, f"figure_{w.number}")),
        code=code_of_experiment,
    message:
        "Train and measure for Figure {wildcards.number}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS"/experiment.py --figure {wildcards.number} --seed {wildcards.seed}'
        " --settings {params.settings:q} --manifest {input.manifest:q} --output {output:q}"
        " 2>&1 | tee {log:q}"


# What claims are judged by that no run and no figure tells; the verdict takes those that are there.
rule claim_examples:
    output:
        "<results>/experiments/claim_examples/seed_{seed}.json",
    log:
        "<results>/logs/experiments/claim_examples/seed_{seed}.log",
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: 30 * attempt,
        mem_mb=lambda w, attempt: 2000 * attempt,
    params:
        settings=json.dumps(CLAIM_EXPERIMENTS[settings.CLAIM_EXAMPLES]),
        code=settings.claim_code(settings.CLAIM_EXAMPLES),
    message:
        "Compute what judges claims, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS"/experiment.py --figure claim_examples --seed {wildcards.seed}'
        " --settings {params.settings:q} --code {params.code} --output {output:q} 2>&1"
        " | tee {log:q}"


rule claim_runs:
    input:
        manifest=claim_data,
    output:
        f"<results>/experiments/{settings.CLAIM_RUNS}{{benchmark}}/seed_{{seed}}.json",
    log:
        "<results>/logs/experiments/claim_runs/{benchmark}/seed_{seed}.log",
    wildcard_constraints:
        benchmark="|".join(name for name, row in BENCHMARKS.items() if row.network == "dense"),
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: 30 * attempt,
        mem_mb=lambda w, attempt: 2000 * attempt,
    params:
        settings=lambda w: json.dumps(CLAIM_EXPERIMENTS[settings.CLAIM_RUNS + w.benchmark]),
        code=code_of_claim_runs,
    message:
        "Make the runs that judge claims on {wildcards.benchmark}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS"/experiment.py --figure claim_runs_{wildcards.benchmark}'
        " --seed {wildcards.seed} --settings {params.settings:q} --manifest {input.manifest:q}"
        " --code {params.code} --output {output:q} 2>&1 | tee {log:q}"


rule claims:
    input:
        [f"<results>/{path}" for path in selection.claim_records(config, there=False)],
    localrule: True
