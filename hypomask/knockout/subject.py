"""What knockouts were scanned on: one hypothesis' models, one phenotype, some samples, in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ScanSubject"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScanSubject:
    """What a table of effects, of single interventions or of pairs, is of.

    Parameters
    ----------
    link, unit
        What the link scale is, on which effects add, and the phenotype's own terms.
    levels, where
        In words: the reference level, and which samples were averaged over.
    alpha
        Intervals cover 1 - alpha.
    notes
        What a reader must know beside the numbers.
    """

    study: str
    hypothesis: str
    phenotype: str
    link: str
    unit: str
    levels: str
    where: str
    alpha: float
    notes: tuple[str, ...]

    def about(self) -> dict[str, Any]:
        """Return what the table is of, in JSON's types."""
        return {
            "study": self.study,
            "hypothesis": self.hypothesis,
            "phenotype": self.phenotype,
            "link_scale": self.link,
            "unit": self.unit,
            "reference_level": self.levels,
            "samples": self.where,
            "interval": 1 - self.alpha,
            "notes": list(self.notes),
        }
