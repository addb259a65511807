"""Claims on Figure 4: the inner product of gradients near the decision boundary."""

import numpy as np

from drl_replication.text.numbers import digits
from drl_replication.verdict.evidence import Judgement, Summary, every


def inner_product_is_negative_near_the_boundary(
    figure: Summary, much: float, standard_errors: float
) -> Judgement:
    """P(S < 0) of situation (a) against (b) and (c)."""
    summary = figure["summary"]
    a, b, c = (summary[name] for name in "abc")
    found = [
        a["probability"] - other["probability"]
        > max(much, standard_errors * np.hypot(a["standard_error"], other["standard_error"]))
        for other in (b, c)
    ]
    text = ", ".join(f"({n}) {digits(summary[n]['probability'])}" for n in "abc")
    return Judgement(every(found, 2), f"P(S < 0): {text}")
