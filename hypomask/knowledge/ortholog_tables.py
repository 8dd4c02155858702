"""Pairs of orthologs from the tables of HCOP, the Alliance of Genome Resources and Ensembl's BioMart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hypomask.errors import KnowledgeError, Problem, did_you_mean, raise_problems, shortened
from hypomask.hypothesis.gene_names import damaged_symbol, name_fault
from hypomask.knowledge.column_tables import ColumnTable, folded, read_column_table

__all__ = ["OrthologPair", "PairSource", "read_pairs", "species_name"]

Ids = Literal["symbol", "ensembl", "entrez"]

# What each species is called in the three sources; the first is the name used here.
SPECIES: tuple[tuple[str, ...], ...] = (
    ("human", "homo sapiens", "hsapiens", "9606"),
    ("mouse", "mus musculus", "mmusculus", "10090"),
    ("rat", "rattus norvegicus", "rnorvegicus", "10116"),
    ("zebrafish", "danio rerio", "drerio", "7955"),
    ("fly", "drosophila melanogaster", "dmelanogaster", "7227", "fruit_fly", "fruitfly", "drosophila", "fruit fly"),
    ("worm", "caenorhabditis elegans", "celegans", "6239", "c.elegans", "c. elegans"),
    ("yeast", "saccharomyces cerevisiae", "scerevisiae", "559292", "4932", "s.cerevisiae", "budding yeast"),
    ("fission yeast", "schizosaccharomyces pombe", "4896", "s.pombe"),
    ("frog", "xenopus tropicalis", "8364", "xenopus", "tropical clawed frog", "xtropicalis"),
    ("chicken", "gallus gallus", "ggallus", "9031"),
    ("dog", "canis lupus familiaris", "clfamiliaris", "9615"),
    ("pig", "sus scrofa", "sscrofa", "9823"),
    ("cow", "bos taurus", "btaurus", "9913", "cattle"),
)
_CANONICAL = {name: names[0] for names in SPECIES for name in names}
_NOTHING = frozenset({"", "-", "NA"})
_BIOMART_TYPE = re.compile(r"(.+)_homology_type")
_BIOMART_TECHNICAL_TYPE = re.compile(r"(.+)_homolog_orthology_type")
EXPECTED = (
    "a table of HCOP (human_symbol, mouse_symbol, ...), of the Alliance (Gene1Symbol, Gene2Symbol, ...) or of BioMart "
    "(Gene name, Mouse gene name, Mouse homology type)"
)


@dataclass(frozen=True, slots=True)
class OrthologPair:
    """A gene of one species and its ortholog in another.

    Parameters
    ----------
    support
        Number of methods or databases that agree; for BioMart 1 of high and 0 of low confidence.
    one_to_one
        What the source itself says; None where it says nothing.
    """

    source: str
    target: str
    support: float
    one_to_one: bool | None = None


@dataclass(frozen=True)
class PairSource:
    """Pairs of two species from one file.

    Parameters
    ----------
    kind
        ``HCOP``, ``Alliance`` or ``Ensembl``.
    support_word
        What `OrthologPair.support` counts, in words.
    usual_support
        Least support to use where nobody states it.
    """

    pairs: tuple[OrthologPair, ...]
    source: str
    target: str
    kind: str
    support_word: str
    usual_support: float
    file: str
    sha256: str


@dataclass(frozen=True)
class _Columns:
    """Where the pair stands, in the direction of the file, and how rows are read."""

    kind: str
    first: str
    second: str
    positions: tuple[int | None, ...]
    support_word: str
    usual_support: float


def species_name(text: str) -> str:
    """Return the name used here for a species given as in one of the sources; other names stay as they are.

    Examples
    --------
    >>> species_name("Mus musculus"), species_name("10090"), species_name("NCBITaxon:7227"), species_name("axolotl")
    ('mouse', 'mouse', 'fly', 'axolotl')
    """
    name = text.strip().lower().removeprefix("ncbitaxon:")
    return _CANONICAL.get(name) or _CANONICAL.get(name.replace("_", " ")) or name


def read_pairs(path: Path, source: str | None, target: str | None, ids: Ids = "symbol") -> PairSource:
    """Read the orthologs of two species; the file's kind is told by its header.

    Parameters
    ----------
    source, target
        Names of species. None: as the file has them, where it holds two species only.
    ids
        Which ids to take; the Alliance has symbols only.

    Raises
    ------
    KnowledgeError
        If the file is no such table, has no pair of these species, or with every damaged line.
    """
    table = read_column_table(path, lambda names: _kind(names) is not None, EXPECTED)
    source, target = (name and species_name(name) for name in (source, target))
    if source is not None and source == target:
        raise table.fail(f"{source} to {target} is no lift; state which one to lift from and to")
    if _kind({folded(name) for name in table.header}) == "Alliance":
        if source is None or target is None:
            raise table.fail("the Alliance's table holds many species; state which one to lift from and to")
        pairs = _alliance_pairs(table, source, target, ids)
        # The file holds what has passed the Alliance's own strict filter.
        return PairSource(pairs, source, target, "Alliance", "methods that agree", 1.0, path.name, table.sha256)
    wanted = [name for name in (source, target) if name is not None]
    columns = _hcop(table, wanted, ids) or _biomart(table, wanted, ids)
    pairs = _pairs(table, columns)
    first, second = columns.first, columns.second
    if source == second or target == first:
        pairs = tuple(OrthologPair(pair.target, pair.source, pair.support, pair.one_to_one) for pair in pairs)
        first, second = second, first
    word, usual = columns.support_word, columns.usual_support
    return PairSource(pairs, first, second, columns.kind, word, usual, path.name, table.sha256)


def _kind(names: set[str]) -> str | None:
    if {"gene1symbol", "gene2symbol", "gene1speciestaxonid"} <= names:
        return "Alliance"
    if "human_symbol" in names and "support" in names:
        return "HCOP"
    if any(_BIOMART_TYPE.fullmatch(name) or _BIOMART_TECHNICAL_TYPE.fullmatch(name) for name in names):
        return "Ensembl"
    return None


def _hcop(table: ColumnTable, wanted: Sequence[str], ids: Ids) -> _Columns | None:
    if table.column(["human_symbol"]) is None:
        return None
    ending = {"symbol": "_symbol", "ensembl": "_ensembl_gene", "entrez": "_entrez_gene"}[ids]
    prefixes = [name.removesuffix(ending) for name in map(folded, table.header) if name.endswith(ending)]
    others = {species_name(prefix): prefix for prefix in prefixes if prefix != "human"}
    if "ortholog_species" in others:
        raise table.fail(
            f"this is HCOP's table of all species; take the one of two, e.g. human_mouse_hcop_{'fifteen'}..."
        )
    other = _the_other_species(table, "human", others, wanted)
    names = [f"human{ending}", f"{others[other]}{ending}", "support"]
    positions = (*(table.column([name]) for name in names), None)
    return _Columns("HCOP", "human", other, positions, "databases that agree", 3.0)


def _biomart(table: ColumnTable, wanted: Sequence[str], ids: Ids) -> _Columns:
    if ids == "entrez":
        raise table.fail(
            "BioMart's table of orthologs has no Entrez ids of the other species; use symbols or Ensembl ids"
        )
    names = [folded(name) for name in table.header]
    found = {
        species_name(match[1]): (match[1], pattern is _BIOMART_TECHNICAL_TYPE)
        for name in names
        for pattern in (_BIOMART_TECHNICAL_TYPE, _BIOMART_TYPE)
        if (match := pattern.fullmatch(name))
    }
    stated = [name for name in wanted if name not in found]
    if len(wanted) == 2 and len(stated) != 1:
        raise table.fail(f"has orthologs in {', '.join(found)}; cannot lift from {wanted[0]} to {wanted[1]}")
    first = stated[0] if stated else "human"
    other = _the_other_species(table, first, dict.fromkeys(found, ""), wanted)
    prefix, technical = found[other]
    own = ["gene_name", "external_gene_name"] if ids == "symbol" else ["gene_stable_id", "ensembl_gene_id"]
    if technical:
        theirs = "_homolog_associated_gene_name" if ids == "symbol" else "_homolog_ensembl_gene"
        confidence = f"{prefix}_homolog_orthology_confidence"
        kind = f"{prefix}_homolog_orthology_type"
    else:
        theirs = "_gene_name" if ids == "symbol" else "_gene_stable_id"
        confidence = f"{prefix}_orthology_confidence_[0_low,_1_high]"
        kind = f"{prefix}_homology_type"
    positions = tuple(table.column(names) for names in (own, [prefix + theirs], [confidence], [kind]))
    for position, name in zip(positions, (own[0], prefix + theirs), strict=False):
        if position is None:
            raise table.fail(f"has no column {name!r}; export it from BioMart too")
    usual = 0.0 if positions[2] is None else 1.0
    return _Columns("Ensembl", first, other, positions, "high (1) or low (0) confidence", usual)


def _the_other_species(table: ColumnTable, first: str, others: dict[str, str], wanted: Sequence[str]) -> str:
    """Return which of the species beside `first` is wanted."""
    asked = [name for name in wanted if name != first]
    if not asked and len(others) == 1:
        return next(iter(others))
    if len(asked) == 1 and asked[0] in others:
        return asked[0]
    if len(asked) == 1:
        there = ", ".join(others)
        raise table.fail(f"has no orthologs of {asked[0]}, but of {first} and {there}.{did_you_mean(asked[0], others)}")
    question = f"is of {first} and {', '.join(others)}; state which one to lift from and to"
    raise table.fail(question if not asked else f"{question}, not {' and '.join(asked)}")


def _pairs(table: ColumnTable, columns: _Columns) -> tuple[OrthologPair, ...]:
    problems: list[Problem] = []
    best: dict[tuple[str, str], OrthologPair] = {}
    for line, (first, second, support, kind) in table.rows(columns.positions, problems):
        if first in _NOTHING or second in _NOTHING:
            continue
        fault = _fault(first) or _fault(second)
        number = 0.0
        if columns.kind == "HCOP":
            number = float(len({name.strip() for name in support.split(",")} - _NOTHING))
        elif support:
            if support not in ("0", "1"):
                fault = fault or f"orthology confidence {shortened(support)!r}: expected 0 or 1"
            number = float(support == "1")
        one_to_one = None
        if columns.kind == "Ensembl":
            if not kind.startswith("ortholog_"):
                fault = fault or f"homology type {shortened(kind)!r}: expected ortholog_one2one or another one"
            one_to_one = kind == "ortholog_one2one"
        if fault is not None:
            problems.append(table.problem(fault, line))
            continue
        _keep_best(best, OrthologPair(first, second, number, one_to_one))
    raise_problems(problems, KnowledgeError)
    if not best:
        raise table.fail(f"has no pair of {columns.first} and {columns.second}")
    return tuple(best.values())


def _alliance_pairs(table: ColumnTable, source: str, target: str, ids: Ids) -> tuple[OrthologPair, ...]:
    if ids != "symbol":
        raise table.fail(f"the Alliance's table has no {ids} ids; use symbols")
    names = ("gene1symbol", "gene1speciestaxonid", "gene2symbol", "gene2speciestaxonid", "algorithmsmatch")
    positions = [table.column([name]) for name in names]
    for name, position in zip(names, positions, strict=True):
        if position is None:
            raise table.fail(f"has no column {name!r}")
    problems: list[Problem] = []
    seen: set[str] = set()
    best: dict[tuple[str, str], OrthologPair] = {}
    for line, (first, first_taxon, second, second_taxon, support) in table.rows(positions, problems):
        species = (species_name(first_taxon), species_name(second_taxon))
        seen.update(species)
        if species not in ((source, target), (target, source)) or first in _NOTHING or second in _NOTHING:
            continue
        fault = _fault(first) or _fault(second)
        if not (support.isascii() and support.isdigit()):
            fault = fault or f"AlgorithmsMatch {shortened(support)!r}: expected a number"
        if fault is not None:
            problems.append(table.problem(fault, line))
            continue
        # The table has every pair in both directions.
        pair = (first, second) if species == (source, target) else (second, first)
        _keep_best(best, OrthologPair(*pair, float(support)))
    raise_problems(problems, KnowledgeError)
    if not best:
        missing = source if source not in seen else target
        raise table.fail(f"has no pair of {source} and {target}.{did_you_mean(missing, seen)} It has: {_some(seen)}")
    return tuple(best.values())


def _keep_best(best: dict[tuple[str, str], OrthologPair], pair: OrthologPair) -> None:
    """Of rows that name the same two genes, keep the one with most support."""
    key = (pair.source, pair.target)
    known = best.get(key)
    if known is None or pair.support > known.support:
        best[key] = pair


def _fault(name: str) -> str | None:
    return name_fault(name) or damaged_symbol(name)


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:12])
