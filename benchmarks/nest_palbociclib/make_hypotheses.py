"""Write the branch of the NeST hierarchy that holds palbociclib's mechanism as two hypotheses of the same genes.

    python benchmarks/nest_palbociclib/make_hypotheses.py

NEST:15 with the 20 assemblies inside it: 128 of 718 genes, among them CDK4, CDK6, RB1, the D-type cyclins and CDKN2A.
Chosen by its genes, before the first run. The whole hierarchy is nested 8 deep and costs some twenty times as much.
"""

from __future__ import annotations

from pathlib import Path

from hypomask.hypothesis.document import dump_hypotheses
from hypomask.knowledge.ontology_tables import read_ontology_table

HERE = Path(__file__).resolve().parent
TABLE = HERE.parents[2] / "shared" / "data" / "cell_lines" / "nest_ontology.tsv"
BRANCH = "NEST:15"


def main() -> None:
    nest = read_ontology_table(TABLE)
    branch = nest.subset(nest.branch(BRANCH))
    hypotheses = [
        # A token of its own for each assembly, which its genes read and which reads its genes.
        branch.as_hypothesis(expansion="star", name="nest-star"),
        # As NeST-VNN has it: assemblies read the assemblies inside them, level by level.
        branch.as_hypothesis(expansion="hierarchy", name="nest-hierarchy"),
    ]
    path = HERE / "hypotheses.yaml"
    path.write_text(dump_hypotheses(hypotheses), encoding="utf-8")
    print(f"{path}: {len(branch)} assemblies, {len(branch.genes)} genes")


if __name__ == "__main__":
    main()
