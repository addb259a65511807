"""Small computations that judge claims: Gaussians as in Figure 1, and what L_DRL costs."""

import time
from collections.abc import Callable

import numpy as np

from drl_replication.experiments import gaussians
from drl_replication.learning.methods.drl import drl_gradient
from drl_replication.seeding import generator

TEST_POINTS = 1000  # of each class
BATCHES, WIDTHS = (64, 128, 256, 512), (512, 1024, 2048, 4096)  # B at H = 512, H at B = 128
SAMPLES = 20  # that are drawn anew, of which a seed has the mean
REPETITIONS = 7  # of a time, of which the shortest counts


def versions() -> dict[str, str]:
    """Of what takes part besides NumPy."""
    return {}


def measure(seed: int, settings: dict) -> dict:
    """Accuracies with memories of two kinds, and exponents of DRL's cost.

    `settings`: `samples_per_class` and `selected_fraction`, of `figures.figure_1`.
    """
    return {"arms": {**_memories(seed, settings), "drl_loss": _exponents(seed)}}


def _memories(seed: int, settings: dict) -> dict[str, dict[str, float]]:
    """Accuracy over all classes after task 2, mean of the repetitions, by kind of memory and place.

    A memory has as many samples of both old classes: those farthest from the middle of their
    class, or those nearest to the boundary of task 1.
    """
    rng = generator(seed, "figure")
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(SAMPLES):
        noise, labels = gaussians.draw_noise(rng, settings["samples_per_class"])
        tests, truth = gaussians.draw_noise(rng, TEST_POINTS)
        k = max(1, round(settings["selected_fraction"] * settings["samples_per_class"]))
        for third in gaussians.THIRD_MEANS:
            points, test = (
                gaussians.place(x, y, third) for x, y in ((noise, labels), (tests, truth))
            )
            old, new = labels < 2, np.flatnonzero(labels == 2)
            first = gaussians.learn_first(points[old], labels[old])
            ranks = {
                "outermost_memory": -np.linalg.norm(noise, axis=1),
                "boundary_memory": gaussians.distances(first, points),
            }
            for name, rank in ranks.items():
                classes = (np.flatnonzero(labels == c) for c in (0, 1))
                memory = np.concatenate(
                    [c[np.argsort(rank[c], kind="stable")[:k]] for c in classes]
                )
                used = np.append(memory, new)
                weights = gaussians.learn_third(first, points[used], labels[used])
                accuracy = gaussians.accuracy(weights, test, truth)
                found.setdefault(name, {}).setdefault(third, []).append(accuracy)
    return {
        name: {third: float(np.mean(values)) for third, values in places.items()}
        for name, places in found.items()
    }


def _exponents(seed: int) -> dict[str, float]:
    """Slopes of the logarithm of the seconds of L_DRL and its gradient over those of B and of H."""
    rng = generator(seed, "objective")

    def seconds(batch: int, width: int) -> float:
        h = rng.standard_normal((batch, width)).astype(np.float32)
        labels = rng.integers(10, size=batch)
        return _shortest(lambda: drl_gradient(h, labels, 2.0))

    by_batch = [seconds(batch, WIDTHS[0]) for batch in BATCHES]
    by_width = [seconds(BATCHES[1], width) for width in WIDTHS]
    return {
        "exponent_of_batch": float(np.polyfit(np.log(BATCHES), np.log(by_batch), 1)[0]),
        "exponent_of_width": float(np.polyfit(np.log(WIDTHS), np.log(by_width), 1)[0]),
    }


def _shortest(call: Callable[[], object]) -> float:
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
