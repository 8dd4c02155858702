"""Any file of a network, by its kind. The one entry for recipes, the registry and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, did_you_mean, shortened
from hypomask.hypothesis.text_files import kind_suffix
from hypomask.knowledge.boolean_networks import read_bnet
from hypomask.knowledge.cx2 import read_cx2
from hypomask.knowledge.edge_tables import EdgeTableOptions, read_edge_table
from hypomask.knowledge.graphml import read_graphml
from hypomask.knowledge.kgml import read_kgml
from hypomask.knowledge.located_xml import read_xml
from hypomask.knowledge.network import GeneNetwork
from hypomask.knowledge.sbml import read_sbml
from hypomask.knowledge.string_links import StringOptions, read_string_links

__all__ = ["NETWORK_KINDS", "NetworkKind", "NetworkOptions", "network_kind", "read_network"]


@dataclass(frozen=True)
class NetworkOptions:
    """What to take from a file, and how; a kind of file knows some of these, see `NetworkKind.options`.

    Parameters
    ----------
    label
        Attribute of nodes that names the gene (GraphML, CX2).
    edge_table, string
        Options of edge tables and of STRING links.
    given
        Names of the options that somebody set, to be refused where the kind of file does not know them.
    """

    label: str | None = None
    edge_table: EdgeTableOptions = field(default_factory=EdgeTableOptions)
    string: StringOptions = field(default_factory=StringOptions)
    given: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetworkKind:
    """A kind of file that holds a network, by its endings, with the options that it knows."""

    kind: str
    suffixes: tuple[str, ...]
    description: str
    read: Callable[[Path, NetworkOptions], GeneNetwork]
    options: tuple[str, ...] = ()


def _read_xml_model(path: Path, options: NetworkOptions) -> GeneNetwork:
    """KEGG and the makers of SBML models both end their files in ``.xml``: the root element tells."""
    file = read_xml(path)
    readers = {"pathway": read_kgml, "sbml": read_sbml}
    reader = readers.get(file.root.tag)
    if reader is None:
        found = f"its root element is <{shortened(file.root.tag)}>"
        file.fail(f"{found}; expected <pathway> (KEGG's KGML) or <sbml>", file.root.line)
    return reader(path)


TABLE_OPTIONS = ("levels", "signed")
STRING_OPTIONS = ("min_score", "channels", "info", "alias_source")

NETWORK_KINDS: Mapping[str, NetworkKind] = {
    kind.kind: kind
    for kind in (
        NetworkKind(
            "edge-table",
            (".tsv", ".csv"),
            "table with source and target columns; DoRothEA and OmniPath exports",
            lambda path, options: read_edge_table(path, options.edge_table),
            TABLE_OPTIONS,
        ),
        NetworkKind(
            "sif",
            (".sif",),
            "Cytoscape simple interaction format",
            lambda path, options: read_edge_table(path, options.edge_table),
            ("signed",),
        ),
        NetworkKind(
            "string-links",
            (".txt",),
            "STRING protein links, with protein.info beside them",
            lambda path, options: read_string_links(path, options.string),
            STRING_OPTIONS,
        ),
        NetworkKind(
            "graphml",
            (".graphml",),
            "GraphML, as Cytoscape, yEd and igraph write it",
            lambda path, options: read_graphml(path, label=options.label),
            ("label",),
        ),
        NetworkKind(
            "cx2",
            (".cx2",),
            "CX2 of NDEx and Cytoscape",
            lambda path, options: read_cx2(path, label=options.label),
            ("label",),
        ),
        NetworkKind("kgml", (".kgml",), "KEGG pathway, your own KGML file", lambda path, _: read_kgml(path)),
        NetworkKind("bnet", (".bnet",), "Boolean network, target and rule", lambda path, _: read_bnet(path)),
        NetworkKind("sbml", (".sbml",), "SBML model, qualitative or kinetic", lambda path, _: read_sbml(path)),
        NetworkKind("xml-model", (".xml",), "KGML or SBML, told by its root element", _read_xml_model),
    )
}


def network_kind(path: Path) -> NetworkKind | None:
    """Return the kind of network that a file's ending promises, or None."""
    suffix = kind_suffix(path)
    return next((kind for kind in NETWORK_KINDS.values() if suffix in kind.suffixes), None)


def read_network(path: Path, options: NetworkOptions | None = None) -> GeneNetwork:
    """Read the network of a file, gzipped or not.

    Raises
    ------
    KnowledgeError
        An ending that no kind has, an option that this kind does not know, or whatever is wrong with the file.
    HypothesisError
        What is wrong with an edge table or SIF file.
    """
    options = options or NetworkOptions()
    kind = network_kind(path)
    if kind is None:
        known = ", ".join(suffix for kind in NETWORK_KINDS.values() for suffix in kind.suffixes)
        raise KnowledgeError(str(Problem(f"ending {path.suffix!r} is none of a network: {known}", str(path))))
    for name in options.given:
        if name not in kind.options:
            known = f"it knows {', '.join(kind.options)}" if kind.options else "it has no options"
            message = f"{name!r} is no option of this kind of file ({kind.kind}); {known}"
            raise KnowledgeError(str(Problem(message + did_you_mean(name, kind.options), str(path))))
    return kind.read(path, options)
