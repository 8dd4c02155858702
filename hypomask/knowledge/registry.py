"""Which kinds of file hold hypotheses, and who reads each; the command line lists this registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import HypothesisError, KnowledgeError, did_you_mean
from hypomask.hypothesis.graph import Expansion, Hypothesis, Scope
from hypomask.hypothesis.text_files import kind_suffix
from hypomask.knowledge.documents import load_hypotheses
from hypomask.knowledge.edge_tables import edge_table_hypothesis, hypothesis_name
from hypomask.knowledge.gene_sets import gene_set_hypotheses
from hypomask.knowledge.network_files import NETWORK_KINDS, read_network
from hypomask.knowledge.ontology_tables import is_ontology_table, read_ontology_table

__all__ = ["READERS", "HypothesisReader", "read_hypotheses", "reader_for"]

Read = Callable[[Path, Scope | None, Expansion | None], tuple[Hypothesis, ...]]


@dataclass(frozen=True)
class HypothesisReader:
    """How one kind of file becomes hypotheses.

    Parameters
    ----------
    kind
        Name in the registry.
    suffixes
        Endings of files of this kind, in lower case.
    description
        One line for lists and messages.
    read
        Takes path, scope and expansion; None for scope or expansion: as the file says or the kind's default.
    allow_gzip
        Whether a further ``.gz`` is accepted.
    """

    kind: str
    suffixes: tuple[str, ...]
    description: str
    read: Read
    allow_gzip: bool = True


def _read_document(path: Path, scope: Scope | None, expansion: Expansion | None) -> tuple[Hypothesis, ...]:
    """A document states the expansion of each of its groups; `expansion` does not change them."""
    return load_hypotheses(path, scope=scope)


def _read_gene_sets(path: Path, scope: Scope | None, expansion: Expansion | None) -> tuple[Hypothesis, ...]:
    return gene_set_hypotheses(path, scope=scope or "members", expansion=expansion)


def _read_edge_table(path: Path, scope: Scope | None, expansion: Expansion | None) -> tuple[Hypothesis, ...]:
    """A table of parent, child and type is one hypothesis: the whole hierarchy."""
    if is_ontology_table(path):
        return (_hierarchy(path, scope, expansion),)
    return (edge_table_hypothesis(path, scope=scope or "all"),)


def _hierarchy(path: Path, scope: Scope | None, expansion: Expansion | None) -> Hypothesis:
    terms = read_ontology_table(path)
    return terms.as_hypothesis(expansion=expansion or "hierarchy", scope=scope or "members", name=hypothesis_name(path))


def _read_network(path: Path, scope: Scope | None, expansion: Expansion | None) -> tuple[Hypothesis, ...]:
    """Groups of a network are complexes: `expansion` does not change them. DrugCell's hierarchy ends in .txt, too."""
    if is_ontology_table(path):
        return (_hierarchy(path, scope, expansion),)
    return (read_network(path).hypothesis(scope=scope or "all"),)


READERS: dict[str, HypothesisReader] = {
    reader.kind: reader
    for reader in (
        HypothesisReader(
            "document", (".yaml", ".yml"), "hypothesis document: one or several", _read_document, allow_gzip=False
        ),
        HypothesisReader("gene-sets", (".gmt",), "GMT gene sets: one hypothesis for each set", _read_gene_sets),
        HypothesisReader("gmx", (".gmx",), "GMX gene sets: one hypothesis for each column", _read_gene_sets),
        HypothesisReader("grp", (".grp",), "one gene set, a gene in a line", _read_gene_sets),
        HypothesisReader("msigdb-json", (".json",), "MSigDB gene sets: one hypothesis for each", _read_gene_sets),
        HypothesisReader(
            "edge-table",
            (".tsv", ".csv"),
            "table with source and target columns, or a hierarchy with parent, child and type",
            _read_edge_table,
        ),
        *(
            HypothesisReader(kind.kind, kind.suffixes, kind.description, _read_network)
            for kind in NETWORK_KINDS.values()
            if kind.kind != "edge-table"
        ),
    )
}


def reader_for(path: Path) -> HypothesisReader:
    """Return the reader for a file's ending.

    Raises
    ------
    HypothesisError
        If no kind of file has it; the message lists those that exist.
    """
    if path.is_dir():
        raise HypothesisError(f"{path}: is a folder, expected a file of hypotheses; name a file in it")
    is_gzip = path.suffix.lower() == ".gz"
    suffix = kind_suffix(path)
    for reader in READERS.values():
        if suffix in reader.suffixes and (reader.allow_gzip or not is_gzip):
            return reader
    known = [suffix for reader in READERS.values() for suffix in reader.suffixes]
    ending = "".join(path.suffixes[-2:]) if is_gzip else path.suffix
    found = f"ending {ending!r} is" if ending else "a file without an ending is"
    message = f"{path}: {found} not a kind of hypothesis file; expected one of {', '.join(known)}."
    if suffix == ".obo":
        message += " An ontology is a source: draw terms from it in a document, as in 'wiring: go.obo:DNA repair'"
        raise HypothesisError(message)
    raise HypothesisError(message + (did_you_mean(suffix, known) if suffix else ""))


def read_hypotheses(
    path: Path, *, scope: Scope | None = None, expansion: Expansion | None = None
) -> tuple[Hypothesis, ...]:
    """Read all hypotheses of a file of any kind in `READERS`; the recipes of a document are carried out.

    Parameters
    ----------
    scope
        Scope of every hypothesis; None: as the document says, ``members`` for gene sets, ``all`` for networks.
    expansion
        How gene sets become edges; None: by size, see `hypomask.knowledge.gene_sets.default_expansion`. Documents and
        networks state their own.

    Raises
    ------
    HypothesisError
        If the ending is unknown, or the file is missing or wrong, of whatever kind it is: it is a hypothesis here.
    """
    try:
        return reader_for(path).read(path, scope, expansion)
    except KnowledgeError as error:
        raise HypothesisError(str(error)) from error
