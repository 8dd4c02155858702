"""The answer of a study: what is said of the study, of each hypothesis, each pair and each null test.

All losses are mean out-of-fold proper losses, lower is better. Differences and gains are in the unit of the loss (nats
for log loss, shares of the phenotype's variance for squared error). A number that does not exist is None (or NaN inside
arrays), never a stand-in. `as_dict` gives plain JSON types with None for every number that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from hypomask.comparison.plain import to_plain
from hypomask.comparison.side_results import (
    HeterogeneityResult,
    ModelHealth,
    PartResult,
    Role,
    SubgroupResult,
    SubgroupTable,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Comparison",
    "HeterogeneityResult",
    "HypothesisCode",
    "HypothesisResult",
    "ModelHealth",
    "NullResult",
    "PairResult",
    "PartResult",
    "Reason",
    "Role",
    "Scope",
    "ShownScore",
    "SubgroupResult",
    "SubgroupTable",
    "Unit",
    "Verdict",
    "VerdictCode",
]

Unit = Literal["sample", "group", "distinct sample"]
Scope = Literal["all", "members"]
VerdictCode = Literal[
    "no-signal", "edges-not-supported", "no-better-than-nulls", "best", "equivalent", "cannot-tell", "refused"
]
HypothesisCode = Literal[
    "supported",
    "best",
    "among-the-best",
    "equivalent",
    "no-better-than-nulls",
    "worse-than-no-interaction",
    "not-supported",
    "cannot-tell",
    "reference",
]


@dataclass(frozen=True)
class Reason:
    """One thing that led to a verdict or qualifies it.

    Parameters
    ----------
    code
        Stable name for programs, such as ``predicts``, ``edges``, ``nulls``, ``small-sample``.
    sentence
        The same for a reader.
    supports
        True when it speaks for the leading hypothesis, False when it speaks against, None when it only qualifies.
    numbers
        What the sentence rests on, unrounded.
    """

    code: str
    sentence: str
    supports: bool | None = None
    numbers: Mapping[str, float | int | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class Verdict:
    """What the study says, in one code, one sentence (or a few), and the reasons in the order of the gates."""

    code: VerdictCode
    sentence: str
    reasons: tuple[Reason, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class ShownScore:
    """A score that is shown and never decides. `value` is NaN where the score is undefined; `reason` then says why."""

    value: float
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class HypothesisResult:
    """What was found for one hypothesis or reference.

    Parameters
    ----------
    name, role
        As in the study.
    rank
        1 for the lowest loss, references included.
    loss
        Mean out-of-fold loss.
    skill, skill_low, skill_high
        1 - loss / loss of the gene-free model, with its corrected interval.
    skill_p, skill_p_adjusted
        One-sided p that it predicts better than the gene-free model; adjusted jointly (max-t) over all hypotheses.
    additive_skill
        Skill of its own additive part.
    gain, gain_low, gain_high
        How much lower its loss is than that of `gain_against` (positive: edges help), with its interval.
    gain_p, gain_p_adjusted
        Two-sided p of the gain; adjusted jointly (max-t) over all hypotheses.
    gain_against
        ``no-interaction`` or ``its additive part``; empty for the no-interaction reference.
    null_kind
        The null masks its null test used (``rewired``, ``matched-genes``); empty: nulls not drawn.
    null_p_rank, null_p_t, null_p, null_p_holm
        Exact rank p, t-approximated p, the one of them that decides, and that one after Holm over all hypotheses.
    null_z
        Standard deviations by which it beats the mean of its nulls.
    null_draws
        Null draws spent.
    in_confidence_set, confidence_p
        Whether it may be the best of the hypotheses, and the joint (max-t) p that it is. None for references.
    stacking_weight
        Its share in the mixture of hypotheses that would predict best. None for references.
    scores
        Shown scores by name; see `hypomask.comparison.scores.SCORES`.
    code, sentence
        What is said of it alone.
    """

    name: str
    role: Role
    rank: int
    loss: float
    skill: float
    skill_low: float
    skill_high: float
    skill_p: float
    skill_p_adjusted: float
    additive_skill: float
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    gain_p: float | None
    gain_p_adjusted: float | None
    gain_against: str
    null_kind: str
    null_p_rank: float | None
    null_p_t: float | None
    null_p: float | None
    null_p_holm: float | None
    null_z: float | None
    null_draws: int
    in_confidence_set: bool | None
    confidence_p: float | None
    stacking_weight: float | None
    scores: Mapping[str, ShownScore]
    code: HypothesisCode
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class PairResult:
    """Two models of the study against each other.

    Parameters
    ----------
    a, b
        Their names.
    family
        ``rivals``: both are hypotheses; ``reference``: `b` is a reference. Holm counts within a family.
    difference, low, high
        Loss of a minus loss of b with its corrected interval; negative: a predicts better.
    p, p_holm
        Two-sided p of no difference, and after Holm.
    p_equivalent
        p of the two one-sided tests: small when the difference is within the margin.
    probability_equivalent
        Share of the difference's t distribution within the margin.
    seed_error
        Standard error that the seeds of training alone give the difference; None where it is not known.
    seed_share
        Its square over the corrected variance of the difference: the share of the uncertainty that more training
        replicates could remove, above 1 where seeds disagree more than samples do.
    """

    a: str
    b: str
    family: Literal["rivals", "reference"]
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    p_equivalent: float
    probability_equivalent: float
    seed_error: float | None = None
    seed_share: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class NullResult:
    """One hypothesis against its null masks.

    Parameters
    ----------
    hypothesis, kind
        Whose nulls, and of which kind.
    observed
        Its loss, scored with the same number of folds, repeats and seeds as the nulls.
    losses
        Losses of the draws that were used, in draw order.
    as_good
        How many of them are at most `observed`.
    p_rank, p_t, p, p_holm
        Exact rank p, t-approximated p, the one that decides, and that one after Holm over all hypotheses of the study.
    z
        (mean of nulls - observed) / their standard deviation. None when the nulls do not vary.
    stopped_early
        The sequence stopped because enough nulls were at least as good.
    finished
        False while draws are outstanding; p values are then provisional.
    limit
        Different null masks that exist, where they are few; the test against all of them is exact.
    rank_bias
        By how much of the ranks the hypothesis' genes vary more than those of its nulls (matched gene sets).
    """

    hypothesis: str
    kind: str
    observed: float
    losses: tuple[float, ...]
    as_good: int
    p_rank: float
    p_t: float | None
    p: float
    p_holm: float
    z: float | None
    stopped_early: bool
    finished: bool
    limit: int | None = None
    rank_bias: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class Comparison:
    """The answer of a study.

    Parameters
    ----------
    verdict
        What the study says.
    hypotheses
        Every hypothesis and reference, lowest loss first.
    pairs
        All pairs of hypotheses, and every hypothesis with every reference.
    nulls
        Every null test that was made.
    winner
        The hypothesis with the lowest loss (leading, not necessarily supported). None when refused.
    winner_skill_corrected
        The winner's skill corrected for having been selected (BBC-CV). None when refused.
    samples_needed
        With ``cannot-tell``: independent samples at which the leading difference would be found in 80 % of studies if
        it is as large as estimated; None when that cannot be said.
    gene_free_loss
        Loss of the model without genes; skill and the equivalence margin are relative to it.
    settings
        Level, margin (relative and in the unit of the loss), folds, repeats, degrees of freedom, Monte Carlo draws.
    n_samples, n_groups
        Observations, and independent groups of them (equal to `n_samples` without groups).
    unit
        What those groups are; ``distinct sample``: a sample with all its copies.
    scope, kind
        The question asked (``all``: wiring; ``members``: membership) and the phenotype's kind.
    warnings
        What a reader must know besides.
    trainings
        How many models were trained, by purpose; filled in by execution.
    health
        How the fits of each model went, lowest loss first; empty where that was not recorded.
    subgroups
        The leading hypotheses within subgroups; None where there is nothing to part samples by.
    parts
        Skill of every model in each hidden gene, or in each of several phenotypes.
    """

    verdict: Verdict
    hypotheses: tuple[HypothesisResult, ...]
    pairs: tuple[PairResult, ...]
    nulls: tuple[NullResult, ...]
    winner: str | None
    winner_skill_corrected: float | None
    samples_needed: int | None
    gene_free_loss: float | None
    settings: Mapping[str, float | int | str | None]
    n_samples: int
    n_groups: int
    scope: Scope
    kind: str
    warnings: tuple[str, ...] = ()
    trainings: Mapping[str, int] = field(default_factory=dict)
    unit: Unit = "sample"
    health: tuple[ModelHealth, ...] = ()
    subgroups: SubgroupTable | None = None
    parts: tuple[PartResult, ...] = ()

    def __getitem__(self, name: str) -> HypothesisResult:
        """Return the result of the hypothesis or reference called `name`."""
        for result in self.hypotheses:
            if result.name == name:
                return result
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))

    def ranking(self) -> pd.DataFrame:
        """Return one row per hypothesis and reference, lowest loss first, indexed by name; one column per score."""
        import pandas as pd

        rows = []
        for result in self.hypotheses:
            row = {name: value for name, value in vars(result).items() if name != "scores"}
            row.update({name: score.value for name, score in result.scores.items()})
            rows.append(row)
        columns = [name for name in HypothesisResult.__dataclass_fields__ if name != "scores"]
        frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
        return frame.set_index("name")

    def part_table(self) -> pd.DataFrame:
        """Return one row per part and model, indexed by both."""
        import pandas as pd

        frame = pd.DataFrame([vars(row) for row in self.parts], columns=list(PartResult.__dataclass_fields__))
        return frame.set_index(["part", "model"])

    def pair_table(self) -> pd.DataFrame:
        """Return one row per pair, indexed by the two names."""
        import pandas as pd

        frame = pd.DataFrame([vars(pair) for pair in self.pairs], columns=list(PairResult.__dataclass_fields__))
        return frame.set_index(["a", "b"])

    def null_table(self) -> pd.DataFrame:
        """Return one row per null test, indexed by hypothesis and kind, with the nulls' mean and extremes."""
        import pandas as pd

        rows = []
        for null in self.nulls:
            row = {name: value for name, value in vars(null).items() if name != "losses"}
            row["draws"] = len(null.losses)
            row["null_mean"] = sum(null.losses) / len(null.losses) if null.losses else None
            row["null_best"] = min(null.losses, default=None)
            row["null_worst"] = max(null.losses, default=None)
            rows.append(row)
        columns = [name for name in NullResult.__dataclass_fields__ if name != "losses"]
        frame = pd.DataFrame(rows, columns=[*columns, "draws", "null_mean", "null_best", "null_worst"])
        return frame.set_index(["hypothesis", "kind"])

    def health_table(self) -> pd.DataFrame:
        """Return one row per model, indexed by name: how its fits went."""
        import pandas as pd

        frame = pd.DataFrame([vars(row) for row in self.health], columns=list(ModelHealth.__dataclass_fields__))
        return frame.set_index("name")

    def subgroup_frame(self) -> pd.DataFrame:
        """Return one row per subgroup and leading hypothesis, indexed by covariate, level and hypothesis."""
        import pandas as pd

        rows = [] if self.subgroups is None else [vars(row) for row in self.subgroups.rows]
        frame = pd.DataFrame(rows, columns=list(SubgroupResult.__dataclass_fields__))
        return frame.set_index(["covariate", "level", "hypothesis"])

    def frame(self) -> pd.DataFrame:
        """Return `ranking()`."""
        return self.ranking()
