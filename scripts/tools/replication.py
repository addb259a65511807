"""Write the replication report, the same as an article, and what archives read.

python scripts/tools/replication.py            write all that stands on the published records
python scripts/tools/replication.py --check    is a file of it stale?
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import archive
import latex
import pandas as pd
import readme_results
import whole_files
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markers import PROJECT

from drl_replication.paper.printed import (
    BENCHMARK_TITLES,
    METHOD_TITLES,
    PRINTED_SEEDS,
    benchmark_title,
    method_title,
)
from drl_replication.records import packed
from drl_replication.records.runs import read_record
from drl_replication.study.readings import READINGS
from drl_replication.tables.audit import IMPOSSIBLE, REPEATED, WRONG
from drl_replication.tables.comparisons import ASKED, QUESTIONS, Comparison
from drl_replication.tables.frames import rows as rows_of
from drl_replication.tables.separation import FEW
from drl_replication.tables.table_1_to_3 import collapsed_notes
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.notes import ENOUGH, PROVISIONAL
from drl_replication.text.numbers import count, digits, listed, with_interval, with_std
from drl_replication.verdict.claims import EXPERIMENTS
from drl_replication.verdict.evidence import CLAIM_VERDICTS, OPEN
from drl_replication.verdict.page import claim_counts, on_rho
from drl_replication.verdict.rules import READ

PUBLISHED = PROJECT / "results" / "published"
PAPER_RUNS = len(BENCHMARK_TITLES) * len(METHOD_TITLES) * PRINTED_SEEDS
BROKEN = f"{IMPOSSIBLE}|{WRONG}"
ALWAYS = (
    "Runs are by more than one commit and machine, which round otherwise; each record says by "
    "which.",
    "Tables 1 to 3 are three views of the same runs, and cells of a column share seeds: their "
    "counts are not independent. No error rate is controlled over everything together.",
    "Seeds 10 to 39 of the MNIST family were run after the results of ten had been seen. With ten, "
    "Table 1 has 10 numbers reproduced, 4 differing and 7 inconclusive, `drl_best` cannot be "
    "judged and `rho_accuracy` does not hold; the other claims have the same verdicts "
    "([command](docs/reproducibility.md)).",
    "Intervals on the paper's side rest on its rounded standard deviations and on normal errors of "
    "ten runs.",
    "The defaults are our readings of the text. A number that differs speaks of the text as we "
    "read it, not of what the authors ran.",
)
HEAD = "# Written by scripts/tools/replication.py.\n"
AS_WRITTEN: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 98}


def files() -> dict[str, str]:
    """All that is written, by path in the project."""
    facts = collected()
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    report = templates.get_template("replication.md.j2").render(facts)
    fields = metadata(facts)
    return {
        "REPLICATION.md": report,
        "article/content.tex": latex.to_latex(report),
        "article/metadata.yaml": HEAD + yaml.safe_dump(fields, **AS_WRITTEN),
        "article/metadata.tex": "".join(
            f"\\newcommand{{\\article{name}}}{{{latex.text(value)}}}\n"
            for name, value in {
                "title": fields["title"],
                "authors": listed(author["name"] for author in fields["authors"]),
                "keywords": fields["keywords"],
                "abstract": fields["abstract"],
            }.items()
        ),
        **archive.files(),
    }


def collected() -> dict[str, Any]:
    """What the template shows."""
    records = [read_record(path) for path in packed.places(PUBLISHED / "runs")]
    names = ("table_1", "table_6", "comparisons", "audit")
    tables = {name: read(f"tables/{name}.csv") for name in names}
    verdict, claims = read("verdict.csv"), read("claims.csv")
    return {
        "enough": ENOUGH,
        "runs": runs(records),
        "hyperparameters": hyperparameters(tables["table_6"]),
        "readings": readings(),
        "results": readme_results.results(tables["table_1"]),
        "counts": readme_results.verdict_counts(verdict),
        "differing": differing(verdict),
        "claims": of_claims(claims),
        "comparisons": comparisons(tables["comparisons"]),
        "audit": audit(tables["audit"]),
        "misprints": misprints(tables["audit"]),
        "added": added(PUBLISHED / "added" / "tables"),
        "studies": studies(),
        "cost": cost(records),
        "limitations": limitations(records, tables["table_1"]),
    }


def read(name: str) -> pd.DataFrame:
    """A published table."""
    return pd.read_csv(PUBLISHED / name, keep_default_na=False, na_values=[""])


def runs(records: list[dict]) -> dict[str, Any]:
    """How many runs there are, and by which code."""
    commits = Counter(str(r["provenance"]["commit"])[:7] for r in records)
    cells = Counter((r["benchmark"], r["method"]) for r in records if r["method"] in METHOD_TITLES)
    made: Counter[str] = Counter()
    for (benchmark, _), n in cells.items():
        made[benchmark] += n
    asked = sum(min(n, PRINTED_SEEDS) for n in cells.values())
    more = f", and {made.total() - asked} with more seeds" if made.total() > asked else ""
    told = listed(f"{made[b]} on {benchmark_title(b)}" for b in BENCHMARK_TITLES)
    return {
        "made": len(records),
        "paper": PAPER_RUNS,
        "printed_seeds": PRINTED_SEEDS,
        "commits": listed(name for name, _ in commits.most_common()),
        "told": f"Of the paper's {PAPER_RUNS} runs {asked} were made{more}: {told}.",
    }


def hyperparameters(table: pd.DataFrame) -> str:
    """How those that ran compare with Table 6."""
    ran = table[table["status"] != "not run"]
    printed = ran[ran["printed"].notna()]
    changed = printed[printed["status"] != "as printed"]
    if changed.empty:
        return f"all {len(printed)} printed values that could be used are used as printed."
    told = listed(
        f"{row['hyperparameter']} {row['value']:g} instead of {row['printed']:g} on "
        f"{benchmark_title(row['benchmark'])}"
        for row in changed.to_dict("records")
    )
    return f"{len(printed) - len(changed)} printed values are used as printed, but {told}."


def readings() -> str:
    """Each reading with what the runs have, and what else it could be."""
    lines = []
    for name, reading in READINGS.items():
        others = [f"`{option}`" for option in reading.options if option != reading.default]
        told = f"`{name}` is `{reading.default}` ({reading.options[reading.default]})"
        lines.append(f"{told}, not {' or '.join(others)}.")
    return bullets(lines)


def bullets(lines: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {line}" for line in lines)


def differing(verdict: pd.DataFrame) -> str:
    """The average accuracies that differ from the print, one by one."""
    table = verdict[(verdict["source"] == "Table 1") & ~verdict["provisional"]]
    found = [
        f"{method_title(row['method'])} on {benchmark_title(row['benchmark'])} "
        f"({digits(row['ours'])} against {digits(row['printed'])})"
        for row in table[table["verdict"] == "differs"].to_dict("records")
    ]
    return f"Average accuracies that differ from the print: {listed(found)}."


def of_claims(frame: pd.DataFrame) -> dict[str, Any]:
    """The claims that were judged with their evidence, and the names of the others."""
    told = ", ".join(f"{verdict} {n}" for verdict, n in claim_counts(frame).items() if n)
    parts = []
    for verdict in CLAIM_VERDICTS:
        lines = [
            f"“{row['claim']}” ({row['section']}){PROVISIONAL if row['provisional'] else ''} "
            f"{row['evidence'].partition(' Missing: ')[0]}"
            for row in frame[frame["verdict"] == verdict].to_dict("records")
        ]
        if lines and verdict != OPEN:
            parts.append(f"**{verdict.capitalize()}**:\n\n{bullets(lines)}")
    return {
        "total": len(frame),
        "experiments": int((frame["source"] == EXPERIMENTS).sum()),
        "told": f"Of {len(frame)} claims: {told}.",
        "on_rho": on_rho(frame),
        "read": READ,
        "judged": "\n\n".join(parts),
        "open": listed(f"`{name}`" for name in frame.loc[frame["verdict"] == OPEN, "id"]),
    }


def comparisons(frame: pd.DataFrame) -> str:
    """DRL against its rivals, counted."""
    part = frame[frame["comparison"] == "drl against rivals"]
    lines = []
    for measure, own in part.groupby("measure", sort=False):
        verdicts = own["verdict"].value_counts()
        told = listed(f"{word} in {n}" for word, n in verdicts.items())
        lines.append(f"{str(measure).replace('_', ' ').capitalize()}: {told}.")
    pairs = len(part[["rival", "benchmark"]].drop_duplicates())
    return (
        f"DRL against each rival on each benchmark, {pairs} pairs whose seeds were compared one by "
        f"one:\n\n{bullets(lines)}"
    )


def audit(frame: pd.DataFrame) -> str:
    """How many rows of each source break the identity, and what else is found in the paper's."""
    paper, finding = frame["source"] == "paper", frame["finding"].fillna("")
    broken, repeated = (finding.str.contains(words) for words in (BROKEN, REPEATED))
    return (
        f"of the replication's {sum(~paper)} rows {sum(broken & ~paper)} break it, of the paper's "
        f"{sum(paper)} rows {sum(broken & paper)}, and {sum(repeated & paper)} repeat another "
        "table's digits."
    )


def misprints(frame: pd.DataFrame) -> str:
    """What the audit finds wrong in the paper's own tables."""
    found = frame[(frame["source"] == "paper") & frame["finding"].fillna("").ne("")]
    told = "; ".join(
        f"{method_title(row['method'])} on {benchmark_title(row['benchmark'])}: {row['finding']}"
        for row in found.to_dict("records")
    )
    return (
        f"Printed cells of Table 3 that are taken for misprints, and not scored: {told or 'none'}."
    )


def studies() -> str:
    """The published studies: what they sum up with, and what we think happened."""
    found = []
    for path in sorted(PUBLISHED.glob("studies/*/summary.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        why = [f"{row['about']}: {row['sentence']}" for row in told.get("explanations", [])]
        lines = bullets([*told["sentences"], *why])
        few = ", provisional" if told["seeds"] < ENOUGH else ""
        about = f"{told['title']} ({count([told['seeds']])}{few})"
        found.append(f"**Study `{path.parent.name}`**: {about}\n\n{lines}")
    return "\n\n".join(found) or (
        "No study of readings, hyperparameters or controls is among the published results. The "
        "workflow has them as [studies](config/studies.yaml), which take one command."
    )


def added(tables: Path) -> str:
    """What the methods answer that the paper has no numbers of; nothing if none are published."""
    if not (tables / "comparisons.csv").exists():
        return ""
    means = pd.read_csv(tables / "table_1.csv", keep_default_na=False, na_values=[""])
    places = [PUBLISHED / "tables", tables]  # the first has more seeds of the paper's methods
    tests = pd.concat([pd.read_csv(place / "comparisons.csv") for place in places])
    tests = tests[(tests["comparison"] == ASKED) & (tests["measure"] == "average_accuracy")]
    tests = tests.drop_duplicates(["benchmark", "method", "rival"])
    answers = []
    for (one, other), question in QUESTIONS.items():
        part = tests[(tests["method"] == one) & (tests["rival"] == other)]
        told = "; ".join(
            f"{benchmark_title(row.benchmark)} "
            f"{with_interval(row.mean_difference, row.low, row.high, sign='+')} "
            f"({row.verdict}, n = {row.n})"
            for row in rows_of(part, Comparison)
            if row.verdict != FEW
        )
        if told:
            answers.append(f"{question} {method_title(one)} minus {method_title(other)}: {told}.")
    there = means[(means["n"] > 0) & ~means["method"].isin(list(METHOD_TITLES))]
    benchmarks, methods = (list(there[name].unique()) for name in ("benchmark", "method"))
    cells = {}
    for row in there.to_dict("records"):
        remarks = [f"n = {row['n']}"] * (row["n"] < ENOUGH)
        remarks += [f"{row['n_diverged']} diverged"] * (row["n_diverged"] > 0)
        remark = f" ({', '.join(remarks)})" if remarks else ""
        cells[row["method"], row["benchmark"]] = with_std(row["mean"], row["std"]) + remark
    rows = [[method_title(m), *(cells.get((m, b), "–") for b in benchmarks)] for m in methods]
    header = ["", *map(benchmark_title, benchmarks)]
    dead = collapsed_notes(there.fillna({"collapsed": ""}))
    return (
        f"**Added methods**, average accuracy, ± sample standard deviation, {count(there['n'])} "
        f"([tables](results/published/added/tables/)):\n\n{markdown_grid(header, rows)}\n"
        f"{bullets([*dead, *answers])}"
    )


def cost(records: list[dict]) -> str:
    """Hours by benchmark and kind of machine, as the records have them."""
    hours: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        seconds = record["training_seconds"] + record["evaluation_seconds"]
        device = "GPU" if record["provenance"]["device"] == "cuda" else "core"
        hours[record["benchmark"]][device] += seconds / 3600
    kinds = [kind for kind in ("core", "GPU") if any(kind in found for found in hours.values())]
    rows = [
        [benchmark_title(b), *(f"{hours[b][kind]:.2f}" for kind in kinds)]
        for b in [*BENCHMARK_TITLES, *(name for name in hours if name not in BENCHMARK_TITLES)]
    ]
    rows.append(["all", *(f"{sum(h[kind] for h in hours.values()):.2f}" for kind in kinds)])
    grid = markdown_grid(["training and evaluation", *(f"{kind}-hours" for kind in kinds)], rows)
    made = [record["provenance"] for record in records]
    machines = Counter(made_with.get("gpu", made_with["cpu_model"]) for made_with in made)
    wide = sum(made_with["threads"] > 1 for made_with in made)
    but = f", but for {wide} on more threads, whose hours count once" if wide else ""
    figures = sum(map(seconds_of, PUBLISHED.glob("experiments/*/*.json"))) / 3600
    return (
        f"{grid}\nOne core or GPU a run{but}: "
        f"{listed(f'{m} ({n} runs)' for m, n in machines.items())}. "
        f"The experiments of figures and claims took {figures:.2f} core-hours more. Added methods, "
        "studies, tuning, attempts, tests and runs that were replaced are not in these numbers."
    )


def seconds_of(path: Path) -> float:
    """From start to end of an experiment."""
    made = json.loads(path.read_text())["provenance"]
    start, end = (datetime.fromisoformat(made[key]) for key in ("started", "finished"))
    return (end - start).total_seconds()


def limitations(records: list[dict], table: pd.DataFrame) -> str:
    """What the numbers cannot carry."""
    made = (table["n"] + table["n_diverged"]).set_axis([table["benchmark"], table["method"]])
    few = []
    for benchmark in BENCHMARK_TITLES:
        lacking = [m for m in METHOD_TITLES if made.get((benchmark, m), 0) < ENOUGH]
        names = listed(map(method_title, lacking))
        if lacking:
            whole = len(lacking) == len(METHOD_TITLES)
            few.append(f"{benchmark_title(benchmark)} ({'all methods' if whole else names})")
    dirty = sum(bool(r["provenance"]["dirty"]) for r in records)
    lines = [f"Fewer than {ENOUGH} runs, so that nothing is concluded: {listed(few)}."] * bool(few)
    lines += [f"{dirty} runs were made by code that was not committed."] * bool(dirty)
    return bullets([*lines, *ALWAYS])


def metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a journal of replications (ReScience C) asks for; what is unknown is left out."""
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    [paper] = [entry for entry in citation["references"] if entry["type"] == "article"]
    authors = ", ".join(f"{a['given-names']} {a['family-names']}" for a in paper["authors"])
    return {
        "title": f"[Re] {paper['title']}",
        "authors": [{"name": author["name"]} for author in citation["authors"]],
        "keywords": ", ".join([*citation["keywords"], "rescience c", "python", "pytorch"]),
        "type": "Replication",
        "language": "English",
        "domain": "Machine learning",
        "replication": [
            {"cite": f"{authors}, {paper['title']}, {paper['year']}", "url": paper["url"]}
        ],
        "abstract": f"{facts['runs']['told']} {facts['claims']['told']} {facts['differing']}",
    }


if __name__ == "__main__":
    whole_files.main(__doc__, files)
