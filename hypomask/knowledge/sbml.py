"""SBML models: qualitative ones (Boolean and multi-valued) and kinetic ones, as graphs of what acts on what.

Qualitative: each input of a transition acts on its outputs, with the sign that the model states. Kinetic: reactants
become products; a modifier (an enzyme, an inhibitor) acts on the products, or, of a reaction that only removes
something, on what is removed; species in a rule act on its variable. Needs python-libsbml, an extra.

References
----------
SBML: Keating et al. (2020), doi:10.15252/msb.20199110. Qualitative models: Chaouiya et al. (2013),
doi:10.1186/1752-0509-7-135. Roles of modifiers: Systems Biology Ontology, Courtot et al. (2011),
doi:10.1038/msb.2011.77.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypomask.errors import KnowledgeError, Problem, raise_problems
from hypomask.hypothesis.edge_syntax import build_edge
from hypomask.hypothesis.gene_names import gene_fault
from hypomask.hypothesis.graph import Edge
from hypomask.knowledge.edge_tables import hypothesis_name
from hypomask.knowledge.located_xml import XmlFile, read_xml
from hypomask.knowledge.network import GeneNetwork

__all__ = ["read_sbml"]

INHIBITORS = frozenset({20, 206, 207, 536, 537, 597, 639, 640})
"""Terms of the Systems Biology Ontology at and below 'inhibitor'."""
STIMULATORS = frozenset({13, 21, 459, 460, 461, 462, 533, 534, 535, 636})
"""Those at and below 'stimulator', catalysts among them."""


def read_sbml(path: Path) -> GeneNetwork:
    """Read an SBML model, gzipped or not; genes are the names of its species, or their ids where they have none.

    Raises
    ------
    KnowledgeError
        If python-libsbml is not installed; if the file is missing, damaged or no SBML, with the lines of its errors;
        if nothing in it acts on anything.
    """
    libsbml = _libsbml()
    file = read_xml(path, root="sbml")  # refuses what is no sound XML and every entity, before libsbml sees it
    document = libsbml.readSBMLFromString(file.text)
    errors = [document.getError(i) for i in range(document.getNumErrors())]
    raise_problems(
        [
            Problem(f"SBML: {_in_words(error)}", str(path), error.getLine() or None)
            for error in errors
            if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR
        ],
        KnowledgeError,
    )
    model = document.getModel()
    if model is None:
        file.fail("holds no model")
    model_edges = _ModelEdges(libsbml, model, file)
    edges = [*model_edges.transitions(), *model_edges.reactions(), *model_edges.rules()]
    raise_problems(model_edges.problems, KnowledgeError)
    if not edges:
        file.fail("nothing in this model acts on anything: it has no transitions, reactions or rules between species")
    name = " ".join(filter(None, [model.getId(), model.getName()])) or "without a name"
    source = f"SBML model {name} from {path.name}: {len(edges)} edges, sha256 {file.sha256}"
    return GeneNetwork.from_edges(
        hypothesis_name(path),
        edges,
        lone_genes=tuple(model_edges.names.values()),
        provenance=(source,),
        notes=model_edges.notes(),
    )


def _libsbml() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # SWIG's types, on Python 3.12 and later
            import libsbml
    except ImportError as fault:
        message = "SBML models need python-libsbml, which is not installed: pip install 'hypomask[sbml]'"
        raise KnowledgeError(message) from fault
    return libsbml


def _in_words(error: Any) -> str:
    """Return what libsbml found: its last line; those before cite the rule that was broken."""
    lines = [line.strip() for line in error.getMessage().splitlines() if line.strip()]
    return f"{error.getShortMessage()}: {lines[-1]}" if lines else str(error.getShortMessage())


class _ModelEdges:
    """Makes edges of the parts of one model."""

    def __init__(self, libsbml: Any, model: Any, file: XmlFile) -> None:
        self.libsbml, self.model, self.file = libsbml, model, file
        self.qualitative = model.getPlugin("qual")
        self.problems: list[Problem] = []
        species = list(model.getListOfSpecies())
        if self.qualitative is not None:
            species += list(self.qualitative.getListOfQualitativeSpecies())
        self.names = {item.getId(): item.getName().strip() or item.getId() for item in species}
        for item in species:
            fault = gene_fault(self.names[item.getId()])
            if fault:
                self._problem(f"species {item.getId()!r}: {fault}", item)

    def notes(self) -> list[str]:
        """Say what a reader must know of the names."""
        shared = len(self.names) - len(set(self.names.values()))
        return [f"{shared:,} species share a name with another and are taken for the same gene"] if shared else []

    def transitions(self) -> Iterator[Edge]:
        """Edges of a qualitative model."""
        signs = {
            self.libsbml.INPUT_SIGN_POSITIVE: 1,
            self.libsbml.INPUT_SIGN_NEGATIVE: -1,
        }
        for transition in self.qualitative.getListOfTransitions() if self.qualitative is not None else ():
            evidence = f"transition {transition.getName() or transition.getId()}"
            for output in transition.getListOfOutputs():
                for source in transition.getListOfInputs():
                    sign = signs.get(source.getSign(), 0)
                    ends = source.getQualitativeSpecies(), output.getQualitativeSpecies()
                    yield from self._edge(*ends, transition, sign=sign, evidence=evidence)

    def reactions(self) -> Iterator[Edge]:
        """Edges of a kinetic model's reactions."""
        for reaction in self.model.getListOfReactions():
            evidence = f"reaction {reaction.getName() or reaction.getId()}"
            reactants = [item.getSpecies() for item in reaction.getListOfReactants()]
            products = [item.getSpecies() for item in reaction.getListOfProducts()]
            both_ways = reaction.getReversible()
            for source in reactants:
                for target in products:
                    yield from self._edge(
                        source, target, reaction, relation="becomes", directed=not both_ways, evidence=evidence
                    )
            for modifier in reaction.getListOfModifiers():
                role = modifier.getSBOTerm()
                sign = -1 if role in INHIBITORS else 1 if role in STIMULATORS else 0
                sign = sign if products else -sign  # who speeds up the removal of something lowers it
                for target in products or reactants:
                    yield from self._edge(modifier.getSpecies(), target, reaction, sign=sign, evidence=evidence)

    def rules(self) -> Iterator[Edge]:
        """Edges of rules that state the value or the rate of a species by others."""
        for rule in self.model.getListOfRules():
            target = rule.getVariable()
            if target not in self.names or rule.getMath() is None:
                continue
            mentioned = dict.fromkeys(node.getName() for node in _nodes(rule.getMath()) if node.isName())
            for source in mentioned:
                if source in self.names:
                    yield from self._edge(source, target, rule, evidence=f"rule for {target}")

    def _edge(self, source: str, target: str, place: Any, **about: Any) -> Iterator[Edge]:
        unknown = [species for species in (source, target) if species not in self.names]
        if unknown:
            self._problem(f"{place.getElementName()} {place.getId()!r} names the unknown species {unknown[0]!r}", place)
        else:
            yield build_edge(self.names[source], self.names[target], **about)

    def _problem(self, message: str, place: Any) -> None:
        self.problems.append(Problem(message, self.file.file, place.getLine() or None))


def _nodes(formula: Any) -> Iterator[Any]:
    """Yield every node of a formula's tree, left to right."""
    waiting = [formula]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.getChild(i) for i in reversed(range(node.getNumChildren())))
