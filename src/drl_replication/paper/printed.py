"""What the paper prints: its tables, and the names and facts of what it has numbers of."""

from collections.abc import Mapping
from importlib.resources import files

import pandas as pd

from drl_replication.data.benchmarks import BENCHMARKS, Benchmark
from drl_replication.learning.methods import METHODS, Method

TABLES = {
    1: "table1_average_accuracy.csv",
    2: "table2_average_forgetting.csv",
    3: "table3_average_intransigence.csv",
    4: "table4_rho_correlation.csv",
    5: "table5_training_time.csv",
    6: "table6_hyperparameters.csv",
}
FIGURE_2 = "figure2_similarities.csv"

PRINTED_SEEDS = 10  # Sec. 5: "over 10 runs with different random seeds"


def printed(table: int) -> pd.DataFrame:
    """The numbers of one of the paper's tables, one a row.

    Tables 1-3: benchmark, method, mean, std. Table 4: benchmark, metric, correlation.
    Table 5: benchmark, method, mean_seconds, std_seconds. Table 6: benchmark, hyperparameter,
    value. Raises ValueError for another number.
    """
    if table not in TABLES:
        raise ValueError(f"The table number is {table!r}, but the paper has Tables 1 to 6.")
    return _read(TABLES[table])


def printed_figure_2() -> pd.DataFrame:
    """What Sec. 2.1 says of Figure 2, one number a row: panel, classes, measure, value."""
    return _read(FIGURE_2)


def _read(name: str) -> pd.DataFrame:
    with files("drl_replication.paper").joinpath(name).open() as file:
        return pd.read_csv(file)


# What the paper has numbers of, in its order; others that have a row are ours.
BENCHMARK_TITLES = {name: BENCHMARKS[name].title for name in printed(1)["benchmark"].unique()}
METHOD_TITLES = {name: METHODS[name].title for name in printed(1)["method"].unique()}
BENCHMARK_TASKS = {name: BENCHMARKS[name].tasks for name in BENCHMARK_TITLES}
BENCHMARK_DATASETS = {name: BENCHMARKS[name].datasets[0] for name in BENCHMARK_TITLES}


def benchmark_title(benchmark: str) -> str:
    """The name of a benchmark in its row; its id where it has none."""
    return _title(benchmark, BENCHMARKS)


def method_title(method: str) -> str:
    """The name of a method in its row; its id where it has none."""
    return _title(method, METHODS)


def _title(name: str, rows: Mapping[str, Benchmark | Method]) -> str:
    return (rows[name].title if name in rows else "") or name


def benchmark_order(benchmark: str) -> tuple[int, str]:
    """Sort key: the paper's order, then that of the table, then all others by name."""
    return _order(benchmark, [*BENCHMARK_TITLES, *BENCHMARKS])


def method_order(method: str) -> tuple[int, str]:
    """Sort key: the paper's order, then that of the table, then all others by name."""
    return _order(method, [*METHOD_TITLES, *METHODS])


def _order(name: str, names: list[str]) -> tuple[int, str]:
    return (names.index(name) if name in names else len(names), name)
