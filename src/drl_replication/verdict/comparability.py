"""May a run's numbers be set against the paper's? Only on its data, and as much of it."""

from collections.abc import Iterable, Mapping, Sequence

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.paper.printed import BENCHMARK_DATASETS, BENCHMARK_TITLES, METHOD_TITLES
from drl_replication.text.markdown import plain


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
    if record["benchmark"] not in BENCHMARK_TITLES:
        return
    row, settings = BENCHMARKS[record["benchmark"]], record["settings"]
    for what, ours, theirs in [
        ("tasks", len(record["accuracy_matrix"]), row.tasks),
        ("data", record["provenance"]["data"]["dataset"], row.datasets[0]),
        ("training images a task", settings.get("training_images"), row.training_images),
        ("samples in memory", settings.get("memory_size"), row.memory_size),
    ]:
        if ours is not None and ours != theirs:
            yield f"{what}: {plain(ours)} instead of {theirs}"


def incomparable_figure(figure: Mapping) -> str:
    """The same for the JSON of a figure on MNIST: empty if it is on the paper's data."""
    dataset, paper = figure.get("dataset", "unknown"), BENCHMARK_DATASETS["split_mnist"]
    return "" if dataset == paper else f"data: {plain(dataset)} instead of {paper}"
