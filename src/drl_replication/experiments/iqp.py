"""GSS-IQP: the samples with the most diverse gradients, as an integer quadratic program.

Aljundi et al. (2019, Eq. 4), in the form of Sec. 2.1: of n samples, the k that minimise the sum
of the cosine similarities of their gradients, over all ordered pairs, each with itself included.
"""

from dataclasses import dataclass

import numpy as np
from pyscipopt import Model, quicksum

TOLERANCE = 1e-6  # gap at which a problem counts as solved, in the mean cosine of a pair
RANK = 1e-9  # singular values below this share of the largest are rounding noise
DIGITS = 9  # of a unit gradient's coordinates


@dataclass(frozen=True)
class Selection:
    """What the solver chose, and how far it may be from the best choice."""

    indices: np.ndarray  # (k,), ascending
    objective: float  # sum of k^2 cosines
    bound: float  # no choice has a lower objective
    status: str  # SCIP's

    @property
    def gap(self) -> float:
        """Objective less bound."""
        return self.objective - self.bound

    @property
    def relative_gap(self) -> float:
        """The gap as a share of the objective; 0 if both are 0."""
        return self.gap / self.objective if self.gap else 0.0

    @property
    def solved(self) -> bool:
        """Whether the choice is proven to be the best up to TOLERANCE."""
        return self.gap <= TOLERANCE * len(self.indices) ** 2


def select(gradients: np.ndarray, k: int, seconds: float) -> Selection:
    """Choose k of the n samples with `gradients` (n, P) within CPU `seconds`.

    The sum of cosines is the squared length of the sum of the k unit gradients. Gradients of a
    linear model span few dimensions (Fact 1), so that the program needs n binary variables and
    as many continuous ones as the gradients' rank, and no product of two binary ones.
    Raises ValueError for k not in 1..n, a gradient of zero, or no choice within the time.
    """
    n = len(gradients)
    if not 1 <= k <= n:
        raise ValueError(f"GSS-IQP cannot select {k} of {n} samples: choose 1 to {n}.")
    units = unit_gradients(gradients)
    model, chosen = _program(_coordinates(units), k)
    model.setParam("limits/time", seconds)
    model.setParam("limits/absgap", TOLERANCE * k**2)
    model.optimize()
    if model.getNSols() == 0:
        raise ValueError(f"GSS-IQP found no selection in {seconds} s: raise solver_seconds.")
    indices = np.flatnonzero([model.getVal(x) > 0.5 for x in chosen])
    objective = float(np.square(units[indices].sum(axis=0)).sum())
    bound = float(np.clip(model.getDualbound(), 0, objective))
    return Selection(indices, objective, bound, model.getStatus())


def unit_gradients(gradients: np.ndarray) -> np.ndarray:
    """Gradients (n, P) scaled to length 1. Raises ValueError for one that is zero."""
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(
            f"The gradient of sample {int(np.argmin(lengths))} is zero and has no direction: "
            "leave the sample out, or train for fewer steps."
        )
    return gradients / lengths


def _coordinates(units: np.ndarray) -> np.ndarray:
    """The same vectors in a basis of the space that they span: (n, rank).

    They are rounded, since where several choices are best, the last bits would decide.
    """
    u, s, _ = np.linalg.svd(units, full_matrices=False)
    rank = int(np.sum(s > RANK * s[0]))
    return np.round(u[:, :rank] * s[:rank], DIGITS)


def _program(vectors: np.ndarray, k: int) -> tuple[Model, list]:
    """Minimise t with |sum of k of the rows|^2 <= t; the model and its binary variables."""
    model = Model()
    model.hideOutput()
    model.setParam("timing/clocktype", 1)  # CPU time: other jobs on the machine don't count
    model.setParam("lp/threads", 1)
    chosen = [model.addVar(vtype="B") for _ in vectors]
    sums = [model.addVar(lb=-k, ub=k) for _ in vectors.T]
    t = model.addVar(lb=0)
    model.addCons(quicksum(chosen) == k)
    for z, column in zip(sums, vectors.T, strict=True):
        model.addCons(quicksum(v * x for v, x in zip(column, chosen, strict=True)) == z)
    model.addCons(quicksum(z * z for z in sums) <= t)
    model.setObjective(t)
    return model, chosen
