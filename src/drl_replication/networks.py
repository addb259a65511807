"""The networks (Sec. 5). A network returns the outputs of its layers, the logits last."""

import torch
from torch import Tensor, nn

from drl_replication.seeding import torch_generator


class DenseNetwork(nn.Module):
    """Two hidden layers of 100 ReLU units: (B, ...) -> [(B, 100), (B, 100), (B, C)].

    Glorot-uniform weights, zero biases.
    """

    # Which of the returned layers make the representation h, by the reading of
    # `representation_layers` (Sec. 5: "the concatenation of outputs of all layers").
    representation = {  # noqa: RUF012
        "paper": (0, 1, 2),
        "hidden": (0, 1),
        "released": (0, 1, 2),
    }

    def __init__(self, inputs: int, classes: int, generator: torch.Generator, hidden: int = 100):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, classes)
        for layer in (self.first, self.second, self.head):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Outputs of both hidden layers and the logits."""
        h1 = torch.relu(self.first(x.flatten(1)))
        h2 = torch.relu(self.second(h1))
        return [h1, h2, self.head(h2)]


def build_network(name: str, inputs: int, classes: int, seed: int) -> nn.Module:
    """The network of a benchmark with the initial weights of a seed."""
    generator = torch_generator(seed, "weights")
    return {"dense": DenseNetwork}[name](inputs, classes, generator)
