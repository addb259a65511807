"""The experiment behind Figure 3: what DRL does to similarities and to the rho-spectrum."""

import numpy as np
import torch

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.data.datasets import Images
from drl_replication.experiments.similarities import draw_per_class, pair_similarities, summary
from drl_replication.learning.learner import Learner
from drl_replication.learning.streams import build_stream
from drl_replication.learning.training import Study
from drl_replication.seeding import generator

KEPT = (
    "diverged",
    "diverged_at_step",
    "average_accuracy",
    "average_forgetting",
    "rho",
    "rho_readings",
)


def versions() -> dict[str, str]:
    """Of what takes part besides NumPy."""
    return {"torch": torch.__version__}


def measure(seed: int, settings: dict, images: Images) -> dict:
    """Train BER, and DRL with each alpha, and measure them: {"ber": {...}, "drl": {"2": {...}}}.

    Args:
        seed: of all runs, so that they share images, order and initial weights.
        settings: `drl` and `ber` as `study.settings.run_settings` resolves them, `alphas` and
            `test_images_per_class`; DRL's own alpha is among the alphas in any case.
        images: the dataset.

    Raises:
        ValueError: there are too few images.
    """
    drl = settings["drl"]
    classes = range(BENCHMARKS[drl["benchmark"]].classes)
    n = settings["test_images_per_class"]
    shown = draw_per_class(images.test_labels, classes, n, generator(seed, "figure"))
    alphas = sorted({float(alpha) for alpha in (*settings["alphas"], drl["drl_alpha"])})
    return {
        "ber": effects("ber", seed, settings["ber"], images, shown),
        "drl": {
            f"{alpha:g}": effects("drl", seed, drl | {"drl_alpha": alpha}, images, shown)
            for alpha in alphas
        },
    }


def effects(method: str, seed: int, settings: dict, images: Images, shown: np.ndarray) -> dict:
    """Make a run and describe the network it ends with: plain JSON.

    `shown`: indices of the test images whose pairs are measured. A diverged run has no
    similarities.
    """
    study = Study(Learner(method, settings, build_stream(settings, images, seed), seed))
    for _ in study.learn():
        pass
    result = study.result()
    kept = {key: result[key] for key in KEPT}
    kept["dead_units"] = result["diagnostics"]["dead_units"]
    if study.diverged:
        return kept | {"similarity": None}
    network = study.learner.network
    similarities = pair_similarities(
        network,
        study.learner.stream.normalise(torch.from_numpy(images.test_images[shown])),
        torch.from_numpy(images.test_labels[shown]),
        network.representation["paper"],
    )
    return kept | {
        "similarity": {
            kind: {sign: summary(values) for sign, values in pairs.items()}
            for kind, pairs in similarities.items()
        }
    }
