"""Everything the report page shows, gathered before a word of HTML is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypomask.comparison.result import Comparison, HypothesisResult, PairResult
from hypomask.masks.coverage import Coverage
from hypomask.masks.mask import Mask

if TYPE_CHECKING:
    from hypomask.execution.spending import Spent
    from hypomask.report.knockout_section import KnockoutSection

__all__ = [
    "MAX_FIGURE_ROWS",
    "MAX_MATRIX",
    "MAX_PICTURES",
    "Page",
    "PairCell",
    "coverage_of_intervals",
    "leaders_seed_pairs",
    "pair_matrix",
    "shown_in_figures",
]

MAX_FIGURE_ROWS = 24
MAX_MATRIX = 10
MAX_PICTURES = 12
MAX_ORIGINS = 60
MAX_ORIGIN_NAMES = 12


@dataclass(frozen=True)
class Page:
    """The content of a report.

    Parameters
    ----------
    title
        Name of the study.
    question
        What was asked, in a sentence.
    masks
        The masks of the hypotheses, in any order; references and null draws left out.
    facts
        Labelled settings by section (data, model, plan, versions...), as written.
    command
        What to type to get the same result.
    created
        Date and time of the run, as text.
    spending
        What was trained for what.
    seconds
        Seconds of training, by the labels of `spending`.
    notes
        Warnings that are not in `comparison.warnings`: of the data, of the null masks.
    knockouts
        What was knocked out in the run so far; None: nothing is said of knockouts.
    """

    title: str
    comparison: Comparison
    question: str = ""
    masks: tuple[Mask, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    command: str = ""
    created: str = ""
    spending: tuple[Spent, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    knockouts: KnockoutSection | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """All warnings, each once."""
        return tuple(dict.fromkeys((*self.comparison.warnings, *self.notes)))

    @property
    def confidence(self) -> str:
        """What intervals cover, in words."""
        return coverage_of_intervals(self.comparison)

    @property
    def n_hypotheses(self) -> int:
        """Hypotheses of the study, ranked or, in a refused one, compiled."""
        return max(sum(result.role == "hypothesis" for result in self.comparison.hypotheses), len(self.masks))

    @property
    def origins(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Which hypotheses came from what: names, and lines of provenance; gene sets of one file are named together."""
        by_lines: dict[tuple[str, ...], list[str]] = {}
        for row in self.coverage:
            if row.provenance:
                by_lines.setdefault(row.provenance, []).append(row.hypothesis)
        return tuple((_listed(names), lines) for lines, names in list(by_lines.items())[:MAX_ORIGINS])

    @property
    def pictured(self) -> tuple[Mask, ...]:
        """Masks to draw: of the best-ranked hypotheses, best first."""
        by_name = {mask.name: mask for mask in self.masks}
        ranked = [by_name[result.name] for result in self.comparison.hypotheses if result.name in by_name]
        return tuple((ranked or list(self.masks))[:MAX_PICTURES])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_ORIGIN_NAMES
    return ", ".join(names[:MAX_ORIGIN_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def coverage_of_intervals(comparison: Comparison) -> str:
    """Return ``95 %`` for tests at level 0.05."""
    return f"{100 * (1 - _level(comparison)):g} %"


def _level(comparison: Comparison) -> float:
    return float(comparison.settings.get("level") or 0.05)


def shown_in_figures(comparison: Comparison) -> tuple[HypothesisResult, ...]:
    """Return the best-ranked results that fit a figure; references are always among them."""
    references = sum(result.role == "reference" for result in comparison.hypotheses)
    room = MAX_FIGURE_ROWS - references
    kept = []
    for result in comparison.hypotheses:
        if result.role == "hypothesis":
            room -= 1
        if result.role == "reference" or room >= 0:
            kept.append(result)
    return tuple(kept)


@dataclass(frozen=True)
class PairCell:
    """Row against column: negative `difference` means that the row predicts better."""

    difference: float
    low: float
    high: float
    p_holm: float
    decided: bool


def pair_matrix(comparison: Comparison) -> tuple[tuple[str, ...], dict[tuple[str, str], PairCell]]:
    """Return the names of the best-ranked hypotheses and the cell of every ordered pair of them."""
    names = tuple(result.name for result in comparison.hypotheses if result.role == "hypothesis")[:MAX_MATRIX]
    level = _level(comparison)
    cells: dict[tuple[str, str], PairCell] = {}
    for pair in comparison.pairs:
        if pair.a in names and pair.b in names:
            decided = pair.p_holm < level
            cells[pair.a, pair.b] = PairCell(pair.difference, pair.low, pair.high, pair.p_holm, decided)
            cells[pair.b, pair.a] = _turned(pair, decided=decided)
    return names, cells


def _turned(pair: PairResult, *, decided: bool) -> PairCell:
    return PairCell(-pair.difference, -pair.high, -pair.low, pair.p_holm, decided)


def leaders_seed_pairs(comparison: Comparison) -> tuple[PairResult, ...]:
    """Return the leader with each of its closest rivals, where it is known what seeds do to their difference."""
    pairs = [pair for pair in comparison.pairs if pair.family == "rivals" and pair.a == comparison.winner]
    return tuple(pair for pair in pairs if pair.seed_error is not None)[:MAX_MATRIX]
