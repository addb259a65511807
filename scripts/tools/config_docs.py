"""Write what the documents say about keys, readings and datasets, from the code's own tables.

python scripts/tools/config_docs.py            fill them
python scripts/tools/config_docs.py --check    is anything stale?
"""

from typing import Any

import markers
import yaml

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS
from drl_replication.learning.methods import METHODS
from drl_replication.study import config
from drl_replication.study.readings import READINGS, Reading

TYPES = {
    "boolean": "`true` or `false`",
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "object": "mapping",
    "null": "`null`",
}
MAPPINGS = ("download.mirrors", "tuning.factors")  # of what has a name of its own
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}


def main() -> None:
    """Fill, or with --check compare, the documents."""
    defaults = config.load([markers.PROJECT / "config" / "config.yaml"])
    documents = {
        "config/README.md": {
            "keys": keys(defaults),
            "settings": settings(defaults),
            "readings": readings(),
        },
        "docs/readings.md": {"readings": readings_in_short()},
        "docs/datasets.md": {"datasets": datasets()},
    }
    markers.main(__doc__, documents)


def keys(defaults: dict) -> str:
    """All keys outside of the blocks `settings` and `readings`, one a row."""
    rows = []
    for key, schema in config.schema()["properties"].items():
        value = defaults.get(key, {})  # `tuning` stands in studies.yaml
        if key in ("settings", "readings"):
            rows.append([code(key), "mapping", "see below", schema["description"]])
        else:
            rows += key_rows(key, schema, value)
    return grid(["key", "allowed", "default", "meaning"], rows)


def key_rows(key: str, schema: dict, value: Any) -> list[list[str]]:
    """A key's row; one a key that it holds if it is a mapping of known ones."""
    if "properties" not in schema or key in MAPPINGS:
        return [[code(key), allowed(schema), code(value), schema["description"]]]
    return [
        row
        for name, inner in schema["properties"].items()
        for row in key_rows(f"{key}.{name}", inner, value.get(name, "–"))
    ]


def settings(defaults: dict) -> str:
    """The keys of a benchmark's block, one a row, with each benchmark's default."""
    blocks = config.schema()["properties"]["settings"]["properties"]
    properties = {name: block["properties"] for name, block in blocks.items()}
    names = dict.fromkeys(key for block in properties.values() for key in block)
    rows = []
    for name in names:
        having = {b: block[name] for b, block in properties.items() if name in block}
        values = [code(defaults["settings"].get(b, {}).get(name, "–")) for b in blocks]
        description = next(iter(having.values()))["description"]
        rows.append([code(name), allowed_by_benchmark(having), description, *values])
    return grid(["key", "allowed", "meaning", *map(code, blocks)], rows)


def allowed_by_benchmark(schemas: dict[str, dict]) -> str:
    """What a key allows; by benchmark where that differs."""
    texts = {benchmark: allowed(schema) for benchmark, schema in schemas.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    groups = {text: [b for b in texts if texts[b] == text] for text in texts.values()}
    return "; ".join(f"{', '.join(map(code, names))}: {text}" for text, names in groups.items())


def allowed(schema: dict) -> str:
    """The values that a key takes, in words."""
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if kinds == ["array"]:
        return f"list of: {allowed(schema['items'])}"
    bounds = ", ".join(f"{sign} {schema[key]}" for key, sign in BOUNDS.items() if key in schema)
    return " ".join([" or ".join(TYPES[kind] for kind in kinds), *([bounds] if bounds else [])])


def readings() -> str:
    """Every reading with its options, the default first, and what it concerns."""
    parts = []
    for name, reading in READINGS.items():
        options = [
            f"- {code(option)}{' (default)' if option == reading.default else ''}: {meaning}"
            for option, meaning in reading.options.items()
        ]
        parts += [f"### `{name}`", "", concerns(reading), "", *options, ""]
    return "\n".join(parts)


def concerns(reading: Reading) -> str:
    """Which runs a reading concerns, in a sentence."""
    if reading.tables:
        return "Changes no run, only what is made from the records."
    pairs = [
        (b, m)
        for b, benchmark in BENCHMARKS.items()
        for m, method in METHODS.items()
        if reading.concerns(benchmark, method)
    ]

    def listed(kind: str, chosen: list[str], known: dict) -> str:
        chosen = list(dict.fromkeys(chosen))
        return f"all {kind}" if len(chosen) == len(known) else ", ".join(map(code, chosen))

    methods = listed("methods", [m for _, m in pairs], METHODS)
    return f"Concerns {methods}, on {listed('benchmarks', [b for b, _ in pairs], BENCHMARKS)}."


def readings_in_short() -> str:
    """One line a reading, linked to its options."""
    return "\n".join(
        f"- [`{name}`](../config/README.md#{name}): {', '.join(map(code, reading.options))}"
        for name, reading in READINGS.items()
    )


def datasets() -> str:
    """The registered datasets, one a row."""
    rows = [
        [
            code(d.name),
            d.title,
            f"{d.training_images:,} / {d.test_images:,}",
            d.licence,
            code(d.folder),
        ]
        for d in DATASETS.values()
    ]
    return grid(["id", "dataset", "images (training / test)", "licence", "folder"], rows)


def code(value: Any) -> str:
    """A value as it is written in YAML, as code."""
    if value == "–":
        return value
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
    return f"`{text}`"


def grid(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
