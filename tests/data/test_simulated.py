"""Simulated cohorts are as hard as they are said to be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from hypomask.data.reading import DataSpec, read_cohort
from hypomask.data.simulated import SimulationConfig, random_graph, simulate_cohort, write_cohort
from hypomask.data.simulated_files import EVENT
from hypomask.data.simulation_config import SIMULATED_KINDS
from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis
from hypomask.outcomes.survival_times import times_and_events


@settings(max_examples=25, deadline=None)
@given(
    interaction=st.floats(0, 0.4),
    main=st.floats(0, 0.3),
    covariate=st.floats(0, 0.2),
    kind=st.sampled_from(SIMULATED_KINDS),
    coefficients=st.sampled_from(["normal", "equal", "heavy"]),
    seed=st.integers(0, 99),
)
def test_variance_shares_are_exact_and_parts_uncorrelated(
    interaction, main, covariate, kind, coefficients, seed
) -> None:
    config = SimulationConfig(
        n_samples=300, interaction_r2=interaction, main_r2=main, covariate_r2=covariate, n_covariates=2, kind=kind,
        coefficients=coefficients, gene_correlation=0.4, seed=seed,
    )  # fmt: skip
    simulated = simulate_cohort(random_graph(12, 20, seed), config)
    shares = simulated.variance_shares
    assert shares["interaction"] == pytest.approx(interaction, abs=1e-9)
    assert shares["main"] == pytest.approx(main, abs=1e-9)
    assert shares["covariates"] == pytest.approx(covariate, abs=1e-9)
    assert shares["noise"] == pytest.approx(config.noise_r2)
    parts = simulated.parts.to_numpy()
    assert np.abs(parts.mean(axis=0)).max() < 1e-9
    covariance = parts.T @ parts / len(parts)
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-9
    if kind == "continuous":
        y = simulated.cohort.phenotype.values
        assert y.var() == pytest.approx(1)
        assert ((y - simulated.linear_predictor) ** 2).mean() == pytest.approx(simulated.best_loss)


def test_no_additive_model_gains_from_interactions() -> None:
    simulated = simulate_cohort(
        random_graph(15, 30, 1), SimulationConfig(n_samples=400, interaction_r2=0.6, main_r2=0.1)
    )
    x = simulated.cohort.values_BGC[:, :, 0]
    interaction = simulated.parts["interaction"].to_numpy()
    assert LinearRegression().fit(x, interaction).score(x, interaction) == pytest.approx(0, abs=1e-6)


def test_products_with_the_given_coefficients_make_the_interaction_part() -> None:
    simulated = simulate_cohort(random_graph(6, 8, 2), SimulationConfig(n_samples=5000, main_r2=0.0))
    x = pd.DataFrame(simulated.cohort.values_BGC[:, :, 0], columns=list(simulated.cohort.genes))
    products = sum(
        edge.coefficient * x[edge.source] * x[edge.target] for edge in simulated.edges.itertuples(index=False)
    )
    assert np.corrcoef(products, simulated.linear_predictor)[0, 1] > 0.995


def test_the_losses_of_oracles_are_ordered_and_reached() -> None:
    config = SimulationConfig(
        n_samples=20_000,
        kind="binary",
        interaction_r2=0.4,
        main_r2=0.2,
        covariate_r2=0.1,
        n_covariates=1,
        prevalence=0.3,
    )
    simulated = simulate_cohort(random_graph(20, 60, 3), config)
    event = simulated.cohort.phenotype.values
    logit = simulated.linear_predictor
    reached = np.mean(np.logaddexp(0, logit) - event * logit)
    assert reached == pytest.approx(simulated.best_loss, abs=0.01)
    assert simulated.best_loss < simulated.additive_loss < simulated.gene_free_loss
    base = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    assert simulated.gene_free_loss < base
    assert event.mean() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("dispersion", [0.0, 0.5])
def test_oracles_of_counts_lose_what_they_are_said_to(dispersion) -> None:
    config = SimulationConfig(
        n_samples=20_000,
        kind="counts",
        interaction_r2=0.4,
        main_r2=0.2,
        covariate_r2=0.1,
        n_covariates=1,
        mean_count=4.0,
        dispersion=dispersion,
    )
    simulated = simulate_cohort(random_graph(20, 60, 3), config)
    y, family = simulated.cohort.phenotype.values, simulated.cohort.phenotype.family
    assert y.mean() == pytest.approx(4.0, rel=0.05)
    # What chance adds is that of the dispersion asked for.
    mean = np.exp(simulated.linear_predictor)
    assert ((y - mean) ** 2).mean() == pytest.approx((mean + dispersion * mean**2).mean(), rel=0.15)
    assert family.losses(simulated.linear_predictor, y).mean() == pytest.approx(simulated.best_loss, abs=0.01)
    for names, said in (
        (["main", "covariates"], simulated.additive_loss),
        (["covariates"], simulated.gene_free_loss),
    ):
        eta = simulated.parts[names].sum(axis=1).to_numpy()
        eta = eta[:, None] + family.best_intercept(y, eta[:, None])
        assert family.losses(eta, y).mean() == pytest.approx(said, abs=0.015)
    assert simulated.best_loss < simulated.additive_loss - 0.02 < simulated.gene_free_loss - 0.03


@pytest.mark.parametrize("prevalence", [0.25, 0.7])
def test_oracles_of_survival_lose_what_they_are_said_to(prevalence) -> None:
    config = SimulationConfig(
        n_samples=20_000,
        kind="survival",
        interaction_r2=0.4,
        main_r2=0.2,
        covariate_r2=0.1,
        n_covariates=1,
        prevalence=prevalence,
    )
    simulated = simulate_cohort(random_graph(20, 60, 3), config)
    y, family = simulated.cohort.phenotype.values, simulated.cohort.phenotype.family
    time, event = times_and_events(y)
    assert event.mean() == pytest.approx(prevalence, abs=0.02)
    # Exponential times: the hazard that was lived through has mean 1 per event.
    assert (np.exp(simulated.linear_predictor) * time).sum() == pytest.approx(event.sum(), rel=0.02)
    for names, said in (
        (["main", "interaction", "covariates"], simulated.best_loss),
        (["main", "covariates"], simulated.additive_loss),
        (["covariates"], simulated.gene_free_loss),
    ):
        eta = simulated.parts[names].sum(axis=1).to_numpy()[:, None]
        best = min(family.losses(family.predicted(s * eta, y, s * eta), y).mean() for s in np.linspace(0.4, 1, 13))
        # Hazards of frail samples are not proportional, and it is a little worse to say that they are.
        assert said - 0.01 < best < said + 0.03
    assert simulated.best_loss < simulated.additive_loss - 0.02 < simulated.gene_free_loss - 0.03


def test_without_covariate_effect_the_gene_free_loss_is_that_of_the_base_rate() -> None:
    simulated = simulate_cohort(random_graph(20, 60, 3), SimulationConfig(n_samples=20_000, kind="binary"))
    assert simulated.gene_free_loss == pytest.approx(np.log(2), abs=1e-3)


def test_the_same_seed_gives_the_same_cohort_and_another_seed_another() -> None:
    graph = random_graph(10, 12, 0)
    first, again, other = (simulate_cohort(graph, SimulationConfig(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.cohort.values_BGC, again.cohort.values_BGC)
    np.testing.assert_array_equal(first.cohort.phenotype.values, again.cohort.phenotype.values)
    assert (first.cohort.values_BGC != other.cohort.values_BGC).any()


def test_genes_of_a_module_are_correlated_as_asked() -> None:
    config = SimulationConfig(n_samples=4000, gene_correlation=0.5, module_size=5, n_extra_genes=10)
    values = simulate_cohort(random_graph(10, 10, 0), config).cohort.values_BGC[:, :, 0]
    correlation = np.corrcoef(values.T)[np.triu_indices(20, 1)]
    within = correlation[correlation > 0.25]
    assert len(within) == 4 * 10
    assert within.mean() == pytest.approx(0.5, abs=0.03)


def test_a_signed_edge_keeps_its_sign() -> None:
    edges = tuple(Edge(f"A{i}", f"B{i}", "inhibits", sign=-1) for i in range(20))
    genes = tuple(g for e in edges for g in (e.source, e.target))
    planted = simulate_cohort(Hypothesis("h", genes, edges), SimulationConfig(n_samples=500)).edges
    assert (planted["coefficient"] < 0).all()


def test_groups_are_planted_as_pairs_and_a_pair_named_twice_once() -> None:
    hypothesis = Hypothesis(
        "h",
        ("A", "B", "C", "D"),
        (Edge("A", "B"), Edge("B", "A"), Edge("A", "A")),
        (GeneGroup("complex", ("A", "B", "C"), "star"), GeneGroup("names only", ("A", "D"), "none")),
    )
    planted = simulate_cohort(hypothesis, SimulationConfig(n_samples=200)).edges
    assert set(zip(planted["source"], planted["target"], strict=True)) == {("A", "B"), ("A", "C"), ("B", "C")}


def test_more_genes_than_samples_are_no_obstacle() -> None:
    simulated = simulate_cohort(random_graph(100, 150, 0), SimulationConfig(n_samples=60, n_extra_genes=500))
    assert simulated.variance_shares["interaction"] == pytest.approx(0.2)
    assert simulated.cohort.values_BGC.shape == (60, 600, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interaction_r2": 0.7, "main_r2": 0.4}, "sum to less than 1"),
        ({"main_r2": -0.1}, "shares of variance from 0"),
        ({"covariate_r2": 0.1}, "n_covariates: got 0"),
        ({"n_samples": 3}, "n_samples: got 3"),
        ({"gene_correlation": 1.0}, "gene_correlation"),
        ({"prevalence": 0.0}, "prevalence"),
        ({"kind": "survivals"}, r"'survivals'.*Did you mean 'survival'"),
        ({"mean_count": 0.0}, "mean_count: got 0"),
        ({"dispersion": -1.0}, "dispersion: got -1"),
        ({"coefficients": "cauchy"}, "'cauchy'"),
    ],
)
def test_impossible_configurations_are_refused(options, message) -> None:
    with pytest.raises(ConfigError, match=message):
        SimulationConfig(**options)


def test_a_graph_without_edges_has_nothing_to_plant() -> None:
    with pytest.raises(ConfigError, match="no edge to plant"):
        simulate_cohort(Hypothesis("empty", ("A", "B")))
    simulate_cohort(Hypothesis("empty", ("A", "B")), SimulationConfig(interaction_r2=0.0))


@settings(max_examples=40, deadline=None)
@given(n_genes=st.integers(2, 30), share=st.floats(0, 1), seed=st.integers(0, 9), kind=st.sampled_from(["er", "hubs"]))
def test_random_graphs_have_the_edges_asked_for_and_no_pair_twice(n_genes, share, seed, kind) -> None:
    n_edges = round(share * n_genes * (n_genes - 1) / 2)
    graph = random_graph(n_genes, n_edges, seed, kind)
    pairs = {frozenset((edge.source, edge.target)) for edge in graph.edges}
    assert len(graph.edges) == len(pairs) == n_edges
    assert all(len(pair) == 2 for pair in pairs)
    assert graph == random_graph(n_genes, n_edges, seed, kind)


def test_hubs_send_many_edges() -> None:
    def busiest(kind: str) -> int:
        sources = [edge.source for edge in random_graph(60, 120, 5, kind).edges]
        return max(sources.count(gene) for gene in set(sources))

    assert busiest("hubs") > 2 * busiest("er")


def test_too_many_edges_are_refused() -> None:
    with pytest.raises(ConfigError, match="at most 10 edges"):
        random_graph(5, 11, 0)


@pytest.mark.parametrize("prevalence", [1e-6, 1 - 1e-6])
def test_survival_without_events_or_without_censoring_is_refused(prevalence) -> None:
    config = SimulationConfig(n_samples=50, kind="survival", prevalence=prevalence)
    with pytest.raises(ConfigError, match="samples have the event; give more samples or a prevalence nearer"):
        simulate_cohort(random_graph(5, 4, 0), config)


def test_counts_that_are_all_0_are_refused() -> None:
    with pytest.raises(ConfigError, match="all counts are 0"):
        simulate_cohort(random_graph(5, 4, 0), SimulationConfig(n_samples=50, kind="counts", mean_count=1e-6))


@pytest.mark.parametrize("kind", SIMULATED_KINDS)
def test_a_cohort_written_to_files_is_read_back(tmp_path, kind) -> None:
    config = SimulationConfig(n_samples=80, kind=kind, n_covariates=2, covariate_r2=0.1)
    simulated = simulate_cohort(random_graph(8, 10, 0), config)
    expression, samples, truth = write_cohort(simulated, tmp_path / "new folder")
    given = {"counts": {"kind": "counts"}, "survival": {"event": EVENT}}.get(kind, {})
    name = simulated.cohort.phenotype.name
    spec = DataSpec({"expression": expression}, name, samples, covariates=("covariate1", "covariate2"), **given)
    cohort, report = read_cohort(spec)
    assert report.warnings == ()
    assert cohort.phenotype.kind == kind
    assert cohort.samples == simulated.cohort.samples
    assert cohort.genes == simulated.cohort.genes
    np.testing.assert_allclose(cohort.values_BGC, simulated.cohort.values_BGC, atol=6e-6)
    np.testing.assert_allclose(cohort.phenotype.values, simulated.cohort.phenotype.values, atol=6e-6)
    np.testing.assert_allclose(cohort.covariates, simulated.cohort.covariates, atol=6e-6)
    assert pd.read_csv(truth, sep="\t")["source"].tolist() == simulated.edges["source"].tolist()
    first = expression.read_bytes()
    write_cohort(simulated, tmp_path / "new folder")
    assert expression.read_bytes() == first
