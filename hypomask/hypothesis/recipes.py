"""The recipe in a hypothesis document: `wiring` drawn from sources, and `steps` that change the graph.

`genes`, drawn in the same way, are read by `hypomask.hypothesis.gene_selection`. A recipe is carried out while it is
read, so that a hypothesis is always the graph itself, with the recipe in its provenance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypomask.errors import Problem, did_you_mean, shortened
from hypomask.hypothesis import algebra, edits
from hypomask.hypothesis.document_format import ADD_KEYS, EXPANSIONS, LIFT_KEYS, REMOVE_KEYS, STEPS
from hypomask.hypothesis.edge_reading import read_edges
from hypomask.hypothesis.fields import Fields, kind_of
from hypomask.hypothesis.gene_selection import GeneSelector, attempt, operands, reference_in, reference_of
from hypomask.hypothesis.graph import Expansion, Hypothesis
from hypomask.hypothesis.group_reading import read_groups
from hypomask.hypothesis.located_yaml import Located, LocatedMapping, LocatedScalar, LocatedSequence, problem_at
from hypomask.hypothesis.recipe_sources import Sources
from hypomask.hypothesis.rewired import rewire

__all__ = ["Recipe"]

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Recipe:
    """Reads and carries out the recipe of one hypothesis.

    Parameters
    ----------
    fields
        Of the hypothesis.
    sources
        What it may draw on.
    earlier
        Hypotheses that stand above it in the document, which its wiring may name.
    folder
        Where paths of edge files start.
    """

    fields: Fields
    sources: Sources
    earlier: Mapping[str, Hypothesis]
    folder: Path
    selector: GeneSelector

    @property
    def problems(self) -> list[Problem]:
        """Where what is wrong is collected."""
        return self.fields.problems

    def wiring(self, genes: Sequence[str]) -> Hypothesis | None:
        """Return what `wiring` draws: among `genes` if there are any. None where it is absent or wrong."""
        node = self.fields.get("wiring")
        expansion: Expansion | None = self.fields.choice("expansion", EXPANSIONS, "none")
        if "expansion" not in self.fields:
            expansion = None
        elif node is None:
            self.fields.problem("expansion", "'expansion' says how drawn groups become edges; there is no 'wiring'")
        if node is None:
            return None
        drawn = self._drawn(node, tuple(genes) or None, expansion)
        if drawn is None:
            return None
        if not drawn.edges and not drawn.groups:
            among = f" among these {len(genes):,} genes" if genes else ""
            hint = "; do both name genes in the same way (symbols, Ensembl ids ...)?" if genes else ""
            self.problems.append(problem_at(node, f"'wiring' draws no edge and no group{among}{hint}"))
        return edits.induce(drawn, genes) if genes else drawn

    def _drawn(self, node: Located, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis | None:
        if isinstance(node, LocatedScalar):
            reference = reference_in(node, self.sources)
            if reference is None and node.text in self.earlier:
                return self.earlier[node.text]
            if reference is None:
                name = node.text.partition(":")[0]
                hint = did_you_mean(name, [*self.sources.names, *self.earlier])
                hint = hint or " Name a file, a source of `hypomask knowledge list`, or a hypothesis that stands above"
                message = f"'wiring' {shortened(node.text)!r} is no source and no hypothesis above.{hint}"
                self.problems.append(problem_at(node, message))
                return None
        elif isinstance(node, LocatedMapping) and (operation := operands(node, self.problems)) is not None:
            return self._combined(*operation, node, genes, expansion)
        elif isinstance(node, LocatedSequence):
            return self._combined("union", node.items, node, genes, expansion)
        else:
            reference = reference_of(node, self.sources, self.problems)
        if reference is None:
            return None
        return attempt(lambda: self.sources.wiring(reference, genes, expansion), node, self.problems)

    def _combined(
        self,
        operation: str,
        items: Sequence[Located],
        node: Located,
        genes: Sequence[str] | None,
        expansion: Expansion | None,
    ) -> Hypothesis | None:
        parts = [self._drawn(item, genes, expansion) for item in items]
        sound = [part for part in parts if part is not None]
        if not sound or len(sound) < len(parts):
            return None
        combine = {"union": algebra.union, "intersection": algebra.intersection, "difference": algebra.difference}
        return attempt(lambda: combine[operation](*sound), node, self.problems)

    def changed(self, hypothesis: Hypothesis) -> Hypothesis:
        """Return the hypothesis after its `steps`, in their order; after a faulty one the rest is left undone."""
        for node in self.fields.sequence("steps"):
            n_before = len(self.problems)
            made = self._step(node, hypothesis)
            if made is None or len(self.problems) > n_before:
                return hypothesis
            hypothesis = made
        return hypothesis

    def _step(self, node: Located, hypothesis: Hypothesis) -> Hypothesis | None:
        if isinstance(node, LocatedScalar):
            node = LocatedMapping({node.text: LocatedScalar("", node.file, node.line)}, node.file, node.line)
        if not isinstance(node, LocatedMapping) or len(node.entries) != 1:
            found = kind_of(node) if not isinstance(node, LocatedMapping) else f"{len(node.entries)} keys"
            self.problems.append(
                problem_at(node, f"a step is one of {', '.join(STEPS)} with what it needs, got {found}")
            )
            return None
        fields = Fields(node, what="a step", allowed=STEPS, problems=self.problems)
        (verb, argument), *_ = node.entries.items()
        match verb:
            case "restrict" | "induce":
                genes = self.selector.of(argument, separated=True)
                if not genes:
                    fields.problem(verb, f"{verb!r} needs genes: a list, or a term such as 'go:GO:0006281'")
                return (edits.restrict if verb == "restrict" else edits.induce)(hypothesis, genes)
            case "reverse":
                return edits.reverse(hypothesis)
            case "rewire":
                n_before = len(self.problems)
                seed = fields.integer("rewire", None, minimum=0, maximum=MAX_SEED)
                if seed is None and len(self.problems) == n_before:
                    fields.problem("rewire", "'rewire' needs a seed, any whole number: the same gives the same wiring")
                return None if seed is None else attempt(lambda: rewire(hypothesis, seed), node, self.problems)
            case "lift":
                return self._lifted(argument, hypothesis)
            case "add" | "remove":
                return self._edited(verb, argument, hypothesis)
        return None

    def _lifted(self, node: Located, hypothesis: Hypothesis) -> Hypothesis | None:
        if isinstance(node, LocatedScalar):
            node = LocatedMapping({"orthologs": node}, node.file, node.line)
        fields = Fields(node, what="'lift'", allowed=LIFT_KEYS, problems=self.problems)
        if not fields.required("orthologs"):
            return None
        source = fields.text("orthologs", "")
        if source not in self.sources:
            fields.problem("orthologs", f"there is no source {source!r}.{did_you_mean(source, self.sources.names)}")
            return None
        options = {key: str(fields.text(key, "")) for key in fields.entries if key in LIFT_KEYS and key != "orthologs"}
        return attempt(lambda: self.sources.lift(hypothesis, source, options), node, self.problems)

    def _edited(self, verb: str, node: Located, hypothesis: Hypothesis) -> Hypothesis | None:
        allowed = ADD_KEYS if verb == "add" else REMOVE_KEYS
        fields = Fields(node, what=f"{verb!r}", allowed=allowed, problems=self.problems)
        genes = self.selector.listed(fields, "genes")
        placed = read_edges(fields, self.folder, None, self.problems)
        edges = [item.edge for item in placed.edges]
        if verb == "add":
            groups = read_groups(fields, self.problems, self.selector)
            made = edits.add(hypothesis, edges, (*genes, *placed.lone_genes), groups)
            return replace(made, provenance=(*made.provenance, *placed.provenance))
        made = hypothesis
        if edges:
            made = attempt(lambda: edits.remove_edges(hypothesis, edges), fields.place("edges"), self.problems) or made
        if genes:
            made = attempt(lambda: edits.remove_genes(made, genes), fields.place("genes"), self.problems) or made
        return made
