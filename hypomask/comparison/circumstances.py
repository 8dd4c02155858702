"""What a comparison must know that losses do not say: how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypomask.comparison.health import FitRecords
from hypomask.comparison.seeds import ReplicateLosses
from hypomask.comparison.subgroups import Subgrouping

__all__ = ["Circumstances", "NullControl"]


@dataclass(frozen=True)
class NullControl:
    """How good a control the null masks of a hypothesis are.

    Parameters
    ----------
    limit
        Different null masks that exist, each of which is drawn at most once; None when they are too many to be counted.
    rank_bias
        By how much of the ranks (-1 to 1) the hypothesis' genes vary more than those of its null masks; 0 where both
        have the same genes. See `hypomask.masks.matched_gene_sets`.
    """

    limit: int | None = None
    rank_bias: float = 0.0


@dataclass(frozen=True, eq=False)
class Circumstances:
    """How the losses of a study came about. Whatever is left out is not reported and decides nothing.

    Parameters
    ----------
    trainings
        How many models were trained, by purpose; passed on into the answer.
    null_repeats
        Repeats of the cross-validation over which null masks, and the hypothesis against them, were scored.
    replicates
        Losses of every training replicate alone, from which the seeds' share of a difference is estimated.
    fits
        What the fits recorded of themselves.
    left_out
        Hypotheses of the study that are not in the table, because their trainings failed.
    subgroupings
        How samples can be parted, for the table of subgroups.
    null_controls
        By hypothesis; see `NullControl`.
    direction_only
        Pairs of hypotheses (in either order) that connect the same genes and differ in direction.
    copies
        The groups of the table are sets of samples with identical measurements, not groups that somebody named.
    """

    trainings: Mapping[str, int] = field(default_factory=dict)
    null_repeats: int | None = None
    replicates: ReplicateLosses | None = None
    fits: FitRecords | None = None
    left_out: tuple[str, ...] = ()
    subgroupings: tuple[Subgrouping, ...] = ()
    null_controls: Mapping[str, NullControl] = field(default_factory=dict)
    direction_only: frozenset[frozenset[str]] = frozenset()
    copies: bool = False
