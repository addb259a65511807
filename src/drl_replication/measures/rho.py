"""The rho-spectrum of representations (Appx. C)."""

import numpy as np

# Singular values under this fraction of the largest are rounding noise (reading `rho_null`).
NULL_THRESHOLD = 1e-6


PROBE_IMAGES = 200  # of each task, for the rho-spectrum and the dead units


def _kl_from_uniform(values: np.ndarray) -> float:
    share = values / values.sum()
    # Rounding can put a flat spectrum a hair under zero.
    return max(0.0, float(-np.log(len(share)) - np.mean(np.log(share))))


def rho_spectrum(representations: np.ndarray) -> dict[str, float | int]:
    """The rho-spectrum of Appx. C in both readings of `rho_null`: rho = KL(U || S).

    S are the singular values of the uncentred matrix, computed exactly in float64 and
    normalised to sum 1; U is uniform. With dead units the smallest values are rounding noise
    and would dominate rho, so those under 1e-6 of the largest are raised to it (`floor`) or left
    out (`drop`). Returns `floor`, `drop`, `rank` (values kept as they are) and `raised` (the rest).

    A matrix of zeros (every unit dead) has no spectrum; it gets the limit of constant
    representations that shrink to zero, so the rho of a rank-one matrix, with rank 0.

    `representations`: (N, H). Raises ValueError for an empty, non-matrix or non-finite input.
    """
    matrix = np.asarray(representations, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(
            f"The representations have shape {matrix.shape}; (samples, units) is needed, "
            "with at least one of each."
        )
    if not np.isfinite(matrix).all():
        raise ValueError(
            "The representations hold NaN or infinity, so they have no spectrum: treat the run "
            "as diverged."
        )
    values = np.linalg.svd(matrix, compute_uv=False)
    rank = 0
    if values[0] > 0:
        values = values / values[0]
        rank = int(np.count_nonzero(values >= NULL_THRESHOLD))
    else:
        values[0] = 1.0
    return {
        "floor": _kl_from_uniform(np.maximum(values, NULL_THRESHOLD)),
        "drop": _kl_from_uniform(values[values >= NULL_THRESHOLD]),
        "rank": rank,
        "raised": len(values) - rank,
    }
