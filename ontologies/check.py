"""Compare `pathways.obo` and `pathways.tsv` with a real release of the Gene Ontology.

    python ontologies/check.py --obo go-basic.obo --annotations goa_human.gaf.gz
    python ontologies/check.py --table go_bp_hierarchy_drugcell.tsv.gz
    python ontologies/check.py            # whatever lies in ../shared/data/knowledge

Faults, for which it exits with 1: an id that the release does not have (whole releases only), another name, a link
that no path of the release leads along. Told, and no fault: links that a table lacks (DrugCell's leaves out terms, and
with them some paths), and genes that a release annotates otherwise (ours are from textbooks; releases differ).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from hypomask.knowledge.annotations import AnnotationFilter
from hypomask.knowledge.term_links import PROPAGATING
from hypomask.knowledge.term_sources import read_terms
from hypomask.knowledge.terms import Terms

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared" / "data" / "knowledge"
WHOLE_RELEASE = 30_000  # terms; less is a slim or a part
REGULATION = ("regulates", "positively_regulates", "negatively_regulates")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--obo", type=Path, action="append", default=[], help="a release or slim of the Gene Ontology")
    parser.add_argument("--annotations", type=Path, help="GAF or gene2go for the first --obo")
    parser.add_argument("--table", type=Path, action="append", default=[], help="a hierarchy: parent, child, type")
    options = parser.parse_args()
    if not options.obo and not options.table:
        options.obo = [path for path in (SHARED / "goslim_generic.obo",) if path.exists()]
        options.table = [path for path in (SHARED / "go_bp_hierarchy_drugcell.tsv.gz",) if path.exists()]
    ours = read_terms(HERE / "pathways.obo", annotations=HERE / "pathways.tsv")
    print(f"{ours.source}: {len(ours)} terms, {len(ours.links)} links, {len(ours.genes)} genes")
    faults = []
    for number, path in enumerate(options.obo):
        annotations = options.annotations if number == 0 else None
        release = read_terms(path, annotations=annotations, chosen=AnnotationFilter(taxon=9606))
        faults += [*check_names(ours, release, path), *check_links(ours, release, named=True)]
        compare_genes(ours, release)
    for path in options.table:
        release = read_terms(path)
        print(*(f"  {gap}" for gap in check_links(ours, release, named=False)), sep="\n")
        compare_genes(ours, release)
    print(*(f"fault: {fault}" for fault in faults), sep="\n", end="\n" if faults else "")
    print(f"{len(faults)} faults in {len(options.obo) + len(options.table)} releases")
    return 1 if faults else 0


def check_names(ours: Terms, release: Terms, path: Path) -> Iterator[str]:
    """Yield ids that are not there and names that are others. A name that was or became a synonym is the same."""
    own_synonyms, their_synonyms = synonyms_of(HERE / "pathways.obo"), synonyms_of(path)
    shared = [term for term in ours.ids if term in release]
    print(f"{release.source}: {len(shared)} of our terms are among its {len(release):,}")
    if len(release) >= WHOLE_RELEASE:
        yield from (
            f"{term} ({ours.name_of(term)}) is not in {release.source}" for term in ours.ids if term not in release
        )
    for term in shared:
        own = {ours.name_of(term), *own_synonyms.get(term, ())}
        theirs = {release.name_of(term), *their_synonyms.get(term, ())}
        if not own & theirs:
            yield f"{term} is {ours.name_of(term)!r} here and {release.name_of(term)!r} in {release.source}"


def synonyms_of(path: Path) -> dict[str, list[str]]:
    """Return exact synonyms by term."""
    found: dict[str, list[str]] = {}
    term = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("id: "):
            term = line[4:].strip()
        elif synonym := re.match(r'synonym: "(.*)" EXACT', line):
            found.setdefault(term, []).append(synonym[1])
    return found


def check_links(ours: Terms, release: Terms, *, named: bool) -> Iterator[str]:
    """Yield links between terms of the release that no path of it leads along, with relations where it names them."""
    n_checked = n_wrong = 0
    for relation in ours.relations:
        if relation in REGULATION and not named:
            continue
        along = (relation,) if relation == "is_a" else PROPAGATING
        along = (*PROPAGATING, *REGULATION) if relation in REGULATION else along
        for child in ours.ids:
            if child not in release:
                continue
            above = set(release.ancestors(child, along if named else PROPAGATING))
            for parent in ours.parents(child, (relation,)):
                if parent in release:
                    n_checked += 1
                    if parent not in above:
                        n_wrong += 1
                        yield f"{child} ({ours.name_of(child)}) {relation} {parent}: no such path in {release.source}"
    print(f"{release.source}: has {n_checked - n_wrong} of our {n_checked} links between its terms")


def compare_genes(ours: Terms, release: Terms) -> None:
    """Say how many of our annotations the release has, those of descendants included, and which not."""
    if not release.genes:
        return
    known = set(release.genes)
    pairs = [
        (term, gene)
        for term in ours.ids
        if term in release
        for gene in ours.genes_of(term, descendants=False)
        if gene in known
    ]
    genes_of = {term: set(release.genes_of(term)) for term in {term for term, _ in pairs}}
    missing = [f"{gene} {term}" for term, gene in pairs if gene not in genes_of[term]]
    print(f"{release.source}: has {len(pairs) - len(missing)} of our {len(pairs)} annotations of its genes and terms")
    if missing:
        print(f"  not there: {', '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
