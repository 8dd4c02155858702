"""A finished study as a pilot: its questions, with effects and variances as estimated, and their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import NO_INTERACTION, LossTable
from hypomask.comparison.model_effects import losses_without_interactions
from hypomask.comparison.paired import Units, corrected_covariance, variance_factor
from hypomask.comparison.planning.decision import FURTHEST
from hypomask.comparison.planning.questions import USUAL_SPLIT_SHARE, NullSpread, Question, Questions, spread_of
from hypomask.comparison.planning.thresholds import Threshold
from hypomask.comparison.result import Scope
from hypomask.comparison.sample_size import fewest_for_best
from hypomask.comparison.seeds import ReplicateLosses

__all__ = ["Pilot"]

FloatArray = npt.NDArray[np.float64]

# R repeats estimate the noise between them with R - 1 degrees of freedom: two, as a rule. The usual share counts as
# this many more.
WEIGHT_OF_USUAL = 4.0
STUDENTISED = (0.3, 2.0)  # beyond, a few units make up the estimate and the delta method does not hold


@dataclass(frozen=True, eq=False)
class Pilot:
    """Losses of a finished study, read for what they say about a larger one.

    Parameters
    ----------
    table
        Losses of hypotheses and references.
    config, scope
        As the study was compared.
    null_loss_DB
        By hypothesis: (draws, B) losses under its null masks, averaged over the null repeats.
    null_repeats
        Repeats that null masks were scored with.
    leader
        The hypothesis the questions are about; the one with the lowest loss when empty.
    seeds, replicates
        Losses of every training replicate alone, where known, and how many of them a fold has.
    """

    table: LossTable
    config: ComparisonConfig
    scope: Scope
    null_loss_DB: Mapping[str, FloatArray] = field(default_factory=dict)
    null_repeats: int = 1
    leader: str = ""
    seeds: ReplicateLosses | None = None
    replicates: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", self.table.sorted_by_name())
        if not self.leader:
            object.__setattr__(self, "leader", self.table.hypotheses_by_loss()[0])

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """Names of the hypotheses, sorted."""
        return tuple(n for n, role in zip(self.table.names, self.table.roles, strict=True) if role == "hypothesis")

    @property
    def rivals(self) -> tuple[str, ...]:
        """The other hypotheses, sorted by name."""
        return tuple(name for name in self.hypotheses if name != self.leader)

    @cached_property
    def units(self) -> Units:
        """Which samples are independent."""
        return Units.of(self.table.groups, self.table.n_samples)

    @property
    def edges_decide(self) -> bool:
        """Whether the study asks for the wiring."""
        return self.scope == "all"

    @cached_property
    def without_interactions(self) -> FloatArray:
        """(M, R, B) losses that each model's gain is measured against."""
        return losses_without_interactions(self.table, self.scope)[0]

    def null_gap(self, hypothesis: str) -> FloatArray:
        """Return (B,) mean loss over null masks minus the loss of the hypothesis over the same repeats."""
        own_B = self._loss(hypothesis)[: self.null_repeats].mean(axis=0)
        return np.asarray(self.null_loss_DB[hypothesis].mean(axis=0) - own_B)

    @cached_property
    def differences(self) -> FloatArray:
        """(J, R, B) losses of the other side minus those of the leader, in the order of `questions`."""
        table, own_RB = self.table, self._loss(self.leader)
        rows = [table.gene_free_RB - own_RB, self.without_interactions[table.index(self.leader)] - own_RB]
        if self.leader in self.null_loss_DB:
            rows.append(np.broadcast_to(self.null_gap(self.leader), own_RB.shape))
        rows += [self._loss(rival) - own_RB for rival in self.rivals]
        return np.stack(rows)

    @cached_property
    def split_share(self) -> float:
        """Variance between repeats as a share of the naive variance; see `spread_of`."""
        n_repeats = self.table.n_repeats
        if n_repeats < 2:
            return USUAL_SPLIT_SHARE
        between_J = self.differences.mean(axis=2).var(axis=1, ddof=1)
        asked = np.array([question.kind != "nulls" for question in self._asked()]) & (self._variances > 0)
        if not asked.any():
            return USUAL_SPLIT_SHARE
        share = float(np.mean(between_J[asked] * self.units.n / self._variances[asked]))
        weight = n_repeats - 1.0
        return (weight * share + WEIGHT_OF_USUAL * USUAL_SPLIT_SHARE) / (weight + WEIGHT_OF_USUAL)

    def questions(self) -> Questions:
        """Return what must be decided, at the effects as they were estimated."""
        correlation_JJ, studentised_J = self._of_statistics()
        return Questions(
            leader=self.leader,
            questions=tuple(self._asked()),
            effect_J=self.differences.mean(axis=(1, 2)),
            covariance_JJ=self._covariance,
            correlation_JJ=correlation_JJ,
            studentised_J=studentised_J,
            split_share=self.split_share,
            seed_share=self._seed_share(),
            replicates=self.replicates,
            nulls=self._null_spread(),
            n_hypotheses=len(self.hypotheses),
            n_units=self.units.n,
            least_units=self._least_units(),
            grouped=self.units.n < self.table.n_samples,
        )

    def _of_statistics(self) -> tuple[FloatArray, FloatArray]:
        """Return (J, J) correlation of the t statistics and (J,) their variance relative to that of the estimates.

        By the delta method: with z the standardised difference of a unit and e the effect in standard deviations, t
        moves with z - (e/2) (z^2 - 1). The null test has no standard error of its own.
        """
        sums_JU = self.units.sums(self.differences.mean(axis=1))
        size_U = self.units.sums(np.ones((1, self.table.n_samples)))[0]
        mean_J = sums_JU.sum(axis=1) / size_U.sum()
        around_JU = sums_JU - mean_J[:, None] * size_U
        sd_J = around_JU.std(axis=1)
        z_JU = around_JU / np.where(sd_J > 0, sd_J, 1.0)[:, None]
        effect_J = np.where(sd_J > 0, mean_J * size_U.mean() / np.where(sd_J > 0, sd_J, 1.0), 0.0)
        effect_J[[question.kind == "nulls" for question in self._asked()]] = 0.0
        moves_JU = z_JU - (effect_J / 2.0)[:, None] * (z_JU**2 - 1.0)
        variance_J = moves_JU.var(axis=1)
        scale_J = np.where(variance_J > 0, np.sqrt(variance_J), 1.0)
        correlation_JJ = np.cov(moves_JU / scale_J[:, None], bias=True).reshape(len(scale_J), -1)
        return correlation_JJ, np.clip(np.where(variance_J > 0, variance_J, 1.0), *STUDENTISED)

    @cached_property
    def _covariance(self) -> FloatArray:
        corrected_JJ = corrected_covariance(self.differences, self.table.n_folds, self.units)
        return corrected_JJ * (self.units.n / variance_factor(self.table.n_folds))

    @property
    def _variances(self) -> FloatArray:
        return np.diag(self._covariance)

    def _loss(self, name: str) -> FloatArray:
        return np.asarray(self.table.loss_MRB[self.table.index(name)])

    def _asked(self) -> list[Question]:
        table, names = self.table, self.hypotheses
        rows = [table.index(name) for name in names]
        loss_HRB = table.loss_MRB[rows]
        asked = [Question("predicts", "the model without genes", self._threshold(table.gene_free_RB - loss_HRB))]
        wiring = self.scope == "all" and NO_INTERACTION in table.names
        against = "the same genes without interactions" if wiring else "its genes taken one by one"
        threshold = self._threshold(self.without_interactions[rows] - loss_HRB, two_sided=True)
        asked.append(Question("edges", against, threshold, decides=self.edges_decide))
        if self.leader in self.null_loss_DB:
            asked.append(Question("nulls", "its null masks", None))
        for rival in self.rivals:
            others = [h for h, name in enumerate(names) if name != rival]
            family = self._threshold(self._loss(rival) - loss_HRB[others], pair_two_sided=True)
            asked.append(Question("rival", rival, family))
        return asked

    def _threshold(
        self, difference_JRB: FloatArray, *, two_sided: bool = False, pair_two_sided: bool = False
    ) -> Threshold:
        return Threshold.of_differences(
            difference_JRB,
            self.table.n_folds,
            self.units,
            two_sided=two_sided,
            pair_two_sided=pair_two_sided,
            seed=self.config.seed,
        )

    def _seed_share(self) -> float | None:
        """Return how much of `split_share` is due to seeds; the average over questions about other models."""
        if self.seeds is None:
            return None
        shares = []
        for question, variance in zip(self._asked(), self._variances, strict=True):
            other = question.against if question.kind == "rival" else NO_INTERACTION if question.kind == "edges" else ""
            if other in self.seeds.loss_RB_by_model and variance > 0:
                error = self.seeds.error(self.leader, other)
                if error is not None:
                    shares.append(error**2 * self.table.n_repeats * self.units.n / float(variance))
        return min(float(np.mean(shares)), self.split_share) if shares else None

    def _null_spread(self) -> NullSpread | None:
        if self.leader not in self.null_loss_DB:
            return None
        loss_DB = self.null_loss_DB[self.leader]
        n_draws = len(loss_DB)
        if n_draws < 2:
            return NullSpread(0.0, 0.0, n_draws)
        around_DB = loss_DB - loss_DB.mean(axis=0)
        sums_DU = self.units.sums(around_DB - around_DB.mean(axis=1, keepdims=True))
        n = self.units.n
        unit_variance = float((sums_DU**2).sum(axis=1).mean()) * n * n / ((n - 1) * self.table.n_samples**2)
        unit_variance *= n_draws / (n_draws - 1)
        between = float(loss_DB.mean(axis=1).var(ddof=1))
        noise = spread_of(self.split_share, self.table.n_folds, self.null_repeats) * unit_variance / n
        return NullSpread(max(0.0, between - noise), unit_variance, n_draws)

    def _least_units(self) -> int:
        per_class = min(self.table.event_counts.values()) / self.table.n_folds if self.table.event_counts else None
        least = fewest_for_best(self.units.n, per_class)
        return FURTHEST * self.units.n if least is None else least
