"""What may be asked of Snakemake, and what to say to who asked for something else."""

import difflib
import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.learning.methods import METHODS
from drl_replication.study import yaml_files
from drl_replication.study.refusals import ConfigError
from drl_replication.study.runs import PLACE, Run

PACKED = ".jsonl.gz"  # all records of a benchmark: nobody means it by mistake
FILES = (".yaml", ".yml", ".json")  # of configurations
CONFIGFILES = ("--configfile", "--configfiles")
CONFIGS = ("--config", "-C")
ENTRY = re.compile(r"[a-zA-Z_][\w-]*\w=")  # what Snakemake takes


def unknown(target: str, targets: Sequence[str], paths: Iterable[str], results: str) -> str:
    """One sentence or two for a target that no rule makes.

    Args:
        target: as it was typed.
        targets: names that may be asked for.
        paths: files that the workflow can make.
        results: the folder of results.
    """
    if match := PLACE.search(target):
        rows = (match[2], BENCHMARKS, "benchmark"), (match[3], METHODS, "method")
        for value, known, what in rows:
            if value not in known:
                meant = _meant(value, known)
                return f"{target}: {value!r} is no {what}.{meant} Allowed: {', '.join(known)}"
    if "/" in target or "." in target:
        meant = _meant(target, (path for path in paths if not path.endswith(PACKED)))
        return f"Nothing makes {target}.{meant} docs/outputs.md lists what can be made."
    name = _like(target, [*targets, *METHODS, *BENCHMARKS])
    if name and name not in targets:  # a method or a benchmark, of which there are runs
        benchmark, method = (name, "drl") if name in BENCHMARKS else ("split_mnist", name)
        name = f"{results.rstrip('/')}/{Run(benchmark, method, 0).path}, a run"
    return (
        f"No target is called {target!r}.{f' Did you mean {name}?' if name else ''} "
        f"Targets: {', '.join(targets)}; or the path of a result"
    )


def _like(value: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(value, list(known), 1)), "")


def _meant(value: str, known: Iterable[str]) -> str:
    like = _like(value, known)
    return f" Did you mean {like}?" if like else ""


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse what Snakemake answers with a traceback, or without a file's name and line.

    Both `--configfile` and `--config` take all words up to the next option, targets too.

    Raises:
        SystemExit: with a sentence.
    """
    for index, word in enumerate(arguments):
        option, _, first = word.partition("=")
        after = takewhile(lambda value: not value.startswith("-"), arguments[index + 1 :])
        values = [*([first] if first else []), *after]
        if option in CONFIGFILES:
            _check_configfiles(option, values)
        elif option in CONFIGS:
            _check_config(option, values)


def _check_configfiles(option: str, files: list[str]) -> None:
    missing = [file for file in files if not Path(file).exists()]
    wrong = [file for file in missing if not file.endswith(FILES)]
    _refuse_targets(option, wrong, files, "files", "there is no file {}", "FILE.yaml")
    if missing:
        raise SystemExit(f"{option} names {missing[0]}, but there is no such file")
    for file in files:
        try:
            yaml_files.read(Path(file))
        except ConfigError as error:
            raise SystemExit(f"configuration: {error}") from None


def _check_config(option: str, entries: list[str]) -> None:
    wrong = [entry for entry in entries if not ENTRY.match(entry)]
    _refuse_targets(option, wrong, entries, "KEY=VALUE", "{} is none", "KEY=VALUE")


def _refuse_targets(
    option: str, wrong: list[str], words: list[str], taken_as: str, but: str, example: str
) -> None:
    """Say how to give the `wrong` ones of the words after an option, if there are any."""
    if wrong:
        given = [shlex.quote(word) for word in words if word not in wrong] or [example]
        raise SystemExit(
            f"{option} takes all words after it as {taken_as}, but {but.format(', '.join(wrong))}; "
            f"targets come first: snakemake {' '.join(wrong)} --cores 2 {option} {' '.join(given)}"
        )
