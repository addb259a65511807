"""The lock, the conda environments made from it, and what the scripts of the rules import."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from helpers import PROJECT

from drl_replication import sources
from drl_replication.learning.methods import METHODS
from drl_replication.study.figures import FIGURES

LOCK = (PROJECT / "envs" / "requirements.lock").read_text(encoding="utf-8")
MODULES = {"yaml": "pyyaml"}  # where a module is not called as its package


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, PROJECT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rules():
    """The text of each rule that runs a script."""
    for path in sorted((PROJECT / "workflow").rglob("*.smk")):
        parts = re.split(r"^ *rule\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        yield from (part for part in parts if 'python "$SCRIPTS"/' in part)


def scripts():
    """The scripts that run in each environment."""
    result = {}
    for rule in rules():
        environment = re.search(r'"\.\./\.\./envs/(\w+)\.yaml"', rule)
        assert environment, f"no conda environment in rule {rule}"
        names = re.findall(r'python "\$SCRIPTS"/(\S+)\.py', rule)
        result.setdefault(environment[1], set()).update(names)
    return result


conda_envs = load_script("tools/conda_envs")
VERSIONS = conda_envs.locked_versions(LOCK)
SCRIPTS = scripts()
# Modules that a script imports by name, or when it needs them.
BY_NAME = {
    ("figures", "figure"): [f"figures/{name}" for name in FIGURES],
    ("solve", "experiment"): ["experiments/figure_1"],
    ("train", "train"): ["jobs/train"],
    ("train", "experiment"): ["experiments/figure_2", "experiments/figure_3"],
}


LOCKS = ("requirements", "docs")


def locked(name):
    return (PROJECT / "envs" / f"{name}.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOCKS)
def test_each_package_of_the_lock_has_an_exact_version_and_hashes(name):
    entries = re.split(r"\n(?=\S)", locked(name).strip())
    assert len(entries) == len(conda_envs.locked_versions(locked(name))) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9.-]+==[^\s*]+( ; .*)? \\\n +--hash=sha256:[0-9a-f]{64}", entry), (
            entry.partition("\n")[0]
        )


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_names_no_host(name):
    lock = locked(name)
    assert "://" not in lock and "http" not in lock
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|-f)\b", lock, re.MULTILINE)


def requirement_names(lines):
    lines = (line.partition("#")[0].strip() for line in lines)
    return [re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in lines if line]


def test_what_builds_the_site_is_locked():
    asked = (PROJECT / "envs" / "docs.in").read_text(encoding="utf-8").splitlines()
    assert set(requirement_names(asked)) <= conda_envs.locked_versions(locked("docs")).keys()


def test_the_lock_holds_all_that_is_asked_for():
    text = (PROJECT / "envs" / "requirements.in").read_text(encoding="utf-8")
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = requirement_names(text.splitlines())
    assert set(asked) <= VERSIONS.keys()
    assert set(requirement_names(project["project"]["dependencies"])) <= set(asked)
    for name, version in re.findall(r"^([a-z-]+)==(\S+)$", text, re.MULTILINE):
        assert VERSIONS[name] == version


def test_the_environments_are_those_that_the_script_writes():
    for path, text in conda_envs.environments().items():
        assert path.read_text(encoding="utf-8") == text, "run python scripts/tools/conda_envs.py"
    files = {path.stem for path in (PROJECT / "envs").glob("*.yaml")}
    assert files == set(conda_envs.ENVIRONMENTS) == set(SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_environment_has_the_lock_s_versions_from_one_channel(name):
    environment = yaml.safe_load((PROJECT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    python, *pins = environment["dependencies"]
    assert python == "python=3.11.*"
    names = {conda: package for package, conda in conda_envs.CONDA_NAMES.items()}
    for pin in pins:
        package, version = pin.split("=")
        assert VERSIONS[names.get(package, package)] == version


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_environment_holds_exactly_what_its_scripts_import(name):
    parts = [part for row in METHODS.values() for part in row.parts] if name == "train" else []
    used = set()
    for script in SCRIPTS[name]:
        path = PROJECT / "scripts" / f"{script}.py"
        files = sources.of_script(path, *parts)
        for module in BY_NAME.get((name, script), ()):
            path = PROJECT / "src" / "drl_replication" / f"{module}.py"
            files += sources.of_script(path)
        for file in files:
            if file.suffix == ".py":
                used |= packages(ast.parse(file.read_text(encoding="utf-8")))
    assert used == set(conda_envs.ENVIRONMENTS[name])


def packages(tree):
    """Third-party packages of the imports outside functions, and those whose files are read."""
    modules = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
    for node in ast.walk(tree):  # importlib.resources.files("package")
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "files":
            modules |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    names = {module.partition(".")[0] for module in modules}
    return {MODULES.get(n, n) for n in names - sys.stdlib_module_names - {"drl_replication"}}


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_second_call_of_make_installs_nothing(tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy2(PROJECT / name, tmp_path)
    shutil.copytree(PROJECT / "envs", tmp_path / "envs")

    def would_run(target):
        outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # these tests may themselves run under make
        done = subprocess.run(
            ["make", "--dry-run", target],
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if k not in outer},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    for target, lock in (("demo", "requirements"), ("test", "requirements"), ("docs", "docs")):
        planned = would_run(target)
        assert f"-r envs/{lock}.lock" in planned
        # All but the project itself by its hash, and nothing built by what pip would choose.
        for line in planned.replace("\\\n", " ").splitlines():
            if "/pip install" in line and " -e ." not in line:
                assert "--require-hashes" in line and "--only-binary :all:" in line
                assert "--no-binary" not in line or "--no-build-isolation" in line
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "locked").touch()
    (tmp_path / ".venv" / "installed").touch()
    assert would_run("demo").startswith(".venv/bin/snakemake all")
    assert would_run("test").startswith(".venv/bin/python scripts/tools/run_tests.py")
    assert "pip" not in would_run("demo") + would_run("test")
    # Another pyproject.toml installs the package anew, but downloads nothing.
    os.utime(tmp_path / ".venv" / "installed", (0, 0))
    assert "--no-deps" in would_run("demo") and "requirements.lock" not in would_run("demo")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_alone_names_every_target():
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)[1]
    assert re.findall(r"^  make ([\w-]+) +\w", done.stdout, re.MULTILINE) == phony.split()
