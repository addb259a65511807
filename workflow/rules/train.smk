# One record a run: (benchmark, method, seed). Short runs of several seeds can share a job, which
# is a rule of its own since all seeds are in its outputs; what is recorded about a run is the same.


for name, seeds, of_benchmarks in training_jobs():
    span = "-".join(dict.fromkeys([seeds[0], seeds[-1]]))

    rule:
        name:
            name
        input:
            # Not ancient(): Snakemake then overlooks every other reason to train when the data are
            # verified anew. A record that is current is not computed again.
            manifest=manifest,
            library=lambda w: library("scripts/train.py", *METHODS[w.method].parts),
        output:
            # Not deleted before the job: what is current stays, whoever else shares the job.
            [update(f"<results>/runs/{{benchmark}}/{{method}}/seed_{seed}.json") for seed in seeds],
        log:
            f"<results>/logs/train/{{benchmark}}/{{method}}/seed_{span}.log",
        benchmark:
            f"<results>/benchmarks/train/{{benchmark}}/{{method}}/seed_{span}.tsv"
        wildcard_constraints:
            benchmark=of_benchmarks,
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            runtime=lambda w, attempt, runs=len(seeds): train_resources(w, runs, attempt)["runtime"],
            mem_mb=lambda w, attempt, runs=len(seeds): train_resources(w, runs, attempt)["mem_mb"],
            gpu=1 if config["device"]["train"] == "cuda" else 0,
            # How a run is computed, not what: as parameters they would rerun it.
            device=config["device"]["train"],
            checkpoint_every=config["checkpoint_every"],
        params:
            settings=run_settings,
            rows=table_rows,
        message:
            "Train {wildcards.method} on {wildcards.benchmark}, seed "
            + span.replace("{", "{wildcards.")
        shell:
            "python scripts/train.py --method {wildcards.method}"
            " --settings {params.settings:q} --manifest {input.manifest:q} --output {output:q}"
            " --device {resources.device} --checkpoint-every {resources.checkpoint_every} 2>&1 | tee {log:q}"

    if name != "train":
        workflow.ruleorder(name, "train")
