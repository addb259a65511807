"""Claims on Figure 1: memories of the most diverse gradients."""

from collections.abc import Mapping

from drl_replication.text.numbers import shortest
from drl_replication.verdict.evidence import (
    Judgement,
    Summary,
    above,
    both,
    change,
    mean_of,
    one_seed,
    side,
)

REPETITIONS = "Figure 1"


def diverse_gradients_sit_at_the_boundary(figure: Summary) -> Judgement:
    """Mean distance to the boundary, of selected samples over that of all."""
    summary = figure["summary"]
    ratio = mean_of(summary["distance_ratio"]["values"])
    if ratio is None:
        return one_seed(REPETITIONS, "repetitions")
    return Judgement(
        side(ratio.interval, 1),
        f"the samples that GSS-IQP selects lie at {ratio.unsigned} times the mean distance of all "
        f"samples ({summary['repetitions']} repetitions, {summary['solved']} solved to optimality, "
        "within 1e-6 in the mean cosine)",
    )


def random_memory_beats_gss_iqp(figure: Summary) -> Judgement:
    """Accuracy over all three classes after task 2, random minus GSS-IQP."""
    summary = figure["summary"]
    share = summary["share"]
    cases = {_percent(size): s for size, s in summary["sizes"].items()}
    places = {f"{_percent(share)} with the third class {p}": s[share] for p, s in _places(summary)}
    leads = {c: mean_of(s["difference"]["values"]) for c, s in (cases | places).items()}
    found = {c: lead for c, lead in leads.items() if lead is not None}
    if len(found) < len(leads):
        return one_seed(REPETITIONS, "repetitions")
    texts = [
        f"memory of {case}: {found[case].text}, better in {s['random_better']} and worse in "
        f"{s['gss_better']} of {s['repetitions']} repetitions"
        for case, s in (cases | places).items()
    ]
    return Judgement(both(above(found[c].interval, 0) for c in places), "; ".join(texts))


def large_memory_is_much_more_accurate(figure: Summary, much: float) -> Judgement:
    """Accuracy after task 2 with the largest memory that GSS-IQP selects, minus the smallest."""
    return _of_sizes(figure, "accuracy_gss", "accuracy", much)


def large_memory_traces_the_edges(figure: Summary) -> Judgement:
    """Are the selected samples far from their class's centre, and on its far side, too?"""
    sizes = figure["summary"]["sizes"]
    largest = max(sizes, key=float)
    verdicts, texts = [], []
    for measure, what, bound in (
        ("radius_ratio", "relative distance from the centre", 1),
        ("far_side_held", "share held of the fifth farthest from the boundary", float(largest)),
    ):
        found = {size: mean_of(sizes[size][measure]["values"]) for size in sorted(sizes, key=float)}
        told = {size: value for size, value in found.items() if value is not None}
        if len(told) < len(found):
            return one_seed(REPETITIONS, "repetitions")
        verdicts.append(above(told[largest].interval, bound))
        texts.append(
            f"{what}, {', '.join(f'{_percent(s)}: {v.unsigned}' for s, v in told.items())}"
        )
    return Judgement(both(verdicts), "; ".join(texts))


def _of_sizes(figure: Summary, measure: str, what: str, bound: float) -> Judgement:
    summary = figure["summary"]
    verdicts, texts = [], []
    for place, sizes in _places(summary):
        small, large = min(sizes, key=float), max(sizes, key=float)
        gain = change(*(sizes[size][measure]["values"] for size in (small, large)))
        if gain is None:
            return one_seed(REPETITIONS, "repetitions")
        verdicts.append(above(gain.interval, bound))
        texts.append(
            f"{what} with {_percent(large)} minus {_percent(small)}, third class {place}: "
            f"{gain.text}"
        )
    return Judgement(both(verdicts), "; ".join(texts))


def _places(summary: Summary) -> list[tuple[str, Mapping[str, Summary]]]:
    return list(summary["places"].items())


def _percent(share: str) -> str:
    return f"{shortest(100 * float(share))} %"
