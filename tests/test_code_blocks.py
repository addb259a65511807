"""Every block of code of every document is run: here, or where the tables say."""

import os
import re
import shutil
import subprocess
from typing import NamedTuple

import pytest
from helpers import CONFIG, PROJECT, default_config
from project_copy import Copy

from drl_replication.study import config

DOCUMENTS = [
    *sorted(path.name for path in PROJECT.glob("*.md")),
    "config/README.md",
    *sorted(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
WORKFLOW = "tests/workflow/test_workflow.py"
# How a command or a block begins, in a document: the test that runs it with what it needs.
ELSEWHERE = {
    ("docs/api.md", ""): "tests/library/test_face.py::test_the_page_of_functions_is_fresh",
    ("docs/methods.md", ""): "tests/test_docs.py::test_the_eighth_method_of_the_documents_runs",
    ("README.md", "snakemake --cores 1 results/runs/split_mnist/focal"): (
        "tests/test_docs.py::test_the_eighth_method_of_the_documents_runs"
    ),
    ("CONTRIBUTING.md", '"'): "tests/study/test_additions.py::test_they_run_and_are_drawn",
    ("CONTRIBUTING.md", "from scipy"): "tests/study/test_additions.py::test_they_run_and_are_drawn",
    (
        "CONTRIBUTING.md",
        "reversed_mnist:",
    ): "tests/study/test_additions.py::test_they_are_documented",
    ("docs/module.md", "configfile:"): "tests/workflow/test_module.py::test_a_module_runs",
    ("docs/module.md", "/path/to/the/clone/"): "tests/workflow/test_module.py::test_a_module_runs",
    ("docs/development.md", "snakemake all --rulegraph"): (
        f"{WORKFLOW}::test_the_picture_of_the_rules_is_the_workflow_s"
    ),
    ("docs/cluster.md", "snakemake big"): (
        "tests/workflow/test_size.py::test_a_study_is_planned_in_parts"
    ),
    **dict.fromkeys(
        [("docs/reproducibility.md", word) for word in ("mkdir", "cp", "snakemake verdict")],
        "tests/workflow/test_console.py"
        "::test_a_part_does_not_take_the_place_of_the_published_results",
    ),
    ("docs/use.md", "python scripts/train.py"): f"{WORKFLOW}::test_by_hand",
    ("docs/use.md", "docker"): (
        "tests/workflow/test_container.py::test_the_demonstration_runs_in_the_image"
    ),
}
# Likewise: why no test runs it.
NOT_RUN = {
    ("CONTRIBUTING.md", "cffconvert"): "is not in the lock",
    ("CONTRIBUTING.md", "rocrate-validator"): "is not in the lock, and needs the network",
    ("docs/library.md", "pip install"): "installs from the network",
    ("docs/speed.md", "python scripts/tools/benchmark_steps.py"): "measures for minutes",
    ("docs/use.md", "snakemake all --cores 1 --report"): "reports on results that are finished",
    ("docs/use.md", "source"): "changes the shell",
    ("README.md", "source"): "changes the shell",
}
PLACES = {"/path/to/the/clone": ".", "/path/to/results": "elsewhere", "/path/to/datasets": "data"}
PROGRAM = re.compile(r"(?:\w+=\S+ )?(make|snakemake) ")
# What all dry runs need is read once; then each command has a process of its own.
DRY_RUNS = """
import os, shlex, sys
from pathlib import Path
from snakemake.cli import main
from drl_replication import sources
sources.digest(*Path("scripts").resolve().glob("*.py"))
for number, command in enumerate(sys.argv[1:]):
    if not (child := os.fork()):
        output = os.open(f"{number}.out", os.O_CREAT | os.O_WRONLY)
        os.dup2(output, 1), os.dup2(output, 2)
        main([*shlex.split(command, comments=True), "--dry-run"])
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(status, flush=True)
"""


class Piece(NamedTuple):
    """A block of a document, or one command of a block for the shell."""

    document: str
    language: str
    text: str

    def among(self, table):
        """What a table says of it, or None."""
        for (document, start), told in table.items():
            if self.document == document and self.text.startswith(start):
                return told
        return None


def pieces():
    for document in DOCUMENTS:
        text = (PROJECT / document).read_text(encoding="utf-8")
        for indent, language, block in BLOCK.findall(text):
            lines = [line.removeprefix(indent) for line in block.splitlines()]
            if language != "bash":
                yield Piece(document, language, "\n".join(lines).strip() + "\n")
                continue
            for line in "\n".join(lines).replace("\\\n", " ").splitlines():
                command = re.sub(r"\s+#.*", "", line)
                yield from (Piece(document, language, part) for part in command.split(" && "))


ALL = list(pieces())
HERE = [piece for piece in ALL if not piece.among(ELSEWHERE) and not piece.among(NOT_RUN)]


def of(language, program=None):
    """The texts of pieces that are run here, each once, with its document for the test's name."""
    found = {p.text: p for p in HERE if p.language == language and program_of(p) == program}
    return [pytest.param(text, id=f"{p.document}: {text[:60]}") for text, p in found.items()]


def program_of(piece):
    """What a command for the shell calls, of what is run here."""
    match = PROGRAM.match(piece.text)
    return match[1] if piece.language == "bash" and match else None


def test_every_piece_is_run_or_the_tables_say_where_or_why_not():
    for piece in HERE:
        runs = piece.language in ("python", "yaml", "text") or program_of(piece)
        assert runs, f"{piece.document} has a block that no test runs: {piece}"
    assert len(ALL) > 80


@pytest.mark.parametrize(("document", "start"), [*ELSEWHERE, *NOT_RUN])
def test_the_tables_name_what_is_there(document, start):
    named = [p for p in ALL if p.document == document and p.text.startswith(start)]
    assert named
    if test := ELSEWHERE.get((document, start)):
        file, _, function = test.partition("::")
        assert f"def {function}" in (PROJECT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("text", of("python"))
def test_python_runs(text):
    names: dict = {}
    exec(text, names)
    assert len(names) > 1


@pytest.mark.parametrize("text", of("yaml"))
def test_yaml_is_a_configuration(text, tmp_path):
    (tmp_path / "difference.yaml").write_text(text, encoding="utf-8")
    assert config.load([CONFIG, tmp_path / "difference.yaml"]) != default_config()


@pytest.mark.parametrize("text", of("bash", "make"))
@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_knows_the_target(text):
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # these tests may themselves run under make
    environment = {key: value for key, value in os.environ.items() if key not in outer}
    command = [*text.split(), "--dry-run"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stderr


def snakemake_commands():
    return [parameter.values[0] for parameter in of("bash", "snakemake")]


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """By command: the exit status of its dry run and all that it said."""
    copy = Copy.of_project(tmp_path_factory.mktemp("documents"))
    for folder in ("results", "results/published"):  # also as one's own
        shutil.copytree(PROJECT / "results/published", copy.root / folder, dirs_exist_ok=True)
    [study] = [p.text for p in ALL if p.document == "docs/studies.md" and p.language == "yaml"]
    copy.write("my_study.yaml", study)
    distinct = {}  # planned once, whatever the cores and the environment
    for command in snakemake_commands():
        arguments = re.sub(r" --(cores \d+|dry-run)\b", "", command).partition("snakemake ")[2]
        for there, here in PLACES.items():
            arguments = arguments.replace(there, here)
        distinct[command] = f"{arguments} --cores 2"
    planned = list(dict.fromkeys(distinct.values()))
    done = copy.python("-c", DRY_RUNS, *planned)
    statuses = list(map(int, done.stdout.split()))
    assert len(statuses) == len(planned), done.stderr
    said = [(copy.root / f"{number}.out").read_text() for number in range(len(planned))]
    results = dict(zip(planned, zip(statuses, said, strict=True), strict=True))
    return {command: results[arguments] for command, arguments in distinct.items()}


@pytest.mark.workflow
@pytest.mark.parametrize("command", snakemake_commands())
def test_snakemake_plans(command, planned):
    status, said = planned[command]
    assert status == 0, said
