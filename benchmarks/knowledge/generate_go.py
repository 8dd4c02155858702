"""Write an OBO file and a GAF file of the size and shape of the whole Gene Ontology for man, with made-up content.

python benchmarks/knowledge/generate_go.py FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

N_TERMS = 48_000
N_IS_A = 64_000
N_PART_OF = 7_000
N_REGULATES = 9_000
N_OBSOLETE = 7_500
N_ALT_IDS = 2_400
N_GENES = 19_500
N_ANNOTATIONS = 620_000
NAMESPACES = (("biological_process", "P", 0.62), ("molecular_function", "F", 0.27), ("cellular_component", "C", 0.11))
EVIDENCE = ("IEA", "IDA", "IPI", "IMP", "ISS", "TAS", "IBA", "HDA", "NAS", "ND")
WORDS = (
    *("regulation", "signaling", "pathway", "response", "cellular", "membrane", "transport", "binding", "activity"),
    *("complex", "assembly", "process", "kinase", "receptor", "protein", "DNA", "repair", "damage", "mitotic"),
    *("nuclear", "cell", "migration", "differentiation", "development", "positive", "negative"),
)


def write_go(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write ``go.obo`` and ``go.gaf``; the same bytes for the same seed."""
    rng = np.random.default_rng(seed)
    ids = [f"GO:{number:07d}" for number in rng.choice(9_999_999, N_TERMS + N_OBSOLETE + N_ALT_IDS, replace=False)]
    terms, gone, former = ids[:N_TERMS], ids[N_TERMS : N_TERMS + N_OBSOLETE], ids[N_TERMS + N_OBSOLETE :]
    bounds = [*np.cumsum([0, *(round(share * N_TERMS) for _, _, share in NAMESPACES[:-1])]).tolist(), N_TERMS]
    of_term = np.searchsorted(bounds, np.arange(N_TERMS), side="right") - 1

    links = _links(rng, bounds, of_term)
    obo, gaf = folder / "go.obo", folder / "go.gaf"
    obo.write_text(_obo(rng, terms, gone, former, of_term, links), encoding="utf-8")
    gaf.write_text(_gaf(rng, terms, of_term), encoding="utf-8")
    return obo, gaf


def _links(rng: np.random.Generator, bounds: list[int], of_term: np.ndarray) -> list[dict[str, list[int]]]:
    """Parents of each term by relation. Parents have lower numbers, so there are no circles; most are recent."""

    def parent(child: int) -> int:
        start = bounds[of_term[child]]
        return start + int((child - start) * rng.beta(1.4, 2.0))

    links: list[dict[str, list[int]]] = [{} for _ in range(N_TERMS)]
    children = [i for i in range(N_TERMS) if i not in bounds]
    for child in children:
        links[child]["is_a"] = [parent(child)]
    for relation, wanted in (("is_a", N_IS_A - len(children)), ("part_of", N_PART_OF), ("regulates", N_REGULATES)):
        made = 0
        while made < wanted:
            child = int(rng.integers(1, N_TERMS))
            other = parent(child)
            known = links[child].setdefault(relation, [])
            if child not in bounds and other != child and other not in known:
                known.append(other)
                made += 1
    return links


def _obo(
    rng: np.random.Generator,
    terms: list[str],
    gone: list[str],
    former: list[str],
    of_term: np.ndarray,
    links: list[dict[str, list[int]]],
) -> str:
    names = [f"{' '.join(rng.choice(WORDS, 4))} {i}" for i in range(len(terms))]
    for root, (namespace, _, _) in zip(np.unique(of_term, return_index=True)[1], NAMESPACES, strict=True):
        names[root] = namespace
    alt_ids: dict[int, list[str]] = {}
    for old in former:
        alt_ids.setdefault(int(rng.integers(len(terms))), []).append(old)
    flavours = ("regulates", "positively_regulates", "negatively_regulates")
    lines = ["format-version: 1.2", "data-version: releases/2026-06-15", "ontology: go", ""]
    for i, term in enumerate(terms):
        lines += ["[Term]", f"id: {term}", f"name: {names[i]}", f"namespace: {NAMESPACES[of_term[i]][0]}"]
        lines += [f"alt_id: {old}" for old in alt_ids.get(i, ())]
        lines.append(f'def: "Any process that {" ".join(rng.choice(WORDS, 28))}." [GOC:made_up, PMID:{10_000_000 + i}]')
        lines += [f'synonym: "{" ".join(rng.choice(WORDS, 4))}" EXACT []' for _ in range(2)]
        for relation, parents in links[i].items():
            for number, other in enumerate(parents):
                if relation == "is_a":
                    lines.append(f"is_a: {terms[other]} ! {names[other]}")
                else:
                    named = flavours[(i + number) % 3] if relation == "regulates" else relation
                    lines.append(f"relationship: {named} {terms[other]} ! {names[other]}")
        lines.append("")
    for term in gone:
        lines += ["[Term]", f"id: {term}", f"name: obsolete {' '.join(rng.choice(WORDS, 4))}"]
        lines += ["namespace: biological_process", "is_obsolete: true"]
        lines += [f"{rng.choice(['replaced_by', 'consider'])}: {rng.choice(terms)}", ""]
    lines += ["[Typedef]", "id: part_of", "name: part of", "is_transitive: true", ""]
    lines += ["[Typedef]", "id: regulates", "name: regulates", ""]
    return "\n".join(lines)


def _gaf(rng: np.random.Generator, terms: list[str], of_term: np.ndarray) -> str:
    """Genes are annotated unevenly, as in life: the busiest of 19,500 has hundreds of rows."""
    gene_share = rng.pareto(1.6, N_GENES) + 0.2
    term_share = rng.pareto(1.1, len(terms)) + 0.05
    genes = rng.choice(N_GENES, N_ANNOTATIONS, p=gene_share / gene_share.sum())
    chosen = rng.choice(len(terms), N_ANNOTATIONS, p=term_share / term_share.sum())
    codes = rng.choice(EVIDENCE, N_ANNOTATIONS, p=[0.3, 0.12, 0.2, 0.1, 0.08, 0.08, 0.08, 0.02, 0.01, 0.01])
    denied = rng.random(N_ANNOTATIONS) < 0.003
    lines = ["!gaf-version: 2.2", "!date-generated: 2026-06-16T07:07", "!generated-by: GOC"]
    for gene, term, code, no in zip(genes.tolist(), chosen.tolist(), codes.tolist(), denied.tolist(), strict=True):
        qualifier = "NOT|involved_in" if no else "involved_in"
        aspect = NAMESPACES[of_term[term]][1]
        product = f"Made-up protein {gene}\tGENE{gene}|ALIAS{gene}\tprotein"
        what = f"GENE{gene}\t{qualifier}\t{terms[term]}\tPMID:{20_000_000 + gene}\t{code}\t\t{aspect}"
        lines.append(f"UniProtKB\tP{gene:05d}\t{what}\t{product}\ttaxon:9606\t20260601\tUniProt\t\t")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    print(*write_go(folder), sep="\n")
