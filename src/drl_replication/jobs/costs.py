"""What the steps of a run cost, measured on this machine; `resources.predict` adds them up."""

import math
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import DATASETS, Images
from drl_replication.learning.learner import Learner
from drl_replication.learning.process import prepare_process
from drl_replication.learning.streams import build_stream

# At least, of the stream that step times are measured on. All enter the memory, so that OGD holds
# as many directions as in a run.
IMAGES_A_TASK = 200


def measure(method: str, settings: dict, seconds: float = 2.0) -> dict[str, float]:
    """Time the steps and the evaluation of a method on random images of the right shape.

    Args:
        method: an id of `methods.METHODS`.
        settings: of the run (`study.settings.run_settings`).
        seconds: how long to time each of the three.

    Returns:
        `startup_seconds` of CPU time until now, that of imports; `first_task_seconds` and
        `later_task_seconds` for one loaded sample; `evaluation_seconds` for one test image; and
        the process's `peak_memory_mb`.
    """
    startup = time.process_time()
    prepare_process()
    learner = still_learner(method, settings)
    first = _time(lambda: load_next(learner), seconds)
    fill_memory(learner)
    later = _time(lambda: load_next(learner), seconds)
    images = learner.stream.tests[0][0][: learner.evaluation_batch]
    evaluation = _time(lambda: len(learner.evaluate(images)[-1]), seconds)
    return {
        "startup_seconds": startup,
        "first_task_seconds": first,
        "later_task_seconds": later,
        "evaluation_seconds": evaluation,
        "peak_memory_mb": _peak_memory_mb(),
    }


def still_learner(method: str, settings: dict) -> Learner:
    """A learner on random images of the right shape that stays as it is, hardly learning.

    What a step costs depends on the weights, and random images would spoil them. With a rate of
    zero BLAS would skip the update; this one is lost in the rounding of any number but zero.
    """
    dataset = DATASETS[settings["dataset"]]
    rng = np.random.default_rng(0)
    loaded = max(settings.get(name, 0) for name in ("loading_batch_size", "gss_batch_size"))
    images = max(IMAGES_A_TASK, loaded)
    if settings["readings"].get("gem_reference") == "all":  # a step passes over the whole memory
        share = math.ceil(settings["memory_size"] / BENCHMARKS[settings["benchmark"]].tasks)
        images = max(images, min(share, settings["training_images"]))
    labels = np.arange(images * dataset.classes) % dataset.classes
    pixels = rng.integers(0, 256, (len(labels), *dataset.image_shape), dtype=np.uint8)
    still = {"learning_rate": 1e-20, "training_images": images}
    stream = build_stream(settings | still, Images(pixels, labels, pixels, labels), seed=0)
    learner = Learner(method, settings | still, stream, seed=0)
    with torch.no_grad():
        for parameter in learner.network.parameters():
            parameter[parameter == 0] = 0.01
    return learner


def fill_memory(learner: Learner) -> None:
    """Bring a learner to its last task, with samples of every task in its memory."""
    size = learner.batches.loading_batch_size
    for task, start in enumerate(learner.stream.starts[:-1]):
        learner.start_task(task)
        end = int(learner.stream.starts[task + 1])
        for first in range(start, end, size):
            learner.memory.add(np.arange(first, min(first + size, end)))
        if learner.task + 1 < learner.stream.tasks:
            learner.update.end_task()


def load_next(learner: Learner) -> int:
    """Learn one loaded batch of the current task; returns its size."""
    size = learner.batches.loading_batch_size
    start, end = learner.stream.starts[learner.task : learner.task + 2]
    offset = learner.steps % (end - start - size + 1)
    learner.learn(np.arange(start + offset, start + offset + size))
    return size


def _time(action: Callable[[], int], seconds: float) -> float:
    """Seconds for one of what `action` returns the number of: the median, after one to warm up."""
    action()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        clock = time.perf_counter()
        n = action()
        times.append((time.perf_counter() - clock) / n)
    return float(np.median(times))


def _peak_memory_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, or kB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
