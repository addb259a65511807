"""A run, its place and its key.

The key is one digest of everything that can change a number of a run: the settings that it reads,
its seed, the checksums of its data, and the code that learns. A record holds all four, so a key
can be told of either. Imports no torch: Snakemake plans with it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.data.validation import HELD_OUT
from drl_replication.learning.methods import METHODS
from drl_replication.sources import PACKAGE, of_script, syntax

PAPER = "paper"  # the variant with the paper's own settings
# Files that learning imports and that can change no number of it.
NOT_LEARNING = {
    PACKAGE / "data" / "errors.py",
    PACKAGE / "files.py",
    PACKAGE / "learning" / "checkpoints.py",
}
PLACE = re.compile(r"(?:^|/)(?:variants/([^/]+)/)?runs/([^/]+)/([^/]+)/seed_(0|[1-9][0-9]*)\.json$")


@dataclass(frozen=True)
class Run:
    """One method on one benchmark with one seed, under one variant of the settings."""

    benchmark: str
    method: str
    seed: int
    variant: str = PAPER

    @property
    def folder(self) -> str:
        """What stands before `runs/` in its path: nothing for the paper's own settings."""
        return "" if self.variant == PAPER else f"variants/{self.variant}/"

    @property
    def path(self) -> str:
        """Where its record stands below the folder of results."""
        return f"{self.folder}runs/{self.benchmark}/{self.method}/seed_{self.seed}.json"

    @property
    def weights(self) -> str:
        """Where its final weights are kept, if they are, below the folder of results."""
        return f"{self.folder}weights/{self.benchmark}/{self.method}/seed_{self.seed}.safetensors"

    @classmethod
    def at(cls, path: str | Path) -> "Run":
        """The run whose record stands at `path`. Raises ValueError for any other path."""
        match = PLACE.search(Path(path).as_posix())
        if not match:
            raise ValueError(
                f"{path} is no place of a record; allowed: a path that ends in "
                "runs/{benchmark}/{method}/seed_{seed}.json"
            )
        variant, benchmark, method, seed = match.groups()
        return cls(benchmark, method, int(seed), variant or PAPER)


def key(method: str, seed: int, settings: Mapping) -> str:
    """The key of a run that the present code would make with these settings."""
    return key_with(method, seed, facts_of(method, settings))


def facts_of(method: str, settings: Mapping) -> str:
    """All of a key but method and seed: the same for all seeds, of which there may be many."""
    code = code_of(settings["benchmark"], method, *read_by(settings))
    return _facts(settings, DATASETS[settings["dataset"]].checksums, code)


def key_of(record: Mapping) -> str:
    """The key of the run that a valid record is of, whatever code made it."""
    made = record["provenance"]
    data, code = made["data"]["files"], made.get("code")
    facts = _facts(record["settings"], data, code)
    return key_with(record["method"], record["seed"], facts)


def _facts(settings: Mapping, data: Mapping, code: str | None) -> str:
    return json.dumps([settings, data, code], sort_keys=True)


def key_with(method: str, seed: int, facts: str) -> str:
    """The key of a run from its method, its seed and all else, as :func:`facts_of` tells it."""
    whole = f"{json.dumps([method, seed])[:-1]}, {facts[1:]}"  # one list
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def read_by(settings: Mapping) -> tuple[bool, bool]:
    """What :func:`code_of` must know of a run's settings."""
    return "evaluate_every" in settings, HELD_OUT in settings


@cache
def code_of(benchmark: str, method: str, watched: bool = False, held_out: bool = False) -> str:
    """SHA-256 of what learns: both rows, and the syntax of every file that takes part.

    `watched`: of a run that is evaluated on its way, too; `held_out`: of one that is tested on
    held-out training images.
    """
    parts = METHODS[method].parts
    first = "through_time.py" if watched else "training.py"
    files = of_script(PACKAGE / "learning" / first, *parts)
    code = sorted(syntax(file) for file in files if file not in NOT_LEARNING)
    code += [syntax(PACKAGE / "data" / "validation.py")] * held_out
    return hashlib.sha256(repr((BENCHMARKS[benchmark], parts, code)).encode()).hexdigest()
