"""Gene sets of MSigDB, Reactome, WikiPathways, Enrichr and others: as groups, as hypotheses, and as terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems
from hypomask.hypothesis.gene_names import damaged_symbol, name_fault
from hypomask.hypothesis.graph import Expansion, GeneGroup, Hypothesis, Scope
from hypomask.hypothesis.text_files import kind_suffix, read_text
from hypomask.knowledge.gene_set_formats import FORMATS, Fault, GeneSetRow
from hypomask.knowledge.wikipathways import is_wikipathways, with_wikipathways_names

__all__ = ["MAX_CLIQUE_MEMBERS", "GeneSet", "default_expansion", "gene_set_hypotheses", "read_gene_sets", "read_gmt"]

MAX_GENE_SET_BYTES = 500_000_000
MAX_CLIQUE_MEMBERS = 60
"""Largest gene set that becomes a clique by default. A clique of m genes is m (m - 1) mask entries: 3,540 for 60, but
39,800 for 200, the size of most hallmark sets, of which a study trains hundreds of fits. A star, through a token that
all members read and that reads all members, costs 2 m entries; its influence takes two layers instead of one."""


@dataclass(frozen=True)
class GeneSet:
    """A gene set of a file: a group, what the file says about it, the line it is on, and its id if it has one."""

    group: GeneGroup
    description: str
    line: int
    id: str = ""


def default_expansion(n_members: int) -> Expansion:
    """Return how a gene set of `n_members` genes becomes edges where nobody says it."""
    return "clique" if n_members <= MAX_CLIQUE_MEMBERS else "star"


def read_gmt(path: Path, *, expansion: Expansion | None = None) -> tuple[GeneGroup, ...]:
    """Read the gene sets of a file (gzipped or not) as groups.

    Parameters
    ----------
    expansion
        How every set becomes edges; None: by its size, see `default_expansion`.

    Raises
    ------
    KnowledgeError
        See `read_gene_sets`.
    """
    return tuple(gene_set.group for gene_set in read_gene_sets(path, expansion=expansion)[0])


def read_gene_sets(path: Path, *, expansion: Expansion | None = None) -> tuple[tuple[GeneSet, ...], str]:
    """Read a file of gene sets; return them and the SHA-256 of the file.

    The file's ending tells the format: ``.gmx``, ``.grp``, ``.json`` (MSigDB's), else GMT. A gene that occurs twice in
    a set is kept once. WikiPathways' names (``name%version%id%species``) are taken apart.

    Raises
    ------
    KnowledgeError
        With every damaged line by number: too few columns, no name, an empty cell between genes, a name that occurs
        twice. Also if the file is missing, empty, not text, an HTML page or a Git LFS pointer.
    """
    content = read_text(path, error=KnowledgeError, max_bytes=MAX_GENE_SET_BYTES, allow_gzip=True)
    problems: list[Problem] = []
    rows: list[GeneSetRow] = []
    first_line: dict[str, int] = {}
    read_rows = FORMATS.get(kind_suffix(path), FORMATS[".gmt"])
    for row in read_rows(content.text, Path(path.name.removesuffix(".gz")).stem):
        fault = row if isinstance(row, Fault) else _fault(row, first_line)
        if fault is not None:
            problems.append(Problem(fault.message, str(path), fault.line))
        elif isinstance(row, GeneSetRow):
            first_line[row.name] = row.line
            rows.append(replace(row, genes=tuple(dict.fromkeys(row.genes))))
    raise_problems(problems, KnowledgeError)
    if is_wikipathways(rows):
        rows = with_wikipathways_names(rows)
    gene_sets = [
        GeneSet(
            GeneGroup(row.name, row.genes, expansion or default_expansion(len(row.genes))),
            row.description,
            row.line,
            row.id,
        )
        for row in rows
    ]
    return tuple(gene_sets), content.sha256


def _fault(row: GeneSetRow, first_line: dict[str, int]) -> Fault | None:
    wrong = next(filter(None, map(name_fault, row.genes)), None)
    if wrong is not None:
        return Fault(wrong, row.line)
    if row.name in first_line:
        place = f"on line {first_line[row.name]}" if first_line[row.name] != row.line else "in this file"
        return Fault(f"gene set {row.name!r} is {place} already; names are unique", row.line)
    return None


def gene_set_hypotheses(
    path: Path, *, scope: Scope = "members", expansion: Expansion | None = None
) -> tuple[Hypothesis, ...]:
    """Return one hypothesis for each gene set of a file: these genes act on each other.

    Symbols that a spreadsheet has damaged are kept as they are and noted in `provenance`: the file is rarely the
    user's own, and one of 20,000 symbols is no reason to refuse it.

    Raises
    ------
    KnowledgeError
        See `read_gene_sets`.
    """
    gene_sets, sha256 = read_gene_sets(path, expansion=expansion)
    hypotheses = []
    for gene_set in gene_sets:
        group = gene_set.group
        damaged = [damage for damage in map(damaged_symbol, group.members) if damage]
        source = f"gene set of {path.name} line {gene_set.line}, sha256 {sha256}"
        hypotheses.append(
            Hypothesis(
                name=group.name,
                genes=group.members,
                groups=(group,),
                scope=scope,
                description=gene_set.description,
                provenance=(source, *(f"note: {damage}" for damage in damaged)),
            )
        )
    return tuple(hypotheses)
