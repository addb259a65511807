# What rules ask of the configuration, stage by stage.

import atexit
import difflib
import hashlib
import math
from functools import partial

from drl_replication.text.numbers import listed

HOW_TO_HAVE_RECORDS = (
    "; leave records_only out to make them, or say --configfile config/published.yaml for those "
    "of the repository"
)


def runs(wildcards):
    """The records of all selected runs, for a rule that needs one at least."""
    there = selection.files(config)
    if not there and not config["records_only"]:
        why = {
            f"{method} on {benchmark}: {settings.why_void(benchmark, method)}"
            for benchmark in config["benchmarks"]
            for method in config["methods"]
        }
        raise WorkflowError(f"nothing is selected that can run ({'; '.join(sorted(why))})")
    if not there:
        raise WorkflowError(
            f"records_only is true, but {RESULTS}/runs holds no record of the selected "
            f"benchmarks, methods and seeds{HOW_TO_HAVE_RECORDS}"
        )
    return [f"<results>/{path}" for path in there]


def runs_of_benchmark(wildcards):
    """The records of the selected runs of one benchmark."""
    chosen = [run for run in selection.selected(config) if run.benchmark == wildcards.benchmark]
    return [f"<results>/{run.path}" for run in chosen]


def readings_of(names):
    """Arguments with the chosen options of these readings."""
    return [f"--{name.replace('_', '-')}={config['readings'][name]}" for name in names]


def variant_of(wildcards):
    """`variants/NAME/` is the place of the variant NAME, and no place that of the paper's."""
    name = wildcards.get("place", "").removeprefix("variants/").removesuffix("/") or PAPER
    if name not in VARIANTS.by_name:
        like = difflib.get_close_matches(name, VARIANTS.by_name, 3) or list(VARIANTS.by_name)[:3]
        raise WorkflowError(
            f"no variant is called {name!r}; allowed: what the configuration names under variants, "
            f"such as {', '.join(like)}"
        )
    return name


def outdated(wildcards, seeds=None):
    """A file that is newer than what stands at the places of a job's runs, if that isn't theirs.

    With other settings, code or data a run has another key; Snakemake alone looks at dates. A
    record that stands there, as one that was copied, is kept in the store, since Snakemake deletes
    it before the job, also where other seeds of the job are missing.
    """
    row = wildcards.benchmark, wildcards.method
    runs = [Run(*row, int(s), variant_of(wildcards)) for s in seeds or [wildcards.seed]]
    there = [run for run in runs if (RESULTS / run.path).exists()]
    others = [run for run in there if STORE.holds_other(VARIANTS.key(run), run)]
    if is_running():
        for run in there:
            if run not in others and STORE.record(VARIANTS.key(run)).exists():
                continue
            with suppress(OSError):  # a folder that cannot be written is told of at the start
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
    return f"<results>/data/{settings_of(wildcards)['dataset']}.json"


def shared_jobs():
    """The jobs of several seeds: of each a name, the places, what `benchmark` may be, the seeds."""
    minutes = 0 if asks_for_a_record() else config["job_minutes"]
    cores = None if ON_SLURM or config["job_minutes_limit"] else workflow.resource_settings.cores
    own = settings.settings_of_runs(config)
    for name, variants, seeds in studies.seed_groups(VARIANTS, STUDIES | TUNING):
        places = "|".join(re.escape(Run("", "", 0, variant).folder) for variant in variants)
        for part, methods in resources.shared_jobs(own, seeds, minutes, cores).items():
            # A path goes on with the method: of each benchmark those whose runs are so short.
            benchmarks = "|".join(f"{b}(?=/(?:{'|'.join(m)})/)" for b, m in methods.items())
            yield f"{name}{part[0]}_to_{part[-1]}", f"(?:{places})", f"(?:{benchmarks})", part


def not_shared(jobs):
    """What `place` may be for a run that has a job of its own: Snakemake weighs all that match."""
    shared = {}
    for _, places, benchmarks, seeds in jobs:
        path = rf"{benchmarks}/\w+/seed_(?:{'|'.join(map(str, seeds))})"
        shared.setdefault(places, []).append(path)
    others = (rf"(?!{places}runs/(?:{'|'.join(p)})\.json$)" for places, p in shared.items())
    return f"{''.join(others)}(?:variants/[^/]+/)?"


def minutes_of_figure_1():
    """A fifth of what its selections may take: each is solved twice, of three sizes of the memory."""
    own = settings.figure_settings(config, "figure_1")
    return max(60, math.ceil(own["repetitions"] * own["solver_seconds"] * 2 * 3 / 60 / 5))


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
            f"selected seeds{HOW_TO_HAVE_RECORDS}"
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
    return costs_of(selection.keys(config))


def costs_of(keys):
    """The same for any runs and their keys."""
    lacking = [run for run, key in keys.items() if not STORE.has(key, run)]
    pairs = dict.fromkeys((run.benchmark, run.method) for run in lacking)
    return [f"<results>/plan/{benchmark}/{method}.json" for benchmark, method in pairs]


@cache
def cells(name):
    """What a study runs, by variant."""
    return studies.cells((STUDIES | TUNING)[name], VARIANTS)


def studied(names):
    """The runs that studies need."""
    return [run for name in names for run in studies.runs((STUDIES | TUNING)[name], cells(name))]


def runs_of_study(wildcards):
    """The records of all runs of a study; a dry run says how many there are."""
    found = studied([wildcards.study])
    ASKED.add(wildcards.study)
    if not found:
        raise WorkflowError(
            f"studies.{wildcards.study} has no runs: the configuration selects none of its "
            f"benchmarks or methods, but {listed(config['benchmarks'])}, and "
            f"{listed(config['methods'])}; name others as `benchmarks` or `methods`"
        )
    if len(cells(wildcards.study)) < 2:
        raise WorkflowError(
            f"studies.{wildcards.study} compares nothing: none of its variants changes what "
            f"{listed(config['methods'])} read on {listed(config['benchmarks'])}; select a method "
            "that one of them concerns"
        )
    if workflow.dryrun and workflow.is_main_process:
        atexit.register(print, cost_of(wildcards.study), file=sys.stderr)  # under the long list
    return [f"<results>/{run.path}" for run in found]


def costs_of_study(study, wildcards):
    """Costs of the methods that have runs still to be made."""
    return costs_of({run: VARIANTS.key(run) for run in studied([study])})


@cache
def is_made(run):
    """Whether a run was finished before this call."""
    return STORE.has(VARIANTS.key(run), run)


@cache
def cost_of(study):
    """In a sentence, from costs that were measured on some machine of ours."""
    found = studied([study])
    lacking = [run for run in found if not is_made(run)]
    chosen = [VARIANTS.settings(run.variant, run.benchmark, run.method) for run in lacking]
    seconds = sum(
        resources.predict(resources.cost(run.benchmark, run.method), own)["seconds"]
        for run, own in zip(lacking, chosen)
    )
    return (
        f"{study}: {len(found)} runs of {len(cells(study)) - 1} variants, {len(lacking)} of them to be "
        f"made, about {seconds / 3600:.2f} core-hours (`snakemake plan_{study}` measures it here)"
    )


def tuning_part(part):
    """What a file of the tuning lists: `example` is any one point in place of those chosen."""
    if part == "validation":
        return TUNING["validation"]
    return studies.one_point(TUNING["tuning"]) if part == "example" else TUNING["tuning"]


def runs_of_validation(wildcards):
    """The records of every point, on held-out images."""
    ASKED.add("validation")
    found = studied(["validation"])
    if not found:
        raise WorkflowError(
            f"tuning has no runs: the configuration selects {listed(config['benchmarks'])}, and "
            f"tuning.benchmarks has {listed(config['tuning']['benchmarks'])}; name one of these as "
            "`benchmarks`"
        )
    return [f"<results>/{run.path}" for run in found]


def runs_of_tuning(wildcards):
    """The records of the points that were chosen, and of the paper's settings."""
    ASKED.add("tuning")
    file = study_files.read_study(Path(checkpoints.tuning_selection.get().output.study))
    return [f"<results>/{run.path}" for *_, group in file.groups() for run in group]


def costs_of_tuning(wildcards):
    """Costs of the methods that have runs still to be made."""
    example = tuning_part("example")
    runs = [*studied(["validation"]), *studies.runs(example, studies.cells(example, VARIANTS))]
    return costs_of({run: VARIANTS.key(run) for run in runs})


STUDY_FILES = ["effects.csv", "effects.md", "agreement.csv", "agreement.md", "claims.csv"]
STUDY_FILES += ["claims.md", "curve.csv", "rates.csv", "study.md", "summary.json"]


def all_of_study(study, wildcards):
    """What a study makes, its figures as far as its variants allow one."""
    folder = f"<results>/studies/{study}"
    figures = studies.drawable(STUDIES[study], cells(study))
    return [
        *(f"{folder}/{file}" for file in STUDY_FILES),
        *(
            f"{folder}/{figure}.{kind}"
            for figure in figures
            for kind in ["pdf", "png", "svg", "json"]
        ),
    ]


def summaries():
    """Of the studies that were made. As inputs they would make every study whenever it is old."""
    names = [*STUDIES, *(name for name in TUNING if name == "tuning")]
    paths = [RESULTS / "studies" / name / "summary.json" for name in names]
    return [path for path in paths if path.exists()]


def asked_studies(wildcards):
    """What the studies make that this same call names: the page then waits for them."""
    if not workflow.is_main_process:
        return []
    asked = [study for study in STUDIES if study in sys.argv]
    made = [path for study in asked for path in all_of_study(study, wildcards)]
    return made + (list(rules.tuning.output) if TUNING and "tune" in sys.argv else [])


def claim_records(wildcards):
    """Of the experiments of claims that were made; as inputs they would be made by every study."""
    return [RESULTS / path for path in selection.claim_records(config)]


def claim_data(wildcards):
    """The verified dataset of an experiment that trains."""
    dataset = config["settings"][wildcards.benchmark]["dataset"]
    return f"<results>/data/{dataset}.json"


def code_of_claim_runs(wildcards):
    """The code of an experiment that trains five methods."""
    return settings.claim_code(settings.CLAIM_RUNS + wildcards.benchmark)


def shown_studies():
    """What the page shows of the studies that were made: their summaries, and figures of theirs."""
    figures = [f"{name}.{kind}" for name in studies.FIGURES for kind in ("json", "png")]
    places = [path.with_name(name) for path in summaries() for name in (path.name, *figures)]
    return [path for path in places if path.exists()]


def digest_of(paths):
    """SHA-256 of files, so that a rule runs again when they change."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
