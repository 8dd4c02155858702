"""What can be done to a model: genes, edges and groups, one at a time or together. Formulas: docs/KNOCKOUT.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypomask.errors import ConfigError

__all__ = [
    "EdgeEdit",
    "GeneEdit",
    "Intervention",
    "TokenCut",
    "add_edge",
    "dose",
    "isolate",
    "joint",
    "knockout",
    "remove_edge",
    "remove_group",
]

LARGEST_DOSE = 1e6


@dataclass(frozen=True)
class GeneEdit:
    """A gene's value, its edges, or both.

    Parameters
    ----------
    dose
        The new value is ``reference + dose * (measured - reference)``: 0 is the reference level, 1 as measured, above
        1 farther from the reference. None: the value is kept.
    cut
        Whether nobody reads the gene any more, and it reads nobody.
    """

    gene: str
    dose: float | None
    cut: bool


@dataclass(frozen=True)
class EdgeEdit:
    """An edge removed (weight None) or added with a weight in (0, 1]."""

    source: str
    target: str
    weight: float | None = None


@dataclass(frozen=True)
class TokenCut:
    """A group token that nobody reads any more, and that reads nobody."""

    group: str


@dataclass(frozen=True)
class Intervention:
    """Edits that are made together.

    Parameters
    ----------
    name
        As it is called in tables; unique in a scan.
    action
        What is done, in a word or two that tables show.
    """

    name: str
    action: str
    edits: tuple[GeneEdit | EdgeEdit | TokenCut, ...]

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes whose value or edges are edited, edges named by themselves left out."""
        return tuple(edit.gene for edit in self.edits if isinstance(edit, GeneEdit))


def knockout(gene: str) -> Intervention:
    """Return the gene at its reference level with all its edges cut."""
    return Intervention(gene, "knockout", (GeneEdit(gene, 0.0, cut=True),))


def isolate(gene: str) -> Intervention:
    """Return the gene with all its edges cut and its value kept: what goes through the mask alone."""
    return Intervention(gene, "edges cut", (GeneEdit(gene, None, cut=True),))


def dose(gene: str, amount: float) -> Intervention:
    """Return the gene with its distance from the reference level multiplied, and its edges kept.

    Raises
    ------
    ConfigError
        A negative amount, or one beyond `LARGEST_DOSE`.
    """
    if not 0 <= amount <= LARGEST_DOSE:
        raise ConfigError(f"dose: got {amount:g}, expected 0 (silenced) to {LARGEST_DOSE:,.0f}; 1 is as measured")
    return Intervention(gene, f"dose {amount:g}", (GeneEdit(gene, float(amount), cut=False),))


def remove_edge(source: str, target: str, *, both_ways: bool = False) -> Intervention:
    """Return the mask without the edge; without both of them where `both_ways`."""
    edits = [EdgeEdit(source, target), *([EdgeEdit(target, source)] if both_ways else [])]
    return Intervention(f"{source} {'--' if both_ways else '->'} {target}", "edge removed", tuple(edits))


def add_edge(source: str, target: str, weight: float = 1.0) -> Intervention:
    """Return the mask with one more edge.

    Raises
    ------
    ConfigError
        A weight outside (0, 1].
    """
    if not 0 < weight <= 1:
        raise ConfigError(f"edge {source} -> {target}: got weight {weight:g}, expected more than 0 and at most 1")
    return Intervention(f"{source} -> {target}", "edge added", (EdgeEdit(source, target, float(weight)),))


def remove_group(name: str, members: Iterable[str], *, has_token: bool) -> Intervention:
    """Return all members of a group knocked out together, and its token cut where it has one."""
    knocked = tuple(GeneEdit(gene, 0.0, cut=True) for gene in dict.fromkeys(members))
    return Intervention(name, "group knockout", (*knocked, *([TokenCut(name)] if has_token else [])))


def joint(*interventions: Intervention, name: str = "") -> Intervention:
    """Return several interventions made together."""
    actions = dict.fromkeys(intervention.action for intervention in interventions)
    edits = tuple(dict.fromkeys(edit for intervention in interventions for edit in intervention.edits))
    return Intervention(name or " + ".join(each.name for each in interventions), ", ".join(actions), edits)
