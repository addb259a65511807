"""Claims on Figure 3: DRL against BER, and rho against alpha."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from drl_replication.measures.alpha import alpha_bound, balanced_counts
from drl_replication.paper.printed import method_title
from drl_replication.text.numbers import digits, shortest
from drl_replication.verdict.evidence import (
    FAILS,
    FEWEST,
    HOLDS,
    MIXED,
    OPEN,
    Judgement,
    Summary,
    above,
    both,
    change,
    one_seed,
    side,
)
from drl_replication.verdict.scoring import INCONCLUSIVE

CLASSES = (2, 4, 6, 8, 10)  # seen during Split MNIST
PAPERS_ALPHA = "2"  # Table 6


def alpha_lowers_rho_and_saturates(figure: Summary, saturated: float) -> Judgement:
    """Rho at the largest alpha against the smallest; the last step against the whole change.

    Only of alphas for which the objective is bounded below: others diverge, or leave a network
    that hardly has living units, whose rho says nothing.
    """
    summary = figure["summary"]
    bound = _bound(figure)
    alphas = sorted((a for a, s in summary["rho"].items() if len(s["values"]) >= FEWEST), key=float)
    judged = _fall_of_rho(summary, [a for a in alphas if float(a) >= bound], saturated)
    below = [a for a in sorted(summary["rho"], key=float) if float(a) < bound]
    texts = [judged.evidence]
    if (ber := summary["rho_ber"]["mean"]) is not None:
        texts.append(f"BER's is {digits(ber)}")
    if below:
        texts.append(
            "not judged, since the objective is unbounded below for alpha < "
            f"{digits(bound, decimals=2)}: " + ", ".join(_what_happened(figure, a) for a in below)
        )
    return Judgement(judged.verdict, "; ".join(filter(None, texts)), judged.missing)


def _bound(figure: Summary) -> float:
    """The largest bound on alpha of the balanced batches of Split MNIST."""
    settings = figure["settings"]["drl"]
    batch, reading = settings["training_batch_size"], settings["readings"]["drl_normalisation"]
    return max(alpha_bound(balanced_counts(batch, c), reading) for c in CLASSES)


def _what_happened(figure: Summary, alpha: str) -> str:
    """How many runs diverged at an alpha, and what is left of the others."""
    summary = figure["summary"]
    n, finished = summary["diverged"][alpha], len(summary["finished"][alpha])
    told = f"{n} of {n + finished} diverged at {alpha}"
    dead = figure.get("dead_units", {}).get(alpha, {}).get("mean")
    return told if dead is None else f"{told} ({dead:.0f} of 200 units dead in the others)"


def positive_alpha_suffices(figure: Summary) -> Judgement:
    """Runs that diverged at some alpha above 0."""
    summary, rate = figure["summary"], figure["settings"]["drl"]["learning_rate"]
    positive = [a for a in sorted(summary["diverged"], key=_number) if _number(a) > 0]
    failed = [a for a in positive if summary["diverged"][a]]
    text = ", ".join(_what_happened(figure, a) for a in failed) or "no run diverged"
    text = f"Split MNIST at the learning rate of {rate:g}: {text}"
    return Judgement(FAILS if failed else HOLDS, text)


def _number(name: str) -> float:
    return -1.0 if name == "ber" else float(name)


def drl_is_robust_to_alpha(figure: Summary, margin: float) -> Judgement:
    """Accuracy at each alpha above the bound minus that at the paper's, paired by seed."""
    finished, accuracy = figure["summary"]["finished"], figure.get("average_accuracy", {})
    if PAPERS_ALPHA not in accuracy:
        return Judgement(OPEN, "", [f"Figure 3: alpha = {PAPERS_ALPHA}"])
    bound = _bound(figure)
    verdicts, texts = [], []
    for alpha in sorted((a for a in accuracy if _number(a) >= bound), key=float):
        pairs = [
            dict(zip(finished[a], accuracy[a]["values"], strict=True))
            for a in (PAPERS_ALPHA, alpha)
        ]
        seeds = [seed for seed in pairs[0] if seed in pairs[1]]
        effect = change(*([values[seed] for seed in seeds] for values in pairs))
        if alpha == PAPERS_ALPHA or effect is None:
            continue
        inside = max(map(abs, effect.interval)) <= margin
        outside = HOLDS in (side(effect.interval, -margin), above(effect.interval, margin))
        verdicts.append(HOLDS if inside else FAILS if outside else INCONCLUSIVE)
        texts.append(f"alpha = {alpha}: {effect.text}")
    if not verdicts:
        return one_seed("Figure 3")
    verdict = FAILS if FAILS in verdicts else both(verdicts)
    text = f"accuracy minus that at alpha = {PAPERS_ALPHA}, {'; '.join(texts)}"
    return Judgement(verdict, text)


def same_class_products_are_not_negative(figure: Summary) -> Judgement:
    """The share of same-class pairs whose h, with the logits, has a negative product."""
    densities = figure.get("densities", {}).get("representation", {})
    if not densities:
        return Judgement(OPEN, "", ["Figure 3: its densities"])
    edges = np.asarray(figure["bin_edges"])
    negative = edges[1:] <= 1e-9
    shares = {
        method: float((np.asarray(density["same"]) * np.diff(edges))[negative].sum())
        for method, density in densities.items()
    }
    text = ", ".join(
        f"{method_title(m)} {digits(100 * s, decimals=2)} %" for m, s in shares.items()
    )
    return Judgement(
        HOLDS if not any(shares.values()) else MIXED,
        "of hidden ReLU layers no product can be negative; of h with the logits, as the paper "
        f"defines it, those of this share of the same-class pairs are: {text}",
    )


def _fall_of_rho(summary: Summary, alphas: Sequence[str], saturated: float) -> Judgement:
    """The claim on these alphas, in the order of numbers."""
    if len(alphas) < 3:
        return Judgement(
            OPEN, "", ["Figure 3: three alphas of a bounded objective with two finished seeds each"]
        )
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
    saturates = abs(steps[-1]) <= saturated * abs(rho[last]["mean"] - rho[first]["mean"])
    text = (
        f"rho is {digits(rho[first]['mean'])} at {_at(first)} and {digits(rho[last]['mean'])} at "
        f"{last} (change over the {len(seeds)} seeds that finished both "
        f"{whole.text}), its first step {digits(steps[0], '+')}, its last, from "
        f"{alphas[-2]}, {digits(steps[-1], '+')}"
    )
    return Judgement(MIXED if lower == HOLDS and not saturates else lower, text)


def _at(name: str) -> str:
    return "BER" if name == "ber" else f"alpha = {name}"


def drl_makes_representations_less_similar(figure: Summary) -> Judgement:
    """Mean cosine similarity of representations, DRL minus BER: both kinds of pairs."""
    return _similarities(figure["summary"], "representation")


def drl_makes_gradients_less_similar(figure: Summary) -> Judgement:
    """The same for gradients."""
    return _similarities(figure["summary"], "gradient")


def drl_makes_gradients_less_diverse(figure: Summary) -> Judgement:
    """Pairs of different classes: is their similarity higher, and do fewer of them conflict?"""
    mean = _similarities(figure["summary"], "gradient", ["different"], higher=True)
    verdicts, texts = [mean.verdict], [mean.evidence]
    for conflicts in figure["summary"]["conflicts"]:
        shares = change(conflicts["ber"]["values"], conflicts["drl"]["values"])
        if shares is None:
            return mean
        verdicts.append(side(shares.interval, 0))
        texts.append(
            f"share under {shortest(conflicts['threshold'])}: BER "
            f"{digits(conflicts['ber']['mean'])}, DRL {digits(conflicts['drl']['mean'])}, change "
            f"{shares.text}"
        )
    return Judgement(both(verdicts), "; ".join(texts))


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
    return Judgement(both(found), "; ".join(texts) + f"; n = {summary['seeds']}")
