# One record a run: (benchmark, method, seed), and the variant, which its place tells. A job takes
# it from the store of finished runs if it is there, whoever made it, and else makes it.

SHARED_JOBS = list(shared_jobs())


rule train:
    input:
        manifest=manifest,
        outdated=outdated,
    output:  # the long constraint of a place here alone: each path of each job is made anew
        f"<results>/{{place,{not_shared(SHARED_JOBS)}}}runs/{{benchmark}}/{{method}}/seed_{{seed}}.json",
    log:
        "<results>/logs/train/{place}{benchmark}/{method}/seed_{seed}.log",
    benchmark:
        "<results>/benchmarks/train/{place}{benchmark}/{method}/seed_{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=asked("runtime"),
        mem_mb=asked("mem_mb"),
        gpu=gpu,
        # How a run is computed, not what: as parameters they would rerun it.
        device=config["device"]["train"],
        checkpoint_every=config["checkpoint_every"],
    params:
        settings=lambda w: json.dumps(settings_of(w)),
    message:
        "Train {wildcards.place}{wildcards.method} on {wildcards.benchmark}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS"/train.py --method {wildcards.method}'
        " --settings {params.settings:q} --manifest {input.manifest:q} --output {output:q}"
        " --device {resources.device} --checkpoint-every {resources.checkpoint_every}"
        " 2>&1 | tee {log:q}"


# Short runs of several seeds share a process, unless one record alone is asked for by its path.
for name, places, benchmarks, seeds in SHARED_JOBS:

    rule:
        name:
            f"train_{name}"
        input:
            manifest=manifest,
            outdated=partial(outdated, seeds=seeds),
        output:
            [f"<results>/{{place}}runs/{{benchmark}}/{{method}}/seed_{seed}.json" for seed in seeds],
        log:
            f"<results>/logs/train/{{place}}{{benchmark}}/{{method}}/seed_{seeds[0]}-{seeds[-1]}.log",
        benchmark:
            (
                "<results>/benchmarks/train/{place}{benchmark}/{method}/"
                f"seed_{seeds[0]}-{seeds[-1]}.tsv"
            )
        wildcard_constraints:
            benchmark=benchmarks,
            place=places,
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            runtime=asked("runtime", len(seeds)),
            mem_mb=asked("mem_mb", len(seeds)),
            gpu=gpu,
            device=config["device"]["train"],
            checkpoint_every=config["checkpoint_every"],
        params:
            settings=lambda w: json.dumps(settings_of(w)),
        message:
            "Train {wildcards.place}{wildcards.method} on {wildcards.benchmark}, seeds "
            + f"{seeds[0]} to {seeds[-1]}"
        shell:
            workflow.get_rule(workflow.modifier.modify_rulename("train")).shellcmd


# Whole records in one file, which records_only takes for those that are missing.
rule pack:
    input:
        selection="<results>/selection.json",
        runs=runs_of_benchmark,
    output:
        "<results>/runs/{benchmark}.jsonl.gz",
    log:
        "<results>/logs/pack/{benchmark}.log",
    localrule: True
    conda:
        "../../envs/tables.yaml"
    params:
        code=code("scripts/pack.py"),
    message:
        "Put the records of {wildcards.benchmark} into one file"
    shell:
        'python "$SCRIPTS"/pack.py --selection {input.selection:q} --benchmark {wildcards.benchmark}'
        " --output {output:q} 2>&1 | tee {log:q}"


rule packs:
    input:
        expand("<results>/runs/{benchmark}.jsonl.gz", benchmark=config["benchmarks"]),
    localrule: True
