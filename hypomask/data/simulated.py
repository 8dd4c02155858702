"""Simulated cohorts: a phenotype from planted edges of a known graph, with its difficulty set exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from hypomask.data.cohort import Cohort
from hypomask.data.planted_edges import planted_edges
from hypomask.data.random_graphs import random_graph
from hypomask.data.seeds import derive_seed
from hypomask.data.simulated_files import write_cohort
from hypomask.data.simulated_phenotype import draw_phenotype, noise_variance, part_of_variance
from hypomask.data.simulation_config import SimulationConfig
from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Edge, Hypothesis

__all__ = ["SimulatedCohort", "SimulationConfig", "random_graph", "simulate_cohort", "write_cohort"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimulatedCohort:
    """A cohort and the truth behind it.

    Parameters
    ----------
    cohort
        One channel, ``expression``; genes have mean 0 and variance 1 in expectation.
    hypothesis
        The graph that was planted.
    edges
        One row per pair of genes that interact: ``source``, ``target``, ``relation``, ``coefficient`` of the product
        ``x_source * x_target`` in the linear predictor.
    main_effects
        ``gene``, ``coefficient``, for genes with an effect of their own.
    linear_predictor
        (B,) float64: what an oracle knows. On the phenotype's scale when continuous (phenotype variance 1), else a
        logit, or the logarithm of the expected count or of the hazard per month. It is the sum of the columns of
        `parts`, and an intercept unless continuous.
    parts
        (B,) frame with columns ``main``, ``interaction``, ``covariates``: centred and uncorrelated in the sample.
    variance_shares
        Share of the variance of each part and of ``noise``, of the phenotype or of the liability.
    best_loss
        Expected loss of the oracle, as the phenotype's family counts it: squared error of the standardised phenotype,
        log loss or, of the counts drawn, half deviance in nats.
    gene_free_loss
        The same for an oracle that knows covariates only.
    additive_loss
        The same for one that knows covariates and main effects, but no interaction.
    """

    cohort: Cohort
    hypothesis: Hypothesis
    edges: pd.DataFrame
    main_effects: pd.DataFrame
    linear_predictor: Floats
    parts: pd.DataFrame
    variance_shares: dict[str, float]
    best_loss: float
    gene_free_loss: float
    additive_loss: float


def simulate_cohort(
    graph: Hypothesis | Iterable[tuple[str, str]], config: SimulationConfig | None = None
) -> SimulatedCohort:
    """Simulate genes, covariates and a phenotype that depends on products of genes along the edges of `graph`.

    The parts of the linear predictor have exactly the configured variances in the sample and are exactly uncorrelated
    with each other and, when continuous, with the noise. The interaction part is centred and free of main effects:
    uncorrelated with each gene in expectation (genes are jointly normal), and in the sample with every gene of the
    graph where samples are at least twice as many as those genes, so that no additive model gains from it.

    Parameters
    ----------
    graph
        A hypothesis (its edges; and all pairs within each of its groups, unless they have expansion ``none``), or
        pairs ``(source, target)``.

    Raises
    ------
    ConfigError
        Nothing to plant, or a configuration out of range.

    Examples
    --------
    >>> simulated = simulate_cohort([("ATM", "CHEK2"), ("CHEK2", "TP53")], SimulationConfig(n_samples=100))
    >>> simulated.cohort.genes
    ('ATM', 'CHEK2', 'TP53')
    >>> {part: round(share, 3) for part, share in simulated.variance_shares.items()}
    {'main': 0.2, 'interaction': 0.2, 'covariates': 0.0, 'noise': 0.6}
    """
    config = config or SimulationConfig()
    hypothesis = graph if isinstance(graph, Hypothesis) else _from_pairs(graph)
    edges = planted_edges(hypothesis)
    if not len(edges) and config.interaction_r2 > 0:
        raise ConfigError(f"{hypothesis.name}: no edge to plant; give edges, or set interaction_r2 to 0")
    if not hypothesis.genes and config.main_r2 > 0:
        raise ConfigError(f"{hypothesis.name}: no gene to give a main effect; give genes, or set main_r2 to 0")

    generator = np.random.default_rng(derive_seed("simulated cohort", config.seed))
    n_named = len(hypothesis.genes)
    genes = hypothesis.genes + _extra_names(config.n_extra_genes, hypothesis.genes)
    x_BG = _correlated_genes(config, len(genes), generator)
    z_BP = generator.standard_normal((config.n_samples, config.n_covariates))

    named_BG = x_BG[:, :n_named]
    main_G = _coefficients(config, n_named, generator)
    edge_E = _coefficients(config, len(edges), generator)
    edge_E = np.where(edges["sign"] == 0, edge_E, np.abs(edge_E) * edges["sign"])
    covariate_P = _coefficients(config, config.n_covariates, generator)

    total = noise_variance(config) / config.noise_r2  # the parts have their shares beside what chance adds
    main, main_factor = part_of_variance(named_BG @ main_G, [], config.main_r2 * total)
    covariates, _ = part_of_variance(z_BP @ covariate_P, [main], config.covariate_r2 * total)
    enough = config.n_samples >= 2 * (n_named + config.n_covariates + 1)
    interaction, edge_factor = part_of_variance(
        _sum_of_products(named_BG, edges, edge_E),
        [named_BG, z_BP] if enough else [column for column in (main, covariates) if column.any()],
        config.interaction_r2 * total,
    )
    parts = pd.DataFrame({"main": main, "interaction": interaction, "covariates": covariates})
    drawn = draw_phenotype(parts, config, generator)

    samples = tuple(f"sample{i:0{len(str(config.n_samples))}d}" for i in range(1, config.n_samples + 1))
    cohort = Cohort(
        samples=samples,
        genes=genes,
        channels=("expression",),
        values_BGC=x_BG.astype(np.float32)[:, :, None],
        covariates=pd.DataFrame(
            z_BP, index=list(samples), columns=[f"covariate{i + 1}" for i in range(config.n_covariates)]
        ),
        phenotype=drawn.phenotype,
        groups=None,
        strata=pd.DataFrame(index=list(samples)),
    )
    variances = {str(name): float(parts[name].var(ddof=0)) for name in parts} | {"noise": drawn.noise_variance}
    return SimulatedCohort(
        cohort=cohort,
        hypothesis=hypothesis,
        edges=edges[["source", "target", "relation"]].assign(coefficient=edge_E * edge_factor),
        main_effects=pd.DataFrame({"gene": list(hypothesis.genes), "coefficient": main_G * main_factor}),
        linear_predictor=drawn.linear_predictor,
        parts=parts.set_axis(list(samples)),
        variance_shares={name: variance / sum(variances.values()) for name, variance in variances.items()},
        best_loss=drawn.best_loss,
        additive_loss=drawn.additive_loss,
        gene_free_loss=drawn.gene_free_loss,
    )


def _from_pairs(pairs: Iterable[tuple[str, str]]) -> Hypothesis:
    edges = tuple(Edge(source, target) for source, target in pairs)
    genes = tuple(dict.fromkeys(gene for edge in edges for gene in (edge.source, edge.target)))
    return Hypothesis(name="planted", genes=genes, edges=edges)


def _extra_names(n: int, taken: tuple[str, ...]) -> tuple[str, ...]:
    names: list[str] = []
    used, number = set(taken), 0
    while len(names) < n:
        number += 1
        if (name := f"extra{number:0{len(str(n))}d}") not in used:
            names.append(name)
    return tuple(names)


def _correlated_genes(config: SimulationConfig, n_genes: int, generator: np.random.Generator) -> Floats:
    """Return (B, G) normal genes; those of one module share a factor that explains `gene_correlation` of each."""
    x_BG = generator.standard_normal((config.n_samples, n_genes))
    if config.gene_correlation > 0 and n_genes:
        n_modules = max(1, round(n_genes / config.module_size))
        module_G = generator.permutation(np.arange(n_genes) % n_modules)
        factors = generator.standard_normal((config.n_samples, n_modules))
        x_BG *= np.sqrt(1 - config.gene_correlation)
        x_BG += np.sqrt(config.gene_correlation) * factors[:, module_G]
    return x_BG


def _coefficients(config: SimulationConfig, n: int, generator: np.random.Generator) -> Floats:
    if config.coefficients == "normal":
        return generator.standard_normal(n)
    signs = generator.choice([-1.0, 1.0], size=n)
    return signs if config.coefficients == "equal" else signs * generator.exponential(size=n)


def _sum_of_products(x_BG: Floats, edges: pd.DataFrame, coefficient_E: Floats) -> Floats:
    """Return (B,) sum over edges of coefficient * x_source * x_target, without a (B, E) array."""
    n_genes = x_BG.shape[1]
    weights = sp.csr_array(
        (coefficient_E, (edges["source_index"].to_numpy(), edges["target_index"].to_numpy())), shape=(n_genes, n_genes)
    )
    return np.asarray(((x_BG @ weights) * x_BG).sum(axis=1), dtype=np.float64)
