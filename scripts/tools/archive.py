"""Write what archives read: codemeta.json, codecheck.yml and ro-crate-metadata.json.

python scripts/tools/archive.py            write the three, from CITATION.cff and what is published
python scripts/tools/archive.py --check    is one of them stale?
"""

import json
import tomllib
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any

import whole_files
import yaml
from markers import PROJECT

from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.records import packed
from drl_replication.records.runs import read_record
from drl_replication.study.figures import FIGURES
from drl_replication.study.readings import TABLE_READINGS

PUBLISHED = "results/published"
ABOUT_TABLES = {
    1: "average accuracy",
    2: "average forgetting",
    3: "average intransigence",
    4: "correlations with the rho-spectrum",
    5: "training times",
    6: "hyperparameters",
}
OTHERS = {
    "tables/comparisons.csv": "exact paired tests between the methods",
    "tables/audit.csv": "Tables 1 to 3, checked with the identity of the three measures",
    "tables/aggregates.csv": "DRL against each rival over all benchmarks",
    "tables/runs.csv": "the measures of each run",
    "verdict.csv": "each printed number beside ours, judged",
    "claims.csv": "each claim of the paper, judged",
}
RO_CRATE = "https://w3id.org/ro/crate/1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
# What the main workflow is described by; its words are schema.org's.
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
FORMATS = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".yaml": "application/yaml",
}
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
WORKFLOW, AUTHORS = "workflow/Snakefile", "#authors"
MIT = "https://spdx.org/licenses/MIT"
Entity = dict[str, Any]


def files() -> dict[str, str]:
    """All that is written, by path in the project."""
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    return {
        "codemeta.json": as_json(codemeta(citation)),
        "codecheck.yml": codecheck(citation),
        "ro-crate-metadata.json": as_json(crate(citation)),
    }


def as_json(content: dict) -> str:
    """JSON to be read and compared by lines."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def outputs() -> dict[str, str]:
    """What is published to be checked, by path in the project, with what it is."""
    tables = {f"tables/table_{n}.csv": f"Table {n}: {ABOUT_TABLES[n]}" for n in TABLE_READINGS}
    figures = {f"figures/{name}.pdf": row.title for name, row in FIGURES.items()}
    named = {f"{PUBLISHED}/{name}": told for name, told in (tables | figures | OTHERS).items()}
    return {name: told for name, told in named.items() if (PROJECT / name).exists()}


def paper(citation: dict) -> dict:
    """The paper that is replicated, among the references of the citation."""
    [found] = [entry for entry in citation["references"] if entry["type"] == "article"]
    return found


def codemeta(citation: dict) -> dict:
    """The citation in the words of CodeMeta; what is unknown is left out."""
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    replicated = paper(citation)
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "type": "SoftwareSourceCode",
        "name": citation["title"],
        "identifier": pyproject["name"],
        "description": pyproject["description"],
        "version": citation["version"],
        "datePublished": str(citation["date-released"]),
        "license": MIT,
        "author": [{"type": "Organization", "name": a["name"]} for a in citation["authors"]],
        "keywords": citation["keywords"],
        "programmingLanguage": ["Python", "Snakemake"],
        "runtimePlatform": f"Python {pyproject['requires-python']}",
        "operatingSystem": "Linux",
        "softwareRequirements": "envs/requirements.lock",
        "readme": "README.md",
        "referencePublication": {
            "type": "ScholarlyArticle",
            "name": replicated["title"],
            "url": replicated["url"],
        },
    }


def codecheck(citation: dict) -> str:
    """The manifest of outputs, in the form of CODECHECK; a check itself has not taken place."""
    replicated = paper(citation)
    authors = [{"name": f"{a['given-names']} {a['family-names']}"} for a in replicated["authors"]]
    manifest = [{"file": file, "comment": told} for file, told in outputs().items()]
    content = {
        "version": "https://codecheck.org.uk/spec/config/1.0/",
        "paper": {
            "title": replicated["title"],
            "authors": authors,
            "reference": replicated["url"],
        },
        "manifest": manifest,
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=98)
    return f"---\n# Written by scripts/tools/archive.py.\n{text}"


def crate(citation: dict) -> dict:
    """The study as a Workflow Run RO-Crate: the workflow, its settings, outputs, and its runs."""
    actions, records = runs()
    parts = [*(ref(WORKFLOW), ref("config/config.yaml"), ref("README.md")), *map(ref, outputs())]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": citation["title"],
        "description": f"The replication of: {paper(citation)['title']}",
        "datePublished": str(citation["date-released"]),
        "license": ref(MIT),
        "author": ref(AUTHORS),
        "publisher": ref(AUTHORS),
        "conformsTo": [ref(profile) for profile in PROFILES],
        "mainEntity": ref(WORKFLOW),
        "hasPart": parts + [ref(folder["@id"]) for folder in records],
        "mentions": [ref(action["@id"]) for action in actions],
    }
    contents = [file(name, told) for name, told in outputs().items()]
    context = [f"{RO_CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"]
    graph = [*frame(citation), root, *contents, *records, *actions]
    return {"@context": context, "@graph": graph}


def frame(citation: dict) -> list[Entity]:
    """What every crate of ours has, whatever was run."""
    profiles = [
        {"@id": address, "@type": "CreativeWork", "name": name, "version": version}
        for address, (name, version) in PROFILES.items()
    ]
    workflow = {
        "@id": WORKFLOW,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": citation["title"],
        "version": citation["version"],
        "programmingLanguage": ref(SNAKEMAKE),
        "license": ref(MIT),
        "encodingFormat": "text/plain",
        "conformsTo": ref(BIOSCHEMAS),
    }
    return [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": [
                ref(RO_CRATE),
                ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0"),
            ],
            "about": ref("./"),
        },
        *profiles,
        workflow,
        {
            "@id": SNAKEMAKE,
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "url": "https://snakemake.readthedocs.io",
        },
        {"@id": MIT, "@type": "CreativeWork", "name": "MIT License"},
        *(
            {"@id": AUTHORS, "@type": "Organization", "name": a["name"]}
            for a in citation["authors"]
        ),
        {
            "@id": BIOSCHEMAS,
            "@type": "CreativeWork",
            "name": "ComputationalWorkflow profile of Bioschemas",
            "version": "1.0-RELEASE",
        },
        file("config/config.yaml", "the settings of the paper"),
        file("README.md", "what the project is and how to use it") | {"about": ref("./")},
    ]


def runs() -> tuple[list[Entity], list[Entity]]:
    """One action for each method on each benchmark; the folders and files of records."""
    found: dict[tuple[str, str, str], list[dict]] = defaultdict(list)
    for path in packed.places(PROJECT / PUBLISHED / "runs"):
        record, holder = read_record(path), packed.holder(path)
        where = f"{path.parent}/" if holder == path else str(holder)
        where = where.removeprefix(f"{PROJECT}/")
        found[where, record["benchmark"], record["method"]].append(record)
    actions: list[Entity] = []
    held: dict[str, Entity] = {}
    for (where, benchmark, method), records in found.items():
        title = benchmark_title(benchmark)
        if where.endswith("/"):
            told = f"Records: {method_title(method)} on {title}"
            held[where] = {"@id": where, "@type": "Dataset", "name": told}
        else:
            held[where] = file(where, f"Records: all methods on {title}")
        seeds = f"{len(records)} seed{'s' * (len(records) > 1)}"
        made = [record["provenance"] for record in records]
        actions.append(
            {
                "@id": f"#{benchmark}-{method}",
                "@type": "CreateAction",
                "name": f"{method_title(method)} on {title}, {seeds}",
                "instrument": ref(WORKFLOW),
                "object": ref("config/config.yaml"),
                "result": ref(where),
                "startTime": min(m["started"] for m in made),
                "endTime": max(m["finished"] for m in made),
                "agent": ref(AUTHORS),
                "description": f"By commits {', '.join(sorted({str(m['commit']) for m in made}))}.",
            }
        )
    return actions, list(held.values())


def file(name: str, told: str) -> Entity:
    """A file of the crate."""
    kind = FORMATS[PurePosixPath(name).suffix]
    return {"@id": name, "@type": "File", "name": told, "encodingFormat": kind}


def ref(name: str) -> Entity:
    """A reference to another entity."""
    return {"@id": name}


if __name__ == "__main__":
    whole_files.main(__doc__, files)
