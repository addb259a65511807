"""May a run's numbers be set against the paper's? Only on its data, and as much of it."""

from collections.abc import Iterable, Mapping, Sequence

from drl_replication.paper.printed import BENCHMARK_DATASETS, METHOD_TITLES
from drl_replication.text.markdown import plain

# Sec. 5: training images a task, and samples in memory.
TRAINING_IMAGES = {
    "permuted_mnist": 1000,
    "split_mnist": 1000,
    "split_fashion": 1000,
    "split_cifar10": 3000,
    "split_cifar100": 5000,
}
MEMORY_SIZES = {
    "permuted_mnist": 300,
    "split_mnist": 300,
    "split_fashion": 300,
    "split_cifar10": 2000,
    "split_cifar100": 5000,
}


def of_the_paper(records: Sequence[Mapping]) -> list[Mapping]:
    """The runs of the paper's methods; one that someone added would change a* and correlations."""
    return [record for record in records if record["method"] in METHOD_TITLES]


def incomparable(records: Iterable[Mapping]) -> dict[str, str]:
    """Benchmarks whose runs can't be compared with the paper's numbers, and why, in a clause."""
    reasons: dict[str, list[str]] = {}
    for record in records:
        found = reasons.setdefault(record["benchmark"], [])
        found += [reason for reason in _reasons(record) if reason not in found]
    return {benchmark: "; ".join(found) for benchmark, found in reasons.items() if found}


def _reasons(record: Mapping) -> Iterable[str]:
    benchmark, settings = record["benchmark"], record["settings"]
    for what, ours, theirs in [
        ("data", record["provenance"]["data"]["dataset"], BENCHMARK_DATASETS),
        ("training images a task", settings.get("training_images"), TRAINING_IMAGES),
        ("samples in memory", settings.get("memory_size"), MEMORY_SIZES),
    ]:
        if ours is not None and benchmark in theirs and ours != theirs[benchmark]:
            yield f"{what}: {plain(ours)} instead of {theirs[benchmark]}"


def incomparable_figure(figure: Mapping) -> str:
    """The same for the JSON of a figure on MNIST: empty if it is on the paper's data."""
    dataset, paper = figure.get("dataset", "unknown"), BENCHMARK_DATASETS["split_mnist"]
    return "" if dataset == paper else f"data: {plain(dataset)} instead of {paper}"
