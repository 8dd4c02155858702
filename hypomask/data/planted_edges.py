"""Which pairs of genes interact in a simulated cohort."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Hypothesis

__all__ = ["planted_edges"]

MAX_PAIRS = 2_000_000


def planted_edges(hypothesis: Hypothesis) -> pd.DataFrame:
    """Return one row per unordered pair of genes that an edge, or a group with an expansion, connects.

    A pair connected more than once is planted once, as it was first named; loops are left out.

    Returns
    -------
    pandas.DataFrame
        ``source``, ``target``, ``relation``, ``sign``, and ``source_index``, ``target_index`` into `hypothesis.genes`.
    """
    index = {gene: i for i, gene in enumerate(hypothesis.genes)}
    rows: dict[tuple[int, int], tuple[str, str, str, int]] = {}

    def add(source: str, target: str, relation: str, sign: int) -> None:
        i, j = index[source], index[target]
        if i != j:
            rows.setdefault((min(i, j), max(i, j)), (source, target, relation, sign))
        if len(rows) > MAX_PAIRS:
            raise ConfigError(f"{hypothesis.name}: more than {MAX_PAIRS:,} pairs of genes to plant; use smaller groups")

    for edge in hypothesis.edges:
        add(edge.source, edge.target, edge.relation, edge.sign)
    for group in hypothesis.groups:
        if group.expansion != "none":
            for source, target in combinations(group.members, 2):
                add(source, target, group.name, 0)
    frame = pd.DataFrame(list(rows.values()), columns=["source", "target", "relation", "sign"])
    return frame.assign(
        source_index=[index[source] for source in frame["source"]],
        target_index=[index[target] for target in frame["target"]],
    ).astype({"sign": "int64", "source_index": "int64", "target_index": "int64"})
