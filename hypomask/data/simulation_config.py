"""How hard a simulated cohort is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hypomask.errors import ConfigError

__all__ = ["SimulationConfig"]


@dataclass(frozen=True)
class SimulationConfig:
    """How hard a simulated cohort is.

    Parameters
    ----------
    n_samples
        Observations.
    interaction_r2, main_r2, covariate_r2
        Shares of the phenotype's variance explained by products of genes along planted edges, by single genes, and
        by covariates. Together below 1; the rest is noise. For a binary phenotype the variance is that of the
        liability: linear predictor plus standard logistic noise (variance pi^2 / 3).
    kind
        ``continuous``, or ``binary`` (event with probability sigmoid(linear predictor)).
    prevalence
        Share of events expected when binary.
    n_covariates
        Independent normal covariates.
    gene_correlation
        Correlation of genes of one module, in [0, 1). Genes fall into modules at random, without regard to edges.
    module_size
        Genes of a module, about.
    n_extra_genes
        Genes beside those of the graph, with no effect on the phenotype.
    coefficients
        Of edges and of single genes: ``normal`` (drawn from N(0, 1)), ``equal`` (all of the same size, sign at random)
        or ``heavy`` (Laplace: a few large ones). An edge with a sign keeps it.
    seed
        The cohort is a function of the graph and this configuration.
    """

    n_samples: int = 1000
    interaction_r2: float = 0.2
    main_r2: float = 0.2
    covariate_r2: float = 0.0
    kind: Literal["continuous", "binary"] = "continuous"
    prevalence: float = 0.5
    n_covariates: int = 0
    gene_correlation: float = 0.0
    module_size: int = 10
    n_extra_genes: int = 0
    coefficients: Literal["normal", "equal", "heavy"] = "normal"
    seed: int = 0

    @property
    def noise_r2(self) -> float:
        """Share of the variance that nothing explains."""
        return 1.0 - self.interaction_r2 - self.main_r2 - self.covariate_r2

    def __post_init__(self) -> None:
        shares = (self.interaction_r2, self.main_r2, self.covariate_r2)
        wrong = []
        if self.n_samples < 10:
            wrong.append(f"n_samples: got {self.n_samples}, expected at least 10")
        if min(shares) < 0 or sum(shares) >= 1:
            wrong.append(
                f"interaction_r2 + main_r2 + covariate_r2: got {' + '.join(f'{s:g}' for s in shares)}, "
                "expected shares of variance from 0 that sum to less than 1"
            )
        if self.covariate_r2 > 0 and self.n_covariates < 1:
            wrong.append(f"n_covariates: got {self.n_covariates}, expected at least 1 for a covariate_r2 above 0")
        if min(self.n_covariates, self.n_extra_genes) < 0:
            wrong.append("n_covariates and n_extra_genes: expected 0 or more")
        if not 0 <= self.gene_correlation < 1:
            wrong.append(f"gene_correlation: got {self.gene_correlation:g}, expected at least 0 and less than 1")
        if self.module_size < 1:
            wrong.append(f"module_size: got {self.module_size}, expected at least 1")
        if not 0 < self.prevalence < 1:
            wrong.append(f"prevalence: got {self.prevalence:g}, expected more than 0 and less than 1")
        if self.kind not in ("continuous", "binary"):
            wrong.append(f"kind: got {self.kind!r}, expected 'continuous' or 'binary'")
        if self.coefficients not in ("normal", "equal", "heavy"):
            wrong.append(f"coefficients: got {self.coefficients!r}, expected 'normal', 'equal' or 'heavy'")
        if wrong:
            raise ConfigError("simulation: " + "; ".join(wrong))
