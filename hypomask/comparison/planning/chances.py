"""The chance that each question is decided, and all of them together, in a study of a given size and plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.multiplicity import correlated_normals
from hypomask.comparison.paired import variance_factor
from hypomask.comparison.planning.decision import FURTHEST, power_at, units_needed
from hypomask.comparison.planning.null_question import chance_to_beat_nulls
from hypomask.comparison.planning.questions import Questions, spread_of

__all__ = ["Chances", "Design", "standard_draws"]

FloatArray = npt.NDArray[np.float64]

FEWEST = 10.0  # below this many units a study is refused
DRAWS = 4000
LEAST_SPREAD = 0.3
STEPS = 24  # halvings of the search for a number of units, over a range of 1,000 at most: exact to 1e-6


@dataclass(frozen=True)
class Design:
    """What a study trains and at which level it decides.

    Parameters
    ----------
    folds, repeats, nulls, null_repeats
        As in the study's plan.
    null_stop_after, alpha
        As in the study's comparison.
    replicates
        As in the study's training.
    """

    folds: int = 5
    repeats: int = 3
    nulls: int = 99
    null_repeats: int = 1
    null_stop_after: int | None = 5
    alpha: float = 0.05
    replicates: int = 2

    @property
    def factor(self) -> float:
        """By which the tests inflate their variance."""
        return variance_factor(self.folds)

    def df(self, n_units: float) -> int:
        """Return the degrees of freedom of the corrected tests."""
        return max(1, min(self.folds * self.repeats - 1, int(n_units) - 1))


def standard_draws(questions: Questions, draws: int = DRAWS, seed: int = 0) -> FloatArray:
    """Return (D, J) draws of the questions' statistics under no effect, with unit variance."""
    return correlated_normals(questions.correlation_JJ, draws, np.random.default_rng(seed))


class Chances:
    """Chances under one design.

    Estimates are taken as normal, with the correlation of the pilot (or of the assumptions); so the chance of deciding
    everything at once accounts for all questions sharing the leader's losses.

    Parameters
    ----------
    questions
        What is asked. Its effects are not used: they are given with every call.
    design
        What is trained.
    draws, seed
        Monte Carlo effort; the same numbers for every size and effect, so that curves are smooth and plans comparable.
    normal_DJ
        The draws, where many designs share them; see `standard_draws`.
    """

    def __init__(
        self,
        questions: Questions,
        design: Design,
        *,
        draws: int = DRAWS,
        seed: int = 0,
        normal_DJ: FloatArray | None = None,
    ) -> None:
        self.questions, self.design = questions, design
        asked = questions.questions
        self._null = questions.null_index
        self._variance_J = questions.unit_variances
        spread_J = np.array([self._spread(question.kind == "nulls") for question in asked])
        self._spread_J = np.maximum(spread_J + questions.studentised_J - 1.0, LEAST_SPREAD)
        self._decides_J = np.array([q.decides and q.kind != "nulls" for q in asked])
        if normal_DJ is None:
            normal_DJ = standard_draws(questions, draws, seed)
        self._deviation_DJ = normal_DJ * np.sqrt(self._spread_J)

    @property
    def spread(self) -> float:
        """Variance of an estimate, in units of the naive one."""
        return self._spread(for_nulls=False)

    def at(self, n_units: float, effect_J: FloatArray, null_scale: float = 1.0) -> FloatArray:
        """Return (J + 1,) chances with `n_units` independent units: of each question, and last of "best".

        Parameters
        ----------
        effect_J
            Expected loss differences.
        null_scale
            Standard deviation of null losses, relative to what the questions say.
        """
        critical_J = self._critical(n_units)
        alone_J = power_at(
            effect_J,
            n_units,
            unit_variance=self._variance_J,
            critical=critical_J,
            factor=self.design.factor,
            spread=self._spread_J,
        )
        # All in naive standard errors.
        sd_J = np.sqrt(self._variance_J / n_units)
        signal_J = effect_J / np.where(sd_J > 0, sd_J, 1.0)
        wanted_J = critical_J * np.sqrt(self.design.factor)
        passed_DJ = (signal_J + self._deviation_DJ >= wanted_J) & (sd_J > 0)
        together_D = passed_DJ[:, self._decides_J].all(axis=1).astype(np.float64)
        if self._null is not None:
            null_D = self.beats_nulls(n_units, self.gap_draws(n_units, effect_J), null_scale)
            alone_J[self._null] = null_D.mean()
            together_D *= null_D
        best = float(together_D.mean()) if n_units >= self.questions.least_units else 0.0
        return np.append(alone_J, best)

    def units(self, power: float, effect_J: FloatArray, null_scale: float = 1.0) -> FloatArray:
        """Return (J + 1,) numbers of units from which on each chance is at least `power`; infinite where never.

        Never means: not within 100 times the pilot's units (without a pilot: a million).
        """
        most = FURTHEST * self.questions.n_units if self.questions.n_units else 1e6
        df = self.design.df(most)
        needed_J = units_needed(
            effect_J,
            unit_variance=self._variance_J,
            critical=self._critical(most),
            power=power,
            factor=self.design.factor,
            spread=self._spread_J,
        )
        searched = [len(effect_J)] if self._null is None else [self._null, len(effect_J)]
        needed = np.append(needed_J, np.inf)
        for j in range(len(effect_J)):
            # With fewer units than fits the degrees of freedom shrink, and the closed form is a little too small.
            if needed[j] <= df and j not in searched:
                searched.append(j)
        for j in searched:
            needed[j] = self._search(j, power, effect_J, null_scale, most)
        return np.where(needed <= most, needed, np.inf)

    def beats_nulls(self, n_units: float, gap: npt.ArrayLike, null_scale: float = 1.0) -> FloatArray:
        """Return the chance that the null test rejects when the estimated gap to the mean null loss is `gap`."""
        return chance_to_beat_nulls(
            np.asarray(gap) / (self.null_sd(n_units) * null_scale),
            max_draws=self.design.nulls,
            stop_after=self.design.null_stop_after,
            level=self.design.alpha / self.questions.n_hypotheses,
        )

    def null_sd(self, n_units: float) -> float:
        """Return the standard deviation of null losses in a study of `n_units`."""
        nulls = self.questions.nulls
        if nulls is None:
            return 1.0
        variance = nulls.wiring_variance + self._spread(for_nulls=True) * nulls.unit_variance / n_units
        return float(np.sqrt(max(variance, 1e-24)))

    def gap_draws(self, n_units: float, effect_J: FloatArray) -> FloatArray:
        """Return (D,) gaps to the mean null loss as they may be estimated."""
        if self._null is None:
            return np.zeros(0)
        sd = np.sqrt(self._variance_J[self._null] / n_units)
        return np.asarray(effect_J[self._null] + sd * self._deviation_DJ[:, self._null])

    def critical(self, n_units: float) -> FloatArray:
        """Return (J,) critical values of the corrected t statistics; not finite for null masks."""
        critical_J = self._critical(n_units)
        return np.where([q.threshold is None for q in self.questions.questions], np.nan, critical_J)

    def _critical(self, n_units: float) -> FloatArray:
        alpha, df = self.design.alpha, self.design.df(n_units)
        thresholds = [question.threshold for question in self.questions.questions]
        return np.array([0.0 if threshold is None else threshold.critical(alpha, df) for threshold in thresholds])

    def _spread(self, for_nulls: bool) -> float:
        repeats = self.design.null_repeats if for_nulls else self.design.repeats
        return spread_of(self.questions.split_share_with(self.design.replicates), self.design.folds, repeats)

    def _search(self, j: int, power: float, effect_J: FloatArray, null_scale: float, most: float) -> float:
        """Return the least number of units, between the fewest and `most`, at which chance j reaches `power`."""
        if self.at(most, effect_J, null_scale)[j] < power:
            return np.inf
        low, high = FEWEST, most
        if self.at(low, effect_J, null_scale)[j] >= power:
            return low
        for _ in range(STEPS):
            middle = float(np.sqrt(low * high))
            if self.at(middle, effect_J, null_scale)[j] >= power:
                high = middle
            else:
                low = middle
        return high
