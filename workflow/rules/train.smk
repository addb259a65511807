# One record a run: (benchmark, method, seed). A job takes it from the store of finished runs if it
# is there, whoever made it, and else makes it.

from functools import partial


def outdated(wildcards, seeds=None):
    """A file that is newer than what stands at the places of a job's runs, if that isn't theirs.

    With other settings, code or data a run has another key; Snakemake alone looks at dates. A
    record that stands there is kept in the store, since Snakemake deletes it before the job.
    """
    runs = [Run(wildcards.benchmark, wildcards.method, int(s)) for s in seeds or [wildcards.seed]]
    others = [run for run in runs if STORE.holds_other(selection.key_of(config, run), run)]
    if is_running():
        writable(RESULTS.absolute())
        for run in others:
            STORE.adopt(run)
    return locks.STARTED if others else ancient(locks.STARTED)


def run_settings(wildcards):
    """All that decides a run besides its seed, as JSON."""
    return json.dumps(settings.run_settings(config, wildcards.benchmark, wildcards.method))


def asked(what, runs=1):
    """Minutes or memory (MB) that a job of so many trainings asks a cluster for."""

    def of_job(wildcards, attempt):
        chosen = settings.run_settings(config, wildcards.benchmark, wildcards.method)
        limit = config["job_minutes_limit"]
        return resources.resources(wildcards.method, chosen, runs, attempt, limit)[what]

    return of_job


GPUS = gpus.count()
if not ON_SLURM and workflow.global_resources.get("gpu").value is None:
    # Here; each training that takes a GPU takes a whole one. `--resources gpu=2` says otherwise.
    workflow.register_resource("gpu", max(1, GPUS))


def gpu(wildcards):
    """How many GPUs a training takes; `auto` asks a cluster for none."""
    device = config["device"]["train"]
    by_itself = GPUS and not ON_SLURM and BENCHMARKS[wildcards.benchmark].network != "dense"
    return int(device == "cuda" or (device == "auto" and bool(by_itself)))


def manifest(wildcards):
    """The verified dataset of a benchmark.

    Not ancient(): Snakemake then overlooks every other reason to train when it is verified anew.
    """
    return f"<results>/data/{config['settings'][wildcards.benchmark]['dataset']}.json"


rule train:
    input:
        manifest=manifest,
        outdated=outdated,
    output:
        "<results>/runs/{benchmark}/{method}/seed_{seed}.json",
    log:
        "<results>/logs/train/{benchmark}/{method}/seed_{seed}.log",
    benchmark:
        "<results>/benchmarks/train/{benchmark}/{method}/seed_{seed}.tsv"
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
        settings=run_settings,
    message:
        "Train {wildcards.method} on {wildcards.benchmark}, seed {wildcards.seed}"
    shell:
        "python scripts/train.py --method {wildcards.method}"
        " --settings {params.settings:q} --manifest {input.manifest:q} --output {output:q}"
        " --device {resources.device} --checkpoint-every {resources.checkpoint_every}"
        " 2>&1 | tee {log:q}"


# Short runs of several seeds share a process, unless one record alone is asked for by its path.
for seeds, benchmarks in resources.shared_jobs(
    settings.settings_of_runs(config),
    config["seeds"],
    0 if any("/runs/" in argument for argument in sys.argv) else config["job_minutes"],
    None if ON_SLURM or config["job_minutes_limit"] else workflow.resource_settings.cores,
).items():

    rule:
        name:
            f"train_{seeds[0]}_to_{seeds[-1]}"
        input:
            manifest=manifest,
            outdated=partial(outdated, seeds=seeds),
        output:
            [f"<results>/runs/{{benchmark}}/{{method}}/seed_{seed}.json" for seed in seeds],
        log:
            f"<results>/logs/train/{{benchmark}}/{{method}}/seed_{seeds[0]}-{seeds[-1]}.log",
        benchmark:
            f"<results>/benchmarks/train/{{benchmark}}/{{method}}/seed_{seeds[0]}-{seeds[-1]}.tsv"
        wildcard_constraints:
            benchmark="|".join(benchmarks),
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
            settings=run_settings,
        message:
            "Train {wildcards.method} on {wildcards.benchmark}, seeds "
            + f"{seeds[0]} to {seeds[-1]}"
        shell:
            workflow.get_rule("train").shellcmd

    workflow.ruleorder(f"train_{seeds[0]}_to_{seeds[-1]}", "train")
