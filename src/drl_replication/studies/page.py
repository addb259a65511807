"""The page of a study: what was tried, how many, decided when, and what came of it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from drl_replication.paper.printed import benchmark_title, method_title
from drl_replication.studies.agreement import Agreement
from drl_replication.studies.claims import HANGS, ROBUST, UNJUDGED, Dependence, dependence
from drl_replication.studies.columns import PROVISIONAL
from drl_replication.studies.curve import counted, leads_and_trails, of_alpha
from drl_replication.studies.explanations import Explanation, explanations
from drl_replication.study.study_files import StudyFile, VariantOfStudy
from drl_replication.tables.frames import rows
from drl_replication.text.markdown import markdown_grid
from drl_replication.text.numbers import count, digits, listed, with_interval

FORENSIC = (
    "This search is forensic: it asks which choices could explain differences from the print. No "
    "variant becomes a default because it fits, and a number that was found by searching is no "
    "replication of it. All variants that were tried are here; none was left out for its result."
)
EFFECTS_SHOWN = 12
CLAIMS_HEADER = ["claim", "verdict", "in a word", "variants that agree", "the others"]


def to_markdown(
    study: StudyFile,
    effects: pd.DataFrame,
    agreement: pd.DataFrame,
    claims: pd.DataFrame,
    curve: pd.DataFrame,
    remarks: Sequence[str] = (),
) -> str:
    """The whole page, from what the other modules made; `remarks` are sentences for the top."""
    base = study.base.name
    parts = [
        f"# Study `{study.study}`: {study.title}",
        FORENSIC,
        *remarks,
        _tried(study),
        "## What it says",
        _list(summary(study, agreement, claims, curve)),
        *_explained(explanations(effects, agreement)),
        "## Claims",
        _claims(dependence(claims, base)),
        "## The largest effects on accuracy",
        _largest(effects),
        "## Everything",
        "- `effects.md`, `agreement.md` and `claims.md` beside this page, and the same as CSV; "
        "`curve.csv` and `rates.csv` are what its figures show, where it has some.\n"
        "- `records.jsonl.gz` holds the records that all of this is made from.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _explained(found: Sequence[Explanation]) -> list[str]:
    if not found:
        return []
    lines = [f"- **{row.about}.** {row.sentence} `{row.command}`" for row in found]
    return ["## What we think happened", "\n".join(lines)]


def for_report(
    study: StudyFile,
    effects: pd.DataFrame,
    agreement: pd.DataFrame,
    claims: pd.DataFrame,
    curve: pd.DataFrame,
    remarks: Sequence[str] = (),
) -> dict[str, Any]:
    """What the report shows of the study, as JSON: grids have a header and rows of texts."""
    header, lines = _families(study)
    words = [
        [row.id, row.verdict, row.word, f"{row.agree} of {row.judged}", row.on]
        for row in rows(dependence(claims, study.base.name), Dependence)
    ]
    return {
        "study": study.study,
        "title": study.title,
        "seeds": len(study.seeds),
        "remarks": [FORENSIC, *remarks, _amount(study).replace("`", "")],
        "sentences": [s.replace("`", "") for s in summary(study, agreement, claims, curve)],
        "explanations": [
            row._replace(about=row.about.replace("`", ""))._asdict()
            for row in explanations(effects, agreement)
        ],
        "tried": {"header": header, "rows": lines},
        "claims": {"header": CLAIMS_HEADER, "rows": words},
    }


def _families(study: StudyFile) -> tuple[list[str], list[list[str]]]:
    """One row a family: its variants, and the runs that are its own."""
    families: dict[str, list[VariantOfStudy]] = {}
    for variant in study.others:
        families.setdefault(variant.family, []).append(variant)
    lines = []
    for family, variants in families.items():
        cells = [cell for variant in variants for cell in variant.cells]
        own = sum(cell.place in {v.name for v in variants} for cell in cells) * len(study.seeds)
        keys = dict.fromkeys(key for variant in variants for key in variant.changes)
        lines.append(
            [
                family,
                ", ".join(keys),
                str(len(variants)),
                str(own),
                ", ".join(map(method_title, dict.fromkeys(cell.method for cell in cells))) or "–",
                f"{variants[0].decided} results were seen",
            ]
        )
    header = ["family", "changes", "variants", "runs of its own", "methods", "decided"]
    return header, lines


def _tried(study: StudyFile) -> str:
    header, lines = _families(study)
    for line in lines:
        line[:2] = [", ".join(f"`{name}`" for name in text.split(", ")) for text in line[:2]]
    return f"## What was tried\n\n{markdown_grid(header, lines)}\n{_amount(study)}"


def _amount(study: StudyFile) -> str:
    benchmarks = [benchmark_title(b) for b in dict.fromkeys(c.benchmark for c in study.base.cells)]
    provisional = (
        ""
        if len(study.seeds) >= PROVISIONAL
        else f" Under {PROVISIONAL} seeds, so that all of it is provisional."
    )
    total = len(study.groups()) * len(study.seeds)
    seeds = f"{len(study.seeds)} seed{'s' * (len(study.seeds) > 1)} each"
    return (
        f"{len(study.others)} variants on {listed(benchmarks)}, {seeds}: "
        f"{total} runs with those of `{study.base.name}`, which all are compared with; where "
        f"settings are equal, runs are shared.{provisional}"
    )


def summary(
    study: StudyFile, agreement: pd.DataFrame, claims: pd.DataFrame, curve: pd.DataFrame
) -> list[str]:
    """The result in sentences."""
    base = study.base.name
    words = dependence(claims, base)["word"].value_counts()
    sentences = [
        f"Of {int(words.sum())} claims on runs {int(words.get(ROBUST, 0))} have the same verdict "
        f"under every variant that can judge them, {int(words.get(HANGS, 0))} hang on a choice, "
        f"and {int(words.get(UNJUDGED, 0))} cannot be judged here."
    ]
    distinct = counted(curve, base)
    scan = of_alpha(distinct)
    for what, kind in (
        ("readings and rates", distinct[~scan]),
        ("values of alpha", distinct[scan]),
    ):
        for benchmark, part in kind.groupby("benchmark", sort=False):
            ahead, behind = leads_and_trails(part)
            sentences.append(
                f"{benchmark_title(str(benchmark))}: under {ahead} of {len(part)} other {what} "
                "with one learning rate for both, each counted once, DRL is ahead of its best "
                "rival, picked on the same seeds, which favours the rival (95 % interval above 0, "
                f"{count(part['n'])}), under {behind} behind."
            )
    for benchmark, part in agreement.groupby("benchmark", sort=False):
        sentences.append(_nearest(study, str(benchmark), rows(part, Agreement)))
    return sentences


def _nearest(study: StudyFile, benchmark: str, found: list[Agreement]) -> str:
    base = study.base.name
    [own] = [row for row in found if row.variant == base]
    nearest = [row for row in found if row.nearest]
    best = min(nearest, key=lambda row: row.distance_chosen_on, default=own)
    [variant] = [v for v in study.variants if v.name == best.variant]
    cells = {(cell.benchmark, cell.method) for cell in variant.cells}
    changed = [method for method in study.chosen_on if (benchmark, method) in cells]
    some = f" (of these it changes {listed(map(method_title, changed))})"
    return (
        f"{benchmark_title(benchmark)}: picked on the accuracies of "
        f"{listed(map(method_title, study.chosen_on))} alone, `{best.variant}` is nearest to the "
        f"print{some * (len(changed) < len(study.chosen_on))}; on the other methods' numbers its "
        f"distance is {digits(best.other_distance)}, that of `{base}` {digits(own.other_distance)}."
    )


def _claims(frame: pd.DataFrame) -> str:
    lines = [
        [f"`{row.id}`", row.verdict, f"**{row.word}**", f"{row.agree} of {row.judged}", row.on]
        for row in rows(frame, Dependence)
    ]
    return markdown_grid(CLAIMS_HEADER, lines)


def _largest(effects: pd.DataFrame) -> str:
    part = effects[(effects["measure"] == "accuracy") & effects["shown"]]
    if part.empty:
        return "None is shown by its interval."
    order = part["effect"].abs().sort_values(ascending=False, kind="stable").index
    lines = [
        [
            f"`{row['variant']}`",
            benchmark_title(row["benchmark"]),
            method_title(row["method"]),
            with_interval(row["effect"], row["low"], row["high"], sign="+"),
        ]
        for row in part.loc[order[:EFFECTS_SHOWN]].to_dict("records")
    ]
    return markdown_grid(["variant", "benchmark", "method", "change [95 % interval]"], lines)


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
