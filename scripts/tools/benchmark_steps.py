"""What a step costs: each method's against its matrix products alone, and a bare step of torch.

All in one run. The floor are the products of a step of the dense network on ready arrays, and
nothing else; a bare step is forward pass, cross entropy, backward pass and torch's SGD on a ready
batch. Times of a machine are noisy, so the candidates take turns and the median of the ratios
counts. `--avalanche` names a Python that has Avalanche (package avalanche-lib, installed apart),
whose online replay then takes its turn at the end.

    python scripts/tools/benchmark_steps.py --markdown
    python scripts/tools/benchmark_steps.py --benchmark split_cifar10 --methods er drl --steps 2
"""

import argparse
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from drl_replication.jobs.costs import fill_memory, load_next, still_learner
from drl_replication.learning.learner import Learner
from drl_replication.learning.methods import METHODS
from drl_replication.learning.networks import DenseNetwork
from drl_replication.learning.process import prepare_process
from drl_replication.study import config
from drl_replication.study.settings import run_settings

Step = Callable[[], int]  # takes steps and returns how many
# Avalanche's replay at one sample at a time, on images of MNIST's shape; prints seconds a step.
PEER = """
import time, torch
from avalanche.benchmarks.utils import as_classification_dataset
from avalanche.benchmarks import benchmark_from_datasets
from avalanche.benchmarks.scenarios.online import split_online_stream
from avalanche.models import SimpleMLP
from avalanche.training.plugins import ReplayPlugin
from avalanche.training.supervised import OnlineNaive
from torch.utils.data import TensorDataset
torch.set_num_threads(1)
data = TensorDataset(torch.rand({n}, 784), torch.arange({n}) % 10)
data.targets = (torch.arange({n}) % 10).tolist()
data = as_classification_dataset(data)
stream = benchmark_from_datasets(train=[data], test=[data]).train_stream
model = SimpleMLP(num_classes=10, input_size=784, hidden_size=100, hidden_layers=2, drop_rate=0)
strategy = OnlineNaive(
    model=model, optimizer=torch.optim.SGD(model.parameters(), lr=0.01), train_passes=1,
    train_mb_size=1, plugins=[ReplayPlugin(300, batch_size=1, batch_size_mem=19)], evaluator=None,
)
clock = time.process_time()
strategy.train(split_online_stream(stream, experience_size=1))
print((time.process_time() - clock) / {n})
"""


def candidates(benchmark: str, methods: list[str]) -> dict[str, Step]:
    """The floor (dense network only), the bare step, and the methods, by name."""
    prepare_process()
    settings = config.load([Path("config/config.yaml")])
    learners = {
        name: still_learner(name, run_settings(settings, benchmark, name))
        for name in dict.fromkeys(["er", *methods])
    }
    for learner in learners.values():
        fill_memory(learner)
    er = learners["er"]
    floor = {"products": products(er)} if isinstance(er.network, DenseNetwork) else {}
    return floor | {"bare": bare_step(er)} | {m: method_step(learners[m]) for m in methods}


def time_in_turns(steps: dict[str, Step], rounds: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of a step in each round, by name."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            clock = time.process_time()  # of this process alone, on a busy machine too
            done = sum(step() for _ in range(repeats))
            times[name].append((time.process_time() - clock) / done)
    return times


def method_step(learner: Learner) -> Step:
    """One loaded batch of a method, which may take several optimisation steps."""

    def step() -> int:
        before = learner.steps
        load_next(learner)
        return learner.steps - before

    return step


def bare_step(learner: Learner) -> Step:
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


def products(learner: Learner) -> Step:
    """The eight products of a step, each from and into ready arrays."""
    network = learner.network
    assert isinstance(network, DenseNetwork)
    size = learner.settings["training_batch_size"]
    weights = [w for w in network.parts(network.vector.copy()) if w.ndim == 2]
    inputs = [np.ones((size, len(w)), w.dtype) for w in weights]
    outputs = [np.ones((size, w.shape[1]), w.dtype) for w in weights]
    gradients = [np.empty_like(w) for w in weights]

    def step() -> int:
        for a, w, o, g in zip(inputs, weights, outputs, gradients, strict=True):
            np.matmul(a, w, out=o)
            np.matmul(a.T, o, out=g)
        for a, w, o in zip(inputs[1:], weights[1:], outputs[1:], strict=True):
            np.matmul(o, w.T, out=a)
            a[:], o[:] = 1, 1  # else the numbers grow without end
        return 1

    return step


def peer_step(python: str, steps: int = 500) -> float:
    """Seconds of a step of Avalanche's online replay, in a Python that has it."""
    command = [python, "-W", "ignore", "-c", PEER.format(n=steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"--avalanche {python} has failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def report(times: dict[str, list[float]], markdown: bool) -> str:
    """A table of microseconds, and of the medians of ratios to each base."""
    bases = [base for base in ("products", "bare", "er") if base in times]
    rows = [["step", "µs", *(f"/ {base}" for base in bases)]]
    for name, seconds in times.items():
        ratios = [
            median(s / b for s, b in zip(seconds, times[base], strict=True)) for base in bases
        ]
        rows.append([name, f"{median(seconds) * 1e6:.0f}", *(f"{r:.2f}" for r in ratios)])
    if markdown:
        rows.insert(1, ["---"] * len(rows[0]))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return "\n".join(f"{row[0]:10s}" + "".join(f"{cell:>12s}" for cell in row[1:]) for row in rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--benchmark", default="split_mnist")
    of_the_paper = [name for name, row in METHODS.items() if not row.why]
    parser.add_argument("--methods", nargs="+", default=of_the_paper, choices=list(METHODS))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--steps", type=int, default=50, help="loaded batches a round")
    parser.add_argument("--avalanche", metavar="PYTHON", help="a Python that has Avalanche")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    measured = time_in_turns(candidates(args.benchmark, args.methods), args.rounds, args.steps)
    if args.avalanche:
        measured["avalanche"] = [peer_step(args.avalanche)] * args.rounds
    print(report(measured, args.markdown))
