"""Which of the selected runs are there: what a partial result must say of itself."""

from collections import Counter
from collections.abc import Iterable

from drl_replication.paper import benchmark_title, method_title


def missing_runs(
    selected: Iterable[tuple[str, str, int]], there: Iterable[tuple[str, str, int]]
) -> str:
    """The selected (benchmark, method, seed) that are not there, counted by benchmark and method.

    As `3 of 10 seeds of DRL and BER on Split MNIST; all 10 of ER on Split MNIST`; empty if none.
    """
    selected, there = list(selected), set(there)
    wanted = Counter(run[:2] for run in selected)
    missing = Counter(run[:2] for run in selected if run not in there)
    groups: dict[tuple[str, int, int], list[str]] = {}
    for (benchmark, method), n in missing.items():
        groups.setdefault((benchmark, n, wanted[benchmark, method]), []).append(method)
    everywhere = Counter(benchmark for benchmark, _ in wanted)
    return "; ".join(
        f"{f'all {total}' if n == total else f'{n} of {total}'} seeds of "
        f"{_listed(methods, everywhere[benchmark])} on {benchmark_title(benchmark)}"
        for (benchmark, n, total), methods in groups.items()
    )


def _listed(methods: list[str], total: int) -> str:
    if len(methods) == total > 1:
        return "all methods"
    titles = [method_title(method) for method in methods]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)
