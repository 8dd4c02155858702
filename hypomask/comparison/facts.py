"""What the verdict rules look at: numbers only, so that the rules can be read and tested without any data."""

from __future__ import annotations

from dataclasses import dataclass

from hypomask.comparison.result import ModelHealth, NullResult, Scope, Unit

__all__ = ["Estimate", "HypothesisFacts", "RivalFacts", "StudyFacts"]

# Below these the procedure was not validated (refuse), or errs more often than stated (say so).
SMALLEST_COHORT = 10
SMALLEST_FOR_BEST = 40
SMALLEST_PER_CLASS_AND_FOLD = 8.0
SMALL_COHORT = 100


@dataclass(frozen=True)
class Estimate:
    """An estimate, its interval, its p taken alone and its p adjusted for all hypotheses of the study."""

    value: float
    low: float
    high: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class RivalFacts:
    """A rival of the leading hypothesis.

    Parameters
    ----------
    ahead
        By how much (in loss) the leading hypothesis is better; two-sided p.
    samples_needed
        Independent samples that would separate the two; see `hypomask.comparison.sample_size.samples_needed`.
    seed_error
        Standard error of `ahead` from the seeds of training alone; None where it is not known.
    p_holm
        p of `ahead` after Holm over all pairs of hypotheses.
    direction_only
        The two connect the same genes and differ in direction.
    """

    name: str
    ahead: Estimate
    samples_needed: int | None
    seed_error: float | None = None
    p_holm: float = 1.0
    direction_only: bool = False


@dataclass(frozen=True)
class HypothesisFacts:
    """One hypothesis: `skill` tested one-sided, `gain` (edges) two-sided; `null` is None when nulls were not drawn."""

    name: str
    skill: Estimate
    gain: Estimate
    gain_against: str
    null: NullResult | None
    in_confidence_set: bool
    confidence_p: float = 1.0

    @property
    def settled_null(self) -> NullResult | None:
        """The null test, once no outstanding draw can change it."""
        return self.null if self.null is not None and (self.null.finished or self.null.stopped_early) else None


@dataclass(frozen=True)
class StudyFacts:
    """A whole study.

    Parameters
    ----------
    winner
        The hypothesis with the lowest loss.
    rivals
        The others, hardest to tell from the winner first. `ahead.p_adjusted` is the joint p that the rival is the best.
    confidence_set
        Names, best first.
    equivalence_p
        Largest equivalence p over all pairs of the confidence set; None for a set of one.
    others_beating_nulls
        Hypotheses of the confidence set other than the winner that beat their nulls.
    no_interaction_skill
        Skill of the no-interaction reference in a wiring study, tested one-sided; None where it was not trained.
    n_units, grouped
        Independent units, and whether they are groups rather than samples.
    skill_needs, gain_needs
        Independent samples at which the leader's skill, and its gain, would be significant among all hypotheses in 80 %
        of studies, if they are as large as estimated; None when that cannot be said.
    copies
        Those groups are samples with identical measurements: each set of them counts as one sample.
    per_class_and_fold, smallest_class
        Independent members (samples, or groups) of the rarest class divided by the number of folds, and its name;
        None and empty when continuous.
    null_kind
        The kind of null masks that answers the question of this scope.
    health
        How the fits of each model went; empty where that is not known.
    left_out
        Hypotheses of the study that are not compared, because their trainings failed.
    """

    scope: Scope
    kind: str
    alpha: float
    margin: float
    margin_share: float
    winner: HypothesisFacts
    rivals: tuple[RivalFacts, ...]
    confidence_set: tuple[str, ...]
    equivalence_p: float | None
    others_beating_nulls: tuple[str, ...]
    no_interaction_skill: Estimate | None
    n_units: int
    grouped: bool
    per_class_and_fold: float | None
    smallest_class: str
    null_kind: str
    health: tuple[ModelHealth, ...] = ()
    left_out: tuple[str, ...] = ()
    copies: bool = False
    skill_needs: int | None = None
    gain_needs: int | None = None

    @property
    def n_hypotheses(self) -> int:
        """Number of hypotheses, the winner included."""
        return len(self.rivals) + 1

    @property
    def unit(self) -> Unit:
        """What counts as one in every variance: a sample, a group, or a sample with all its copies."""
        if not self.grouped:
            return "sample"
        return "distinct sample" if self.copies else "group"
