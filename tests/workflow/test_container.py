"""The image of the Containerfile, built and run: `make test-container`.

No registry of images is needed: the base is a Debian that mmdebstrap makes, which trusts the
certificates of this machine and has its way to packages. Takes root, the network, ten
to twenty minutes and 15 GB of disk, which are free again afterwards.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from helpers import PROJECT, without_times
from project_copy import Copy

from drl_replication.records.runs import read_record

pytestmark = pytest.mark.container
TOOLS = ("buildah", "mmdebstrap")
PACKAGES = "python3,python3-venv,git,make,ca-certificates"
GIGABYTES = 20
USER = 12345  # nobody's in the image
RECORD = "runs/split_mnist/drl/seed_0.json"


def lacking():
    """Why no image can be built here, or nothing."""
    if os.geteuid():
        return "only root can make a Debian and build on it"
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"{' and '.join(missing)} cannot be found: apt-get install {' '.join(TOOLS)}"
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    if free < GIGABYTES:
        return f"{GIGABYTES} GB are needed in {tempfile.gettempdir()}, which has {free:.0f}"
    return None


def run(*command, **options):
    """What a command says; all that it said if it fails."""
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout.strip()


def pip_settings():
    """This machine's settings of pip as a pip.conf, but for those that name its files."""
    listed = run(sys.executable, "-m", "pip", "config", "list")
    pairs = (line.partition(".")[2].partition("=") for line in listed.splitlines())
    found = {key: value.strip("'\"") for key, _, value in pairs}
    kept = [f"{k} = {v}\n" for k, v in found.items() if not v.startswith(("/", "file:"))]
    return "[global]\n" + "".join(kept)


class Buildah:
    """buildah with images and containers in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.driver = "overlay"
        try:
            self("info")
        except AssertionError:
            self.driver = "vfs"  # copies each layer, and works everywhere

    def __call__(self, *arguments):
        place = [f"--root={self.folder}/{self.driver}", f"--runroot={self.folder}/run"]
        driver = f"--storage-driver={self.driver}"
        environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}
        return run("buildah", *place, driver, *arguments, env=environment)


@pytest.fixture(scope="module")
def buildah():
    if reason := lacking():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="drl-image-"))
    made = Buildah(folder)
    yield made
    made("rm", "--all")
    made("rmi", "--all", "--force")
    home = folder / made.driver / made.driver  # mounted on itself, still if buildah was stopped
    subprocess.run(["umount", "--lazy", home], capture_output=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def base(buildah):
    """The name of an image of a Debian with Python 3.11."""
    settings = buildah.folder / "pip.conf"
    settings.write_text(pip_settings(), encoding="utf-8")
    trusted = ssl.get_default_verify_paths().cafile
    uploads = [(settings, "/etc/pip.conf"), (trusted, "/etc/ssl/certs/ca-certificates.crt")]
    hooks = [f'--customize-hook=upload "{file}" {place}' for file, place in uploads if file]
    tar = buildah.folder / "base.tar"
    run("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", *hooks, "bookworm", tar)
    container = buildah("from", "scratch")
    buildah("add", container, tar, "/")
    tar.unlink()
    buildah("commit", "--rm", container, "base")
    return "localhost/base"


@pytest.fixture(scope="module")
def image(buildah, base):
    """The image, as the Containerfile says."""
    recipe = ["-f", PROJECT / "Containerfile", "--build-arg", f"BASE={base}"]
    buildah("bud", *recipe, "-t", "drl-replication", PROJECT)
    return "localhost/drl-replication"


@pytest.fixture(scope="module")
def demonstration(buildah, image):
    """The results of what the image does when it is told nothing, by a user it doesn't know."""
    results = buildah.folder / "results"
    results.mkdir()
    os.chown(results, USER, USER)
    config = json.loads(buildah("inspect", "--type", "image", image))["OCIv1"]["config"]
    container = buildah("from", image)
    volume = f"--volume={results}:/project/results"
    command = [*config["Entrypoint"], *config["Cmd"]]
    buildah("run", f"--user={USER}:{USER}", volume, container, "--", *command)
    return results


def test_the_demonstration_runs_in_the_image(demonstration):
    for name in ("report.html", "verdict.md", "tables/table_1.md", "figures/figure_4.pdf"):
        file = demonstration / "demo" / name
        assert file.stat().st_size > 1000 and file.stat().st_uid == USER, name


def test_a_run_in_the_image_gives_the_same_numbers_as_one_here(demonstration, tmp_path):
    """The lock's versions are here as there, so the records are the same but for the place."""
    copy = Copy.of_project(tmp_path / "project")
    target = f"results/demo/{RECORD}"
    done = copy.snakemake(target, configfiles=["config/demo.yaml"])
    assert done.returncode == 0, done.stdout + done.stderr
    paths = (copy.root / target, demonstration / "demo" / RECORD)
    here, there = (json.loads(without_times(read_record(path))) for path in paths)
    del here["provenance"], there["provenance"]
    assert here == there
