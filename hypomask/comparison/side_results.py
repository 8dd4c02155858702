"""What is shown beside the answer of a study: how fits went, subgroups of samples, parts of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hypomask.comparison.plain import to_plain

__all__ = ["HeterogeneityResult", "ModelHealth", "PartResult", "Role", "SubgroupResult", "SubgroupTable"]

Role = Literal["hypothesis", "reference"]


@dataclass(frozen=True)
class ModelHealth:
    """How the fits of one model went.

    Parameters
    ----------
    fits
        Folds times repeats.
    kept
        Mean factor in [0, 1] on what the attention had learned (`hypomask.training.shrinkage`). This and the next
        three are None where nothing was trained, because the mask has no edges.
    unused
        Share of fits in which that factor is below 0.01.
    epochs
        Mean epochs of fine-tuning kept.
    weakest_penalty, additive_weakest_penalty
        Share of fits whose penalty on the edges' part, or on the additive part, is the weakest of its grid.
    curved
        Share of fits in which genes bend in the additive part.
    calibration_slope
        Mean slope of the additive part's calibration; far below 1: its predictions were too bold.
    diverged
        Fits whose held-out loss is above the gene-free one by more than the whole gene-free loss.
    """

    name: str
    role: Role
    fits: int
    kept: float | None
    unused: float | None
    epochs: float | None
    weakest_penalty: float | None
    additive_weakest_penalty: float | None
    curved: float | None
    calibration_slope: float | None
    diverged: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(to_plain(self))


@dataclass(frozen=True)
class SubgroupResult:
    """One of the leading hypotheses in one subgroup of samples.

    Parameters
    ----------
    covariate, level
        What samples are parted by, and which of them these are.
    n_samples, n_units
        Observations, and independent units of them.
    skill, skill_low, skill_high, skill_p, skill_p_holm
        1 - loss / gene-free loss within the subgroup, one-sided p; Holm over all skills of the table.
    lead, lead_low, lead_high, lead_p, lead_p_holm
        Loss of this hypothesis minus loss of the leading one (positive: the leader predicts better here, too),
        two-sided p; Holm over all leads of the table. None for the leader itself.
    """

    covariate: str
    level: str
    n_samples: int
    n_units: int
    hypothesis: str
    skill: float
    skill_low: float
    skill_high: float
    skill_p: float
    skill_p_holm: float
    lead: float | None
    lead_low: float | None
    lead_high: float | None
    lead_p: float | None
    lead_p_holm: float | None


@dataclass(frozen=True)
class HeterogeneityResult:
    """Whether a difference is the same in all `n_levels` subgroups of a covariate; Holm over all such tests."""

    covariate: str
    quantity: str
    n_levels: int
    p: float
    p_holm: float


@dataclass(frozen=True)
class SubgroupTable:
    """Subgroups of a study: shown, never deciding. `notes` name what was too small to be shown."""

    rows: tuple[SubgroupResult, ...]
    heterogeneity: tuple[HeterogeneityResult, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartResult:
    """How well one model predicts one hidden gene, or one of several phenotypes.

    Parameters
    ----------
    part, model
        Their names.
    n_samples
        Samples of which the part is known.
    skill, low, high
        1 - loss / loss of the gene-free model in this part, with its corrected interval.
    p, p_holm
        One-sided p that it predicts better than the gene-free model; after Holm over the parts of the model.
    """

    part: str
    model: str
    n_samples: int
    skill: float
    low: float
    high: float
    p: float
    p_holm: float
