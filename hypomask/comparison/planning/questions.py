"""What must be decided before a hypothesis is called best, with its effect and variance per independent unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hypomask.comparison.paired import variance_factor
from hypomask.comparison.planning.thresholds import Threshold

__all__ = ["USUAL_SPLIT_SHARE", "NullSpread", "Question", "QuestionKind", "Questions", "spread_of"]

FloatArray = npt.NDArray[np.float64]
QuestionKind = Literal["predicts", "edges", "rival", "nulls"]

USUAL_SPLIT_SHARE = 0.25
"""Variance between repeats as a share of the naive variance; 0.03 to 0.6 were measured (`benchmarks/power`)."""


def spread_of(split_share: float, n_folds: int, n_repeats: int) -> float:
    """Return the variance of a mean out-of-fold difference, in units of the naive one (unit variance / n).

    1 + s (1/2 + 1/r), at most the procedure's own c = 1 + K/(K-1); s is the variance between repeats in those units.
    Repeats average it out (s/r), and with it the part of each sample's loss that is due to its training set, which is
    about s/2 of the naive variance itself. What other samples to train on would change is taken to be s: no unbiased
    estimate of that exists from one cross-validation (Bengio & Grandvalet 2004,
    https://www.jmlr.org/papers/v5/grandvalet04a.html).

    Measured (`benchmarks/power`): right to 0.3 from 100 samples on, which is 5 % of a number of samples; too large for
    weak effects, too small for strong ones in small cohorts.
    """
    return min(variance_factor(n_folds), 1.0 + split_share * (0.5 + 1.0 / n_repeats))


@dataclass(frozen=True, eq=False)
class Question:
    """One test that "best" asks for, or that a reader wants to know of.

    Parameters
    ----------
    kind
        ``predicts`` (against the model without genes), ``edges`` (against no interactions), ``rival``, ``nulls``.
    against
        What the leading hypothesis is compared with, by name.
    threshold
        When it counts as decided; None for null masks, which are decided by ranks.
    decides
        Whether "best" asks for it (in membership studies the edges only qualify).
    """

    kind: QuestionKind
    against: str
    threshold: Threshold | None
    decides: bool = True


@dataclass(frozen=True)
class NullSpread:
    """How the losses of null masks spread around their mean.

    Parameters
    ----------
    wiring_variance
        Between wirings; more samples do not lessen it.
    unit_variance
        Of one unit's loss under one null mask around the mean over null masks; its share of the spread is
        spread x unit_variance / n.
    n_draws
        Draws this was estimated from; 0: assumed.
    """

    wiring_variance: float
    unit_variance: float
    n_draws: int


@dataclass(frozen=True, eq=False)
class Questions:
    """The questions of a study.

    Parameters
    ----------
    leader
        The hypothesis that leads, or is assumed to be true.
    questions
        (J,) what is asked of it.
    effect_J
        Losses of the other side minus those of the leader: positive speaks for the leader.
    covariance_JJ
        Naive covariance of one independent unit's differences.
    correlation_JJ, studentised_J
        Correlation of the questions' t statistics, and their variance in units of that of the estimates: a standard
        error that grows with its estimate, as it does where differences are skewed, makes t vary less.
    split_share
        See `spread_of`.
    seed_share, replicates
        How much of `split_share` is due to the seeds of training with so many replicates per fold; None: not known.
    nulls
        None when there is no question about null masks.
    n_hypotheses
        H, which Holm counts.
    n_units
        Independent units these numbers come from; None when they were assumed.
    least_units
        Below this number of units no hypothesis is called best, whatever its p values.
    grouped
        The units are groups of samples.
    """

    leader: str
    questions: tuple[Question, ...]
    effect_J: FloatArray
    covariance_JJ: FloatArray
    correlation_JJ: FloatArray
    studentised_J: FloatArray
    split_share: float
    seed_share: float | None
    replicates: int
    nulls: NullSpread | None
    n_hypotheses: int
    n_units: int | None
    least_units: int
    grouped: bool = False

    def split_share_with(self, replicates: int) -> float:
        """Return the split share when predictions are averaged over so many replicates."""
        if self.seed_share is None:
            return self.split_share
        return max(self.split_share - self.seed_share, 0.0) + self.seed_share * self.replicates / replicates

    @property
    def null_index(self) -> int | None:
        """Position of the question about null masks."""
        return next((j for j, question in enumerate(self.questions) if question.kind == "nulls"), None)

    @property
    def unit_variances(self) -> FloatArray:
        """(J,) naive variances of one unit's differences."""
        return np.diag(self.covariance_JJ)
