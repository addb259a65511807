"""Claims on cost, from Table 5."""

import numpy as np
import pandas as pd

from drl_replication.paper.printed import METHOD_TITLES, benchmark_title, method_title
from drl_replication.text.numbers import digits, listed
from drl_replication.verdict.evidence import FEWEST, Evidence, Judgement, every

REPRESENTATION, REPLAY = ("drl", "multisim", "rmargin"), ("er", "ber")
TIMED = ("permuted_mnist", "split_mnist")  # Table 5
BOUNDS = ((("agem",), 0.5), (("gss",), 0.5), (REPLAY, 1.5))  # times as long: much less, close


def representation_losses_are_cheap(evidence: Evidence) -> Judgement:
    """Table 5's ratios to ER, divided by each other: to A-GEM and GSS, and to ER and BER."""
    found, texts, missing = [], [], evidence.missing(benchmarks=TIMED)
    for benchmark in TIMED:
        times, unpaired = _times(evidence, benchmark)
        missing += unpaired
        for group, bound in BOUNDS if len(times) else ():
            ratios = np.array([times[m] / times[g] for m in REPRESENTATION for g in group])
            found.append(bool(ratios.max() <= bound))
            texts.append(
                f"{benchmark_title(benchmark)}, {digits(ratios.min())} to {digits(ratios.max())} "
                f"times as long as {listed(map(method_title, group))} (at most {bound} in "
                f"{(ratios <= bound).sum()} of {len(ratios)} pairs)"
            )
    verdict = every(found, len(BOUNDS) * len(TIMED))
    return Judgement(verdict, "; ".join(texts), missing)


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
