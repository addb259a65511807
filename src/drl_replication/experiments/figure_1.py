"""The experiment behind Figure 1: the memory that GSS-IQP selects against a random one."""

from collections.abc import Mapping

import numpy as np
import pyscipopt
import scipy
from numpy import ndarray as Array  # noqa: N812
from numpy.random import Generator

from drl_replication.experiments import gaussians
from drl_replication.experiments.iqp import select
from drl_replication.seeding import generator

LARGER_FRACTIONS = (0.2, 0.5)  # ASSUME: the paper only says "increasing the size"
TEST_POINTS = 2000  # of each class
FAR_SIDE = 5  # ASSUME: of task 1, the fifth that is farthest from the boundary
Arrays = Mapping[str, Array]  # by the name of a memory


def versions() -> dict[str, str]:
    """Of what takes part besides NumPy."""
    scip = str(pyscipopt.Model().version())
    return {"scipy": scipy.__version__, "pyscipopt": pyscipopt.__version__, "scip": scip}


def measure(seed: int, settings: Mapping) -> dict:
    """Repeat the example of Sec. 2.1 on `repetitions` data sets.

    Returns plain JSON: the `picture` of the first data set; `selections[share]`, what GSS-IQP
    chose of task 1; and `accuracies[third][share]`, the test accuracies after task 2 with the
    third class at that place. Each measure is a list over the repetitions.
    Raises ValueError as :func:`iqp.select`.
    """
    fractions = sorted({settings["selected_fraction"], *LARGER_FRACTIONS})
    runs = [
        _repeat(generator(seed, "figure", i), settings, fractions)
        for i in range(settings["repetitions"])
    ]
    return {
        "picture": runs[0]["picture"],
        "selections": _columns([run["selections"] for run in runs]),
        "accuracies": {
            third: _columns([run["accuracies"][third] for run in runs])
            for third in gaussians.THIRD_MEANS
        },
    }


def _columns(rows: list[dict[str, dict]]) -> dict[str, dict[str, list]]:
    """A list over the repetitions for each share and measure."""
    return {
        share: {key: [row[share][key] for row in rows] for key in first}
        for share, first in rows[0].items()
    }


def _repeat(rng: Generator, settings: Mapping, fractions: list[float]) -> dict:
    """One data set: what is selected, and what is learnt with it."""
    noise, labels = gaussians.draw_noise(rng, settings["samples_per_class"])
    tests = gaussians.draw_noise(rng, TEST_POINTS)
    old = labels < 2  # they come first
    points = gaussians.place(noise, labels, gaussians.DRAWN)
    first = gaussians.learn_first(points[old], labels[old])
    shuffled = rng.permutation(old.sum())
    selections, memories = {}, {}
    for fraction in fractions:
        k = max(1, round(fraction * old.sum()))
        chosen, row = _select(
            first, points[old], labels[old], shuffled, k, settings["solver_seconds"]
        )
        selections[str(fraction)] = row
        memories[str(fraction)] = {"gss": chosen, "random": np.sort(shuffled[:k])}
    learnt = {
        third: _learn(first, noise, labels, tests, third, memories)
        for third in gaussians.THIRD_MEANS
    }
    share = str(settings["selected_fraction"])
    weights = {"task_1": first} | learnt[gaussians.DRAWN][0][share]
    return {
        "picture": _picture(points, labels, memories[share], weights),
        "selections": selections,
        "accuracies": {third: rows for third, (_, rows) in learnt.items()},
    }


def _picture(points: Array, labels: Array, memories: Arrays, weights: Arrays) -> dict:
    return {
        "points": points.tolist(),
        "labels": labels.tolist(),
        "memories": {name: memory.tolist() for name, memory in memories.items()},
        "weights": {name: w.tolist() for name, w in weights.items()},
    }


def _select(
    first: Array, points: Array, labels: Array, shuffled: Array, k: int, seconds: float
) -> tuple[Array, dict]:
    """The k samples of task 1 that GSS-IQP selects, and what they are like."""
    gradients = gaussians.sample_gradients(first, points, labels)
    choice = select(gradients, k, seconds)
    again = select(gradients[shuffled], k, seconds)  # another choice, if there are several
    distance = gaussians.distances(first, points)
    radius = np.linalg.norm(points - np.array(gaussians.FIRST_MEANS)[labels], axis=1)
    far_side = np.argsort(distance)[-len(distance) // FAR_SIDE :]
    return choice.indices, {
        "selected": k,
        "objective": choice.objective,
        "bound": choice.bound,
        "gap": choice.gap,
        "relative_gap": choice.relative_gap,
        "solved": choice.solved,
        "status": choice.status,
        "overlap": len(np.intersect1d(shuffled[again.indices], choice.indices)) / k,
        "distance_ratio": distance[choice.indices].mean() / distance.mean(),
        "radius_ratio": radius[choice.indices].mean() / radius.mean(),
        "far_side_held": np.isin(far_side, choice.indices).mean(),
    }


def _learn(
    first: Array,
    noise: Array,
    labels: Array,
    tests: tuple[Array, Array],
    third: str,
    memories: Mapping[str, Arrays],
) -> tuple[dict[str, dict[str, Array]], dict[str, dict[str, float]]]:
    """Task 2 with each memory: weights[share][memory], and accuracies[share] by name."""
    points, new = gaussians.place(noise, labels, third), np.flatnonzero(labels == 2)
    test, test_labels = gaussians.place(*tests, third), tests[1]
    old = test_labels < 2

    def model(memory: Array) -> Array:
        used = np.append(memory, new)
        return gaussians.learn_third(first, points[used], labels[used])

    everything = model(np.flatnonzero(labels < 2))
    weights: dict[str, dict] = {}
    rows: dict[str, dict] = {}
    for share, chosen in memories.items():
        weights[share] = {name: model(memory) for name, memory in chosen.items()}
        rows[share] = {}
        for name, w in (weights[share] | {"everything": everything}).items():
            rows[share][name] = gaussians.accuracy(w, test, test_labels)
            rows[share][f"{name}_old"] = gaussians.accuracy(w, test[old], test_labels[old])
    return weights, rows
