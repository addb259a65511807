"""A part of the training set held out, to choose hyperparameters on (Sec. 5)."""

import numpy as np

from drl_replication.data.datasets import Images
from drl_replication.seeding import ANY_SEED, generator

HELD_OUT = "validation_fraction"  # the setting of a run; none of one that is tested as usual


def hold_out(images: Images, fraction: float) -> Images:
    """The images without the test set: a part of the training images stands in its place.

    Args:
        images: a dataset.
        fraction: of the training images that is held out; the same ones for every run.
    """
    size = len(images.train_labels)
    order = generator(ANY_SEED, "images").permutation(size)
    held, kept = np.split(order, [round(fraction * size)])
    held.sort()
    kept.sort()
    return Images(
        images.train_images[kept],
        images.train_labels[kept],
        images.train_images[held],
        images.train_labels[held],
    )
