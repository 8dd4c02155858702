"""Which genes a term is annotated with: GAF, gene2go and plain association tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hypomask.errors import KnowledgeError, Problem, did_you_mean, raise_problems, shortened
from hypomask.knowledge.annotation_rows import AnnotationRow, rows_of
from hypomask.knowledge.line_stream import LineStream
from hypomask.knowledge.term_links import IntArray
from hypomask.knowledge.terms import Terms
from hypomask.knowledge.terms_builder import damaged_gene_notes

__all__ = ["EVIDENCE_CODES", "AnnotationFilter", "Annotations", "annotate", "read_annotations"]

EVIDENCE_CODES = frozenset(
    (
        *("EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "HTP", "HDA", "HMP", "HGI", "HEP"),  # experiments
        *("IBA", "IBD", "IKR", "IRD", "ISS", "ISO", "ISA", "ISM", "IGC", "RCA"),  # phylogeny, sequence, computation
        *("TAS", "NAS", "IC", "ND", "IEA"),  # statements, none, and electronic ones
    )
)
"""Codes of the Gene Ontology, see https://geneontology.org/docs/guide-go-evidence-codes/"""

ASPECTS = {
    "biological_process": "P",
    "molecular_function": "F",
    "cellular_component": "C",
    "process": "P",
    "function": "F",
    "component": "C",
}
MAX_UNKNOWN_SHARE = 0.5
MAX_PROBLEMS = 1_000  # a file of another kind is wrong in every line
MAX_LISTED = 5


@dataclass(frozen=True)
class AnnotationFilter:
    """Which annotations count.

    Parameters
    ----------
    evidence
        Only these evidence codes; empty: all but `without_evidence`. E.g. ``("EXP", "IDA", "IMP")``.
    without_evidence
        Not these, e.g. ``("IEA",)`` for no electronic ones. ``ND`` (no data) never counts.
    aspect
        ``P``, ``F`` or ``C``, or the namespace's name; empty: all.
    taxon
        NCBI taxonomy number, e.g. 9606; None: all that the file holds. gene2go holds thousands.
    until
        Only annotations made up to this day, ``YYYYMMDD``, as they were at an earlier time; empty: all.
    genes
        What names a gene: its ``symbol`` or its database ``id`` (UniProt accession, Entrez number). Where a file has
        only one of them, that one.
    """

    evidence: tuple[str, ...] = ()
    without_evidence: tuple[str, ...] = ()
    aspect: str = ""
    taxon: int | None = None
    until: str = ""
    genes: str = "symbol"

    def __post_init__(self) -> None:
        """Refuse codes that no annotation has."""
        for code in (*self.evidence, *self.without_evidence):
            if code not in EVIDENCE_CODES:
                hint = did_you_mean(code, EVIDENCE_CODES)
                raise KnowledgeError(
                    f"evidence code {code!r} does not exist; expected some of IDA, IMP, IEA, ...{hint}"
                )
        if self.aspect and self.aspect_letter not in ("P", "F", "C"):
            raise KnowledgeError(
                f"aspect {self.aspect!r}: expected P, F or C, or one of {', '.join(list(ASPECTS)[:3])}"
            )
        if self.until and not (len(self.until) == 8 and self.until.isdigit()):
            raise KnowledgeError(f"until {self.until!r}: expected a day as YYYYMMDD, e.g. 20240630")
        if self.genes not in ("symbol", "id"):
            raise KnowledgeError(f"genes {self.genes!r}: expected 'symbol' or 'id'")

    @property
    def aspect_letter(self) -> str:
        """``P``, ``F``, ``C``, or empty."""
        return ASPECTS.get(self.aspect, self.aspect)

    def refusal(self, row: AnnotationRow) -> str:
        """Return why an annotation does not count, in words that follow a count, or nothing if it does."""
        if row.negated:
            return "with the qualifier NOT"
        if row.evidence == "ND":
            return "with evidence code ND (no data)"
        if self.evidence and row.evidence not in self.evidence:
            return f"with evidence other than {', '.join(self.evidence)}"
        if row.evidence in self.without_evidence:
            return f"with evidence code {row.evidence}"
        if self.aspect and row.aspect and row.aspect != self.aspect_letter:
            return f"of another aspect than {self.aspect}"
        if self.taxon is not None and row.taxon and row.taxon != str(self.taxon):
            return f"of another taxon than {self.taxon}"
        if self.until and row.date > self.until:
            return f"made after {self.until}"
        return ""


@dataclass(frozen=True, eq=False)
class Annotations:
    """Pairs of a term's id and a gene, as a file states them, without repeats.

    Parameters
    ----------
    term_ids, genes
        Names for the pairs' numbers.
    term, gene
        (A,) each: gene number ``gene[i]`` is annotated with term number ``term[i]``.
    """

    term_ids: tuple[str, ...]
    genes: tuple[str, ...]
    term: IntArray
    gene: IntArray
    provenance: str
    notes: tuple[str, ...]


def read_annotations(path: Path, chosen: AnnotationFilter | None = None) -> Annotations:
    """Read annotations, gzipped or not; the format is told by the first lines.

    GAF 2.x (begins with ``!``), gene2go (begins with ``#tax_id``), tables ``gene<TAB>GO:1;GO:2`` and two-column tables
    of gene and term in either order.

    Raises
    ------
    KnowledgeError
        With every damaged line; or if the file cannot be read, or no annotation is left.
    """
    chosen = chosen or AnnotationFilter()
    stream = LineStream(path)
    problems: list[Problem] = []
    left_out: Counter[str] = Counter()
    term_numbers: dict[str, int] = {}
    gene_numbers: dict[str, int] = {}
    pairs: list[int] = []
    # A file of a million rows has some hundred kinds of them; asking once for each kind halves the time.
    verdicts: dict[tuple[object, ...], str] = {}
    n_rows = 0
    for row in _sound_rows(stream, chosen, problems):
        n_rows += 1
        kind = row[2:] if chosen.until else row[2:6]
        reason = verdicts.get(kind)
        if reason is None:
            reason = verdicts[kind] = chosen.refusal(row)
        if reason:
            left_out[reason] += 1
            continue
        term = term_numbers.setdefault(row[0], len(term_numbers))
        gene = gene_numbers.setdefault(row[1], len(gene_numbers))
        pairs.append(term << 32 | gene)
    raise_problems(problems, KnowledgeError)
    if not pairs:
        why = f": {_listed(left_out)}" if left_out else ""
        message = f"none of {n_rows:,} annotations is left{why}. Is it the right file, and the right choice?"
        raise KnowledgeError(str(Problem(message, str(path))))
    keys = np.unique(np.array(pairs, dtype=np.int64))
    return Annotations(
        term_ids=tuple(term_numbers),
        genes=tuple(gene_numbers),
        term=(keys >> 32).astype(np.int32),
        gene=(keys & 0xFFFFFFFF).astype(np.int32),
        provenance=f"annotations {stream.provenance}",
        notes=(
            f"{n_rows:,} annotation rows, {len(keys):,} different pairs of term and gene kept",
            *(f"{count:,} annotations {reason} left out" for reason, count in left_out.most_common()),
            *damaged_gene_notes(tuple(gene_numbers)),
        ),
    )


def _sound_rows(stream: LineStream, chosen: AnnotationFilter, problems: list[Problem]) -> Iterator[AnnotationRow]:
    for line, row in rows_of(stream, by_symbol=chosen.genes == "symbol", taxon=chosen.taxon):
        if isinstance(row, AnnotationRow):
            yield row
            continue
        problems.append(Problem(row, str(stream.path), line))
        if len(problems) >= MAX_PROBLEMS:
            return


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common(MAX_LISTED))


def annotate(terms: Terms, annotations: Annotations) -> Terms:
    """Return `terms` with these annotations. Nothing is propagated here; `Terms.genes_of` does it when asked.

    Former ids count for the term they were merged into, obsolete terms for the one term that replaced them if there
    is one; how many, and how many annotations name no term, is in `notes`.

    Raises
    ------
    KnowledgeError
        More than half of the annotations name no term: they belong to another ontology.
    """
    target = np.full(len(annotations.term_ids), -1, dtype=np.int32)
    how = np.zeros(len(annotations.term_ids), dtype=np.int8)
    for number, term in enumerate(annotations.term_ids):
        place, how[number] = _current(terms, term)
        target[number] = place
    per_pair = how[annotations.term]
    unknown = per_pair == _UNKNOWN
    if unknown.mean() > MAX_UNKNOWN_SHARE:
        example = next(term for term, kind in zip(annotations.term_ids, how, strict=True) if kind == _UNKNOWN)
        raise KnowledgeError(
            f"{int(unknown.sum()):,} of {len(unknown):,} annotations ({annotations.provenance}) name terms that "
            f"{terms.source} does not hold, e.g. {shortened(example)!r}; do the two files belong together?"
        )
    notes = [
        f"{int((per_pair == kind).sum()):,} annotations {words}"
        for kind, words in _WORDS.items()
        if (per_pair == kind).any()
    ]
    kept = target[annotations.term] >= 0
    annotated = terms.with_annotations(annotations.genes, target[annotations.term][kept], annotations.gene[kept])
    return annotated.with_account([annotations.provenance], [*annotations.notes, *notes])


_FOUND, _FORMER, _REPLACED, _OBSOLETE, _UNKNOWN = range(5)
_WORDS = {
    _FORMER: "with a former id of a term counted for the term",
    _REPLACED: "with an obsolete term counted for the one that replaced it",
    _OBSOLETE: "with an obsolete term left out",
    _UNKNOWN: "with a term that the ontology does not hold left out",
}


def _current(terms: Terms, term: str) -> tuple[int, int]:
    """Return the position of the term that an annotation's id stands for, -1 for none, and how it was found."""
    if term in terms:
        return terms.index(term), _FOUND
    if term in terms.alt_ids:
        return terms.index(terms.alt_ids[term]), _FORMER
    gone = terms.obsolete.get(term)
    if gone is None:
        return -1, _UNKNOWN
    heirs = [heir for heir in gone.replaced_by if heir in terms]
    return (terms.index(heirs[0]), _REPLACED) if len(heirs) == 1 else (-1, _OBSOLETE)
