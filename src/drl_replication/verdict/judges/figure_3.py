"""Claims on Figure 3: DRL against BER, and rho against alpha."""

from collections.abc import Sequence
from itertools import pairwise

from drl_replication.text.numbers import digits
from drl_replication.verdict.evidence import (
    FEWEST,
    HOLDS,
    MIXED,
    OPEN,
    Judgement,
    Summary,
    above,
    change,
    one_seed,
    side,
)

SATURATED = 0.1  # of the whole drop


def alpha_lowers_rho_and_saturates(summary: Summary) -> Judgement:
    """Rho at the largest alpha against the smallest; the last step against the whole change.

    Asked twice where runs diverged: an alpha just above those hardly learns, and rho falls from
    there without saying much.
    """
    diverged = {name: n for name, n in summary["diverged"].items() if n}
    told = "; ".join(
        f"{n} of {n + len(summary['finished'][name])} diverged at {_at(name)}"
        for name, n in diverged.items()
    )
    alphas = sorted((a for a, s in summary["rho"].items() if len(s["values"]) >= FEWEST), key=float)
    whole = _fall_of_rho(summary, alphas)
    parts = [whole]
    if set(diverged) & set(alphas):
        parts.append(_fall_of_rho(summary, [a for a in alphas if a not in diverged]))
    verdicts = {part.verdict for part in parts} - {OPEN}
    verdict = whole.verdict if whole.verdict == OPEN or len(verdicts) == 1 else MIXED
    texts = [
        whole.evidence,
        *(f"where every run finished: {p.evidence}" for p in parts[1:] if p.evidence),
    ]
    ber = f"BER's is {digits(summary['rho_ber']['mean'])}"
    return Judgement(verdict, "; ".join(filter(None, [*texts, ber, told])), whole.missing)


def _fall_of_rho(summary: Summary, alphas: Sequence[str]) -> Judgement:
    """The claim on these alphas, in the order of numbers."""
    if len(alphas) < 3:
        return Judgement(OPEN, "", ["Figure 3: three alphas with two finished seeds each"])
    rho, (first, last) = summary["rho"], (alphas[0], alphas[-1])
    values = [
        dict(zip(summary["finished"][a], rho[a]["values"], strict=True)) for a in (first, last)
    ]
    seeds = [seed for seed in values[0] if seed in values[1]]
    whole = change(*([v[seed] for seed in seeds] for v in values))
    if whole is None:
        return Judgement(OPEN, "", [f"Figure 3: two seeds with {_at(first)} and {last}"])
    lower = side(whole.interval, 0)
    steps = [rho[b]["mean"] - rho[a]["mean"] for a, b in pairwise(alphas)]
    saturates = abs(steps[-1]) <= SATURATED * abs(rho[last]["mean"] - rho[first]["mean"])
    text = (
        f"rho is {digits(rho[first]['mean'])} at {_at(first)} and {digits(rho[last]['mean'])} at "
        f"{last} (change over the {len(seeds)} seeds that finished both "
        f"{whole.text}), its first step {digits(steps[0], '+')}, its last, from "
        f"{alphas[-2]}, {digits(steps[-1], '+')}"
    )
    return Judgement(MIXED if lower == HOLDS and not saturates else lower, text)


def _at(name: str) -> str:
    return "BER" if name == "ber" else f"alpha = {name}"


def drl_makes_representations_less_similar(summary: Summary) -> Judgement:
    """Mean cosine similarity of representations, DRL minus BER: both kinds of pairs."""
    return _similarities(summary, "representation")


def drl_makes_gradients_less_similar(summary: Summary) -> Judgement:
    """The same for gradients."""
    return _similarities(summary, "gradient")


def drl_makes_gradients_less_diverse(summary: Summary) -> Judgement:
    """Pairs of different classes: is their similarity higher, and do fewer conflict strongly?"""
    mean = _similarities(summary, "gradient", ["different"], higher=True)
    conflicts = summary["conflicts"]
    shares = change(conflicts["ber"]["values"], conflicts["drl"]["values"])
    if shares is None:
        return mean
    fewer = side(shares.interval, 0)
    text = (
        f"share under {digits(conflicts['threshold'])}: BER {digits(conflicts['ber']['mean'])}, "
        f"DRL {digits(conflicts['drl']['mean'])}, change {shares.text}"
    )
    verdict = mean.verdict if mean.verdict == fewer else MIXED
    return Judgement(verdict, f"{mean.evidence}; {text}")


def _similarities(
    summary: Summary,
    kind: str,
    all_pairs: Sequence[str] = ("different", "same"),
    higher: bool = False,
) -> Judgement:
    """Is the similarity lower with DRL than with BER, or higher?"""
    parts = summary["similarity"][kind]
    found, texts = [], []
    for pairs in all_pairs:
        ber, drl = (parts[method][pairs] for method in ("ber", "drl"))
        effect = change(ber["values"], drl["values"])
        if effect is None:
            return one_seed("Figure 3")
        found.append((above if higher else side)(effect.interval, 0))
        texts.append(
            f"{pairs} class: BER {digits(ber['mean'])}, DRL {digits(drl['mean'])}, change "
            f"{effect.text}"
        )
    verdict = found[0] if len(set(found)) == 1 else MIXED
    return Judgement(verdict, "; ".join(texts) + f"; n = {summary['seeds']}")
