"""Write the double knockouts of 162 DNA repair genes as a cohort, and GO's topology of them as hypotheses.

    python benchmarks/yeast_dna_repair/make_study.py

A sample is a strain: every gene is present (1) but the two that it lacks (0). What is explained is the interaction
score of the pair. Hypotheses, chosen before the first run: two genes may interact that share a GO term (the root, DNA
repair, is shared by all and left out), as cliques; and the same terms as DCell has them, level by level.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from hypomask.hypothesis.document import dump_hypotheses
from hypomask.knowledge.ontology_tables import read_ontology_table
from hypomask.knowledge.terms import Terms

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data" / "yeast_dna_repair"
FOLDER = HERE / "prepared"
ROOT = "GO:0006281"


def pairs(which: str) -> pd.DataFrame:
    """Return ``gene_a``, ``gene_b`` and ``interaction`` of the ``training`` or the ``testing`` pairs."""
    return pd.read_csv(DATA / f"double_knockouts_{which}.tsv", sep="\t")


def topology() -> Terms:
    """Return the terms; DCell's file calls a relation between terms 'term' where the reader knows 'default'."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write((DATA / "go_topology.tsv").read_text(encoding="utf-8").replace("\tterm\n", "\tdefault\n"))
        file.flush()
        return read_ontology_table(Path(file.name))


def presence(table: pd.DataFrame, genes: list[str]) -> pd.DataFrame:
    """Return one row per pair, one column per gene: 0 where the strain lacks it."""
    place = {gene: i for i, gene in enumerate(genes)}
    values = np.ones((len(table), len(genes)), dtype=np.int8)
    for column in ("gene_a", "gene_b"):
        values[np.arange(len(table)), table[column].map(place)] = 0
    strains = [f"{a}+{b}" for a, b in zip(table["gene_a"], table["gene_b"], strict=True)]
    return pd.DataFrame(values, index=pd.Index(strains, name="strain"), columns=genes)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    terms, training = topology(), pairs("training")
    below_root = terms.subset(term for term in terms.branch(ROOT) if term != ROOT)
    hypotheses = [
        below_root.as_hypothesis(expansion="clique", name="go-terms"),
        terms.as_hypothesis(expansion="hierarchy", name="go-hierarchy"),
    ]
    strains = presence(training, sorted(terms.genes))
    strains.to_csv(FOLDER / "presence.tsv.gz", sep="\t")
    samples = pd.DataFrame({"strain": strains.index, "interaction": training["interaction"]})
    samples.to_csv(FOLDER / "interactions.tsv", sep="\t", index=False)
    for hypothesis in hypotheses:
        path = FOLDER / f"{hypothesis.name}.yaml"
        path.write_text(dump_hypotheses([hypothesis]), encoding="utf-8")
    print(f"{FOLDER}: {len(strains):,} strains, {len(terms.genes)} genes, {len(below_root)} terms below the root")


if __name__ == "__main__":
    main()
