# What the workflow checks when it starts, and puts right when it stops.

from contextlib import suppress

from drl_replication.files import check_folder, check_temporary, check_writable, cut
from drl_replication.jobs import gpus, locks, slurm

PUBLISHED = Path("results/published")  # of the whole study, and tracked by git
if RESULTS.resolve().is_relative_to(PUBLISHED.resolve()):
    for file in (PROJECT / "config").glob("published*.yaml"):
        whole = configuration.load([*map(Path, DEFAULTS), file])
        if Path(whole["results_dir"]).resolve() == RESULTS.resolve() and any(
            {*whole[key]} - {*config[key]} for key in ("benchmarks", "methods", "seeds")
        ):
            raise WorkflowError(
                f"{RESULTS} holds the results of the whole study, and a part would take their "
                f"place; say: mkdir -p results/part && cp -r {RESULTS}/runs {PUBLISHED}/experiments "
                "results/part, and add results_dir=results/part after --config"
            )

if not ON_SLURM and workflow.global_resources.get("gpu").value is None:
    # A training that takes a GPU has it for itself; `--resources gpu=2` says otherwise.
    workflow.register_resource("gpu", max(1, GPUS))


@cache
def writable(folder, check=check_writable):
    """Refuse a folder that cannot be written, in one sentence."""
    try:
        check(folder)
    except OSError as error:
        raise WorkflowError(
            f"{error.filename} cannot be written ({error.strerror}): make it writable, or work in "
            "a copy of the project, or name another results_dir"
        ) from None


try:
    check_temporary()
except OSError as error:
    raise WorkflowError(
        f"{error.filename}, the folder for temporary files, cannot be written "
        f"({error.strerror}): make room there, or name another folder as TMPDIR"
    ) from None

if workflow.is_main_process:
    writable(Path.cwd())
    writable(RESULTS.absolute(), check_folder)
    alive = locks.hold(Path(".snakemake"))  # until this process ends
    if ON_SLURM:
        with suppress(ImportError):  # a dry run needs no plugin
            import snakemake_executor_plugin_slurm

            slurm.watch(snakemake_executor_plugin_slurm)
    if not config["records_only"]:
        try:
            STORE.check_version()
        except ValueError as error:
            raise WorkflowError(str(error)) from None


def remove_cut():
    """Remove what rules of this workflow made and a power loss cut: Snakemake looks at dates alone.

    Called once all rules are there. A file of someone else is never touched, nor any in a dry run,
    which Snakemake itself does not know of so early.
    """
    dry = any(re.fullmatch("--dry-?run|-[a-zA-Z]*n[a-zA-Z]*", word) for word in sys.argv)
    own = [rule for rule in workflow.rules if PROJECT in Path(rule.snakefile).parents]
    products = [product for rule in own for product in rule.output]
    for path in cut(RESULTS):
        if any(product.match(str(path)) for product in products):
            if dry:
                print(f"{path} lacks its end, and would be made again.", file=sys.stderr)
            else:
                path.unlink()


onstart:
    writable(RESULTS.absolute())  # in an input function Snakemake would show a traceback


onerror:
    # Snakemake deletes all that a failed job made, also the runs that it had finished.
    with suppress(OSError):  # the disk that was full; the next job takes them from the store
        STORE.put_back(
            selection.keys(config) | {run: VARIANTS.key(run) for run in studied(ASKED)}
        )
