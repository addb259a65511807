"""What a study says of synthetic records, against the same computed by hand."""

import gzip
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import default_config, make_record
from scipy import stats

from drl_replication.figures import agreement_by_rate, specification_curve
from drl_replication.records.strict_json import RecordError
from drl_replication.studies import agreement, claims, curve, effects, page
from drl_replication.studies.columns import Columns
from drl_replication.studies.curve import counted, specifications
from drl_replication.studies.records import collected, read_records
from drl_replication.study import config, studies
from drl_replication.study.runs import Run
from drl_replication.study.study_files import read_study
from drl_replication.tables.frames import to_csv
from drl_replication.verdict.comparability import incomparable

STUDY = """\
variants:
  rate: {scan: {learning_rate: {factors: [0.1, 0.5]}}, decided: after}
  hidden: {readings: {representation_layers: hidden}}
  reference: {readings: {intransigence_reference: per_seed}}
studies:
  mine:
    variants: [rate, hidden, reference]
    benchmarks: [split_mnist]
    methods: [drl, ber, er]
    seeds: [0, 1, 2, 3, 4]
    compared_with: paper
"""
SHIFT = {"paper": 0.0, "rate_x0.1": -0.1, "rate_x0.5": 0.02, "hidden": 0.01}
LEVEL = {"drl": 0.86, "ber": 0.85, "er": 0.83}


def accuracy(variant, method, seed):
    noise = np.random.default_rng([seed, len(variant), len(method)]).normal(0, 0.004)
    return LEVEL[method] + SHIFT[variant] + noise


def record_of(run, settings):
    """Five tasks; the last row has the accuracy, and what was learned is 0.1 above it."""
    last = accuracy(run.variant, run.method, run.seed)
    matrix = [[last + 0.1] * (t + 1) for t in range(4)] + [[last] * 4 + [last + 0.1]]
    matrix[-1] = [last - 0.025] * 4 + [last + 0.1]
    record = make_record(run.benchmark, run.method, run.seed, matrix, settings=settings)
    record["diagnostics"]["dead_units"] = 3 + run.seed + 10 * (run.variant == "hidden")
    return record


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The file of a study, and the records of its runs in one file."""
    folder = tmp_path_factory.mktemp("study")
    told = config.check(default_config() | yaml.safe_load(STUDY) | {"results_dir": str(folder)})
    variants = studies.Variants(told)
    studies.write(studies.studies(variants)["mine"], variants, folder / "study.json")
    study = read_study(folder / "study.json")
    for *_, settings, runs in study.groups():
        for run in runs:
            path = folder / run.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(record_of(run, settings)))
    (folder / "records.jsonl.gz").write_bytes(collected(study))
    return folder


@pytest.fixture(scope="module")
def columns(folder):
    study = read_study(folder / "study.json")
    return Columns(study, read_records(folder / "records.jsonl.gz", study))


def test_what_the_configuration_has_otherwise_is_held_against_every_variant(columns):
    study = columns.study

    def told(variant):
        column = columns.column(variant, "split_mnist")
        other = [
            {**r, "settings": {**r["settings"], "learning_rate": 0.1, "drl_lambda": 1}}
            for r in column.records
            if r["method"] == "drl"
        ]
        return incomparable(replace(column, records=other).runs)["split_mnist"]

    assert columns.evidence(study.base).other == {}
    assert told(study.base) == "learning_rate 0.1 instead of 0.2; drl_lambda 1 instead of 0.0005"
    [rate] = [v for v in study.others if v.name == "rate_x0.5"]
    assert told(rate) == "drl_lambda 1 instead of 0.0005"  # its own rate is on purpose
    [hidden] = [v for v in study.others if v.name == "hidden"]
    assert told(hidden) == told(study.base)


def test_the_compact_file_is_the_same_each_time_and_smaller(folder):
    study = read_study(folder / "study.json")
    data = (folder / "records.jsonl.gz").read_bytes()
    assert collected(study) == data
    found = read_records(folder / "records.jsonl.gz", study)
    assert len(found) == 5 * (3 + 2 * 3 + 1)  # of the readings of tables there are no runs
    record = found[Run("split_mnist", "drl", 2, "hidden")]
    assert (
        record["accuracy_matrix"]
        == record_of(Run("split_mnist", "drl", 2, "hidden"), record["settings"])["accuracy_matrix"]
    )


@pytest.mark.parametrize("damage", [b"", b"x", gzip.compress(b"{}\n"), gzip.compress(b"[]\n")])
def test_a_damaged_file_is_refused(folder, tmp_path, damage):
    (tmp_path / "r.gz").write_bytes(damage)
    with pytest.raises(RecordError, match=r"r\.gz"):
        read_records(tmp_path / "r.gz", read_study(folder / "study.json"))


def test_an_effect_is_the_paired_mean_with_student_s_interval(columns):
    frame = effects.effects(columns)
    row = frame[(frame["variant"] == "rate_x0.1") & (frame["method"] == "ber")]
    row = row[row["measure"] == "accuracy"].iloc[0]
    change = np.array(
        [accuracy("rate_x0.1", "ber", s) - accuracy("paper", "ber", s) for s in range(5)]
    )
    half = stats.t.ppf(0.975, 4) * change.std(ddof=1) / math.sqrt(5)
    assert [row["effect"], row["low"], row["high"]] == pytest.approx(
        [change.mean(), change.mean() - half, change.mean() + half]
    )
    assert row["n"] == 5 and row["shown"]


def test_every_measure_has_its_effect(columns):
    frame = effects.effects(columns)
    part = frame[(frame["variant"] == "hidden") & (frame["method"] == "drl")].set_index("measure")
    assert list(part.index) == [
        "accuracy", "deviation", "forgetting", "intransigence", "rho", "dead_units"
    ]  # fmt: skip
    assert part.loc["dead_units", "effect"] == pytest.approx(10)
    # what is learned moves with the accuracy, so that intransigence moves against it
    assert part.loc["intransigence", "effect"] == pytest.approx(-part.loc["accuracy", "effect"])
    assert part.loc["forgetting", "effect"] == pytest.approx(0)
    assert list(frame[frame["variant"] == "hidden"]["method"].unique()) == ["drl"]


def test_a_run_that_diverged_is_counted_and_left_out_of_the_pairs(columns):
    records = dict(columns.records)
    run = Run("split_mnist", "er", 1, "rate_x0.1")
    matrix = [[0.5, None, None, None, None]] + [[None] * 5] * 4
    records[run] = make_record("split_mnist", "er", 1, matrix, settings=records[run]["settings"])
    frame = effects.effects(Columns(columns.study, records))
    part = frame[(frame["variant"] == "rate_x0.1") & (frame["method"] == "er")]
    assert set(part["n"]) == {4} and set(part["n_diverged"]) == {1}
    assert not part["shown"].any()  # four seeds are provisional
    assert "4, 1 diverged" in effects.to_markdown(frame, "paper")


def test_the_interval_of_a_ratio_of_deviations_holds_it_as_often_as_it_says():
    rng, held, rounds = np.random.default_rng(0), 0, 2000
    for _ in range(rounds):
        common = rng.normal(size=6)
        x, y = common + rng.normal(size=6), 3 * (common + rng.normal(size=6))
        _, low, high = effects.deviation_ratio(x, y)
        held += low < 3 < high
    assert held / rounds == pytest.approx(0.95, abs=0.015)


def test_the_interval_agrees_with_the_test_of_pitman_and_morgan():
    rng = np.random.default_rng(1)
    for n in (5, 10):
        x, y = rng.normal(size=(2, n))
        p = stats.pearsonr(x + y, x - y).pvalue
        _, low, high = effects.deviation_ratio(x, y)
        assert (p < 0.05) == (low > 1 or high < 1)


def test_without_spread_there_is_no_ratio():
    assert all(map(math.isnan, effects.deviation_ratio([1, 1, 1], [1, 2, 3])))


def test_agreement_compares_with_the_print_on_purpose(columns):
    frame = agreement.agreement(columns)
    assert list(frame["variant"]) == ["paper", "rate_x0.1", "rate_x0.5", "hidden", *REFERENCE]
    own = frame.set_index("variant")
    assert (own.loc["rate_x0.1", ["reproduced", "differ", "inconclusive"]].sum()) >= 6
    assert own.loc["rate_x0.1", "differ"] > own.loc["rate_x0.5", "differ"]
    paper = {"drl": 0.882, "ber": 0.864, "er": 0.840}  # Table 1
    means = {m: np.mean([accuracy("rate_x0.5", m, s) for s in range(5)]) for m in paper}
    distance = {m: abs(means[m] - paper[m]) for m in paper}
    row = own.loc["rate_x0.5"]
    assert row["distance_accuracy"] == pytest.approx(np.mean(list(distance.values())))
    assert row["distance_chosen_on"] == pytest.approx((distance["ber"] + distance["er"]) / 2)


REFERENCE = ["reference"]


def test_the_nearest_is_picked_on_some_methods_and_judged_on_the_others(columns):
    frame = agreement.agreement(columns).set_index("variant")
    best = frame.loc[["paper", "rate_x0.1", "rate_x0.5"], "distance_chosen_on"].idxmin()
    assert list(frame.index[frame["nearest"]]) == [best]  # `hidden` changes neither BER nor ER
    judged = agreement.printed_and_ours(columns.evidence(columns.study.others[0]))
    drl = judged[(judged["method"] == "drl") & (judged["source"] != "Table 4")]
    assert frame.loc["rate_x0.1", "other_distance"] == pytest.approx(drl["distance"].mean())
    text = agreement.to_markdown(frame.reset_index(), "paper", ["ber", "er"])
    assert f"`{best}`" in text and "◂" in text


def test_the_nearest_is_found_where_no_other_method_can_judge_it(columns):
    frame = agreement.agreement(columns)
    may = {(name, "split_mnist") for name in ("paper", "rate_x0.1", "rate_x0.5")}
    alone = frame.assign(other_distance=math.nan)
    assert agreement._nearest(alone, may) == list(frame["nearest"])
    lost = frame.copy()  # all of BER's and ER's runs of the base diverged
    lost.loc[lost["variant"] == "paper", "distance_chosen_on"] = math.nan
    by_rate = lost[lost["variant"].str.startswith("rate")]
    nearest = by_rate.loc[by_rate["distance_chosen_on"].idxmin(), "variant"]
    assert list(lost["variant"][agreement._nearest(lost, may)]) == [nearest]


def test_a_column_of_added_methods_alone_has_no_runs_of_the_paper_s(columns):
    base = columns.column(columns.study.base, "split_mnist")
    added = [make_record("split_mnist", "uniform", seed) for seed in range(2)]
    assert replace(base, records=added).runs.empty
    assert len(replace(base, records=added, with_others=True).runs) == 2


@pytest.mark.parametrize(
    ("methods", "drawn"), [(["drl", "uniform"], False), (["drl", "er", "uniform"], True)]
)
def test_the_curve_is_drawn_where_drl_has_a_rival_of_the_paper(methods, drawn):
    told = config.check(default_config() | yaml.safe_load(STUDY))
    study = replace(studies.studies(studies.Variants(told))["mine"], methods=methods)
    assert ("specification_curve" in studies.drawable(study, {})) == drawn


@pytest.mark.parametrize("method", ["er", "mir"])
def test_rates_are_drawn_where_a_method_of_the_paper_has_them(method):
    told = config.check(default_config() | yaml.safe_load(STUDY))
    variants = studies.Variants(told)
    study = replace(studies.studies(variants)["mine"], methods=[method])
    found = studies.cells(study, variants)
    assert ("agreement_by_rate" in studies.drawable(study, found)) == (method == "er")


def test_a_study_of_other_methods_alone_has_no_curve(columns):
    assert curve._best_rival(pd.DataFrame([])) is None


def test_a_variant_with_the_base_s_numbers_is_not_counted():
    row = {"family": "f", "decided": "before", "benchmark": "split_mnist", "even": True, "n": 5}
    row |= {"rival": "er", "difference": -0.1, "low": -0.2, "high": -0.05, "changes": "{}"}
    rows = [row | {"variant": "paper"}, row | {"variant": "same"}]
    rows += [row | {"variant": "own", "high": -0.01}, row | {"variant": "again", "high": -0.01}]
    rows += [row | {"variant": "alpha", "low": 0.1, "changes": '{"drl_alpha": 8}'}]
    found = counted(pd.DataFrame(rows), "paper")
    assert list(found["variant"]) == ["own", "alpha"]
    assert list(curve.of_alpha(found)) == [False, True]
    assert curve.leads_and_trails(found) == (1, 2)


def test_a_benchmark_with_one_rate_is_left_out_of_the_rates(columns, tmp_path):
    rates = agreement.rates(columns)
    one = rates[rates["printed_rate"]].assign(benchmark="split_fashion")
    path = tmp_path / "rates.csv"
    path.write_text(to_csv(pd.concat([rates, one])))
    assert list(agreement_by_rate.draw([path], {})[1]["panels"]) == ["split_mnist"]
    path.write_text(to_csv(one))
    with pytest.raises(ValueError, match="one learning rate of each method"):
        agreement_by_rate.draw([path], {})


def test_rates_have_a_row_a_rate_and_method(columns):
    frame = agreement.rates(columns)
    assert sorted(frame["learning_rate"].unique()) == [0.02, 0.1, 0.2]
    assert len(frame) == 9 and frame["printed_rate"].sum() == 3


def test_a_variant_of_tables_changes_them_without_runs(columns):
    [variant] = [v for v in columns.study.others if v.name == "reference"]
    assert not variant.cells
    one = columns.column(variant, "split_mnist").table(3)
    other = columns.column(columns.study.base, "split_mnist").table(3)
    assert set(one["intransigence_reference"]) == {"per_seed"}
    assert not np.allclose(one["mean"], other["mean"])


def test_the_curve_is_drl_minus_its_best_rival(columns):
    frame = specifications(columns).set_index("variant")
    change = [accuracy("hidden", "drl", s) - accuracy("paper", "ber", s) for s in range(5)]
    assert frame.loc["hidden", "difference"] == pytest.approx(np.mean(change))
    assert frame.loc["hidden", "rival"] == "ber"
    assert json.loads(frame.loc["hidden", "changes"]) == {"representation_layers": "hidden"}
    assert list(frame.index) == ["paper", "rate_x0.1", "rate_x0.5", "hidden"]


def test_what_a_claim_hangs_on():
    def row(name, variant, verdict):
        return claims.JudgedClaim(name, "words", "Sec. 1", variant, "", verdict, False, "")

    frame = pd.DataFrame(
        [
            *(row("same", v, "holds") for v in ("paper", "a", "b")),
            row("turns", "paper", "holds"),
            row("turns", "a", "does not hold"),
            row("turns", "b", "cannot be judged"),
            *(row("open", v, "cannot be judged") for v in ("paper", "a")),
            row("alone", "paper", "holds"),
            row("alone", "a", "cannot be judged"),
        ]
    )
    found = claims.dependence(frame, "paper").set_index("id")
    assert list(found["word"]) == ["robust", "hangs on", "cannot be judged", "cannot be judged"]
    assert list(found.loc["turns", ["judged", "agree", "on"]]) == [1, 0, "a (does not hold)"]
    assert "a (does not hold)" in claims.to_markdown(frame, "paper")


def test_every_output_says_what_was_decided_after_results_were_seen(columns, tmp_path):
    late = columns.study.decided_after
    assert late == ["Decided on after results were seen: `rate`."]
    judged = claims.claims_by_variant(columns)
    for text in (
        effects.to_markdown(effects.effects(columns), "paper", late),
        claims.to_markdown(judged, "paper", late),
        agreement.to_markdown(agreement.agreement(columns), "paper", ["er"], late),
    ):
        assert f"- {late[0]}\n" in text
    curve, rates = tmp_path / "curve.csv", tmp_path / "rates.csv"
    for path, frame in ((curve, specifications(columns)), (rates, agreement.rates(columns))):
        path.write_text(to_csv(frame))
    assert specification_curve.draw([curve], {})[1]["caption"].endswith("were seen: rate.")
    told = agreement_by_rate.draw([rates], {})[1]["caption"]
    assert told.endswith(
        "Other rates than the printed one were decided on after results were seen."
    )
    for path in (curve, rates):
        path.write_text(path.read_text().replace(",after,", ",before,"))
    assert "decided" not in specification_curve.draw([curve], {})[1]["caption"].lower()
    assert "decided" not in agreement_by_rate.draw([rates], {})[1]["caption"]


def test_the_page_says_what_was_tried_and_when_it_was_decided(columns):
    frames = (
        effects.effects(columns),
        agreement.agreement(columns),
        claims.claims_by_variant(columns),
        specifications(columns),
    )
    text = page.to_markdown(columns.study, *frames)
    assert "forensic" in text
    assert "| `rate` | `learning_rate` | 2 | 30 | DRL, BER, ER | after results were seen |" in text
    assert "| `hidden` | `representation_layers` | 1 | 5 | DRL | before results were seen |" in text
    assert "4 variants on Split MNIST, 5 seeds each: 50 runs" in text


def test_comparisons_count_once_at_one_rate_and_without_the_base():
    rows = [  # variant, even, difference
        ("paper", True, 0.1),
        ("rate", True, 0.2),
        ("alpha_at_rate", False, 0.3),  # DRL alone has another rate
        ("reading", True, 0.2),  # changes neither method: the same numbers
        ("other", True, 0.4),
    ]
    curve = pd.DataFrame(rows, columns=["variant", "even", "difference"]).assign(
        benchmark="split_mnist", rival="er", low=0.0, high=1.0
    )
    assert list(counted(curve, "paper")["variant"]) == ["rate", "other"]


def test_drl_alone_at_another_rate_is_no_even_comparison(columns):
    study = columns.study
    frame = specifications(columns).set_index("variant")
    assert {variant.name for variant in study.others} & {*frame.index}
    for variant in study.others:
        methods = {cell.method for cell in variant.cells}
        alone = "learning_rate" in variant.changes and methods == {"drl"}
        if variant.name in frame.index:
            assert set(frame.loc[[variant.name], "even"]) == {not alone}
