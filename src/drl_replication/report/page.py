"""The page: its parts from the sources, and the template that shows them."""

import base64
from collections.abc import Hashable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records.reading import read
from drl_replication.report import grids, runs, verdicts
from drl_replication.report.sources import Sources
from drl_replication.study.figures import FIGURES
from drl_replication.study.readings import READINGS
from drl_replication.study.studies import FIGURES as STUDY_FIGURES
from drl_replication.tables import aggregates, comparisons
from drl_replication.text.numbers import digits
from drl_replication.verdict import rules
from drl_replication.verdict.page import claim_counts

# What the page is made of; `sources.of_script` finds them by these names.
TEMPLATE, STYLE, SCRIPT = (
    "templates/report.html.j2",
    "templates/report.css",
    "templates/report.js",
)


def render(sources: Sources) -> str:
    """The whole page as HTML without any outside part: the same text for the same sources."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"digits": digits, "benchmark": benchmark_title, "method": method_title}
    groups = runs.run_groups(sources)
    anchors = runs.anchors(groups)
    return environment.from_string(_part(TEMPLATE)).render(
        style=_part(STYLE),
        script=_part(SCRIPT),
        notes=sources.notes,
        demonstration=sources.is_demonstration,
        published=sources.link(sources.published) if sources.published else "",
        coverage=runs.coverage(sources),
        diverged=sum(record["diverged"] for record in sources.records),
        bars=(bars := verdicts.bars(sources.verdict)),
        legend=verdicts.legend(bars),
        total=len(sources.verdict),
        claims=_claims(sources),
        claim_counts=[
            (verdicts.badge(verdict), n) for verdict, n in claim_counts(sources.claims).items() if n
        ],
        numbers=verdicts.numbers(sources.verdict),
        tables=[
            grids.paper_grid(number, frame, sources.verdict, anchors)
            for number, frame in sorted(sources.tables.items())
        ],
        comparisons=[
            grids.plain_grid(document)
            for document in (
                *comparisons.documents(sources.comparisons),
                aggregates.document(sources.aggregates),
            )
        ],
        rules=rules,
        audit=grids.audit_views(sources.audit),
        studies=[_study(sources, path, told) for path, told in sources.studies.items()],
        figures=[_figure(sources, name) for name in _figure_order(sources.figures)],
        undrawn=[row.title for name, row in FIGURES.items() if name not in sources.figures],
        readings=_readings(sources.readings),
        groups=groups,
        run_columns=runs.COLUMNS,
        machines=runs.machines(sources.records),
        checksums=runs.checksums(sources.records),
        citation=sources.citation,
    )


def _part(name: str) -> str:
    return files("drl_replication.report").joinpath(name).read_text(encoding="utf-8")


def _claims(sources: Sources) -> list[dict[Hashable, Any]]:
    return [
        {**row, "badge": verdicts.badge(row["verdict"])}
        for row in sources.claims.fillna("").to_dict("records")
    ]


def _figure_order(figures: Mapping[str, Any]) -> list[str]:
    names = list(FIGURES)
    return sorted(figures, key=lambda f: (names.index(f) if f in names else len(names), f))


def _study(sources: Sources, path: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    """A study with its page, and those of its figures that were drawn."""
    drawn = [path.with_name(f"{name}.json") for name in STUDY_FIGURES]
    pages = [path.with_name(name) for name in ("study.md", "tuning.md")]
    return {
        **told,
        "page": sources.link(next((page for page in pages if page.exists()), pages[0])),
        "figures": [_shown(sources, f, read(f, "figure")) for f in drawn if f.exists()],
    }


def _figure(sources: Sources, name: str) -> dict[str, Any]:
    return _shown(sources, *sources.figures[name])


def _shown(sources: Sources, path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    name = path.stem
    png = path.with_suffix(".png")
    data = base64.b64encode(png.read_bytes()).decode()
    return {
        "name": name,
        "title": FIGURES[name].title if name in FIGURES else name.replace("_", " "),
        "caption": content["caption"],
        "data": f"data:image/png;base64,{data}",
        "links": {
            kind: sources.link(path.with_suffix(f".{kind}")) for kind in ("png", "pdf", "json")
        },
    }


def _readings(chosen: Mapping[str, str | int]) -> list[dict[str, Any]]:
    """Every reading: the option that ran, what it means, and the default."""
    return [
        {
            "name": name,
            "chosen": chosen[name],
            "meaning": reading.options[chosen[name]],
            "default": reading.default,
            "is_default": chosen[name] == reading.default,
        }
        for name, reading in READINGS.items()
        if name in chosen
    ]
