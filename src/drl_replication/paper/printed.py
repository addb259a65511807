"""What the paper prints: its tables, its names, and the facts needed to compare with it."""

from importlib.resources import files

import pandas as pd

TABLES = {
    1: "table1_average_accuracy.csv",
    2: "table2_average_forgetting.csv",
    3: "table3_average_intransigence.csv",
    4: "table4_rho_correlation.csv",
    5: "table5_training_time.csv",
    6: "table6_hyperparameters.csv",
}
FIGURE_2 = "figure2_similarities.csv"

# In the paper's order.
BENCHMARK_TITLES = {
    "permuted_mnist": "Permuted MNIST",
    "split_mnist": "Split MNIST",
    "split_fashion": "Split Fashion-MNIST",
    "split_cifar10": "Split CIFAR-10",
    "split_cifar100": "Split CIFAR-100",
}
METHOD_TITLES = {
    "drl": "DRL",
    "ber": "BER",
    "er": "ER",
    "agem": "A-GEM",
    "gss": "GSS-greedy",
    "multisim": "Multisimilarity",
    "rmargin": "R-Margin",
}

# Sec. 5: what the printed numbers were measured on.
PRINTED_SEEDS = 10  # "over 10 runs with different random seeds"
BENCHMARK_TASKS = {
    "permuted_mnist": 10,
    "split_mnist": 5,
    "split_fashion": 5,
    "split_cifar10": 5,
    "split_cifar100": 10,
}
BENCHMARK_DATASETS = {
    "permuted_mnist": "mnist",
    "split_mnist": "mnist",
    "split_fashion": "fashion_mnist",
    "split_cifar10": "cifar10",
    "split_cifar100": "cifar100",
}


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


def benchmark_title(benchmark: str) -> str:
    """The paper's name of a benchmark; its id where the paper has none."""
    return BENCHMARK_TITLES.get(benchmark, benchmark)


def method_title(method: str) -> str:
    """The paper's name of a method; its id where the paper has none."""
    return METHOD_TITLES.get(method, method)


def benchmark_order(benchmark: str) -> tuple[int, str]:
    """Sort key: the paper's order, then all others by name."""
    return _order(benchmark, BENCHMARK_TITLES)


def method_order(method: str) -> tuple[int, str]:
    """Sort key: the paper's order, then all others by name."""
    return _order(method, METHOD_TITLES)


def _order(name: str, titles: dict[str, str]) -> tuple[int, str]:
    names = list(titles)
    return (names.index(name) if name in titles else len(names), name)
