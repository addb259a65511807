"""What a partial result says of the runs that it lacks."""

from drl_replication.text.coverage import missing_runs, partial_figures

SELECTED = [
    (b, m, s)
    for b in ("split_mnist", "split_cifar10")
    for m in ("er", "ber", "drl")
    for s in (0, 1, 2)
]


def test_nothing_is_said_when_nothing_is_missing():
    assert missing_runs(SELECTED, SELECTED) == ""


def test_methods_with_as_many_missing_seeds_share_a_phrase():
    gone = {("split_mnist", "er", 0), ("split_mnist", "ber", 2)}
    gone |= {("split_cifar10", "drl", s) for s in (0, 1, 2)}
    there = [run for run in SELECTED if run not in gone]
    assert missing_runs(SELECTED, there) == (
        "1 of 3 seeds of ER and BER on Split MNIST; all 3 seeds of DRL on Split CIFAR-10"
    )


def test_a_benchmark_without_any_run_is_said_in_one_phrase():
    there = [run for run in SELECTED if run[0] == "split_mnist"]
    assert missing_runs(SELECTED, there) == "all 3 seeds of all methods on Split CIFAR-10"


def test_runs_that_were_not_selected_do_not_count():
    assert missing_runs(SELECTED[:1], [("split_mnist", "er", 7)]) == (
        "the only seed of ER on Split MNIST"
    )


def test_a_figure_of_fewer_seeds_than_selected_is_named():
    assert partial_figures({"figure_2": [0, 2, 7], "figure_3": [2, 1, 0]}, [0, 1, 2]) == [
        "Figure 2: 2 of 3 seeds"
    ]
    assert partial_figures({"figure_3": []}, range(10)) == ["Figure 3: 0 of 10 seeds"]
