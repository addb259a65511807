"""Three 2-D Gaussian classes and a linear softmax model: the example of Sec. 2.1 (Fig. 1).

A point's features are (x, y, 1), so that the biases are a row of the weight matrix, and Fact 1
holds as it is printed, with D = 3.
"""

import numpy as np

# ASSUME: the paper gives no means, covariances or training settings for Fig. 1. All neighbours are
# 4 standard deviations apart, so that two classes overlap by 2.3 % (the standard normal beyond
# 2); the middle of task 1 is the origin. Where the third class lies decides which of task 1's
# samples the new boundaries need: on the line of the old boundary, beside one class, or behind it.
# Three places are compared because the result depends on them; the place that is drawn (beside)
# was chosen after seeing the result of the first (between): the paper's argument, that the new
# boundaries need samples away from the old one, is about the last two.
FIRST_MEANS = ((-2.0, 0.0), (2.0, 0.0))
THIRD_MEANS = {"between": (0.0, 12**0.5), "beside": (2.0, 4.0), "behind": (6.0, 0.0)}
DRAWN = "beside"
LEARNING_RATE = 0.1
STEPS = 1000  # of gradient descent a task


def draw_noise(rng: np.random.Generator, per_class: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal deviations (3 per_class, 2) from the means, class by class, and labels."""
    labels = np.repeat(np.arange(3), per_class)
    return rng.standard_normal((len(labels), 2)), labels


def place(noise: np.ndarray, labels: np.ndarray, third: str) -> np.ndarray:
    """The points (n, 2) with the third class at one of THIRD_MEANS."""
    return np.array([*FIRST_MEANS, THIRD_MEANS[third]])[labels] + noise


def features(points: np.ndarray) -> np.ndarray:
    """(x, y, 1) of each point: (n, 3)."""
    return np.column_stack([points, np.ones(len(points))])


def probabilities(weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Softmax of features @ weights, with weights (3, K): (n, K)."""
    logits = features(points) @ weights
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def sample_gradients(weights: np.ndarray, points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The gradient of each sample's own cross entropy, flat: (n, 3 K).

    Fact 1: it is the outer product of the features and of p - y (Eq. 5).
    """
    errors = probabilities(weights, points) - np.eye(weights.shape[1])[labels]
    return (features(points)[:, :, None] * errors[:, None, :]).reshape(len(points), -1)


def learn_first(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Task 1: weights (3, 2) that tell classes 0 and 1 apart, from zero weights."""
    return _descend(np.zeros((3, 2)), points, labels, np.full(len(labels), 1 / len(labels)))


def learn_third(weights: np.ndarray, points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Task 2: weights (3, 3) after class 2 and a memory of task 1, from the weights (3, 2).

    The new class and the memory have half of the loss each, as in ER's batches. The new column
    starts at zero.
    """
    new = labels == 2
    shares = np.where(new, 0.5 / new.sum(), 0.5 / (~new).sum())
    return _descend(np.column_stack([weights, np.zeros(3)]), points, labels, shares)


def _descend(
    weights: np.ndarray, points: np.ndarray, labels: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Full-batch gradient descent, so that no order of the samples takes part."""
    x, targets = features(points), np.eye(weights.shape[1])[labels]
    for _ in range(STEPS):
        errors = probabilities(weights, points) - targets
        weights = weights - LEARNING_RATE * x.T @ (shares[:, None] * errors)
    return weights


def accuracy(weights: np.ndarray, points: np.ndarray, labels: np.ndarray) -> float:
    """Share of points for which the most probable class is theirs."""
    return float(np.mean((features(points) @ weights).argmax(axis=1) == labels))


def distances(weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance of each point to the boundary of task 1, whose weights are (3, 2): (n,)."""
    normal = weights[:, 0] - weights[:, 1]
    return np.abs(features(points) @ normal) / np.hypot(*normal[:2])
