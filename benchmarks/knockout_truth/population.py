"""Populations whose knockouts are known: what cohorts are drawn from, and what knockouts truly do in them.

    y = sum_g b_g x_g + sum_edges w_ij x_i x_j + noise

18 genes in modules of three that are correlated by 0.4 within, so that products along edges within a module have a mean
other than 0 and mean effects have a part that goes through the mask. A knockout takes the gene to `LEVEL` in its own
term and its products away; a silenced gene (dose 0, edges kept) is at `LEVEL` in both::

    knockout_g(x) = b_g (LEVEL - x_g) - sum_{edges of g} w x_g x_j
    silenced_g(x) = b_g (LEVEL - x_g) + sum_{edges of g} w (LEVEL - x_g) x_j
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.seeds import derive_seed
from hypomask.hypothesis.graph import Edge, Hypothesis

Float = npt.NDArray[np.float64]

GENES = tuple(f"g{i:02d}" for i in range(18))
MODULE, CORRELATION, LEVEL = 3, 0.4, -2.0
MAIN_R2, EDGES_R2 = 0.3, 0.3

# Genes 0 to 10 may matter. 11 is in a module with two that do, and has no edge; the next three have edges in the
# hypothesis and none in the truth; the last three have nothing at all.
CAUSAL, BESIDE_CAUSAL, EDGES_OF_NOTHING, ALONE = range(11), (11,), (12, 13, 14), (15, 16, 17)
NULL_EDGES = ((12, 13), (13, 14))


@dataclass(frozen=True, eq=False)
class Population:
    """One truth: coefficients that every cohort of it shares."""

    number: int
    main_G: Float
    edges: tuple[tuple[int, int], ...]
    weight_E: Float

    @classmethod
    def draw(cls, number: int) -> Population:
        """Draw graph and coefficients; main effects and edges explain `MAIN_R2` and `EDGES_R2` of y."""
        rng = np.random.default_rng(derive_seed("knockout truth", number))
        within = [(3 * m + a, 3 * m + b) for m in range(3) for a, b in ((0, 1), (1, 2))]
        some = [within[i] for i in rng.permutation(len(within))[:4]]
        across = [(i, j) for i in CAUSAL for j in CAUSAL if i // MODULE != j // MODULE]
        some += [across[i] for i in rng.permutation(len(across))[:4]]
        edges = tuple((i, j) if rng.random() < 0.5 else (j, i) for i, j in some)
        main_G = np.zeros(len(GENES))
        main_G[rng.permutation(len(CAUSAL))[:6]] = rng.choice([-1, 1], 6) * rng.uniform(0.5, 1.5, 6)
        weight_E = rng.choice([-1, 1], len(edges)) * rng.uniform(0.5, 1.5, len(edges))
        many_BG = _genes(200_000, rng)
        main_G *= np.sqrt(MAIN_R2 / np.var(many_BG @ main_G))
        weight_E *= np.sqrt(EDGES_R2 / np.var(_products(many_BG, edges) @ weight_E))
        return cls(number, main_G, edges, weight_E)

    @property
    def hypothesis(self) -> Hypothesis:
        """The true edges, and two that do nothing."""
        edges = tuple(Edge(GENES[i], GENES[j]) for i, j in (*self.edges, *NULL_EDGES))
        return Hypothesis(name="truth", genes=GENES, edges=edges)

    def cohort(self, n: int, number: int) -> Cohort:
        """Return the cohort of that number, n samples."""
        rng = np.random.default_rng(derive_seed("cohort of a knockout truth", self.number, n, number))
        x_BG = _genes(n, rng)
        y_B = x_BG @ self.main_G + _products(x_BG, self.edges) @ self.weight_E
        y_B = y_B + np.sqrt(1 - MAIN_R2 - EDGES_R2) * rng.standard_normal(n)
        samples = tuple(f"s{i:04d}" for i in range(n))
        return Cohort(
            samples=samples,
            genes=GENES,
            channels=("expression",),
            values_BGC=x_BG.astype(np.float32)[:, :, None],
            covariates=pd.DataFrame(index=list(samples)),
            phenotype=Phenotype("y", "continuous", y_B),
            groups=None,
            strata=pd.DataFrame(index=list(samples)),
        )

    def effects(self, x_BG: Float, *, silenced: bool) -> Float:
        """Return (G, B): what knocking out (or silencing) each gene truly does in each sample."""
        effect_GB = self.main_G[:, None] * (LEVEL - x_BG.T)
        for (i, j), weight in zip(self.edges, self.weight_E, strict=True):
            for gene, other in ((i, j), (j, i)):
                change_B = (LEVEL - x_BG[:, gene]) if silenced else -x_BG[:, gene]
                effect_GB[gene] += weight * change_B * x_BG[:, other]
        return effect_GB

    @cached_property
    def mean_effect(self) -> Float:
        """(G,) mean effects in the population; the same for knockouts and silenced genes, because genes have mean 0."""
        effect_G = self.main_G * LEVEL
        for (i, j), weight in zip(self.edges, self.weight_E, strict=True):
            if i // MODULE == j // MODULE:
                effect_G[[i, j]] -= weight * CORRELATION
        return effect_G

    @cached_property
    def direct(self) -> Float:
        """(G,) the part of the mean effects that is the genes' own."""
        return self.main_G * LEVEL


def _genes(n: int, rng: np.random.Generator) -> Float:
    factor_BM = rng.standard_normal((n, len(GENES) // MODULE))
    own_BG = rng.standard_normal((n, len(GENES)))
    return np.sqrt(CORRELATION) * np.repeat(factor_BM, MODULE, axis=1) + np.sqrt(1 - CORRELATION) * own_BG


def _products(x_BG: Float, edges: tuple[tuple[int, int], ...]) -> Float:
    return np.stack([x_BG[:, i] * x_BG[:, j] for i, j in edges], axis=1)
