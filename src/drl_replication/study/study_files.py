"""The file that tells scripts of a study: written by `studies.to_json`, read here."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drl_replication.records.reading import read
from drl_replication.study.runs import Run
from drl_replication.study.studies import Cell


@dataclass(frozen=True)
class VariantOfStudy:
    """A variant as a study has it: what it changes, and the cells in which that matters."""

    name: str
    family: str
    changes: dict[str, str]
    decided: str
    of_tables: dict[str, Any]
    cells: list[Cell]


@dataclass(frozen=True)
class StudyFile:
    """A study: the first of its variants is the one that the others are compared with."""

    study: str
    title: str
    results: Path
    seeds: list[int]
    compared_with: str
    chosen_on: list[str]
    readings: dict[str, Any]
    variants: list[VariantOfStudy]

    @property
    def base(self) -> VariantOfStudy:
        """What the others are compared with."""
        return self.variants[0]

    @property
    def others(self) -> list[VariantOfStudy]:
        """The variants that are compared with it."""
        return self.variants[1:]

    @property
    def decided_after(self) -> list[str]:
        """A sentence that names the families of variants decided on after results were seen."""
        late = dict.fromkeys(v.family for v in self.others if v.decided == "after")
        told = ", ".join(f"`{family}`" for family in late)
        return [f"Decided on after results were seen: {told}."] if late else []

    def run(self, cell: Cell, seed: int) -> Run:
        """The run of a cell with a seed, at its place."""
        return Run(cell.benchmark, cell.method, seed, cell.place)

    def groups(self) -> list[tuple[str, str, dict[str, Any], list[Run]]]:
        """Benchmark, method, settings and runs of all that it needs, each run once."""
        found = {}
        for variant in self.variants:
            for cell in variant.cells:
                runs = [self.run(cell, seed) for seed in self.seeds]
                found[runs[0]] = (cell.benchmark, cell.method, cell.settings, runs)
        return list(found.values())


def to_json(study: StudyFile) -> str:
    """The content of such a file."""
    rows = [{**vars(v), "cells": [cell._asdict() for cell in v.cells]} for v in study.variants]
    content = {**vars(study), "results": str(study.results), "variants": rows}
    return json.dumps(content, indent=1) + "\n"


def read_study(path: Path) -> StudyFile:
    """Read what was written of a study. Raises RecordError for a file of anything else."""
    content = read(path, "study")
    variants = [
        VariantOfStudy(**{**row, "cells": [Cell(**cell) for cell in row["cells"]]})
        for row in content["variants"]
    ]
    return StudyFile(**{**content, "results": Path(content["results"]), "variants": variants})
