"""The corrected resampled t: scores of two models on the same splits, whose training sets overlap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.comparison.paired import RESOLUTION, Effect

__all__ = ["corrected_resampled_t", "split_effect"]

FloatArray = npt.NDArray[np.float64]


def corrected_resampled_t(difference_J: FloatArray, test_fraction: float) -> Effect:
    """Estimate the mean difference over J splits as Nadeau and Bengio do.

    Null hypothesis: the two training recipes have the same expected score at this training size. Two-sided or
    one-sided through `Effect`; no correction for multiplicity. The variance of the mean is s²(1/J + f/(1-f)), with f
    the share of samples that a split holds out, and Student's t has J - 1 degrees of freedom.

    Invalid where training sets tell more about the difference than the correction grants them: repeats of K folds
    (false positives up to 11 % at 5 %), cohorts below about 100 samples, many more features than samples. See
    `split_effect` for the form that verdicts rest on.

    Parameters
    ----------
    difference_J
        (J,) score of one model minus score of the other, all splits of all repeats. J of at least 2.
    test_fraction
        f; 1/K for K folds.

    Returns
    -------
    Effect
        In the unit of the score.

    References
    ----------
    Nadeau & Bengio 2003, doi:10.1023/A:1024068626366; Bouckaert & Frank 2004, doi:10.1007/978-3-540-24775-3_3
    """
    return split_effect(np.asarray(difference_J, dtype=np.float64)[None], test_fraction)


def split_effect(difference_RK: FloatArray, test_fraction: float, *, overlap: float = 1.0) -> Effect:
    """Estimate the mean difference over R repeats of K splits, where repeats are no new data.

    As `corrected_resampled_t`, to which it is equal for R = 1, but the variance is taken within each repeat and
    averaged over repeats before it is inflated: s²(1/K + overlap f/(1-f)), with K R - 1 degrees of freedom. That is
    `corrected_effect` with splits in the place of samples.

    Parameters
    ----------
    difference_RK
        (R, K) differences. Those below 1e-9 count as 0.
    test_fraction
        f, in (0, 1).
    overlap
        How many times the overlap of training sets counts. 1 is Nadeau and Bengio's.

    References
    ----------
    Nadeau & Bengio 2003, doi:10.1023/A:1024068626366
    """
    d_RK = np.where(np.abs(difference_RK) < RESOLUTION, 0.0, difference_RK)
    n_repeats, n_splits = d_RK.shape
    within = float(d_RK.var(axis=1, ddof=1).mean())
    mean = float(d_RK.mean())
    # Scores that differ by a constant leave rounding noise of about 1e-16 of the mean as their variance.
    if within <= (1e-12 * mean) ** 2:
        within = 0.0
    variance = within * (1.0 / n_splits + overlap * test_fraction / (1.0 - test_fraction))
    return Effect(mean, float(np.sqrt(variance)), n_repeats * n_splits - 1)
