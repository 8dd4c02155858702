"""From which t statistic on a question counts as decided, with all hypotheses of the study in view."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

from hypomask.comparison.multiplicity import correlated_normals
from hypomask.comparison.paired import RESOLUTION, Units, corrected_covariance

__all__ = ["Threshold"]

FloatArray = npt.NDArray[np.float64]
DRAWS = 20_000  # the 95 % point of a maximum is then known to about 1 %


class Threshold:
    """The critical value of a family's largest t, as `hypomask.comparison.multiplicity.JointLaw` would set it.

    Parameters
    ----------
    correlation_JJ
        Of the family's contrasts; (1, 1) for a test that stands alone.
    two_sided
        The family's statistic is its largest absolute t, not its largest t.
    pair_two_sided
        The contrast must be significant two-sided on its own as well ("best" asks this of every rival).
    seed
        Of the Monte Carlo draws.
    """

    def __init__(
        self, correlation_JJ: FloatArray, *, two_sided: bool, pair_two_sided: bool = False, seed: int = 0
    ) -> None:
        self._correlation_JJ = correlation_JJ
        self._two_sided = two_sided
        self._pair_two_sided = pair_two_sided
        self._seed = seed
        self._critical: dict[tuple[float, int], float] = {}

    @classmethod
    def of_differences(
        cls,
        difference_JRB: FloatArray,
        n_folds: int,
        units: Units,
        *,
        two_sided: bool,
        pair_two_sided: bool = False,
        seed: int = 0,
    ) -> Threshold:
        """Return the threshold of a family of loss differences; contrasts that never differ take no part."""
        d_JRB = np.where(np.abs(difference_JRB) < RESOLUTION, 0.0, difference_JRB)
        d_JRB = d_JRB[d_JRB.std(axis=(1, 2)) > 0]
        if len(d_JRB) == 0:
            correlation_JJ = np.eye(1)
        else:
            # Scaled first: contrasts may differ in size by orders of magnitude.
            scaled_JRB = d_JRB / d_JRB.std(axis=2).mean(axis=1)[:, None, None]
            covariance_JJ = corrected_covariance(scaled_JRB, n_folds, units)
            sd_J = np.sqrt(np.diag(covariance_JJ))
            correlation_JJ = covariance_JJ / np.outer(sd_J, sd_J)
        return cls(correlation_JJ, two_sided=two_sided, pair_two_sided=pair_two_sided, seed=seed)

    def critical(self, alpha: float, df: int) -> float:
        """Return the least t that decides at level `alpha` with `df` degrees of freedom."""
        if (alpha, df) not in self._critical:
            sides = 2.0 if self._two_sided else 1.0
            alone = float(stats.t.isf(alpha / sides, df))
            value = alone
            n = len(self._correlation_JJ)
            if n > 1:
                # Spread of all t of a draw is common, so their maximum is the normals' maximum over it.
                largest_D = self._largest_normal / np.sqrt(self._chi_square(df) / df)
                joint = float(np.quantile(largest_D, 1.0 - alpha))
                value = float(np.clip(joint, alone, stats.t.isf(alpha / sides / n, df)))
            if self._pair_two_sided:
                value = max(value, float(stats.t.isf(alpha / 2.0, df)))
            self._critical[alpha, df] = value
        return self._critical[alpha, df]

    @cached_property
    def _largest_normal(self) -> FloatArray:
        """(D,) largest of the family's normal variables in each draw."""
        normal_DJ = correlated_normals(self._correlation_JJ, DRAWS, np.random.default_rng(self._seed))
        return np.asarray((np.abs(normal_DJ) if self._two_sided else normal_DJ).max(axis=1))

    def _chi_square(self, df: int) -> FloatArray:
        """Return (D,) chi-square variables."""
        # The same ranks for every df: plans that differ in their repeats are then compared without noise between them.
        rng = np.random.default_rng((self._seed, 1))
        return np.asarray(stats.chi2.ppf((rng.permutation(DRAWS) + 0.5) / DRAWS, df))
