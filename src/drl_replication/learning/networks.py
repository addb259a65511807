"""The networks (Sec. 5). A network returns the outputs of its layers, the logits last."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from drl_replication.seeding import torch_seed

RECOMPUTE_OVER = 512  # images: A-GEM's reference batch of 1,500 would keep 2.2 GB of activations


class Network(nn.Module):
    """Forward to the outputs of the layers, backward from gradients there; here by autograd."""

    # Which of the layers make up h, by the reading of `representation_layers`.
    representation: ClassVar[dict[str, tuple[int, ...]]]
    samples_apart: ClassVar[bool]  # whether no sample of a training batch sees the others

    @cached_property
    def weights(self) -> tuple[nn.Parameter, ...]:
        """All parameters, in the order of :meth:`parameters`."""
        return tuple(self.parameters())

    def traced(self, x: Tensor) -> list[Tensor]:
        """The layers' outputs [(B, .)] for a batch, such that :meth:`backward` can follow."""
        with torch.enable_grad():
            return self(x)

    def backward(
        self, x: Tensor, layers: list[Tensor], at_layers: Sequence[Tensor | None]
    ) -> Sequence[Tensor]:
        """Gradient at each parameter of a loss with these gradients at the layers.

        Args:
            x: (B, ...) network inputs.
            layers: what :meth:`traced` gave for them.
            at_layers: the loss's gradient at each layer (B, .); None where it is zero.
        """
        ends = [(h, g) for h, g in zip(layers, at_layers, strict=True) if g is not None]
        roots, gradients = zip(*ends, strict=True)
        return torch.autograd.grad(roots, self.weights, gradients)


class DenseNetwork(Network):
    """Two hidden layers of 100 ReLU units: (B, ...) -> [(B, 100), (B, 100), (B, C)].

    Glorot-uniform weights, zero biases. Its backward pass is written out: for so small a network
    autograd costs more than the products themselves.
    """

    # Sec. 5: "the concatenation of outputs of all layers"
    representation: ClassVar = {"paper": (0, 1, 2), "hidden": (0, 1), "released": (0, 1, 2)}
    samples_apart = True

    def __init__(self, inputs: int, classes: int, hidden: int = 100):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, classes)
        for layer in (self.first, self.second, self.head):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
            # In memory inputs first: oneMKL multiplies a few samples by it 1.8 times as fast.
            layer.weight.data = layer.weight.data.T.contiguous().T

    def forward(self, x: Tensor) -> list[Tensor]:
        """Outputs of both hidden layers and the logits."""
        w1, b1, w2, b2, w3, b3 = self.weights
        h1 = F.linear(x.flatten(1), w1, b1).relu_()
        h2 = F.linear(h1, w2, b2).relu_()
        return [h1, h2, F.linear(h2, w3, b3)]

    def traced(self, x: Tensor) -> list[Tensor]:
        """The layers' outputs [(B, .)] for a batch: they are all that `backward` needs."""
        with torch.no_grad():
            return self(x)

    @torch.no_grad()
    def backward(
        self, x: Tensor, layers: list[Tensor], at_layers: Sequence[Tensor | None]
    ) -> Sequence[Tensor]:
        """Gradient at each parameter of a loss with these gradients at the layers.

        As a linear layer's inputs are a and the gradients at its outputs d: d^T a for the weights
        and the sum of d for the biases.
        """
        inputs = (x.flatten(1), *layers[:-1])
        pairs = zip(inputs, self.deltas(layers, at_layers), strict=True)
        return [g for a, d in pairs for g in ((a.T @ d).T, d.sum(0))]

    def deltas(self, layers: list[Tensor], at_layers: Sequence[Tensor | None]) -> list[Tensor]:
        """Gradients [(B, .)] at the outputs of the linear layers: before ReLU, and the logits."""
        _, _, w2, _, w3, _ = self.weights
        (h1, h2, _), (at_1, at_2, d3) = layers, at_layers
        assert d3 is not None, "a loss that does not depend on the logits"
        d2 = d3 @ w3 if at_2 is None else torch.addmm(at_2, d3, w3)
        d2.mul_(h2.sign())  # ReLU's slope: 1 where there is an output, else 0
        d1 = d2 @ w2 if at_1 is None else torch.addmm(at_1, d2, w2)
        return [d1.mul_(h1.sign()), d2, d3]


class ReducedResNet18(Network):
    """ResNet-18 with 20 filters, as in GEM and A-GEM: (B, 3, 32, 32) -> three layers.

    They are the last convolution's map, flattened (B, 2560), its average (B, 160), which is the
    input of the final linear layer, and the logits (B, C). Torch's default initialisation.
    """

    # Sec. 5: "the concatenation of the input of the final linear layer and output logits"
    representation: ClassVar = {"paper": (1, 2), "hidden": (1,), "released": (0, 1, 2)}
    samples_apart = False  # BatchNorm

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


def build_network(name: str, inputs: int, classes: int, seed: int) -> Network:
    """The network of a benchmark with the initial weights of a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "weights"))
        if name == "dense":
            return DenseNetwork(inputs, classes)
        return ReducedResNet18(classes).to(memory_format=torch.channels_last)
