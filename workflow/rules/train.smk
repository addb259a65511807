# One record a run: (benchmark, method, seed), and the variant, which its place tells. A job takes
# it from the store of finished runs if it is there, whoever made it, and else makes it.

from functools import partial


def variant_of(wildcards):
    """`variants/NAME/` is the place of the variant NAME, and no place that of the paper's."""
    return wildcards.get("place", "").removeprefix("variants/").removesuffix("/") or PAPER


def outdated(wildcards, seeds=None):
    """A file that is newer than what stands at the places of a job's runs, if that isn't theirs.

    With other settings, code or data a run has another key; Snakemake alone looks at dates. A
    record that stands there is kept in the store, since Snakemake deletes it before the job.
    """
    row = wildcards.benchmark, wildcards.method
    runs = [Run(*row, int(s), variant_of(wildcards)) for s in seeds or [wildcards.seed]]
    others = [run for run in runs if STORE.holds_other(VARIANTS.key(run), run)]
    if is_running():
        writable(RESULTS.absolute())
        for run in others:
            STORE.adopt(run)
    return locks.STARTED if others else ancient(locks.STARTED)


def settings_of(wildcards):
    """All that decides a run besides its seed."""
    return VARIANTS.settings(variant_of(wildcards), wildcards.benchmark, wildcards.method)


def asked(what, runs=1):
    """Minutes or memory (MB) that a job of so many trainings asks a cluster for."""

    def of_job(wildcards, attempt):
        limit = config["job_minutes_limit"]
        chosen = settings_of(wildcards)
        return resources.resources(wildcards.method, chosen, runs, attempt, limit)[what]

    return of_job


def manifest(wildcards):
    """The verified dataset of a benchmark.

    Not ancient(): Snakemake then overlooks every other reason to train when it is verified anew.
    """
    return f"<results>/data/{settings_of(wildcards)['dataset']}.json"


rule train:
    input:
        manifest=manifest,
        outdated=outdated,
    output:
        "<results>/{place}runs/{benchmark}/{method}/seed_{seed}.json",
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
        gpu=1 if config["device"]["train"] == "cuda" else 0,
        # How a run is computed, not what: as parameters they would rerun it.
        device=config["device"]["train"],
        checkpoint_every=config["checkpoint_every"],
    params:
        settings=lambda w: json.dumps(settings_of(w)),
    message:
        "Train {wildcards.place}{wildcards.method} on {wildcards.benchmark}, seed {wildcards.seed}"
    shell:
        "python scripts/train.py --method {wildcards.method}"
        " --settings {params.settings:q} --manifest {input.manifest:q} --output {output:q}"
        " --device {resources.device} --checkpoint-every {resources.checkpoint_every}"
        " 2>&1 | tee {log:q}"


def shared_jobs():
    """The seeds that share a job, with a name for it, the places and the benchmarks."""
    minutes = 0 if any("/runs/" in argument for argument in sys.argv) else config["job_minutes"]
    cores = None if config["job_minutes_limit"] else workflow.resource_settings.cores
    own = settings.settings_of_runs(config)
    for name, variants, seeds in studies.seed_groups(VARIANTS, STUDIES):
        places = [Run("", "", 0, variant).folder for variant in variants]
        for part, benchmarks in resources.shared_jobs(own, seeds, minutes, cores).items():
            yield f"{name}{part[0]}_to_{part[-1]}", places, part, benchmarks


# Short runs of several seeds share a process, unless one record alone is asked for by its path.
for name, places, seeds, benchmarks in shared_jobs():

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
            benchmark="|".join(benchmarks),
            place=f"(?:{'|'.join(map(re.escape, places))})",
        conda:
            "../../envs/train.yaml"
        threads: 1
        resources:
            runtime=asked("runtime", len(seeds)),
            mem_mb=asked("mem_mb", len(seeds)),
            gpu=1 if config["device"]["train"] == "cuda" else 0,
            device=config["device"]["train"],
            checkpoint_every=config["checkpoint_every"],
        params:
            settings=lambda w: json.dumps(settings_of(w)),
        message:
            "Train {wildcards.place}{wildcards.method} on {wildcards.benchmark}, seeds "
            + f"{seeds[0]} to {seeds[-1]}"
        shell:
            workflow.get_rule("train").shellcmd

    workflow.ruleorder(f"train_{name}", "train")
