"""The runs that a configuration selects, and the file that tells scripts of them.

Imports no torch: Snakemake plans with it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from drl_replication.data.datasets import DATASETS, dataset_root
from drl_replication.files import write_text_atomically
from drl_replication.paper.printed import METHOD_TITLES, benchmark_title, method_title
from drl_replication.records.experiments import experiment_path
from drl_replication.records.packed import holder, is_there
from drl_replication.records.reading import read
from drl_replication.records.runs import collect
from drl_replication.records.strict_json import RecordError, read_json
from drl_replication.study.figures import FIGURES
from drl_replication.study.paper_settings import changed_numbers
from drl_replication.study.runs import Run, key
from drl_replication.study.settings import (
    FIGURE_IMAGES,
    changed_readings,
    claim_code,
    claim_experiments,
    run_settings,
    settings_of_runs,
    why_void,
)
from drl_replication.text.coverage import missing_runs, partial_figures
from drl_replication.text.numbers import listed


class Selection:
    """The selected runs, as :func:`write_selection` wrote them to `path`; read when it is used.

    Its properties and `records` raise RecordError for a file of anything else.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @cached_property
    def _content(self) -> dict:
        return read(self.path, "selection")

    @property
    def results(self) -> Path:
        """The folder of results that the runs belong to."""
        return Path(self._content["results"])

    @property
    def runs(self) -> list[Run]:
        """The runs that results are made from."""
        return [Run.at(path) for path in self._content["runs"]]

    @property
    def settings(self) -> dict[str, dict[str, dict]]:
        """What the runs must have been made with: {benchmark: {method: settings}}."""
        return self._content["settings"]

    @property
    def paths(self) -> list[Path]:
        """The places of the records."""
        return [self.results / run.path for run in self.runs]

    @property
    def files(self) -> list[Path]:
        """The file that each record is read from."""
        return [holder(path) for path in self.paths]

    def records(self) -> list[dict]:
        """The records, checked. Raises RecordError and ValueError as `records.runs.collect`."""
        return collect(self.paths, self.settings)

    def of(self, benchmark: str) -> list[dict]:
        """The records of one benchmark. Raises as `records`."""
        paths = [self.results / run.path for run in self.runs if run.benchmark == benchmark]
        return collect(paths, self.settings)


def selected(config: Mapping) -> list[Run]:
    """All selected runs, in the order of the configuration."""
    return [
        Run(benchmark, method, seed)
        for benchmark in config["benchmarks"]
        for method in config["methods"]
        if not why_void(benchmark, method)
        for seed in config["seeds"]
    ]


def key_of(config: Mapping, run: Run) -> str:
    """The key that a run has under this configuration."""
    return key(run.method, run.seed, run_settings(config, run.benchmark, run.method))


def keys(config: Mapping) -> dict[Run, str]:
    """The key of each selected run."""
    return {run: key_of(config, run) for run in selected(config)}


def usable(config: Mapping) -> list[Run]:
    """The selected runs that results are made from: with `records_only` those with a record."""
    return [run for run in selected(config) if is_usable(config, run.path)]


def is_usable(config: Mapping, path: str) -> bool:
    """Whether a record is there or may be made."""
    return not config["records_only"] or is_there(Path(config["results_dir"], path))


def files(config: Mapping) -> list[str]:
    """The files of the usable runs, below the folder of results: their own, or packed ones."""
    paths = [run.path for run in usable(config)]
    if config["records_only"]:
        results = Path(config["results_dir"])
        paths = [holder(results / path).relative_to(results).as_posix() for path in paths]
    return list(dict.fromkeys(paths))


def write_selection(config: Mapping, path: Path) -> None:
    """Tell the scripts of the usable runs: `{results, runs, settings}` as JSON."""
    write_text_atomically(path, _to_json(config))


def digest(config: Mapping) -> str:
    """SHA-256 of what :func:`write_selection` would write."""
    return hashlib.sha256(_to_json(config).encode()).hexdigest()


def _to_json(config: Mapping) -> str:
    content = {
        "results": config["results_dir"],
        "runs": [run.path for run in usable(config)],
        "settings": settings_of_runs(config),
    }
    return json.dumps(content, indent=1) + "\n"


def figure_records(config: Mapping, figure: str) -> list[str]:
    """The experiment records that a figure is drawn from, below the folder of results."""
    seeds = {"once": [0], "seeds": config["seeds"]}.get(FIGURES[figure].records, [])
    paths = (f"experiments/{figure}/seed_{seed}.json" for seed in seeds)
    return [path for path in paths if is_usable(config, path)]


def claim_records(config: Mapping, there: bool = True) -> list[str]:
    """Records of the experiments that judge claims, below the folder of results.

    With `there` those that are, and that were made with these settings and, but where records are
    taken as they are, by this code; else all that may be.
    """
    results = Path(config["results_dir"])
    found = []
    for name, own in claim_experiments(config).items():
        code = "" if config["records_only"] else claim_code(name)
        for seed in config["seeds"]:
            path = experiment_path("experiments", name, seed)
            if not there or _was_made_with(results / path, own, code):
                found.append(path.as_posix())
    return found


def _was_made_with(path: Path, settings: Mapping, code: str) -> bool:
    """A glance for planning: records are checked whole where they are used.

    `code`: a digest, or empty for any; older records have none.
    """
    try:
        if not path.exists() or (record := read_json(path))["settings"] != settings:
            return False
        return not code or record["provenance"].get("code", code) == code
    except (RecordError, RecursionError, KeyError, TypeError, AttributeError):
        return False


def drawable(config: Mapping) -> list[str]:
    """The figures for which there are records, or will be, without images that nothing else needs.

    An experiment's own images may be out of reach where all of the selected runs are fine.
    """
    has_records = {
        "none": lambda name: True,
        "runs": lambda name: bool(usable(config)),
    }
    return [
        name
        for name, row in FIGURES.items()
        if has_records.get(row.records, lambda name: bool(figure_records(config, name)))(name)
        and not lacks_images(config, name)
    ]


def lacks_images(config: Mapping, figure: str) -> bool:
    """Whether an experiment would download what no selected run needs, and is not there."""
    if config["records_only"] or FIGURES[figure].records != "seeds":
        return False
    blocks = config["settings"]
    dataset = DATASETS[blocks[FIGURE_IMAGES]["dataset"]]
    used = {blocks[benchmark]["dataset"] for benchmark in config["benchmarks"]}
    own = os.environ.get("DRL_DATA_DIR") or config["data_dir"]
    folder = dataset_root(dataset.name, own, Path("data")) / dataset.folder
    there = all(any(folder.glob(f"{name}*")) for name in dataset.training_files)
    return dataset.name not in used and not dataset.embedded and not there


def notes(config: Mapping, missing: bool = True) -> list[str]:
    """What a reader of a result must know of the configuration, in sentences.

    Without `missing` for what says by itself which runs it lacks.
    """
    sentences = []
    if config["records_only"]:
        wanted, there = selected(config), usable(config)
        sentences.append(
            f"Made from the records in {config['results_dir']}/runs without any training: "
            f"{len(there)} of {len(wanted)} selected runs are there."
        )
        if missing and len(there) < len(wanted):
            sentences.append(f"Missing: {missing_runs(_ids(wanted), _ids(there))}.")
    sentences += _void(config)
    if changed := changed_readings(config):
        sentences.append(f"Readings other than the defaults: {'; '.join(changed)}.")
    if other := _changed_numbers(config):
        sentences.append(f"Not the paper's settings, so not comparable: {'; '.join(other)}.")
    return sentences


def _void(config: Mapping) -> list[str]:
    """A sentence for each selected pair that is left out."""
    return [
        f"{method_title(method)} is left out on {benchmark_title(benchmark)}: {why}."
        for method in config["methods"]
        for benchmark in config["benchmarks"]
        if (why := why_void(benchmark, method))
    ]


def _changed_numbers(config: Mapping) -> list[str]:
    """`Split MNIST: learning_rate 0.001 instead of 0.2` for each benchmark with such."""
    found = []
    for benchmark, methods in settings_of_runs(config).items():
        clauses = [
            clause
            for method, settings in methods.items()
            if method in METHOD_TITLES
            for clause in changed_numbers(settings)
        ]
        if clauses:
            found.append(f"{benchmark_title(benchmark)}: {', '.join(dict.fromkeys(clauses))}")
    return found


def _ids(runs: Iterable[Run]) -> list[tuple[str, str, int]]:
    return [(run.benchmark, run.method, run.seed) for run in runs]


def notes_on_figures(config: Mapping) -> list[str]:
    """A sentence for each figure that has records of fewer seeds than are selected."""
    there = {
        name: [int(Path(path).stem[len("seed_") :]) for path in figure_records(config, name)]
        for name, row in FIGURES.items()
        if row.records == "seeds"
    }
    partial = [f"{sentence}." for sentence in partial_figures(there, config["seeds"])]
    return [*partial, *notes_on_images(config)]


def notes_on_images(config: Mapping) -> list[str]:
    """A sentence that names the figures whose images no selected run has, if there are some."""
    lacking = [name for name in FIGURES if lacks_images(config, name)]
    if not lacking:
        return []
    titles = listed(name.replace("_", " ").capitalize() for name in lacking)
    return [
        f"Not made: {titles}, whose images ({config['settings'][FIGURE_IMAGES]['dataset']}) no "
        f"selected benchmark has; snakemake {lacking[0]} makes one all the same."
    ]


def note_on_readings(config: Mapping) -> str:
    """A sentence that names the option of every reading."""
    chosen = ", ".join(f"{name} = {option}" for name, option in config["readings"].items())
    return f"Readings of ambiguous sentences (config/README.md): {chosen}."
