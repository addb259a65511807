"""The runs behind the numbers: each one, what is missing, and what they were made with."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from drl_replication.paper.printed import (
    benchmark_order,
    benchmark_title,
    method_order,
    method_title,
)
from drl_replication.report.sources import Sources
from drl_replication.study.figures import FIGURES
from drl_replication.tables.runs import Record, run_measures
from drl_replication.text.coverage import missing_runs, partial_figures

COLUMNS = {  # of `run_measures` and of the records, with what stands above them
    "average_accuracy": "accuracy",
    "average_forgetting": "forgetting",
    "average_intransigence": "intransigence",
    "rho": "ρ",
    "training_seconds": "seconds",
}


@dataclass(frozen=True)
class Coverage:
    """How many of the selected runs are there: in all, and per (method, benchmark).

    figures: sentences on those that are drawn from fewer seeds than are selected.
    """

    selected: int
    there: int
    missing: str
    benchmarks: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[int, int]]]]
    figures: Sequence[str]

    @property
    def lacking(self) -> int:
        """Selected runs that are not there."""
        return self.selected - self.there


def coverage(sources: Sources) -> Coverage:
    """Of the selected (benchmark, method, seed), those that have a record."""
    pairs = [(b, m) for b, methods in sources.settings.items() for m in methods]
    selected = [(b, m, seed) for (b, m), seed in product(pairs, sources.seeds)]
    keys = {(r["benchmark"], r["method"], r["seed"]) for r in sources.records}
    there = [run for run in selected if run in keys]
    of, wanted = (Counter(run[:2] for run in runs) for runs in (there, selected))
    benchmarks = sorted({b for b, _ in pairs}, key=benchmark_order)
    methods = sorted({m for _, m in pairs}, key=method_order)
    return Coverage(
        len(selected),
        len(there),
        missing_runs(selected, there),
        [benchmark_title(b) for b in benchmarks],
        [(method_title(m), [(of[b, m], wanted[b, m]) for b in benchmarks]) for m in methods],
        partial_figures(_drawn_seeds(sources), sources.seeds),
    )


def _drawn_seeds(sources: Sources) -> dict[str, list[int]]:
    """The selected seeds in the figures that are drawn from one experiment a seed.

    A figure that doesn't say its seeds counts as one without any.
    """
    return {
        name: [seed for seed in sources.seeds if seed in content.get("seeds", [])]
        for name, (_, content) in sources.figures.items()
        if name in FIGURES and FIGURES[name].records == "seeds"
    }


def run_groups(sources: Sources) -> dict[str, dict[str, Any]]:
    """By benchmark: its title and, by method, its title, a summary and its runs' rows."""
    reference = str(sources.readings["intransigence_reference"])
    frame = run_measures(sources.records, reference)
    places = {_key(record): (path, record) for path, record in sources.runs}
    groups: dict[str, dict[str, Any]] = {}
    for row in frame.drop(columns="rho").to_dict("records"):  # rho is the recorded one
        benchmark, name = row["benchmark"], row["method"]
        path, record = places[benchmark, name, row["seed"]]
        group = groups.setdefault(benchmark, {"title": benchmark_title(benchmark), "methods": {}})
        method = group["methods"].setdefault(name, {"title": method_title(name), "runs": []})
        method["runs"].append(_run(row, record, sources.link(path)))
    return groups


def _key(record: Record) -> tuple[str, str, int]:
    return record["benchmark"], record["method"], record["seed"]


def _run(measured: Mapping[Hashable, Any], record: Record, link: str) -> dict[str, Any]:
    made = record["provenance"]
    measures = {name: measured.get(name, record.get(name)) for name in COLUMNS}
    return {
        "seed": record["seed"],
        "link": link,
        "measures": {
            name: f"{value:.{1 if name == 'training_seconds' else 3}f}"
            if value is not None and value == value
            else "–"
            for name, value in measures.items()
        },
        "diverged": f"at step {record['diverged_at_step']}" if record["diverged"] else "no",
        "host": made["host"],
        "cpu": made["cpu_model"],
        "device": made["device"],
        "commit": commit(made),
        "date": made["finished"][:10],
    }


def commit(made: Mapping[str, Any]) -> str:
    """Ten digits of it, and whether files differed from it."""
    if not made["commit"]:
        return "no commit"
    return f"{made['commit'][:10]}{' + changes' if made['dirty'] else ''}"


def anchors(groups: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The anchors of all groups of runs."""
    return {f"runs-{b}" for b in groups} | {
        f"runs-{b}-{m}" for b, group in groups.items() for m in group["methods"]
    }


MACHINE = ("cpu_model", "device", "threads", "platform")
VERSIONS = ("package_version", "python", "torch", "numpy")


def machines(records: Sequence[Record]) -> list[dict[str, Any]]:
    """One row for each kind of machine with the same versions and commit: how many runs, when."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        made = record["provenance"]
        key = *(str(made[k]) for k in (*MACHINE, *VERSIONS)), commit(made)
        groups.setdefault(key, []).append(record)
    names = (*MACHINE, *VERSIONS, "commit")
    return [
        dict(zip(names, key, strict=True)) | _together(members)
        for key, members in sorted(groups.items(), key=lambda g: _first(g[1]))
    ]


def _together(records: Sequence[Record]) -> dict[str, Any]:
    hosts = sorted({r["provenance"]["host"] for r in records})
    benchmarks = Counter(r["benchmark"] for r in records)
    return {
        "runs": len(records),
        "hosts": ", ".join(hosts[:3]) + (f" and {len(hosts) - 3} more" if len(hosts) > 3 else ""),
        "hours": f"{sum(r['training_seconds'] for r in records) / 3600:.2f}",
        "first": _first(records),
        "last": max(r["provenance"]["finished"][:10] for r in records),
        "benchmarks": ", ".join(
            f"{benchmark_title(b)}: {benchmarks[b]}"
            for b in sorted(benchmarks, key=benchmark_order)
        ),
    }


def _first(records: Sequence[Record]) -> str:
    return min(str(r["provenance"]["started"])[:10] for r in records)


def checksums(records: Sequence[Record]) -> list[tuple[str, str, str, int]]:
    """Dataset, file, SHA-256 and number of runs that read it."""
    counts = Counter(
        (r["provenance"]["data"]["dataset"], file, digest)
        for r in records
        for file, digest in r["provenance"]["data"]["files"].items()
    )
    return [(*key, n) for key, n in sorted(counts.items())]
