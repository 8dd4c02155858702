"""The tests that papers report on folds, which take folds as independent. Shown under that name; they never decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import bdtr, stdtr

from hypomask.comparison.paired import RESOLUTION

__all__ = ["NaiveTests", "naive_tests"]

MAX_EXACT = 50


@dataclass(frozen=True)
class NaiveTests:
    """Two-sided p values of three tests that take every split as an independent observation.

    Parameters
    ----------
    paired_t, wilcoxon, sign
        Paired t, Wilcoxon's signed rank, exact sign test. 1 where nothing differs.
    """

    paired_t: float
    wilcoxon: float
    sign: float

    @property
    def smallest(self) -> float:
        """Return the smallest of the three."""
        return min(self.paired_t, self.wilcoxon, self.sign)


def naive_tests(difference_J: npt.NDArray[np.float64]) -> NaiveTests:
    """Test whether differences over splits are centred at 0, as if splits were independent.

    Null hypothesis: mean (t), pseudomedian (Wilcoxon), median (sign) of the differences is 0. Direction: two-sided. No
    correction for multiplicity. Invalid for cross-validation: training sets overlap, and a paired t at 5 % rejects
    20-56 % of true nulls over repeated folds. They are here because readers know them, and to be contradicted.

    Differences below 1e-9 count as 0, and take no part in Wilcoxon's and the sign test.

    References
    ----------
    Wilcoxon 1945, doi:10.2307/3001968; Dietterich 1998, doi:10.1162/089976698300017197 (why not)
    """
    d_J = np.where(np.abs(difference_J) < RESOLUTION, 0.0, difference_J)
    differing = d_J[d_J != 0.0]
    if not len(differing):
        return NaiveTests(1.0, 1.0, 1.0)
    wins = int((differing > 0).sum())
    spread = float(d_J.std(ddof=1))
    mean = float(d_J.mean())
    # Without spread the t test is infinitely sure; what it would say is 0, and that is its own affair.
    t = abs(mean) * np.sqrt(len(d_J)) / spread if spread > 1e-12 * abs(mean) else np.inf
    return NaiveTests(
        paired_t=float(2.0 * stdtr(len(d_J) - 1, -t)),
        wilcoxon=_signed_rank_p(differing),
        sign=float(min(1.0, 2.0 * bdtr(min(wins, len(differing) - wins), len(differing), 0.5))),
    )


def _signed_rank_p(differing: npt.NDArray[np.float64]) -> float:
    """Return the two-sided p of Wilcoxon's signed rank, exact up to `MAX_EXACT` differences.

    With tied ranks, which rounded scores bring, SciPy goes through all signs: 0.8 s a pair at 12 folds. Counting the
    ways to every rank sum one rank after the other gives the same number in no time.
    """
    if len(differing) > MAX_EXACT:
        return float(stats.wilcoxon(differing).pvalue)
    twice_rank = np.rint(2.0 * stats.rankdata(np.abs(differing))).astype(np.int64)  # midranks are halves
    chance = np.zeros(int(twice_rank.sum()) + 1)
    chance[0] = 1.0
    for step in twice_rank:
        chance[step:] = 0.5 * (chance[step:] + chance[:-step])
        chance[:step] *= 0.5
    observed = int(twice_rank[differing > 0].sum())
    return float(min(1.0, 2.0 * min(chance[: observed + 1].sum(), chance[observed:].sum())))
