"""Tables of edges, each row an edge: plain ones, SIF, and regulons and OmniPath exports, told by their header.

CollecTRI (``source,target,weight`` with weights +1 and -1) is a plain table.

References
----------
CollecTRI: Müller-Dott et al. (2023), doi:10.1093/nar/gkad841.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import HypothesisError, Problem, raise_problems
from hypomask.hypothesis.edge_files import EdgeFileOptions, read_edge_file
from hypomask.hypothesis.graph import Edge, Hypothesis, Scope
from hypomask.hypothesis.text_files import kind_suffix
from hypomask.knowledge.network import GeneNetwork
from hypomask.knowledge.regulons import LEVELS, is_dorothea, is_omnipath, open_complexes, read_dorothea, read_omnipath
from hypomask.knowledge.table_rows import read_header_table

__all__ = ["EdgeTableOptions", "edge_table_hypothesis", "hypothesis_name", "read_edge_table"]


@dataclass(frozen=True)
class EdgeTableOptions:
    """What to take from a table of edges.

    Parameters
    ----------
    levels
        Confidence letters of DoRothEA to keep, e.g. ``("A", "B", "C")``; empty: all.
    signed
        Keep only edges that activate or inhibit.
    columns
        How to read a plain table where its header does not say it.
    """

    levels: tuple[str, ...] = ()
    signed: bool = False
    columns: EdgeFileOptions | None = None

    def __post_init__(self) -> None:
        """Refuse letters that do not exist."""
        unknown = [level for level in self.levels if level not in LEVELS]
        if unknown:
            raise HypothesisError(f"no confidence level {unknown[0]!r}; expected letters among {', '.join(LEVELS)}")


def hypothesis_name(path: Path) -> str:
    """Return a file's name without its folder and endings: ``nfkb.v2.tsv.gz`` gives ``nfkb.v2``."""
    name = path.name.removesuffix(".gz")
    return Path(name).stem


def read_edge_table(path: Path, options: EdgeTableOptions | None = None) -> GeneNetwork:
    """Read a TSV, CSV or SIF file, gzipped or not.

    Raises
    ------
    HypothesisError
        If the file cannot be read, with every damaged line.
    """
    options = options or EdgeTableOptions()
    problems: list[Problem] = []
    edges, lone_genes, notes, sha256 = _rows(path, options, problems)
    raise_problems(problems, HypothesisError)
    provenance = (f"edge file {path.name}: {len(edges)} edges, sha256 {sha256}",)
    if options.signed:
        n_before = len(edges)
        edges = [edge for edge in edges if edge.sign]
        notes.append(f"{n_before - len(edges):,} edges without a sign left out")
    opened, more_notes = open_complexes(edges)
    if not opened and not lone_genes:
        raise HypothesisError(str(Problem(f"no edge is left: {'; '.join(notes)}", str(path))))
    return GeneNetwork.from_edges(
        hypothesis_name(path), opened, lone_genes=lone_genes, provenance=provenance, notes=(*notes, *more_notes)
    )


def edge_table_hypothesis(path: Path, *, scope: Scope = "all", options: EdgeTableOptions | None = None) -> Hypothesis:
    """Return the hypothesis whose edges are those of a table; see `read_edge_table`."""
    return read_edge_table(path, options).hypothesis(scope=scope)


def _rows(
    path: Path, options: EdgeTableOptions, problems: list[Problem]
) -> tuple[Sequence[Edge], tuple[str, ...], list[str], str]:
    """Return edges, genes without an edge, notes and the file's hash."""
    if kind_suffix(path) != ".sif" and options.columns is None:
        table = read_header_table(path, error=HypothesisError)
        if is_omnipath(table):
            edges, notes = read_omnipath(table, options.levels, problems)
            return edges, (), notes, table.sha256
        if is_dorothea(table):
            edges, notes = read_dorothea(table, options.levels, problems)
            return edges, (), notes, table.sha256
    if options.levels:
        message = "'levels' choose DoRothEA's confidence letters; this table has no column 'confidence' that holds them"
        raise HypothesisError(str(Problem(message, str(path))))
    content = read_edge_file(path, problems, options.columns)
    return content.edges, content.lone_genes, [], content.sha256
