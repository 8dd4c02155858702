"""How hard a simulated cohort is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hypomask.errors import ConfigError, did_you_mean

__all__ = ["SIMULATED_KINDS", "SimulatedKind", "SimulationConfig"]

SimulatedKind = Literal["continuous", "binary", "counts", "survival"]
SIMULATED_KINDS: tuple[SimulatedKind, ...] = get_args(SimulatedKind)
MOST_COUNTED = 1e6
MOST_DISPERSED = 10.0


@dataclass(frozen=True)
class SimulationConfig:
    """How hard a simulated cohort is.

    Parameters
    ----------
    n_samples
        Observations.
    interaction_r2, main_r2, covariate_r2
        Shares of the phenotype's variance explained by products of genes along planted edges, by single genes, and
        by covariates. Together below 1; the rest is noise. Where the phenotype is no measurement, the variance is that
        of the linear predictor plus what chance adds on its scale: for binary phenotypes that of a standard logistic
        variable (pi^2 / 3), for counts ``log(1 + 1 / mean_count + dispersion)`` (Nakagawa & Schielzeth 2010,
        doi:10.1111/j.1469-185X.2010.00935.x), for survival that of the logarithm of an exponential time (pi^2 / 6).
    kind
        ``continuous``; ``binary`` (event with probability sigmoid(linear predictor)); ``counts`` (Poisson or negative
        binomial, the linear predictor is the logarithm of the expected count); ``survival`` (exponential times, the
        linear predictor is the logarithm of the hazard, censoring at a constant rate).
    prevalence
        Share of events expected when binary; share of samples expected to have the event before they are censored.
    mean_count, dispersion
        Counts only: mean over samples, and dispersion of the negative binomial (0: Poisson).
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
    kind: SimulatedKind = "continuous"
    prevalence: float = 0.5
    mean_count: float = 5.0
    dispersion: float = 0.0
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
        if not 0 < self.mean_count <= MOST_COUNTED:
            wrong.append(f"mean_count: got {self.mean_count:g}, expected more than 0, at most {MOST_COUNTED:g}")
        if not 0 <= self.dispersion <= MOST_DISPERSED:
            wrong.append(f"dispersion: got {self.dispersion:g}, expected 0 (Poisson) to {MOST_DISPERSED:g}")
        if self.kind not in SIMULATED_KINDS:
            kinds = ", ".join(map(repr, SIMULATED_KINDS))
            wrong.append(f"kind: got {self.kind!r}, expected one of {kinds}.{did_you_mean(self.kind, SIMULATED_KINDS)}")
        if self.coefficients not in ("normal", "equal", "heavy"):
            wrong.append(f"coefficients: got {self.coefficients!r}, expected 'normal', 'equal' or 'heavy'")
        if wrong:
            raise ConfigError("simulation: " + "; ".join(wrong))
