"""Runs that judge claims of the paper: each arm is a method with one thing changed.

All arms of a seed share images, order and initial weights, so that they are compared in pairs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import Images
from drl_replication.experiments import claim_measures as measures
from drl_replication.experiments import claim_parts as parts
from drl_replication.learning.learner import Learner
from drl_replication.learning.process import prepare_process
from drl_replication.learning.streams import Stream, build_stream
from drl_replication.learning.training import Study
from drl_replication.measures.continual import learned_accuracy
from drl_replication.records.experiments import finite

METHODS = ("drl", "ber", "er", "multisim", "rmargin")
ALPHAS = (8.0, 32.0, 128.0, 512.0)  # above Table 6's, to drive rho below BER's


@dataclass(frozen=True)
class Arm:
    """A method and what is changed: settings, factors of settings, readings, parts.

    end: further measures of the finished study. cosines: whether gradients of the current task's
    samples and of earlier ones are compared on the way. split: only where tasks have own classes.
    """

    method: str
    settings: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    readings: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[Learner], None] = lambda learner: None
    end: Mapping[str, Callable[[Study], float]] = field(default_factory=dict)
    cosines: bool = False
    split: bool = False


NEAREST = {"nearest_mean_accuracy": measures.nearest_mean_accuracy}
OF_BER = {
    "known_task_accuracy": measures.known_task_accuracy,
    "misclassified_diverse": measures.misclassified_diverse,
    "misclassified_others": measures.misclassified_others,
}
HIDDEN = {"representation_layers": "hidden"}
SMALL = {"training_batch_size": 10}  # Table 6's of CIFAR: fewer than two samples of ten classes
ARMS: dict[str, Arm] = {
    "drl": Arm("drl", cosines=True),
    "ber": Arm("ber", cosines=True, end=OF_BER),
    "er": Arm("er", cosines=True),
    "multisim": Arm("multisim", end=NEAREST),
    "rmargin": Arm("rmargin", end=NEAREST),
    "rmargin_without_switch": Arm("rmargin", change=parts.objective(parts.NoSwitch)),
    "drl_hidden": Arm("drl", readings=HIDDEN),
    "drl_hidden_without_within": Arm("drl", {"drl_alpha": 0.0}, readings=HIDDEN),
    "drl_lambda_tenth": Arm("drl", factors={"drl_lambda": 0.1}),
    "drl_lambda_tenfold": Arm("drl", factors={"drl_lambda": 10.0}),
    **{f"drl_alpha_{alpha:g}": Arm("drl", {"drl_alpha": alpha}) for alpha in ALPHAS},
    "ber_as_later": Arm("ber", readings={"first_task": "as_later"}),
    **{
        f"{m}_er_batches": Arm(m, change=parts.batches(parts.HalfCurrent))
        for m in ("drl", "multisim", "rmargin")
    },
    "drl_small_batch": Arm("drl", SMALL, split=True),
    "drl_small_batch_without_pairs": Arm(
        "drl", SMALL, readings={"min_positive_pairs": 0}, split=True
    ),
    "multisim_alone": Arm("multisim", change=parts.objective(parts.MultiSimAlone), end=NEAREST),
    "rmargin_alone": Arm("rmargin", change=parts.objective(parts.RMarginAlone), end=NEAREST),
    "er_once": Arm("er", {"loading_batch_size": 10}, change=parts.batches(parts.LoadedOnce)),
    "er_once_each_step": Arm("er", change=parts.batches(parts.LoadedOnce)),
    "ber_large_batch": Arm(
        "ber",
        {"loading_batch_size": 10, "training_batch_size": 100},
        change=parts.batches(parts.FiveTimes),
    ),
}


def versions() -> dict[str, str]:
    """Of what takes part besides NumPy."""
    return {"torch": torch.__version__}


def measure(seed: int, settings: dict, images: Images) -> dict:
    """Make the run of each arm and measure it: {"arms": {"drl": {"average_accuracy": ...}}}.

    Args:
        seed: of all runs.
        settings: of each of `METHODS`, as `study.settings.run_settings` resolves them.
        images: the dataset.

    Raises:
        ValueError: there are too few images.
    """
    prepare_process()
    readings: dict[str, Any] = {}
    for method in METHODS:  # an arm may have the batches of another method
        readings |= settings[method]["readings"]
    stream = build_stream(settings["ber"], images, seed)
    split = BENCHMARKS[settings["ber"]["benchmark"]].groups == "class"
    return {
        "arms": {
            name: _run(arm, seed, settings[arm.method], readings, stream)
            for name, arm in ARMS.items()
            if split or not arm.split
        }
    }


def _run(
    arm: Arm, seed: int, settings: dict, readings: Mapping[str, Any], stream: Stream
) -> dict[str, Any]:
    changed = settings | {k: settings[k] * factor for k, factor in arm.factors.items()}
    changed |= dict(arm.settings) | {"readings": {**readings, **arm.readings}}
    learner = Learner(arm.method, changed, stream, seed)
    arm.change(learner)
    study = Study(learner)
    cosines = []
    for _ in study.learn():
        if arm.cosines and learner.task and not study.diverged:
            cosines.append(measures.cosine_with_earlier(learner))
    result = study.result()
    found = {"average_accuracy": result["average_accuracy"], "rho": result["rho"]}
    found |= {"average_forgetting": result["average_forgetting"], "learned_accuracy": None}
    if not study.diverged:
        matrix = np.array(result["accuracy_matrix"], dtype=float)
        found["learned_accuracy"] = float(learned_accuracy(matrix).mean())
    if arm.cosines:
        found["cosine_with_earlier"] = finite(float(np.mean(cosines))) if cosines else None
    of_end = {name: None if study.diverged else f(study) for name, f in arm.end.items()}
    return {"diverged": study.diverged, **found, **of_end}
