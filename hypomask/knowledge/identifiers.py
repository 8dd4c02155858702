"""Which gene is meant: symbols old and new, Ensembl, Entrez, UniProt and HGNC ids. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from hypomask.errors import ConfigError, did_you_mean, shortened
from hypomask.hypothesis.gene_names import damaged_symbol
from hypomask.knowledge.id_mapping import IdMapping, MappedId
from hypomask.knowledge.identifier_tables import GeneNames, Withdrawn, read_genes, read_withdrawn
from hypomask.knowledge.spreadsheet_damage import damaged_clone, symbols_before_damage

__all__ = ["ID_KINDS", "IdKind", "IdentifierTable"]

IdKind = Literal["symbol", "ensembl", "entrez", "uniprot", "hgnc"]
ID_KINDS: tuple[IdKind, ...] = get_args(IdKind)
KIND_WORDS = {"symbol": "symbol", "ensembl": "Ensembl id", "entrez": "Entrez id", "uniprot": "UniProt accession"} | {
    "hgnc": "HGNC id"
}
MAX_SUGGESTIONS = 5  # the nearest of 44,000 symbols takes difflib 0.1 s

_ENSEMBL = re.compile(r"(ENS(?:[A-Z]{3,6})?G\d{11})(\.\d+)?(_PAR_Y)?", re.IGNORECASE)
_ENSEMBL_OTHER = re.compile(r"ENS[A-Z]*([TPE])\d{11}(\.\d+)?")
_ENTREZ = re.compile(r"(?:(?:entrez|ncbigene|geneid|entrezgene):)?(\d{1,10})", re.IGNORECASE)
_LOC = re.compile(r"LOC(\d{1,10})")
_ENTREZ_AS_FLOAT = re.compile(r"(\d{1,10})\.0+")
_ACCESSION = r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z0-9]{2}\d){1,2}"
_UNIPROT = re.compile(rf"(?:(?:sp|tr)\||UniProt(?:KB)?:)?({_ACCESSION})(-\d+)?(?:\|.*)?")
_HGNC = re.compile(r"(?:HGNC:)(\d+)", re.IGNORECASE)
_CAPITAL_ORF = re.compile(r"C[0-9XY]+ORF[0-9]+[A-Z]?")


@dataclass(frozen=True)
class _Match:
    """Genes that an identifier may mean, and what it was recognised as."""

    genes: tuple[GeneNames, ...]
    how: str
    retired: bool = False
    note: str = ""


class IdentifierTable:
    """Genes with their names and ids, for looking names up.

    Parameters
    ----------
    genes
        Every gene once.
    withdrawn
        Entries that were given up, from HGNC's own table of them.
    source
        Where this comes from, with checksums, for reports.

    Examples
    --------
    >>> table = IdentifierTable([GeneNames("CXCL8", entrez=("3576",), previous=("IL8",))], source="by hand")
    >>> [(item.status, item.target) for item in table.map(["CXCL8", "IL8", "3576", "IL9"])]
    [('mapped', 'CXCL8'), ('retired', 'CXCL8'), ('mapped', 'CXCL8'), ('unmapped', None)]
    """

    def __init__(self, genes: Iterable[GeneNames], withdrawn: Iterable[Withdrawn] = (), *, source: str) -> None:
        self.genes = tuple(genes)
        self.source = source
        self._by_symbol = {gene.symbol: gene for gene in self.genes}
        self._by_id: dict[str, dict[str, list[GeneNames]]] = {
            kind: {} for kind in ("hgnc", "ensembl", "entrez", "uniprot", "alias", "previous")
        }
        for gene in self.genes:
            for kind, index in self._by_id.items():
                for name in gene.ids(kind):
                    index.setdefault(_bare(name, kind), []).append(gene)
        self._withdrawn: dict[str, list[Withdrawn]] = {}
        for entry in withdrawn:
            self._withdrawn.setdefault(entry.symbol, []).append(entry)
            if entry.hgnc:
                self._withdrawn.setdefault(entry.hgnc, []).append(entry)
        self._by_capitals: dict[str, str] | None = None
        self._clones: tuple[tuple[str, GeneNames], ...] | None = None

    @classmethod
    def read(cls, path: Path, withdrawn: Path | None = None) -> IdentifierTable:
        """Read HGNC's complete set (``hgnc_complete_set.txt``) or any table with a column of symbols.

        Parameters
        ----------
        withdrawn
            HGNC's ``withdrawn.txt``: which entries were merged into which.

        Raises
        ------
        KnowledgeError
            If a file is missing or damaged, with every damaged line.
        """
        genes, given_up, sha256 = read_genes(path)
        source = f"{path.name}, sha256 {sha256}"
        if withdrawn is not None:
            more, sha256 = read_withdrawn(withdrawn)
            given_up = (*given_up, *more)
            source += f"; {withdrawn.name}, sha256 {sha256}"
        return cls(genes, given_up, source=source)

    def map(self, ids: Sequence[str], to: IdKind = "symbol") -> IdMapping:
        """Look up identifiers of any kind, mixed or not.

        A name that is a gene's current symbol is that gene, even where it is an old name or an alias of another one
        (which the note then says). Names that only differ in letter case are not taken for the same: ``Tp53`` is a
        gene of the mouse. The exception are open reading frames (``C9ORF72`` is ``C9orf72``).

        Returns
        -------
        IdMapping
            One entry for each of `ids`, in their order.
        """
        if to not in ID_KINDS:
            raise ConfigError(f"to={to!r}: expected one of {', '.join(ID_KINDS)}.{did_you_mean(to, ID_KINDS)}")
        known: dict[str, MappedId] = {}
        n_suggested = 0
        for name in ids:
            if name in known:
                continue
            item = self._map_one(name, to)
            if item.status == "unmapped" and not item.note:
                hint = did_you_mean(name, self._by_symbol) if n_suggested < MAX_SUGGESTIONS else ""
                n_suggested += 1
                note = f"{shortened(name)!r} is in none of the columns of {self.source.partition(',')[0]}.{hint}"
                item = MappedId(name, "unmapped", None, "unknown", (), note)
            known[name] = item
        return IdMapping(tuple(known[name] for name in ids), to, self.source)

    def _map_one(self, given: str, to: IdKind) -> MappedId:
        name = given.strip()
        match = self._find(name)
        if match is None:
            return self._damaged(given, name) or self._unknown(given, name)
        if not match.genes:
            return MappedId(given, "retired", None, match.how, (), match.note)
        if len(match.genes) > 1:
            candidates = tuple(_one_id(gene, to) for gene in match.genes)
            note = f"{given!r} is the {match.how} of {' and of '.join(candidates)}; write the one you mean"
            return MappedId(given, "ambiguous", None, match.how, candidates, note)
        gene = match.genes[0]
        targets = gene.ids(to)
        if not targets:
            note = f"{given!r} is {gene.symbol}, which has no {KIND_WORDS[to]} in the table"
            return MappedId(given, "unmapped", None, match.how, (), note)
        if len(targets) > 1:
            note = f"{given!r} is {gene.symbol}, which has {len(targets)} {KIND_WORDS[to]}s; choose one"
            return MappedId(given, "ambiguous", None, match.how, targets, note)
        note = match.note
        if match.retired:
            note = note or f"{given!r} is a {match.how} of {gene.symbol}; write {targets[0]!r}"
        return MappedId(given, "retired" if match.retired else "mapped", targets[0], match.how, (), note)

    def _find(self, name: str) -> _Match | None:
        """Return what a name means; None if it means nothing."""
        if name in self._by_symbol:
            return self._current_symbol(name)
        by_accession = self._find_accession(name)
        if by_accession is not None:
            return by_accession
        previous = self._by_id["previous"].get(name, [])
        aliases = self._by_id["alias"].get(name, [])
        genes = tuple({id(gene): gene for gene in (*previous, *aliases)}.values())
        if genes:
            how = "previous symbol" if previous and not aliases else "alias" if not previous else "old or other name"
            if len(genes) == 1 and previous:
                how = "previous symbol"
            return _Match(genes, how, retired=how == "previous symbol")
        if name in self._withdrawn:
            return self._given_up(name)
        if _CAPITAL_ORF.fullmatch(name) and (symbol := self._capitals().get(name)):
            return _Match((self._by_symbol[symbol],), "symbol in capitals")
        return None

    def _current_symbol(self, name: str) -> _Match:
        gene = self._by_symbol[name]
        others = [other.symbol for other in self._by_id["previous"].get(name, []) if other is not gene]
        note = ""
        if others:
            note = (
                f"{name!r} is a current symbol, but was one of {' and '.join(others)} before; older data may mean that"
            )
        return _Match((gene,), "symbol", note=note)

    def _find_accession(self, name: str) -> _Match | None:
        if found := _HGNC.fullmatch(name):
            if genes := self._by_id["hgnc"].get(found[1]):
                return _Match(tuple(genes), "HGNC id")
            return self._given_up(f"HGNC:{found[1]}") if f"HGNC:{found[1]}" in self._withdrawn else None
        if found := _ENSEMBL.fullmatch(name):
            how = "Ensembl id without its version" if found[2] or found[3] else "Ensembl id"
            genes = self._by_id["ensembl"].get(found[1].upper(), [])
            return _Match(tuple(genes), how) if genes else None
        for pattern, kind, how in (
            (_ENTREZ, "entrez", "Entrez id"),
            (_LOC, "entrez", "Entrez id in a LOC name"),
            (_UNIPROT, "uniprot", "UniProt accession"),
        ):
            if (found := pattern.fullmatch(name)) and (genes := self._by_id[kind].get(found[1])):
                is_isoform = kind == "uniprot" and found[2] is not None
                return _Match(tuple(genes), "UniProt isoform" if is_isoform else how)
        return None

    def _given_up(self, name: str) -> _Match:
        """Return what a withdrawn entry became, over as many mergers as there were."""
        successors: dict[str, None] = {}
        waiting, seen = [name], {name}
        while waiting:
            for entry in self._withdrawn.get(waiting.pop(), []):
                for symbol in entry.successors:
                    if symbol in self._by_symbol:
                        successors[symbol] = None
                    elif symbol not in seen:
                        seen.add(symbol)
                        waiting.append(symbol)
        genes = tuple(self._by_symbol[symbol] for symbol in successors)
        note = "" if genes else f"{name!r} was withdrawn and nothing took its place; leave it out"
        return _Match(genes, "withdrawn entry", retired=True, note=note)

    def _damaged(self, given: str, name: str) -> MappedId | None:
        if (found := _ENTREZ_AS_FLOAT.fullmatch(name)) and (genes := self._by_id["entrez"].get(found[1])):
            symbols = tuple(gene.symbol for gene in genes)
            note = f"{given!r} is the Entrez id {found[1]} ({symbols[0]}) made a number; read the column as text"
            return MappedId(given, "damaged", None, "number", symbols, note)
        before = symbols_before_damage(name)
        in_words = damaged_symbol(name)
        clone = damaged_clone(name)
        if not before and in_words is None and clone is None:
            return None
        likely: dict[str, str] = {}
        for old in before:
            for gene in self._find_names(old):
                likely.setdefault(gene.symbol, old)
        if clone is not None:
            likely |= {gene.symbol: text for text, gene in self._clone_names() if clone.fullmatch(text)}
        if not likely and clone is None and name.partition(".")[0].isdigit():
            return None  # a number that fits no symbol is some id, not a date
        if not likely:
            words = in_words or f"{given!r} is a date or number that a spreadsheet made of an identifier"
            return MappedId(given, "damaged", None, "spreadsheet", (), f"{words}; no gene of the table fits")
        was = " or ".join(symbol if symbol == old else f"{old} (now {symbol})" for symbol, old in likely.items())
        if name.isdigit():
            note = f"{given!r} is no id of the table; as a spreadsheet's number for a date it would be {was}"
            return MappedId(given, "unmapped", None, "unknown", tuple(likely), note)
        what = "date" if before else "number"
        note = f"{given!r} is a {what} that a spreadsheet made of {was}; write the symbol and import columns as text"
        return MappedId(given, "damaged", None, "spreadsheet", tuple(likely), note)

    def _find_names(self, name: str) -> tuple[GeneNames, ...]:
        """Return every gene that has a name, as symbol, previous symbol or alias."""
        current = [self._by_symbol[name]] if name in self._by_symbol else []
        return tuple(
            {
                id(gene): gene
                for gene in (*current, *self._by_id["previous"].get(name, []), *self._by_id["alias"].get(name, []))
            }.values()
        )

    def _unknown(self, given: str, name: str) -> MappedId:
        """Say what an unknown name looks like; without a note where it looks like nothing."""
        note = ""
        if found := _ENSEMBL_OTHER.fullmatch(name):
            what = {"T": "transcript", "P": "protein", "E": "exon"}[found[1]]
            note = f"{given!r} is the Ensembl id of a {what}, not of a gene; sum or map to genes before"
        elif found := _ENSEMBL.fullmatch(name):
            other = f" (of another species: {found[1][:-11]})" if not found[1].upper().startswith("ENSG") else ""
            note = f"{given!r} is an Ensembl id{other} that the table does not have; is the species right?"
        elif symbol := self._capitals().get(name.upper()):
            note = (
                f"{given!r} differs in letter case from {symbol!r}: if it is a gene of another species, lift by "
                f"orthologs; if not, write {symbol!r}"
            )
        elif not name:
            note = "an id is empty; delete it"
        return MappedId(given, "unmapped", None, "unknown", (), note)

    def _capitals(self) -> dict[str, str]:
        if self._by_capitals is None:
            self._by_capitals = {gene.symbol.upper(): gene.symbol for gene in reversed(self.genes)}
        return self._by_capitals

    def _clone_names(self) -> tuple[tuple[str, GeneNames], ...]:
        """Return all names that a spreadsheet would take for a number: digits, E, digits."""
        if self._clones is None:
            looks = re.compile(r"\d+E\d+(?:RIK)?", re.IGNORECASE)
            self._clones = tuple(
                (name, gene)
                for gene in self.genes
                for name in (gene.symbol, *gene.alias, *gene.previous)
                if looks.fullmatch(name)
            )
        return self._clones


def _bare(name: str, kind: str) -> str:
    """Return an id as it is looked up."""
    if kind == "hgnc":
        return name.rpartition(":")[2]
    return name.upper() if kind == "ensembl" else name


def _one_id(gene: GeneNames, to: IdKind) -> str:
    """Return how to name a gene among candidates: by its one id of the kind asked for, else by its symbol."""
    ids = gene.ids(to)
    return ids[0] if len(ids) == 1 else gene.symbol
