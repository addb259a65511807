"""Claims on cost, from Table 5."""

import numpy as np
import pandas as pd

from drl_replication.paper.printed import METHOD_TITLES, benchmark_title, method_title, printed
from drl_replication.text.numbers import digits, listed
from drl_replication.verdict.evidence import FEWEST, Evidence, Judgement, every

REPRESENTATION, REPLAY = ("drl", "multisim", "rmargin"), ("er", "ber")
TIMED = ("permuted_mnist", "split_mnist")  # Table 5
AGEM, GSS = ("agem",), ("gss",)
# Sec. 5: hidden units that the loss sees (with the logits), and weights of the network.
SIZES = dict.fromkeys(["permuted_mnist", "split_mnist", "split_fashion"], (210, 89_610))
SIZES |= {"split_cifar10": (170, 1_094_750), "split_cifar100": (260, 1_109_240)}


def representation_losses_are_cheap(evidence: Evidence, much: float, close: float) -> Judgement:
    """Table 5's ratios to ER, divided by each other: to A-GEM and GSS, and to ER and BER."""
    found, texts, missing = [], [], evidence.missing(benchmarks=TIMED)
    bounds = ((AGEM, much), (GSS, much), (REPLAY, close))
    for benchmark in TIMED:
        times, unpaired = _times(evidence, benchmark)
        missing += unpaired
        for group, bound in bounds if len(times) else ():
            ratios = np.array([times[m] / times[g] for m in REPRESENTATION for g in group])
            found.append(bool(ratios.max() <= bound))
            texts.append(
                f"{benchmark_title(benchmark)}, {digits(ratios.min())} to {digits(ratios.max())} "
                f"times as long as {listed(map(method_title, group))} (at most {bound:g} in "
                f"{(ratios <= bound).sum()} of {len(ratios)} pairs)"
            )
    verdict = every(found, len(bounds) * len(TIMED))
    return Judgement(verdict, "; ".join(texts), missing)


def loss_is_small_beside_network(evidence: Evidence, small: float) -> Judgement:
    """B^2 H against W: arithmetic on Table 6 and the networks of Sec. 5."""
    batches = printed(6).query("hyperparameter == 'training_batch_size'")
    shares = {}
    for benchmark, batch in batches[["benchmark", "value"]].itertuples(index=False, name=None):
        units, weights = SIZES[benchmark]
        shares[benchmark] = batch**2 * units / weights
    text = "; ".join(f"{benchmark_title(b)}: {digits(share)}" for b, share in shares.items())
    verdict = every([share <= small for share in shares.values()], len(shares))
    return Judgement(verdict, f"B^2 H / W, {text}")


def _times(evidence: Evidence, benchmark: str) -> tuple[pd.Series, list[str]]:
    """Ratios to ER by method, and why there are none; empty where a method lacks finished runs."""
    none = pd.Series(dtype=float)
    if evidence.lacking(benchmark, METHOD_TITLES):
        return none, []
    frame = evidence.times[evidence.times["benchmark"] == benchmark].set_index("method")
    pairs = frame["n_pairs"].reindex(list(METHOD_TITLES), fill_value=0)
    unpaired = list(pairs.index[pairs < FEWEST])
    if unpaired:
        names = listed(map(method_title, unpaired))
        return none, [
            f"{benchmark_title(benchmark)} (needs {FEWEST} seeds of {names} on the "
            "machine that ER ran on with the same seed)"
        ]
    return frame["ratio"].astype(float), []
