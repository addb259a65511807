"""DRL in a plain PyTorch loop: ten classes, two at a time, each sample once.

    python examples/ten_lines.py

Needs torch, numpy, scipy and PyYAML alone. The data are made up: a random pattern a class, and
noise on it.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from drl_replication.losses import drl_loss
from drl_replication.replay import RingBuffer

torch.manual_seed(0)
patterns = torch.randn(10, 50)


def samples(n: int, first: int, last: int) -> tuple[Tensor, Tensor]:
    """`n` inputs (n, 50) of the classes from `first` to `last`, and their labels (n,)."""
    y = torch.randint(first, last + 1, (n,))
    return patterns[y] + 2 * torch.randn(n, 50), y


def stream() -> Iterator[tuple[Tensor, Tensor]]:
    """Five tasks of two classes each, one sample at a time: (1, 50) and (1,)."""
    for first in range(0, 10, 2):
        yield from zip(*(part.split(1) for part in samples(500, first, first + 1)), strict=True)


body = torch.nn.Sequential(torch.nn.Linear(50, 100), torch.nn.ReLU())
head = torch.nn.Linear(100, 10)
optimiser = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.05)
memory = RingBuffer(capacity=100, classes=10)

for x, y in stream():
    memory.add(x, y)
    x, y = memory.balanced(20, current=y)
    hidden = body(x)
    logits = head(hidden)
    h = torch.cat([hidden, logits], dim=1)
    loss = cross_entropy(logits, y) + 1e-3 * drl_loss(h, y, alpha=2)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

x, y = samples(2000, 0, 9)
accuracy = (head(body(x)).argmax(dim=1) == y).float().mean()
print(f"accuracy on all ten classes: {accuracy:.3f}")
