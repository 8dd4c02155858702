"""Reactome: pathways with their genes, and which pathway is part of which.

Files, from https://reactome.org/download-data (CC0): ``ReactomePathways.gmt`` (human symbols; a pathway has the genes
of those inside it), ``ReactomePathwaysRelation.txt`` (16 species), ``ReactomePathways.txt`` (names), and the mapping
tables ``UniProt2Reactome.txt``, ``Ensembl2Reactome.txt``, ``NCBI2Reactome.txt``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypomask.errors import KnowledgeError, did_you_mean, shortened
from hypomask.knowledge.gene_sets import read_gene_sets
from hypomask.knowledge.line_stream import LineStream
from hypomask.knowledge.terms import Terms
from hypomask.knowledge.terms_builder import TermsBuilder, damaged_gene_notes

__all__ = ["SPECIES", "read_reactome", "species_code"]

SPECIES = {
    "BTA": "Bos taurus",
    "CEL": "Caenorhabditis elegans",
    "CFA": "Canis familiaris",
    "DDI": "Dictyostelium discoideum",
    "DME": "Drosophila melanogaster",
    "DRE": "Danio rerio",
    "GGA": "Gallus gallus",
    "HSA": "Homo sapiens",
    "MMU": "Mus musculus",
    "MTU": "Mycobacterium tuberculosis",
    "PFA": "Plasmodium falciparum",
    "RNO": "Rattus norvegicus",
    "SCE": "Saccharomyces cerevisiae",
    "SPO": "Schizosaccharomyces pombe",
    "SSC": "Sus scrofa",
    "XTR": "Xenopus tropicalis",
}
MAX_PROBLEMS = 1_000


def species_code(species: str) -> str:
    """Return the code that Reactome's ids hold for a species given by code or name: ``Homo sapiens`` gives ``HSA``.

    Raises
    ------
    KnowledgeError
        Reactome has no such species.
    """
    wanted = species.strip()
    for code, name in SPECIES.items():
        if wanted.upper() == code or wanted.casefold() == name.casefold():
            return code
    hint = did_you_mean(wanted, (*SPECIES, *SPECIES.values()))
    raise KnowledgeError(f"species {species!r} is none of Reactome's, e.g. 'Homo sapiens' or 'HSA'.{hint}")


def read_reactome(
    *,
    gene_sets: Path | None = None,
    mapping: Path | None = None,
    relations: Path | None = None,
    names: Path | None = None,
    species: str = "Homo sapiens",
    evidence: Sequence[str] = (),
) -> Terms:
    """Read Reactome's pathways of one species.

    Parameters
    ----------
    gene_sets
        ``ReactomePathways.gmt``.
    mapping
        A table such as ``UniProt2Reactome.txt``: genes are UniProt accessions, Ensembl ids (whose version is kept) or
        Entrez numbers, as the table has them.
    relations
        ``ReactomePathwaysRelation.txt``; links are read as ``part_of``. Pathways that only this file names have no
        genes of their own.
    names
        ``ReactomePathways.txt``, for pathways of which no other file has the name.
    evidence
        Only mappings of these evidence codes (``TAS``: by experts; ``IEA``: inferred); empty: all.

    Raises
    ------
    KnowledgeError
        No file of genes or relations; or a file is missing, damaged, or holds nothing of the species.
    """
    first = gene_sets or mapping or relations
    if first is None:
        raise KnowledgeError("reading Reactome needs at least one of: gene_sets, mapping, relations")
    builder = TermsBuilder("Reactome", first)
    code = species_code(species)
    account = _Account()
    if gene_sets is not None:
        _add_gene_sets(builder, gene_sets, code, account)
    if mapping is not None:
        _add_mapping(builder, mapping, code, frozenset(evidence), account)
    known_names = _read_names(builder, names, code, account) if names is not None else {}
    if relations is not None:
        _add_relations(builder, relations, code, known_names, account)
    if not builder.position and not builder.problems:
        raise KnowledgeError(f"{first}: holds no pathway of {SPECIES[code]} (ids that begin with R-{code}-)")
    terms = builder.build(provenance=account.provenance, notes=account.notes)
    return terms.with_account(notes=damaged_gene_notes(terms.genes))


class _Account:
    """What was read and what was left out."""

    def __init__(self) -> None:
        self.provenance: list[str] = []
        self.notes: list[str] = []

    def left_out(self, counts: Counter[str], file: Path) -> None:
        self.notes.extend(f"{count:,} rows of {file.name} left out: {why}" for why, count in counts.most_common())


def _species_of(pathway: str) -> str:
    """Return the species code of an id such as ``R-HSA-109581``, empty if it is no such id."""
    parts = pathway.split("-")
    return parts[1] if len(parts) == 3 and parts[0] == "R" and parts[1] and parts[2].isdigit() else ""


def _add_gene_sets(builder: TermsBuilder, path: Path, code: str, account: _Account) -> None:
    sets, sha256 = read_gene_sets(path, expansion="none")
    left_out: Counter[str] = Counter()
    for gene_set in sets:
        species = _species_of(gene_set.description)
        if not species:
            builder.path = path
            builder.problem(
                f"the second column is {shortened(gene_set.description)!r}, expected a pathway's id such as "
                f"R-HSA-109581; is it Reactome's own GMT file?",
                gene_set.line,
            )
        elif species != code:
            left_out["another species"] += 1
        else:
            builder.term(gene_set.description, gene_set.group.name, line=gene_set.line)
            position = builder.position[gene_set.description]
            for gene in gene_set.group.members:
                builder.annotate(position, gene)
    account.provenance.append(f"Reactome gene sets {path.name}, sha256 {sha256}")
    account.left_out(left_out, path)


def _rows(builder: TermsBuilder, stream: LineStream, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Return all sound rows of a table without a header; others become problems."""
    rows = []
    builder.path = stream.path
    for number, line in stream:
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(columns) or "" in cells[:2]:
            what = f"has {len(cells)} columns" if len(cells) != len(columns) else "has an empty cell"
            builder.problem(f"{what}, expected {len(columns)}: {', '.join(columns)}, separated by tabs", number)
            if len(builder.problems) >= MAX_PROBLEMS:
                break
        else:
            rows.append((number, cells))
    return rows


def _pathway_fault(builder: TermsBuilder, pathway: str, number: int) -> bool:
    if _species_of(pathway):
        return False
    builder.problem(f"{shortened(pathway)!r} is no pathway id of Reactome, expected e.g. R-HSA-109581", number)
    return True


def _add_mapping(builder: TermsBuilder, path: Path, code: str, evidence: frozenset[str], account: _Account) -> None:
    stream = LineStream(path)
    left_out: Counter[str] = Counter()
    columns = ("gene", "pathway", "address", "name", "evidence", "species")
    for number, (gene, pathway, _, name, how, _) in _rows(builder, stream, columns):
        if _pathway_fault(builder, pathway, number):
            continue
        if _species_of(pathway) != code:
            left_out["another species"] += 1
        elif evidence and how not in evidence:
            left_out[f"evidence code {how}"] += 1
        else:
            builder.annotate(builder.mention(pathway, name, line=number), gene)
    account.provenance.append(f"Reactome mapping {stream.provenance}")
    account.left_out(left_out, path)


def _read_names(builder: TermsBuilder, path: Path, code: str, account: _Account) -> dict[str, str]:
    stream = LineStream(path)
    rows = _rows(builder, stream, ("pathway", "name", "species"))
    account.provenance.append(f"Reactome names {stream.provenance}")
    return {pathway: name for _, (pathway, name, _) in rows if _species_of(pathway) == code}


def _add_relations(builder: TermsBuilder, path: Path, code: str, names: dict[str, str], account: _Account) -> None:
    stream = LineStream(path)
    left_out: Counter[str] = Counter()
    n_before = len(builder.position)
    for number, (parent, child) in _rows(builder, stream, ("parent pathway", "child pathway")):
        faults = [_pathway_fault(builder, pathway, number) for pathway in (parent, child)]
        if any(faults):
            continue
        if _species_of(parent) != code:
            left_out["another species"] += 1
            continue
        for pathway in (parent, child):
            builder.mention(pathway, names.get(pathway, ""), line=number)
        builder.link(child, parent, "part_of", line=number)
    account.provenance.append(f"Reactome relations {stream.provenance}")
    account.left_out(left_out, path)
    added = len(builder.position) - n_before
    if n_before and added:
        account.notes.append(f"{added:,} pathways are in {path.name} alone and have no genes of their own")
