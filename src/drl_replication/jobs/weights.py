"""The final weights of a run, kept beside its record where `keep_weights` asks for them."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from drl_replication.files import write_bytes_atomically
from drl_replication.learning.checkpoints import Checkpoint


def write_weights(path: Path, checkpoint: Checkpoint, record: dict[str, Any]) -> None:
    """Write the network of a finished run as safetensors: whole or not at all.

    Its metadata tell what the weights are of: benchmark, method, seed, settings (JSON), commit and
    torch. A diverged run has none. The last checkpoint, which is saved after the last task, holds
    them. Raises OSError when the place doesn't allow writing, or the checkpoint reading.
    """
    saved = None if record["diverged"] else Checkpoint.load(checkpoint)
    if saved is None:
        return
    made = record["provenance"]
    metadata = {
        "benchmark": record["benchmark"],
        "method": record["method"],
        "seed": str(record["seed"]),
        "settings": json.dumps(record["settings"], sort_keys=True),
        "commit": str(made["commit"]),
        "torch": made["torch"],
    }
    network = saved["learner"]["network"].items()  # views of one vector, on the dense network
    own = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in network}
    write_bytes_atomically(path, save(own, metadata))
