"""What a step costs: each method's step against a bare step of the same network, in one run.

A bare step is forward pass, cross entropy, backward pass and torch's SGD on a ready batch. Times
of a machine are noisy, so the candidates take turns and the ratio of their medians counts.

    python scripts/tools/benchmark_steps.py
    python scripts/tools/benchmark_steps.py --benchmark split_cifar10 --methods er drl --steps 2
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from drl_replication.jobs.costs import fill_memory, load_next, still_learner
from drl_replication.learning.learner import Learner
from drl_replication.learning.methods import METHODS
from drl_replication.study import config
from drl_replication.study.settings import run_settings


def time_steps(benchmark: str, methods: list[str], rounds: int, steps: int) -> dict[str, float]:
    """Median seconds of a step, by name; `bare` is the bare step of the same network."""
    torch.set_num_threads(1)
    settings = config.load(["config/config.yaml"])
    learners = {
        name: still_learner(name, run_settings(settings, benchmark, name))
        for name in dict.fromkeys(["er", *methods])
    }
    for learner in learners.values():
        fill_memory(learner)
    candidates = {"bare": bare_step(learners["er"])}
    candidates |= {name: method_step(learners[name]) for name in methods}
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, step in candidates.items():
            clock = time.perf_counter()
            done = sum(step() for _ in range(steps))
            times[name].append((time.perf_counter() - clock) / done)
    return {name: median(values) for name, values in times.items()}


def method_step(learner: Learner) -> Callable[[], int]:
    """One loaded batch of a method; returns how many optimisation steps that took."""

    def step() -> int:
        before = learner.steps
        load_next(learner)
        return learner.steps - before

    return step


def bare_step(learner: Learner) -> Callable[[], int]:
    """Forward, backward and SGD step of torch on a ready batch."""
    network = learner.network
    optimiser = torch.optim.SGD(network.parameters(), lr=0.0)
    inputs, labels = learner.stream.batch(np.arange(learner.settings["training_batch_size"]))

    def step() -> int:
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(network(inputs)[-1], labels).backward()
        optimiser.step()
        return 1

    return step


def report(times: dict[str, float]) -> str:
    """A table of microseconds and ratios."""
    lines = ["method     us/step   / bare     / er"]
    for name, seconds in times.items():
        ratios = (seconds / times.get(base, float("nan")) for base in ("bare", "er"))
        lines.append(f"{name:9s} {seconds * 1e6:8.0f} " + " ".join(f"{r:8.2f}" for r in ratios))
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--benchmark", default="split_mnist")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--steps", type=int, default=50, help="loaded batches a round")
    print(report(time_steps(**vars(parser.parse_args()))))
