"""An edge table or SIF file on its own as a hypothesis, named after the file."""

from __future__ import annotations

from pathlib import Path

from hypomask.errors import HypothesisError, Problem, raise_problems
from hypomask.hypothesis.edge_files import EdgeFileOptions, read_edge_file
from hypomask.hypothesis.edge_merging import merge_edges
from hypomask.hypothesis.graph import Hypothesis, Scope

__all__ = ["edge_table_hypothesis", "hypothesis_name"]


def hypothesis_name(path: Path) -> str:
    """Return a file's name without its folder and endings: ``nfkb.v2.tsv.gz`` gives ``nfkb.v2``."""
    name = path.name.removesuffix(".gz")
    return Path(name).stem


def edge_table_hypothesis(path: Path, *, scope: Scope = "all", options: EdgeFileOptions | None = None) -> Hypothesis:
    """Return the hypothesis whose edges are those of a TSV, CSV or SIF file.

    Raises
    ------
    HypothesisError
        With every damaged line, or if the file cannot be read.
    """
    problems: list[Problem] = []
    content = read_edge_file(path, problems, options)
    raise_problems(problems, HypothesisError)
    edges, notes = merge_edges(content.edges)
    ends = (gene for edge in content.edges for gene in (edge.source, edge.target))
    return Hypothesis(
        name=hypothesis_name(path),
        genes=tuple(dict.fromkeys([*ends, *content.lone_genes])),
        edges=edges,
        scope=scope,
        provenance=(f"edge file {path.name}: {len(content.edges)} edges, sha256 {content.sha256}", *notes),
    )
