"""The figures as a table: what each shows, and the records it is drawn from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What a figure shows, and the records it is drawn from.

    `records` is `runs` (all that are selected), `seeds` (an experiment for each selected seed),
    `once` (a single experiment), or `none` (computed while drawing).
    """

    title: str
    records: str


FIGURES = {
    "figure_1": Row("2-D Gaussians: the memory of GSS-IQP and a random one", "once"),
    "figure_2": Row("Similarities of gradients and of representations", "seeds"),
    "figure_3": Row("Effects of DRL on similarities and on the rho-spectrum", "seeds"),
    "figure_4": Row("Inner products of gradients at the output", "none"),
    "overview": Row("Table 1, ours within the margins of the paper's numbers", "runs"),
    "accuracy_curves": Row("Average accuracy after each task", "runs"),
    "accuracy_matrices": Row("Accuracy on each task after each task", "runs"),
    "memory_composition": Row("What the memory holds", "runs"),
    "all_benchmarks": Row("DRL and its rivals over all benchmarks", "runs"),
}
