"""Gene sets in the GMT format of MSigDB, Reactome and Enrichr: name, description, genes, all separated by tabs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypomask.errors import KnowledgeError, Problem, raise_problems
from hypomask.hypothesis.gene_names import damaged_symbol, name_fault
from hypomask.hypothesis.graph import Expansion, GeneGroup, Hypothesis, Scope
from hypomask.hypothesis.text_files import read_text

__all__ = ["MAX_CLIQUE_MEMBERS", "GeneSet", "default_expansion", "gene_set_hypotheses", "read_gene_sets", "read_gmt"]

MAX_GMT_BYTES = 500_000_000
MAX_CLIQUE_MEMBERS = 60
"""Largest gene set that becomes a clique by default. A clique of m genes is m (m - 1) mask entries: 3,540 for 60, but
39,800 for 200, the size of most hallmark sets, of which a study trains hundreds of fits. A star, through a token that
all members read and that reads all members, costs 2 m entries; its influence takes two layers instead of one."""


@dataclass(frozen=True)
class GeneSet:
    """One line of a GMT file: a group, the text of its second column and the line's number."""

    group: GeneGroup
    description: str
    line: int


def default_expansion(n_members: int) -> Expansion:
    """Return how a gene set of `n_members` genes becomes edges where nobody says it."""
    return "clique" if n_members <= MAX_CLIQUE_MEMBERS else "star"


def read_gmt(path: Path, *, expansion: Expansion | None = None) -> tuple[GeneGroup, ...]:
    """Read the gene sets of a GMT file (gzipped or not) as groups.

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
    """Read a GMT file; return its gene sets and the SHA-256 of the file.

    Only tabs separate: names and even genes hold spaces (``7SL RNA (ENSG00000222619)``). A gene that occurs twice in a
    set is kept once, and empty cells at a line's end, which spreadsheets add, are ignored.

    Raises
    ------
    KnowledgeError
        With every damaged line by number: fewer than three columns, no name, an empty cell between genes, a name that
        occurs twice. Also if the file is missing, empty, not text, an HTML page or a Git LFS pointer.
    """
    content = read_text(path, error=KnowledgeError, max_bytes=MAX_GMT_BYTES, allow_gzip=True)
    problems: list[Problem] = []
    gene_sets: list[GeneSet] = []
    first_line: dict[str, int] = {}
    for line, row in enumerate(content.text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        if not row.strip():
            continue
        cells = [cell.strip() for cell in row.rstrip("\t ").split("\t")]
        name, genes = cells[0], cells[2:]
        fault = _row_fault(row, name, genes) or next(filter(None, map(name_fault, genes)), None)
        if fault is None and name in first_line:
            fault = f"gene set {name!r} is on line {first_line[name]} already; names are unique"
        if fault is not None:
            problems.append(Problem(fault, str(path), line))
            continue
        first_line[name] = line
        members = tuple(dict.fromkeys(genes))
        group = GeneGroup(name, members, expansion or default_expansion(len(members)))
        gene_sets.append(GeneSet(group, cells[1], line))
    raise_problems(problems, KnowledgeError)
    return tuple(gene_sets), content.sha256


def _row_fault(row: str, name: str, genes: list[str]) -> str | None:
    if "\t" not in row.strip():
        return "has no tab; a GMT line is a name, a description and genes, separated by tabs (not commas or spaces)"
    if name_fault(name):
        return f"the gene set's name: {name_fault(name)}"
    if not genes:
        return f"gene set {name!r} has no genes; the first two columns are the name and a description"
    if "" in genes:
        return f"gene set {name!r} has an empty cell before gene {genes[genes.index('') :][1]!r}; delete it"
    return None


def gene_set_hypotheses(
    path: Path, *, scope: Scope = "members", expansion: Expansion | None = None
) -> tuple[Hypothesis, ...]:
    """Return one hypothesis for each gene set of a GMT file: these genes act on each other.

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
