"""Write the cells of Sachs et al. 2005 that no inhibitor was given to.

    python benchmarks/sachs_inhibitors/make_study.py

Stimulated by CD3 and CD28, or by these and ICAM-2: what models are trained on. The cells with inhibitors are looked at
by predict.py alone.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
CELLS = HERE.parents[2] / "shared" / "data" / "sachs" / "cells.tsv.gz"
FOLDER = HERE / "prepared"
UNPERTURBED = ("cd3_cd28", "cd3_cd28+icam2")
PROTEINS = ("raf", "mek", "plc", "pip2", "pip3", "erk", "akt", "pka", "pkc", "p38", "jnk")


def cells() -> pd.DataFrame:
    """Return all cells: a column per protein, and ``condition``."""
    return pd.read_csv(CELLS, sep="\t", index_col="cell")[[*PROTEINS, "condition"]]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    table = cells()
    table = table[table["condition"].isin(UNPERTURBED)]
    table.to_csv(FOLDER / "unperturbed.tsv.gz", sep="\t")
    print(f"{FOLDER}: {len(table):,} cells")


if __name__ == "__main__":
    main()
