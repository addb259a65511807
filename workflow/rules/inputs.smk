# What rules ask of the configuration, stage by stage.

from functools import partial


def runs(wildcards):
    """The records of all selected runs, for a rule that needs one at least."""
    if is_running():
        writable(RESULTS.absolute())
    there = selection.usable(config)
    if not there:
        raise WorkflowError(
            f"records_only is true, but {RESULTS}/runs holds no record of the selected "
            "benchmarks, methods and seeds"
        )
    return [f"<results>/{run.path}" for run in there]


def readings_of(names):
    """Arguments with the chosen options of these readings."""
    return [f"--{name.replace('_', '-')}={config['readings'][name]}" for name in names]


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


def gpu(wildcards):
    """How many GPUs a training takes; `auto` asks a cluster for none."""
    device = config["device"]["train"]
    chosen = GPUS and not ON_SLURM and BENCHMARKS[wildcards.benchmark].network != "dense"
    return int(device == "cuda" or (device == "auto" and bool(chosen)))


def asks_for_a_record():
    """Whether a record is asked for by its path; jobs are told paths of all kinds."""
    return workflow.is_main_process and any(map(PLACE.search, sys.argv))


def manifest(wildcards):
    """The verified dataset of a benchmark.

    Not ancient(): Snakemake then overlooks every other reason to train when it is verified anew.
    """
    return f"<results>/data/{config['settings'][wildcards.benchmark]['dataset']}.json"


def code_of_experiment(wildcards):
    """The code of Figure 2 or 3; the latter trains two methods on Split MNIST."""
    parts = [*METHODS["drl"].parts, *METHODS["ber"].parts] if wildcards.number == "3" else []
    file = f"src/drl_replication/experiments/figure_{wildcards.number}.py"
    own = code("scripts/experiment.py", file, parts=tuple(parts))
    return str((own, BENCHMARKS["split_mnist"], parts))


def records_of_figure(wildcards):
    """The records of a figure, one at least where it needs some."""
    kind, name = FIGURES[wildcards.figure].records, wildcards.figure
    if kind == "runs":
        return runs(wildcards)
    paths = selection.figure_records(config, name)
    if kind != "none" and not paths:
        raise WorkflowError(
            f"records_only is true, but {RESULTS}/experiments/{name} holds no record of the "
            "selected seeds"
        )
    return [f"<results>/{path}" for path in paths]


def shown(wildcards, input):
    """What a figure is told of its records: those of runs are too many for a command line."""
    if FIGURES[wildcards.figure].records == "runs":
        return [f"--selection={input.selection[0]}"]
    own = json.dumps(settings.figure_settings(config, wildcards.figure))
    return ["--settings", own, "--records", *input.records]


def code_of_figure(wildcards):
    """One figure groups methods by their memory, a column of the table of methods."""
    file = f"src/drl_replication/figures/{wildcards.figure}.py"
    by_memory = wildcards.figure == "memory_composition"
    memories = [METHODS[method].memory for method in config["methods"] if by_memory]
    return str((code("scripts/figure.py", file), memories))


def costs_to_measure(wildcards):
    """Costs of the methods that have runs still to be made."""
    lacking = [run for run, key in selection.keys(config).items() if not STORE.has(key, run)]
    pairs = dict.fromkeys((run.benchmark, run.method) for run in lacking)
    return [f"<results>/plan/{benchmark}/{method}.json" for benchmark, method in pairs]
