# One job a run: (benchmark, method, seed).


rule train:
    input:
        # The training job compares the data with the registered checksums itself.
        manifest=ancient(manifest),
        library=lambda w: library("scripts/train.py", *METHODS[w.method].parts),
    output:
        # Not deleted before the job, which puts a finished run that stands here aside.
        update("<results>/runs/{benchmark}/{method}/seed_{seed}.json"),
    log:
        "<results>/logs/train/{benchmark}/{method}/seed_{seed}.log",
    benchmark:
        "<results>/benchmarks/train/{benchmark}/{method}/seed_{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        runtime=lambda w, attempt: train_resources(w, attempt)[0],
        mem_mb=lambda w, attempt: train_resources(w, attempt)[1],
        gpu=1 if config["device"]["train"] == "cuda" else 0,
        # How a run is computed, not what: as parameters they would rerun it.
        device=config["device"]["train"],
        checkpoint_every=config["checkpoint_every"],
    params:
        settings=run_settings,
        rows=table_rows,
    message:
        "Train {wildcards.method} on {wildcards.benchmark}, seed {wildcards.seed}"
    shell:
        "python scripts/train.py --method {wildcards.method} --seed {wildcards.seed}"
        " --settings {params.settings:q} --manifest {input.manifest:q} --output {output:q}"
        " --device {resources.device} --checkpoint-every {resources.checkpoint_every} 2>&1 | tee {log:q}"
