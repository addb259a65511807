"""The networks (Sec. 5). A network returns the outputs of its layers, the logits last."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from scipy.linalg.blas import saxpy
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from drl_replication.seeding import torch_seed

# Shapes of batches whose passes a GPU records, the first that come: each holds its activations, and
# the batches of a task's whole memory, as in GEM, have a new size at nearly every step.
REPLAYS = 4
RECOMPUTE_OVER = 512  # images: A-GEM's reference batch of 1,500 would keep 2.2 GB of activations


AtLayers = Sequence[np.ndarray | None]  # a loss's gradient at each layer (B, .); None where zero
Gradient = Sequence[Any]  # tensors at a network's `weights`, or one array at its `vector`
Backward = Callable[[AtLayers], Gradient]


class Network(nn.Module):
    """Forward to the outputs of the layers, backward from gradients there; here by autograd."""

    # Which of the layers make up h, by the reading of `representation_layers`.
    representation: ClassVar[dict[str, tuple[int, ...]]]
    samples_apart: ClassVar[bool]  # whether no sample of a training batch sees the others

    @cached_property
    def weights(self) -> tuple[nn.Parameter, ...]:
        """All parameters, in the order of :meth:`parameters`."""
        return tuple(self.parameters())

    def trace(self, x: Tensor) -> tuple[list[np.ndarray], Backward]:
        """The layers' outputs [(B, .)] for a batch (B, ...), and the way back.

        It takes the gradients of a loss at the layers to those at the parameters.
        """
        if x.is_cuda and (replay := self._replay(x)):
            return replay(x)
        with torch.enable_grad():
            layers = self(x)

        def backward(at_layers: AtLayers) -> Gradient:
            ends = zip(layers, at_layers, strict=True)
            reached = [(h, torch.from_numpy(g).to(h)) for h, g in ends if g is not None]
            roots, gradients = zip(*reached, strict=True)
            return torch.autograd.grad(roots, self.weights, gradients)

        return [h.numpy(force=True) for h in layers], backward

    def descend(self, gradient: Gradient, learning_rate: float) -> None:
        """Subtract a gradient times the learning rate: one call for all, as in torch.optim."""
        torch._foreach_sub_(list(self.weights), list(gradient), alpha=learning_rate)

    @property
    def values(self) -> list[Tensor]:
        """All numbers that learning changes, live: the parameters and BatchNorm's averages."""
        return [*self.weights, *(b for b in self.buffers() if b.is_floating_point())]

    def _replay(self, x: Tensor) -> "Replay | None":
        """The recorded passes for a batch like this; None if so many others are held already."""
        replays = self.__dict__.setdefault("_replays", {})
        kind = (tuple(x.shape), self.training)
        if kind not in replays and len(replays) < REPLAYS:
            replays[kind] = Replay(self, x)
        return replays.get(kind)

    def __getstate__(self) -> dict[str, Any]:
        # A copy has a memory of its own, which no replay knows.
        return {k: v for k, v in self.__dict__.items() if k != "_replays"}

    def _apply(self, *args: Any, **options: Any) -> Self:
        self.__dict__.pop("_replays", None)
        return super()._apply(*args, **options)


class Replay:
    """Both passes for one shape of batch on a GPU: recorded once, then each is a single launch.

    A step on few images takes as long as its kernels' launches, and there are hundreds.
    """

    def __init__(self, network: Network, x: Tensor):
        self.x = x.clone()
        kept = [buffer.clone() for buffer in network.buffers()]  # of BatchNorm
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.enable_grad(), torch.cuda.stream(side):
            for _ in range(2):  # what libraries set up at first use cannot be recorded
                layers = network(self.x)
                torch.autograd.grad(layers, network.weights, [torch.ones_like(h) for h in layers])
        torch.cuda.current_stream().wait_stream(side)
        with torch.no_grad():
            for buffer, before in zip(network.buffers(), kept, strict=True):
                buffer.copy_(before)
        del layers
        self.forward, self.backward = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.enable_grad(), torch.cuda.graph(self.forward):
            self.layers = network(self.x)
        self.at_layers = [torch.zeros_like(h) for h in self.layers]
        with torch.cuda.graph(self.backward, pool=self.forward.pool()):
            self.gradient = torch.autograd.grad(self.layers, network.weights, self.at_layers)

    def __call__(self, x: Tensor) -> tuple[list[np.ndarray], Backward]:
        """As :meth:`Network.trace`; the way back is that of the latest call."""
        self.x.copy_(x)
        self.forward.replay()
        return [h.numpy(force=True) for h in self.layers], self._back

    def _back(self, at_layers: AtLayers) -> Gradient:
        for place, g in zip(self.at_layers, at_layers, strict=True):
            place.zero_() if g is None else place.copy_(torch.from_numpy(g))
        self.backward.replay()
        return torch._foreach_mul(self.gradient, 1.0)  # a copy in few launches


class DenseNetwork(Network):
    """Two hidden layers of 100 ReLU units: (B, ...) -> [(B, 100), (B, 100), (B, C)].

    Glorot-uniform weights, zero biases. It learns in NumPy, on the memory of its parameters: for
    so small a network calls cost more than arithmetic, and NumPy's cost least.
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
            # In memory inputs first: a few samples are multiplied by it nearly twice as fast.
            layer.weight.data = layer.weight.data.T.contiguous().T

    def forward(self, x: Tensor) -> list[Tensor]:
        """Outputs of both hidden layers and the logits."""
        h1 = self.first(x.flatten(1)).relu_()
        h2 = self.second(h1).relu_()
        return [h1, h2, self.head(h2)]

    @cached_property
    def vector(self) -> np.ndarray:
        """All parameters in one array (P,), on a CPU; from here on they live in it."""
        vector = np.concatenate([p.detach().numpy().T.ravel() for p in self.weights])
        for p, part in zip(self.weights, self.parts(vector), strict=True):
            p.data = torch.from_numpy(part.T)
        return vector

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        """The parts of the :attr:`vector`."""
        return self.parts(self.vector)

    @cached_property
    def _places(self) -> list[tuple[slice, tuple[int, ...]]]:
        ends = np.cumsum([p.numel() for p in self.weights]).tolist()
        return [
            (slice(end - p.numel(), end), p.shape[::-1])
            for p, end in zip(self.weights, ends, strict=True)
        ]

    def parts(self, vector: np.ndarray) -> list[np.ndarray]:
        """What in an array (P,) belongs to each parameter: weights as (in, out), and biases."""
        return [vector[place].reshape(shape) for place, shape in self._places]

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in super().__getstate__().items() if k not in ("vector", "arrays")}

    def _apply(self, *args: Any, **options: Any) -> Self:
        for name in ("vector", "arrays"):
            self.__dict__.pop(name, None)
        return super()._apply(*args, **options)

    def trace(self, x: Tensor) -> tuple[list[np.ndarray], Backward]:
        """As :meth:`forward`, and the way back written out, on a CPU."""
        if x.device.type != "cpu":
            return super().trace(x)
        w1, b1, w2, b2, w3, b3 = self.arrays
        inputs = x.numpy().reshape(len(x), -1)
        h1 = np.maximum(inputs @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        layers = [h1, h2, h2 @ w3 + b3]

        def backward(at_layers: AtLayers) -> Gradient:
            gradient = np.empty_like(self.vector)
            at_w1, at_b1, at_w2, at_b2, at_w3, at_b3 = self.parts(gradient)
            d1, d2, d3 = self.deltas(layers, at_layers)
            for a, d, at_w in ((inputs, d1, at_w1), (h1, d2, at_w2), (h2, d3, at_w3)):
                np.matmul(a.T, d, out=at_w)
            for d, at_b in ((d1, at_b1), (d2, at_b2), (d3, at_b3)):
                np.add.reduce(d, out=at_b)
            return [gradient]

        return layers, backward

    def descend(self, gradient: Gradient, learning_rate: float) -> None:
        """Subtract a gradient times the learning rate."""
        if isinstance(gradient[0], np.ndarray):
            saxpy(gradient[0], self.vector, a=-learning_rate)  # in place, without a product between
        else:
            super().descend(gradient, learning_rate)

    def deltas(self, layers: Sequence[np.ndarray], at_layers: AtLayers) -> list[np.ndarray]:
        """Gradients [(B, .)] at the outputs of the linear layers: before ReLU, and the logits."""
        (h1, h2, _), (at_1, at_2, d3) = layers, at_layers
        assert d3 is not None, "a loss that does not depend on the logits"
        _, _, w2, _, w3, _ = self.arrays
        d2 = d3 @ w3.T
        d2 = (d2 if at_2 is None else d2 + at_2) * np.sign(h2)  # ReLU's slope: 0 or 1
        d1 = d2 @ w2.T
        d1 = (d1 if at_1 is None else d1 + at_1) * np.sign(h1)
        return [d1, d2, d3]


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
        recompute = len(x) > RECOMPUTE_OVER and torch.is_grad_enabled() and not x.is_cuda
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
