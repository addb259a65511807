"""The page of equations: its loops give what the code that trains gives, its table the methods."""

import re

import numpy as np
import pytest
import torch
from helpers import PROJECT

from drl_replication.learning.methods import METHODS
from drl_replication.learning.methods.agem import project
from drl_replication.losses import drl_loss, margin_loss, multisimilarity_loss

PAGE = (PROJECT / "docs/equations.md").read_text(encoding="utf-8")
TITLES = {row.title: row for row in METHODS.values()}
# Where a word of the table stands for a part of a method's row.
MEMORY, BATCHES, LOSS, STEP = range(4)
SAYS = [
    (MEMORY, "ring buffer", "ring:RingBuffer"),
    (MEMORY, "gradients", "gss:GradientBuffer"),
    (BATCHES, "balanced", "ber:Balanced"),
    (BATCHES, "half", "er:HalfCurrent"),
    (BATCHES, "uniform", "agem:FromMemory"),
    (BATCHES, "in turns", "gss:NewThenReplay"),
    (LOSS, "Eq. 3", "drl:DRL"),
    (LOSS, "Eq. 7", "multisim:MultiSim"),
    (LOSS, "Eq. 8", "rmargin:RMargin"),
    (STEP, "projected", "agem:ProjectedSGD"),
]
PLAIN = {LOSS: "loss:CrossEntropy", STEP: "sgd:SGD"}


def table():
    """The four cells of each method by its title, "as DRL" written out."""
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("|")][2:]
    cells = {name: rest for name, *rest in rows}
    return {
        name: [cells["DRL"][k] if cell == "as DRL" else cell for k, cell in enumerate(row)]
        for name, row in cells.items()
    }


@pytest.fixture(scope="module")
def shown():
    """What the blocks of the page define."""
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    return names


@pytest.fixture
def batch():
    rng = np.random.default_rng(3)
    return rng.normal(size=(12, 5)), np.arange(12) % 4


def test_the_table_has_each_method_of_the_paper_with_its_parts():
    rows = table()
    assert list(rows) == [title for title, row in TITLES.items() if not row.why]
    for title, cells in rows.items():
        for k, part in enumerate(TITLES[title].parts):
            said = [known for column, word, known in SAYS if column == k and word in cells[k]]
            assert (said or [PLAIN.get(k)]) == [part], (title, cells[k])


def test_drl(shown, batch):
    h, y = batch
    ours = drl_loss(torch.from_numpy(h), torch.from_numpy(y), alpha=2.0)
    assert shown["drl"](h, y, 2.0) == pytest.approx(ours.item(), rel=1e-9)


def test_multisimilarity(shown, batch):
    h, y = batch
    ours = multisimilarity_loss(torch.from_numpy(h), torch.from_numpy(y))
    assert shown["multisimilarity"](h, y) == pytest.approx(ours.item(), rel=1e-9)


def test_margin(shown, batch):
    h, y = batch
    rng = np.random.default_rng(0)
    ours = margin_loss(torch.from_numpy(h), torch.from_numpy(y), 0.6, rng, p_rho=0)
    assert shown["margin"](h, y, 0.6) == pytest.approx(ours.item(), rel=1e-6)


@pytest.mark.parametrize(("r", "conflict"), [([3.0, 1, 1], False), ([-1.0, 0.5, 2], True)])
def test_projected(shown, r, conflict):
    g, r = np.array([1.0, 2.0, 3.0]), np.array(r) * [1, 1, -1]
    assert (g @ r < 0) == conflict
    ours = project([torch.from_numpy(g)], [torch.from_numpy(r)])[0]
    assert shown["projected"](g, r) == pytest.approx(ours.numpy(), rel=1e-12)
