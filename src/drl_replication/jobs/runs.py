"""The job of one or more runs: each is taken from the store, or made, and put to its place.

Imports torch only when a run has to be made.
"""

import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drl_replication.data.datasets import dataset_root
from drl_replication.jobs.store import Store
from drl_replication.study.runs import Run, key

DATA = Path("data")  # where downloads and the embedded data go
DEVICES = ("auto", "cpu", "cuda")
NO_WEIGHTS = (
    "{0}: its weights were not kept; to have them, delete it and {1}, and run the job again"
)


def make_each(outputs: Sequence[Path], **arguments: Any) -> None:
    """Make the run of each output; one that fails does not keep the others from their turn.

    Args:
        outputs: the places of the records, each ending in `runs/{...}/seed_{seed}.json`.
        arguments: of :func:`make`, but for the output.

    Raises:
        ValueError: runs failed; it says which, and why.
    """
    problems = []
    for output in outputs:
        try:
            make(output, **arguments)
        except (ValueError, OSError) as error:
            problems.append(f"seed {Run.at(output).seed}: {error}" if outputs[1:] else str(error))
        except Exception as error:  # a mistake in a method may concern one seed alone
            if not outputs[1:]:
                raise
            traceback.print_exc()
            problems.append(f"seed {Run.at(output).seed}: {error!r}")
    if problems:
        raise ValueError("; ".join(problems))


def make(
    output: Path,
    method: str,
    settings: dict,
    manifest: Path,
    data_dir: str | None,
    device: str = "auto",
    threads: int = 1,
    checkpoint_every: int = 1000,
    keep_weights: Sequence[int] = (),
) -> None:
    """Put the record of a run to `output`: from the store, or made, with its checkpoints.

    Args:
        output: its place, which tells the seed.
        method: an id of `learning.methods.METHODS`.
        settings: what `study.settings.run_settings` resolved for its benchmark and method.
        manifest: checksums of the verified dataset; other bytes are refused.
        data_dir: the user's folder of datasets, if there is one.
        device, threads, checkpoint_every: as of `train.train_run`.
        keep_weights: seeds whose final weights are kept beside the records (`Run.weights`).

    Raises:
        ValueError: `output` is another place, device or data are not there as asked for, or the
            memory is too small.
        OSError: a place cannot be read or written.
    """
    run = Run.at(output)
    if (run.benchmark, run.method) != (settings["benchmark"], method):
        wanted = Run(settings["benchmark"], method, run.seed, run.variant).path
        raise ValueError(f"--output is {output}; allowed: a path that ends in {wanted}")
    store = Store(output.parents[len(Path(run.path).parts) - 1])
    name = key(method, run.seed, settings)
    record = store.find(name)
    weights = store.results / run.weights if run.seed in keep_weights else None
    if record is None:
        with memory_told(output):
            from drl_replication.jobs.train import train_run

            record = train_run(
                method,
                run.seed,
                settings,
                manifest,
                dataset_root(settings["dataset"], data_dir, DATA),
                device=device,
                threads=threads,
                checkpoint=store.checkpoint(name),
                checkpoint_every=checkpoint_every,
                finish=store.keep,
                weights=weights,
            )
    else:
        print(f"{output}: was finished before, with these settings and this code", file=sys.stderr)
        if weights and not weights.exists() and not record["diverged"]:
            print(NO_WEIGHTS.format(output, store.record(name)), file=sys.stderr)
    store.put(name, run)
    accuracy = record["average_accuracy"]
    result = "diverged" if accuracy is None else f"average accuracy {accuracy:.3f}"
    print(f"{output}: {result}, {record['training_seconds']:.1f} s of training", file=sys.stderr)


# NumPy has a class for it; torch, CUDA and the loader of shared libraries have sentences.
NO_MEMORY = re.compile("allocate memory|out of memory|failed to map segment|bad_alloc", re.I)


@contextmanager
def memory_told(output: Path) -> Iterator[None]:
    """Turn what says that there is no memory left into a ValueError that names the run."""
    try:
        yield
    except (MemoryError, RuntimeError, ImportError) as error:
        if not isinstance(error, MemoryError) and not NO_MEMORY.search(str(error)):
            raise
        raise ValueError(
            f"{output}: there is too little memory for this run; run fewer at a time, or ask "
            "the cluster for more"
        ) from error
