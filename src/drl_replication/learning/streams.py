"""The stream of a benchmark: its tasks' images in the order of arrival, as tensors (Sec. 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import Images
from drl_replication.seeding import ANY_SEED, generator


@dataclass(frozen=True)
class Stream:
    """All that a run sees. A sample is known by its position 0..N-1 in the order of arrival.

    Images stay uint8 in memory; :meth:`batch` makes network inputs of those asked for, but for
    grey images, whose inputs are made once: 31 MB for ten tasks of MNIST.
    """

    images: Tensor  # (N, ...) uint8
    labels: Tensor  # (N,) int64
    groups: np.ndarray  # (N,) int64: what memory and batches are balanced over
    starts: np.ndarray  # (T + 1,) int64: task t holds the positions starts[t]..starts[t + 1] - 1
    tests: tuple[tuple[Tensor, Tensor], ...]  # T pairs: images (n, ...) uint8, labels (n,) int64
    classes: int  # outputs of the network
    group_kind: str  # "class" or "task"
    group_count: int  # G: of the benchmark, whichever of them occur
    normalise: Callable[[Tensor], Tensor]  # (n, ...) uint8 -> (n, ...) float32

    @property
    def tasks(self) -> int:
        """T, the number of tasks."""
        return len(self.tests)

    def task_groups(self, task: int) -> np.ndarray:
        """(G,) bool: the groups that occur in a task."""
        mask = np.zeros(self.group_count, dtype=bool)
        mask[self.groups[self.starts[task] : self.starts[task + 1]]] = True
        return mask

    @cached_property
    def _inputs(self) -> np.ndarray | None:
        """Network inputs of all samples, of grey images on a CPU."""
        grey = self.images.dim() < 4 and self.images.device.type == "cpu"
        # Of rows that lie apart, NumPy would copy all whenever it takes a few.
        return np.ascontiguousarray(self.normalise(self.images).numpy()) if grey else None

    def batch(self, positions: np.ndarray) -> tuple[Tensor, Tensor]:
        """Network inputs (B, ...) float32 and labels (B,) of the samples at `positions` (B,)."""
        if self._inputs is not None:  # NumPy takes a few rows in a third of torch's time
            rows, labels = self._inputs.take(positions, 0), self.labels.numpy().take(positions)
            return torch.from_numpy(rows), torch.from_numpy(labels)
        index = torch.from_numpy(positions).to(self.labels.device)
        inputs = self.normalise(self.images.index_select(0, index))
        return inputs, self.labels.index_select(0, index)


def to_unit_range(images: Tensor) -> Tensor:
    """Pixels 0..255 as float32 in [0, 1]."""
    return images.to(torch.float32).mul_(1 / 255)


class Standardise:
    """Pixels to zero mean and unit deviation over the training images, in channels_last layout.

    Args:
        images: (N, 3, S, S) uint8 training images, never test images.
        over: "channel": one mean and deviation a channel; "pixel": one for each pixel of each
            channel.
        device: of the images to come.
    """

    def __init__(self, images: np.ndarray, over: str, device: torch.device | str):
        axes = {"channel": (0, 2, 3), "pixel": (0,)}[over]
        n, mean, square = 0, 0.0, 0.0
        for part in np.array_split(images, max(1, len(images) // 1000)):  # float64, little memory
            part = part.astype(np.float64)
            n += len(part)
            mean = mean + part.mean(axes, keepdims=True) * len(part)
            square = square + np.square(part).mean(axes, keepdims=True) * len(part)
        mean, square = mean / n, square / n
        # A pixel that is the same in all images stays at zero.
        scale = 1 / np.sqrt(np.maximum(square - mean**2, 1e-8))
        self.scale = torch.tensor(scale, dtype=torch.float32, device=device)
        self.shift = torch.tensor(-mean * scale, dtype=torch.float32, device=device)

    def __call__(self, images: Tensor) -> Tensor:
        """(n, 3, S, S) uint8 -> float32."""
        images = images.to(torch.float32, memory_format=torch.channels_last)
        return torch.addcmul(self.shift, images, self.scale)


def build_stream(
    settings: dict, images: Images, seed: int, device: torch.device | str = "cpu"
) -> Stream:
    """Draw and order the training images of every task of a benchmark, and make them its own.

    Args:
        settings: of the run (`study.settings.run_settings`).
        images: the dataset.
        seed: of the run; it decides the images, their order and what a task does to them.
        device: where all images are to lie.

    Raises:
        ValueError: a task has fewer training images than the settings ask for.
    """
    benchmark = BENCHMARKS[settings["benchmark"]]
    pixels, labels, tests = [], [], []
    for task, classes in enumerate(benchmark.task_classes):
        chosen = _choose(_of_classes(images.train_labels, classes), settings, seed, task)
        test = _of_classes(images.test_labels, classes)
        change = partial(KINDS[benchmark.kind], task=task, seed=seed, readings=settings["readings"])
        pixels.append(change(images.train_images[chosen]))
        labels.append(images.train_labels[chosen])
        tests.append((change(images.test_images[test]), images.test_labels[test]))
    sizes = [len(part) for part in labels]
    of_class = np.concatenate(labels)
    standardise = settings["readings"].get("cifar_standardisation")
    return Stream(
        images=torch.from_numpy(np.concatenate(pixels)).to(device),
        labels=torch.from_numpy(of_class).to(device),
        groups={"class": of_class, "task": np.repeat(np.arange(len(sizes)), sizes)}[
            benchmark.groups
        ],
        starts=np.concatenate([[0], np.cumsum(sizes)]),
        tests=tuple(
            (torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)) for x, y in tests
        ),
        classes=benchmark.classes,
        group_kind=benchmark.groups,
        group_count=benchmark.group_count,
        normalise=Standardise(images.train_images, standardise, device)
        if standardise
        else to_unit_range,
    )


def plain(images: np.ndarray, task: int, seed: int, readings: Mapping) -> np.ndarray:
    """A task has its images (n, ...) as they are."""
    return images


def permuted(images: np.ndarray, task: int, seed: int, readings: Mapping) -> np.ndarray:
    """A task has its own permutation of the pixels: images (n, ...) -> (n, pixels)."""
    of = ANY_SEED if readings["permutations"] == "fixed" else seed
    flat = images.reshape(len(images), -1)
    return flat[:, generator(of, "permutations", task).permutation(flat.shape[1])]


# What a task does to its images, training and test alike; a row of `BENCHMARKS` names one.
KINDS: dict[str, Callable[..., np.ndarray]] = {
    "plain": plain,
    "permuted": permuted,
}


def _of_classes(labels: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
    """Where the labels (n,) are of one of the classes, in order."""
    return np.flatnonzero(np.isin(labels, classes))


def _choose(pool: np.ndarray, settings: dict, seed: int, task: int) -> np.ndarray:
    """Indices of a task's training images, in the order in which they arrive."""
    n = settings["training_images"]
    if n > len(pool):
        raise ValueError(
            f"training_images is {n}, but task {task + 1} of {settings['benchmark']} has only "
            f"{len(pool)} in {settings['dataset']}"
        )
    if settings["readings"]["subset"] == "first":
        return generator(seed, "order", task).permutation(pool[:n])
    return generator(seed, "images", task).permutation(pool)[:n]
