"""The networks (Sec. 5). A network returns the outputs of its layers, the logits last."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from drl_replication.seeding import torch_seed

RECOMPUTE_OVER = 512  # images: A-GEM's reference batch of 1,500 would keep 2.2 GB of activations

# A network's `representation` says which of the returned layers make up h, by the reading of
# `representation_layers`.


class DenseNetwork(nn.Module):
    """Two hidden layers of 100 ReLU units: (B, ...) -> [(B, 100), (B, 100), (B, C)].

    Glorot-uniform weights, zero biases.
    """

    # Sec. 5: "the concatenation of outputs of all layers"
    representation = {"paper": (0, 1, 2), "hidden": (0, 1), "released": (0, 1, 2)}  # noqa: RUF012

    def __init__(self, inputs: int, classes: int, hidden: int = 100):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, classes)
        for layer in (self.first, self.second, self.head):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Outputs of both hidden layers and the logits."""
        h1 = torch.relu(self.first(x.flatten(1)))
        h2 = torch.relu(self.second(h1))
        return [h1, h2, self.head(h2)]


class ReducedResNet18(nn.Module):
    """ResNet-18 with 20 filters, as in GEM and A-GEM: (B, 3, 32, 32) -> three layers.

    They are the last convolution's map, flattened (B, 2560), its average (B, 160), which is the
    input of the final linear layer, and the logits (B, C). Torch's default initialisation.
    """

    # Sec. 5: "the concatenation of the input of the final linear layer and output logits"
    representation = {"paper": (1, 2), "hidden": (1,), "released": (0, 1, 2)}  # noqa: RUF012

    def __init__(self, classes: int, filters: int = 20):
        super().__init__()
        self.stem = nn.Sequential(_convolution(3, filters), nn.BatchNorm2d(filters), nn.ReLU(True))
        widths = [filters, filters, 2 * filters, 4 * filters, 8 * filters]
        blocks = []
        for i in range(4):
            blocks += [
                BasicBlock(widths[i], widths[i + 1], stride=1 if i == 0 else 2),
                BasicBlock(widths[i + 1], widths[i + 1], stride=1),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(8 * filters, classes)

    def forward(self, x: Tensor) -> list[Tensor]:
        """The flattened last map, the pooled features and the logits."""
        last_map = x
        recompute = len(x) > RECOMPUTE_OVER and torch.is_grad_enabled()
        for block in (self.stem, *self.blocks):
            last_map = _recomputed(block, last_map) if recompute else block(last_map)
        features = last_map.mean((2, 3))
        return [last_map.flatten(1), features, self.head(features)]


def _recomputed(block: nn.Module, x: Tensor) -> Tensor:
    """The block's output, keeping no activations: its backward pass computes them again."""
    contexts = lambda: (nullcontext(), _still_averages(block))  # noqa: E731
    return checkpoint(block, x, use_reentrant=False, context_fn=contexts)


@contextmanager
def _still_averages(block: nn.Module) -> Iterator[None]:
    """BatchNorm has seen the batch already and must not count it twice."""
    norms = [m for m in block.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:  # torch ends a recomputation early, by an exception
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.residual = nn.Sequential(
            _convolution(inputs, outputs, stride),
            nn.BatchNorm2d(outputs),
            nn.ReLU(True),
            _convolution(outputs, outputs),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            project = nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(project, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, S, S) -> (B, outputs, S / stride, S / stride)."""
        return self.residual(x).add_(self.shortcut(x)).relu_()  # in place: less memory


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)


def build_network(name: str, inputs: int, classes: int, seed: int) -> nn.Module:
    """The network of a benchmark with the initial weights of a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "weights"))
        if name == "dense":
            return DenseNetwork(inputs, classes)
        return ReducedResNet18(classes).to(memory_format=torch.channels_last)
