"""Weights of the mixture of hypotheses that would predict best."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.outcomes.registry import TARGETS

__all__ = ["stacking_weights"]

FloatArray = npt.NDArray[np.float64]


def stacking_weights(loss_HB: FloatArray, kind: str, *, steps: int = 2000, tolerance: float = 1e-10) -> FloatArray:
    """Return weights (sum 1) that maximise the mean log predictive density of the mixture.

    The weights say how much each hypothesis contributes to predicting what the others cannot; they are no
    probabilities of being true, and a duplicate shares its twin's weight. Shown, never decides. Noisy below about 100
    samples.

    The objective is concave; expectation-maximisation from equal weights is monotone and treats hypotheses alike.
    Squared errors become Gaussian densities with each hypothesis' own out-of-fold variance.

    Parameters
    ----------
    loss_HB
        (H, B) per-sample losses, averaged over repeats.
    kind
        Kind of phenotype the losses belong to.

    Returns
    -------
    (H,) float64

    References
    ----------
    Yao et al. 2018, doi:10.1214/17-BA1091
    """
    log_density_HB = -loss_HB
    if TARGETS[kind].is_squared_error:
        variance_H1 = np.maximum(loss_HB.mean(axis=1, keepdims=True), 1e-300)
        log_density_HB = -0.5 * np.log(2.0 * np.pi * variance_H1) - loss_HB / (2.0 * variance_H1)
    density_HB = np.exp(log_density_HB - log_density_HB.max(axis=0))
    weights = np.full(len(loss_HB), 1.0 / len(loss_HB))
    reached = -np.inf
    for _ in range(steps):
        joint_HB = weights[:, None] * density_HB
        mixture_B = joint_HB.sum(axis=0)
        now = float(np.log(mixture_B).mean())
        weights = (joint_HB / mixture_B).mean(axis=1)
        if now - reached < tolerance:
            break
        reached = now
    return np.asarray(weights / weights.sum())
