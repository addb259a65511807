"""Large studies are planned in minutes: each run once, at little cost a run."""

import json
import re
from itertools import product

import pytest
from project_copy import Copy, error_sentences

SEEDS, SIZES, BENCHMARKS = range(40), range(101, 121), ("split_mnist", "split_cifar10")
METHODS = ("drl", "er", "agem", "mer")
STUDY = f"""\
results_dir: results
benchmarks: [{", ".join(BENCHMARKS)}]
methods: [{", ".join(METHODS)}]
seeds: {list(SEEDS)}
variants:
  memory: {{scan: {{memory_size: {list(SIZES)}}}}}
studies:
  large: {{variants: [memory], seeds: {list(SEEDS)}, compared_with: paper}}
"""
# A dry run in a process of its own, and what it took.
MEASURED = """
import json, resource, subprocess, sys
command = [sys.executable, "-m", "snakemake", *sys.argv[1:], "--dry-run"]
done = subprocess.run(command, capture_output=True, text=True, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.stdout + done.stderr, used.ru_utime, used.ru_maxrss]))
"""
RUN = re.compile(r"Train (?:variants/(\w+)/)?(\w+) on (\w+), seeds? (\d+)(?: to (\d+))?")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return Copy.fresh(tmp_path_factory, large=STUDY)


def planned(copy, *arguments):
    """Every run that a dry run plans, as (variant, method, benchmark, seed)."""
    return planned_runs(copy.planned("large", *arguments, configfiles=["large.yaml"]))


def planned_runs(lines):
    found = [RUN.fullmatch(line) for line in lines]
    return [
        (match[1] or "paper", match[2], match[3], seed)
        for match in found
        if match
        for seed in range(int(match[4]), int(match[5] or match[4]) + 1)
    ]


@pytest.mark.workflow
def test_thousands_of_runs_are_planned_once_each_in_time_and_memory(fresh):
    done = fresh.python("-c", MEASURED, "large", "--cores", "2", "--configfile", "large.yaml")
    assert done.returncode == 0, done.stderr
    said, seconds, kilobytes = json.loads(done.stdout)
    runs = planned_runs(re.findall(r"^Job \d+: (.*)$", said, re.MULTILINE))
    variants = ["paper", *(f"memory_{size}" for size in SIZES if size != 300)]
    assert sorted(runs) == sorted(product(variants, METHODS, BENCHMARKS, SEEDS))
    assert len(runs) == 21 * 4 * 2 * 40
    assert seconds < 10 + 0.004 * len(runs)  # of which this machine needs a quarter
    assert kilobytes < 700_000


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("benchmarks=[split_mnist]", lambda run: run[2] == "split_mnist"),
        ("methods=[er]", lambda run: run[1] == "er"),
        (
            "variants={memory: {scan: {memory_size: [101, 102]}}}",
            lambda run: run[0] in ("paper", "memory_101", "memory_102"),
        ),
    ],
)
def test_a_study_is_planned_in_parts(fresh, part, expected):
    whole = product(["paper", *(f"memory_{size}" for size in SIZES)], METHODS, BENCHMARKS, SEEDS)
    assert sorted(planned(fresh, "--config", part)) == sorted(filter(expected, whole))


@pytest.mark.workflow
def test_a_variant_that_is_none_is_told_in_a_sentence(fresh):
    run = "results/variants/memory_99/runs/split_mnist/er/seed_0.json"
    done = fresh.snakemake(run, "--dry-run", configfiles=["large.yaml"])
    said = error_sentences(done)
    assert "no variant is called 'memory_99'; allowed: " in said
    assert "such as memory_1" in said
