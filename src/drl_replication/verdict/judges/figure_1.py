"""Claims on Figure 1: memories of the most diverse gradients."""

from drl_replication.text.numbers import with_interval
from drl_replication.verdict.evidence import MIXED, Judgement, Summary, above, one_seed, side


def diverse_gradients_sit_at_the_boundary(summary: Summary) -> Judgement:
    """Mean distance to the boundary, of selected samples over that of all."""
    stat = summary["distance_ratio"]
    if not stat.get("interval"):
        return one_seed("Figure 1", "repetitions")
    return Judgement(
        side(stat["interval"], 1),
        f"the samples that GSS-IQP selects lie at {with_interval(stat['mean'], *stat['interval'])} "
        f"times the mean distance of all samples ({summary['repetitions']} repetitions, "
        f"{summary['solved']} solved to optimality, within 1e-6 in the mean cosine)",
    )


def random_memory_beats_gss_iqp(summary: Summary) -> Judgement:
    """Accuracy over all three classes after task 2, random minus GSS-IQP."""
    if not summary["difference"].get("interval"):
        return one_seed("Figure 1", "repetitions")
    share = summary["share"]
    cases = {_percent(size): s for size, s in summary["sizes"].items()}
    places = {place: sizes[share] for place, sizes in summary["places"].items()}
    cases |= {f"{_percent(share)} with the third class {p}": s for p, s in places.items()}
    texts = [
        f"memory of {case}: {_difference(s['difference'])}, "
        f"better in {s['random_better']} and worse in {s['gss_better']} of {s['repetitions']} "
        "repetitions"
        for case, s in cases.items()
    ]
    found = {above(s["difference"]["interval"], 0) for s in places.values()}
    return Judgement(found.pop() if len(found) == 1 else MIXED, "; ".join(texts))


def _difference(stat: Summary) -> str:
    low, high = stat["interval"]
    return with_interval(stat["mean"], low, high, "+")


def _percent(share: str) -> str:
    return f"{100 * float(share):g} %"
