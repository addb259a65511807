"""The style and the files of all figures."""

import json
import os
import subprocess
import sys

import pytest
from helpers import PROJECT, make_record, make_settings, place, selection

from drl_replication.figures.style import CAPTION_LENGTH
from drl_replication.study.figures import FIGURES

HOSTILE = """
text.usetex: True
font.family: serif
font.serif: Nimbus Roman
font.size: 30
mathtext.fontset: stix
savefig.bbox: tight
savefig.dpi: 50
savefig.transparent: True
savefig.facecolor: red
figure.facecolor: black
figure.constrained_layout.use: False
figure.autolayout: True
axes.facecolor: yellow
axes.grid: True
axes.prop_cycle: cycler("color", ["r"])
axes.unicode_minus: False
axes.formatter.use_locale: True
image.cmap: jet
lines.marker: x
path.sketch: 1, 100, 2
path.simplify: False
pdf.compression: 0
pdf.fonttype: 3
svg.fonttype: none
svg.hashsalt: another
legend.loc: center
boxplot.notch: True
patch.force_edgecolor: True
hatch.color: red
xtick.labelsize: 20
"""


def script(folder, name, arguments, environment):
    """Run the script; the bytes of its files."""
    folder.mkdir()
    files = {kind: folder / f"{name}.{kind}" for kind in ("pdf", "png", "svg", "json")}
    command = [sys.executable, str(PROJECT / "scripts" / "figure.py"), "--name", name, *arguments]
    for kind, path in files.items():
        command += [f"--{kind}", str(path)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {kind: path.read_bytes() for kind, path in files.items()}


@pytest.mark.parametrize("name", ["figure_4", "accuracy_curves", "accuracy_matrices"])
def test_a_users_matplotlibrc_changes_no_byte(name, tmp_path):
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    arguments = ["--settings", '{"draws": 1000}', "--note", "Said by the workflow."]
    if FIGURES[name].records == "runs":
        matrix = [[0.5 + 0.01 * i] * (i + 1) for i in range(5)]
        paths = [place(tmp_path / "runs", make_record(method=m, matrix=matrix))
                 for m in ("drl", "ber")]  # fmt: skip
        settings = {"split_mnist": {m: make_settings() for m in ("drl", "ber")}}
        arguments = [*selection(tmp_path, paths, settings), *arguments[2:]]
    hostile = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    plain = script(tmp_path / "plain", name, arguments, {"MATPLOTLIBRC": os.devnull})
    assert script(tmp_path / "hostile", name, arguments, hostile) == plain
    assert plain["svg"].startswith(b"<?xml")
    assert json.loads(plain["json"])["details"][-1] == "Said by the workflow."


@pytest.mark.parametrize("name", FIGURES)
def test_published_figures_have_captions_of_four_lines(name):
    path = PROJECT / "results" / "published" / "figures" / f"{name}.json"
    assert len(json.loads(path.read_text())["caption"]) <= CAPTION_LENGTH
