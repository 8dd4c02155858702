"""Put the three layers of ROSMAP side by side in one table, and write which layer each feature is of.

    python benchmarks/rosmap/prepare.py

The features carry no gene names (Ensembl ids, CpG sites and miRNAs), so what competes is layers of measurement.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data" / "rosmap"
LAYERS = ("mrna", "methylation", "mirna")


def main() -> None:
    tables = {layer: pd.read_csv(DATA / f"{layer}.tsv.gz", sep="\t", index_col="sample") for layer in LAYERS}
    together = pd.concat(tables.values(), axis=1)
    together.to_parquet(HERE / "features.parquet")
    sets = {layer: list(table.columns) for layer, table in tables.items()}
    for left, right in ((0, 1), (0, 2), (1, 2)):
        a, b = LAYERS[left], LAYERS[right]
        sets[f"{a}-and-{b}"] = sets[a] + sets[b]
    lines = ["\t".join([name, "", *features]) for name, features in sets.items()]
    (HERE / "layers.gmt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(together)} people, {together.shape[1]} features, {len(sets)} hypotheses")


if __name__ == "__main__":
    main()
