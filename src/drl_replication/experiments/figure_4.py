"""The sign of inner products of gradients under assumed predictions (Appx. A, Fig. 4)."""

from dataclasses import dataclass

import numpy as np

TRUE = (2, 3)  # y_n = (0, 0, 1, 0, 0) and y_m = (0, 0, 0, 1, 0)
CHUNK = 250_000  # pairs drawn at once: some 40 MB
BINS = np.arange(-40, 21) / 20  # S is -2 at least and 1 at most; an edge lies at 0


@dataclass(frozen=True)
class Situation:
    """Parameters of the Dirichlet distributions of p_n and p_m."""

    title: str
    n: tuple[float, ...]
    m: tuple[float, ...]


SITUATIONS = {
    "a": Situation(
        "both near the boundary", (0.05, 0.05, 0.45, 0.4, 0.05), (0.05, 0.05, 0.4, 0.45, 0.05)
    ),
    "b": Situation(
        "one near the boundary", (0.05, 0.05, 0.8, 0.05, 0.05), (0.05, 0.05, 0.4, 0.45, 0.05)
    ),
    "c": Situation(
        "none near the boundary", (0.05, 0.05, 0.8, 0.05, 0.05), (0.05, 0.05, 0.05, 0.8, 0.05)
    ),
    "uniform": Situation("uniform guesses", (1.0,) * 5, (1.0,) * 5),
}


def inner_products(p_n: np.ndarray, p_m: np.ndarray) -> np.ndarray:
    """S = <p_n - y_n, p_m - y_m> for predictions (draws, 5): (draws,).

    With 1 - p_c as the sum of the others no digit is lost. This matters: many draws have S near
    0, and its sign is asked for.
    """
    c_n, c_m = TRUE
    others = [k for k in range(p_n.shape[1]) if k not in TRUE]
    missing_n, missing_m = (
        np.delete(p, c, axis=1).sum(axis=1) for p, c in ((p_n, c_n), (p_m, c_m))
    )
    rest = (p_n[:, others] * p_m[:, others]).sum(axis=1)
    return rest - missing_n * p_m[:, c_n] - missing_m * p_n[:, c_m]


def expected(situation: Situation) -> float:
    """E[S] in closed form: p_n and p_m are independent, and a Dirichlet's mean is a / sum a."""
    mean_n, mean_m = (np.array(a) / np.sum(a) for a in (situation.n, situation.m))
    return float(mean_n @ mean_m - mean_n[TRUE[1]] - mean_m[TRUE[0]])


def simulate(situation: Situation, draws: int, rng: np.random.Generator) -> dict:
    """The distribution of S from `draws` pairs.

    Returns `probability`, P(S < 0), with its Monte Carlo `standard_error`, the `mean` of S, and
    the `share` of draws in each of BINS.
    """
    negative, total, counts = 0, 0.0, np.zeros(len(BINS) - 1)
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        s = inner_products(rng.dirichlet(situation.n, size), rng.dirichlet(situation.m, size))
        negative += int((s < 0).sum())
        total += s.sum()
        counts += np.histogram(s, BINS)[0]
    p = negative / draws
    return {
        "probability": p,
        "standard_error": float(np.sqrt(p * (1 - p) / draws)),
        "mean": float(total / draws),
        "share": (counts / draws).tolist(),
    }
