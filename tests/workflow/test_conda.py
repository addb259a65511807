"""`--sdm conda` from end to end, with a stand-in for conda, and the files of the container image.

Not shown here: that conda-forge has the packages of `envs/`, that its solver takes them together,
and that its builds give the same numbers. The stand-in takes the packages of an environment, and
what they need, from the environment that runs the tests. Nor is the container image ever built.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from helpers import PROJECT, without_times
from project_copy import Copy
from test_environments import LOCK, SCRIPTS, VERSIONS, conda_envs

from drl_replication.records.runs import read_record

TARGETS = ("results/tables/table_1.csv", "results/figures/figure_1.json")
RECORD = "results/runs/split_mnist/er/seed_0.json"
FIGURE_RECORD = "results/experiments/figure_1/seed_0.json"

# An environment is a venv in which only the YAML's packages and what they need can be imported.
# Each start of its python is noted in the file `ran`.
STAND_IN = '''\
#!{python} -I
import json, pathlib, re, subprocess, sys
from importlib import metadata

import yaml
from packaging.requirements import Requirement

BASE = pathlib.Path({base!r})
NAMES = {{"pytorch": "torch", "matplotlib-base": "matplotlib"}}
NOTE = """import sys; o = open({{!r}}, "a"); o.write(repr(sys.orig_argv) + "\\\\n"); o.close()\\n"""


def needed(name, found):
    if name not in found:
        found[name] = metadata.distribution(name)
        for line in found[name].requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({{"extra": ""}}):
                needed(re.sub("[-_.]+", "-", requirement.name).lower(), found)


def create(file, prefix):
    subprocess.run([{python!r}, "-m", "venv", "--without-pip", prefix], check=True)
    [site] = pathlib.Path(prefix).glob("lib/python*/site-packages")
    found = {{}}
    for pin in yaml.safe_load(file.read_text())["dependencies"]:
        name, version = pin.split("=")
        if name != "python":
            needed(NAMES.get(name, name), found)
            assert found[NAMES.get(name, name)].version == version, pin
    tops = {{(path.parts[0], d) for d in found.values() for path in d.files}}
    for top, d in tops:
        if top != ".." and not (site / top).exists():
            (site / top).symlink_to(d.locate_file(top))
    (site / "note.pth").write_text(NOTE.format(str(prefix / "ran")))


with (BASE / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
match sys.argv[1:]:
    case ["info", "--json"]:
        print(json.dumps({{"conda_prefix": str(BASE), "platform": "linux-64"}}))
    case ["--version"]:
        print("conda 25.9.1")
    case ["config", "--get", "channel_priority", "--json"]:
        print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
    case ["env", "create", "--quiet", "--no-default-packages", "--file", file, "--prefix", prefix]:
        create(pathlib.Path(file), pathlib.Path(prefix))
    case ["clean", "-y", "--tarballs"]:
        pass
    case _:
        sys.exit("the stand-in for conda does not know " + " ".join(sys.argv[1:]))
'''


def install_conda(base: Path) -> None:
    """The stand-in, in a folder that is to come first on PATH."""
    (base / "bin").mkdir(parents=True)
    script = base / "bin" / "conda"
    script.write_text(STAND_IN.format(python=sys.executable, base=str(base)))
    script.chmod(0o755)
    (base / "bin" / "activate").write_text('source "$1/bin/activate"\n')


def tiny_copy(root: Path) -> Copy:
    copy = Copy.of_project(root)
    change = {"benchmarks": ["split_mnist"], "methods": ["er"], "seeds": [0]}
    copy.write("one_run.yaml", yaml.safe_dump(change))
    return copy


def make(copy: Copy, *arguments) -> None:
    done = copy.snakemake(*TARGETS, *arguments, configfiles=("tiny.yaml", "one_run.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.workflow
def test_the_rules_run_in_their_conda_environments(tmp_path, monkeypatch):
    """One run of each environment, in a folder with a space; then the same without conda.

    Each script ran in the environment of its rule, with no package importable but those of the
    YAML file and what they need, and wrote what it writes without conda.
    """
    base, prefix = tmp_path / "conda", tmp_path / "environments"
    install_conda(base)
    copy = tiny_copy(tmp_path / "a project")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{base / 'bin'}{os.pathsep}{os.environ['PATH']}")
        make(copy, "--sdm", "conda", "--conda-prefix", prefix)

    files = {path.read_text(encoding="utf-8"): path.stem for path in prefix.glob("*.yaml")}
    ran = {}
    for name in SCRIPTS:
        stem = files.pop((PROJECT / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
        started = (prefix / stem / "ran").read_text().splitlines()
        ran[name] = {
            script for line in started for script in re.findall(r"scripts/(\w+)\.py", line)
        }
    assert not files  # no environment but those of envs/
    assert ran == {
        "data": {"download"},
        "train": {"train"},
        "tables": {"table"},
        "solve": {"experiment"},
        "figures": {"figure"},
    }
    assert all(ran[name] <= SCRIPTS[name] for name in ran)
    assert (base / "calls").read_text().count("env create") == len(SCRIPTS)

    plain = tiny_copy(tmp_path / "plain")
    make(plain)
    assert not read_record(copy.root / RECORD)["diverged"]
    for record in (RECORD, FIGURE_RECORD):
        ours, theirs = (json.loads((c.root / record).read_text()) for c in (copy, plain))
        assert without_times(ours) == without_times(theirs)
    for target in TARGETS:
        assert (copy.root / target).read_bytes() == (plain.root / target).read_bytes()


CONTAINERFILE = (PROJECT / "Containerfile").read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    """What follows each instruction of this name, without comments, on one line."""
    text = re.sub(r"^\s*#.*\n", "", CONTAINERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [" ".join(line.split()) for line in re.findall(rf"^{name} (.*)$", text, re.MULTILINE)]


def copied() -> list[tuple[str, str]]:
    """What the image takes from the project, as (source, destination)."""
    pairs = []
    for line in instructions("COPY"):
        *sources, destination = (word for word in line.split() if not word.startswith("--"))
        pairs += [(source, destination) for source in sources]
    return pairs


@pytest.mark.workflow
def test_the_image_copies_what_is_there_and_all_that_the_workflow_needs(tmp_path):
    """A run in a folder that holds just what the image copies plans the demonstration."""
    ignored = (PROJECT / ".containerignore").read_text(encoding="utf-8").split()
    for source, destination in copied():
        assert (PROJECT / source).exists(), source
        assert source not in ignored
        if not destination.startswith("/"):  # relative to WORKDIR
            place = tmp_path / destination
            if (PROJECT / source).is_dir():
                shutil.copytree(PROJECT / source, place)
            else:
                shutil.copy2(PROJECT / source, place / Path(source).name)
    [command] = instructions("CMD")
    arguments = json.loads(command)
    assert instructions("ENTRYPOINT") == ['["snakemake"]'] and instructions("WORKDIR") == [
        "/project"
    ]
    copy = Copy(tmp_path)
    for words in (arguments, ["all", "--cores", "1", "--configfile", "config/published.yaml"]):
        done = copy.python("-m", "snakemake", *words, "--dry-run")
        assert done.returncode == 0, done.stdout + done.stderr


def test_all_python_packages_of_the_image_come_from_the_lock(tmp_path):
    """Also what builds the one package without a wheel: the lock's setuptools, installed first."""
    commands = " ".join(instructions("RUN"))
    installs = re.findall(r"\bpip3? install ([^&;]*)", commands)
    assert len(installs) == 2
    for install, name in zip(installs, ("setuptools", "requirements"), strict=True):
        assert "--require-hashes" in install and "--only-binary :all:" in install
        assert re.findall(r"(?:-r|--requirement) (\S+)", install) == [f"/tmp/{name}.lock"]
    assert "--no-build-isolation" in installs[1]
    assert ("envs/requirements.lock", "/tmp/requirements.lock") in copied()
    assert "://" not in CONTAINERFILE and "index" not in CONTAINERFILE
    assert not instructions("ADD")

    shutil.copy2(PROJECT / "envs" / "requirements.lock", tmp_path)
    [cut] = re.findall(r"\bsed [^&;]*", commands)
    command = cut.replace("/tmp/", f"{shlex.quote(str(tmp_path))}/")
    subprocess.run(command, shell=True, check=True)
    part = (tmp_path / "setuptools.lock").read_text(encoding="utf-8")
    assert conda_envs.locked_versions(part) == {"setuptools": VERSIONS["setuptools"]}
    assert part in LOCK and not part.rstrip().endswith("\\")


def test_the_image_has_the_project_s_python():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    [base] = instructions("ARG")
    assert instructions("FROM") == ["${BASE}"]
    image = r"BASE=python:(\d+)\.(\d+)-slim-bookworm@sha256:[0-9a-f]{64}"
    major, minor = map(int, re.fullmatch(image, base).groups())
    assert project["project"]["requires-python"] == f">={major}.{minor},<{major}.{minor + 1}"


def test_docker_and_podman_ignore_the_same():
    names = (".containerignore", ".dockerignore")
    texts = [(PROJECT / name).read_text(encoding="utf-8") for name in names]
    assert texts[0] == texts[1]
    assert {".git", ".venv", "data", "results/*", "!results/published"} <= set(texts[0].split())
