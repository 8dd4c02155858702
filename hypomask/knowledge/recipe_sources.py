"""The sources of a hypothesis document: declared in it, named outright as files, or fetched; read once, when needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from hypomask.errors import HypomaskError, KnowledgeError, Problem, did_you_mean
from hypomask.hypothesis.fields import parse_number
from hypomask.hypothesis.graph import Expansion, Hypothesis
from hypomask.hypothesis.located_yaml import Located
from hypomask.hypothesis.recipe_sources import DrawnGenes, Reference
from hypomask.hypothesis.text_files import kind_suffix
from hypomask.knowledge.drawing import DrawnSource, NetworkSource, TermSource
from hypomask.knowledge.fetching.manifest import shipped_manifest
from hypomask.knowledge.gene_set_formats import FORMATS
from hypomask.knowledge.identifiers import IdentifierTable
from hypomask.knowledge.line_stream import LineStream
from hypomask.knowledge.network import GeneNetwork
from hypomask.knowledge.network_files import network_kind, read_network
from hypomask.knowledge.ontology_tables import is_ontology_table
from hypomask.knowledge.orthologs import ORTHOLOG_RULES, OrthologRule, read_orthologs
from hypomask.knowledge.source_specs import NETWORK_OPTIONS, TERM_OPTIONS, SourceSpec, declared_spec, implied_spec
from hypomask.knowledge.term_sources import read_terms
from hypomask.knowledge.term_weights import term_weight
from hypomask.knowledge.terms import Terms

__all__ = ["KnowledgeSources", "open_sources", "read_source"]


def open_sources(declared: Mapping[str, Located], folder: Path, problems: list[Problem]) -> KnowledgeSources:
    """Return the sources of a document in `folder`; what is wrong with their declaration is added to `problems`."""
    return KnowledgeSources(
        {name: declared_spec(name, node, folder, problems) for name, node in declared.items()}, folder
    )


class KnowledgeSources:
    """See `hypomask.hypothesis.recipe_sources.Sources`, the interface."""

    def __init__(self, declared: Mapping[str, SourceSpec], folder: Path) -> None:
        self.declared = declared
        self.folder = folder
        self._read: dict[str, DrawnSource] = {}
        self._failed: set[str] = set()

    def __contains__(self, name: object) -> bool:
        """Return whether `name` is declared, shipped, a resource of the manifest, or a file of a kind that is read."""
        if not isinstance(name, str):
            return False
        return name in self.declared or name in _resources() or _is_knowledge_file(name)

    @property
    def names(self) -> Iterable[str]:
        """Names to suggest."""
        return (*self.declared, *_resources())

    def genes(self, reference: Reference) -> DrawnGenes:
        """Return the genes of a source or term."""
        return self._source(reference.source).genes(reference)

    def wiring(self, reference: Reference, genes: Sequence[str] | None, expansion: Expansion | None) -> Hypothesis:
        """Return what acts on what."""
        return self._source(reference.source).wiring(reference, genes, expansion)

    def lift(self, hypothesis: Hypothesis, source: str, options: Mapping[str, str]) -> Hypothesis:
        """Return the hypothesis in another species."""
        rule: OrthologRule = "drop"
        asked = options.get("one_to_many", rule)
        if asked not in ORTHOLOG_RULES:
            hint = did_you_mean(asked, ORTHOLOG_RULES)
            raise KnowledgeError(f"'one_to_many' must be one of {', '.join(ORTHOLOG_RULES)}, got {asked!r}.{hint}")
        support = options.get("min_support")
        least = None if support is None else parse_number(support)
        if support is not None and least is None:
            raise KnowledgeError(f"'min_support' must be a number, got {support!r}")
        spec = self._spec(source)
        path = spec.path()
        if path is None:
            raise KnowledgeError(f"source {source!r} names no file")
        table = read_orthologs(path, source=options.get("from"), target=options.get("to"), min_support=least)
        lifted, _ = table.lift(hypothesis, asked)
        return lifted

    def _spec(self, name: str) -> SourceSpec:
        return self.declared.get(name) or implied_spec(name, self.folder)

    def _source(self, name: str) -> DrawnSource:
        if name in self._failed:
            raise KnowledgeError(f"source {name!r} cannot be read, as was said before")
        if name not in self._read:
            try:
                self._read[name] = read_source(self._spec(name))
            except HypomaskError as fault:
                self._failed.add(name)
                first, *more = str(fault).splitlines() or [""]
                others = f" (and {len(more):,} more lines of problems)" if more else ""
                raise KnowledgeError(f"source {name!r}: {first}{others}") from fault
        return self._read[name]


def _resources() -> tuple[str, ...]:
    """Return resources that a recipe may name without declaring them; ``hgnc:1100`` is a way to write a gene."""
    fetchable = (name for name in shipped_manifest().resources if not name.startswith("hgnc"))
    return ("example-pathways", *fetchable)


def _is_knowledge_file(name: str) -> bool:
    path = Path(name)
    return kind_suffix(path) in (".obo", *FORMATS) or network_kind(path) is not None


def read_source(spec: SourceSpec) -> TermSource | NetworkSource:
    """Read a source.

    Raises
    ------
    HypomaskError
        Whatever is wrong with its files; or an option that this kind of file does not have.
    """
    path = spec.path()
    if path is None:
        raise KnowledgeError("names no file")
    if _holds_terms(path) or "hierarchy" in spec.given:
        _refuse_options(spec, NETWORK_OPTIONS, "an ontology or gene sets")
        terms = read_terms(
            path,
            annotations=spec.path("annotations"),
            chosen=spec.annotation_filter,
            relations=spec.path("hierarchy"),
            names=spec.path("names"),
            species=spec.texts.get("species", "Homo sapiens"),
        ).with_account(provenance=spec.fetched())
        min_size = spec.numbers.get("min_size", 2)
        weights = term_weight(spec.texts.get("weights", "none"))
        return TermSource(_renamed_terms(terms, spec), spec.relations, min_size, spec.numbers.get("max_size"), weights)
    _refuse_options(spec, TERM_OPTIONS, "a network")
    return NetworkSource(_renamed_network(read_network(path, spec.network_options), spec))


def _holds_terms(path: Path) -> bool:
    """Return whether a file holds terms by its ending or, for tables, by its first line (header or a row)."""
    if kind_suffix(path) in (".obo", *FORMATS) or network_kind(path) is None or is_ontology_table(path):
        return True
    try:
        _, line = next(iter(LineStream(path)), (1, ""))
    except KnowledgeError:
        return False
    return line.split("\t")[2:] in (["default"], ["gene"])


def _refuse_options(spec: SourceSpec, unfit: Sequence[str], kind: str) -> None:
    wrong = [option for option in spec.given if option in unfit]
    if wrong:
        raise KnowledgeError(f"{wrong[0]!r} is no option of {kind}, which this file is")


def _new_names(genes: Sequence[str], spec: SourceSpec) -> tuple[dict[str, str], list[str]]:
    """Return new names by old one, and what was done in words."""
    table = spec.path("identifiers")
    names: dict[str, str] = {}
    notes = []
    if table is not None:
        mapping = IdentifierTable.read(table).map(genes)
        names.update(mapping.targets)
        notes.append(f"identifiers by {mapping.source}: {mapping.summary()}; those without a gene are kept as they are")
    known = frozenset(genes)
    unknown = [old for old in spec.rename if old not in known]
    if unknown:
        raise KnowledgeError(f"'rename' names {unknown[0]!r}, which is no gene here.{did_you_mean(unknown[0], known)}")
    names.update(spec.rename)
    if spec.rename:
        notes.append(f"{len(spec.rename):,} genes renamed as the document says")
    return names, notes


def _renamed_network(network: GeneNetwork, spec: SourceSpec) -> GeneNetwork:
    names, notes = _new_names(network.genes, spec)
    renamed = network.renamed(names) if names else network
    return renamed.with_account(spec.fetched(), notes)


def _renamed_terms(terms: Terms, spec: SourceSpec) -> Terms:
    names, notes = _new_names(terms.genes, spec)
    if not names:
        return terms.with_account(notes=notes)
    new = [names.get(gene, gene) for gene in terms.genes]
    genes = tuple(dict.fromkeys(new))
    number = {gene: i for i, gene in enumerate(genes)}
    moved = np.array([number[gene] for gene in new], dtype=np.int32)
    owner = np.repeat(np.arange(len(terms), dtype=np.int32), terms.direct_counts())
    return terms.with_annotations(genes, owner, moved[terms.gene_index]).with_account(notes=notes)
