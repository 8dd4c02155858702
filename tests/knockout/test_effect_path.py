"""The path of an effect: what its tokens add sums to what goes through the mask."""

from __future__ import annotations

import numpy as np
import pytest
from random_models import random_mask, random_model
from trained import GENES

from hypomask.data.scaling import fit_scaling
from hypomask.errors import ConfigError
from hypomask.knockout.asking import ScanOptions
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.effect_path import effect_path
from hypomask.knockout.interventions import knockout
from hypomask.knockout.model_effects import Samples, Scanner
from hypomask.knockout.scan import scan
from hypomask.knockout.trained_run import TrainedRun
from hypomask.model.config import ModelConfig
from hypomask.training.additive import AdditiveModel
from hypomask.training.calibration import Calibration
from hypomask.training.fitted_model import FittedModel
from hypomask.training.fold_model import FoldModel, cpu_layouts
from hypomask.training.partial_residuals import AdditiveShare


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_what_tokens_add_sums_to_the_effect(layers: int) -> None:
    mask, config = random_mask("undirected", seed=2), ModelConfig(width=8, heads=2, layers=layers)
    rng = np.random.default_rng(0)
    values = rng.standard_normal((7, mask.n_genes, 1)).astype(np.float32)
    additive = AdditiveModel(
        np.zeros((0, 1)), np.zeros((mask.n_genes, 1)), np.zeros(1), None, Calibration(1, np.zeros(1)), 1
    )
    replicates = tuple(random_model(mask, config, seed=seed).float() for seed in (0, 1))
    shares = tuple(AdditiveShare(rng.standard_normal((mask.n_genes, 1)), np.ones(1)) for _ in replicates)
    fitted = FittedModel(additive, replicates, cpu_layouts(mask, config), 0.7, {}, np.zeros(1), shares)
    scaling = fit_scaling(values, np.zeros((7, 0)))
    model = FoldModel("y", mask, config, scaling, fitted, additive, np.zeros(1), np.zeros(1), 0.0, 1.0)
    samples = Samples(values, np.zeros((7, 0)), np.zeros((mask.n_genes, 1)))
    for gene in mask.genes[:6]:
        scanner = Scanner(mask, config, compile_interventions([knockout(gene)], mask))
        tokens, change_TKB = scanner.by_token(model, samples)
        from hypomask.data.cohort import Phenotype

        phenotype = Phenotype("y", "continuous", np.zeros(7))
        found = scanner.effects(model, phenotype, samples)
        np.testing.assert_allclose(change_TKB.sum(axis=0), found.mean_mediated()[0], atol=1e-9)
        assert np.unique(tokens).tolist() == tokens.tolist()


def test_a_gene_acts_through_itself_and_its_readers(trained_run: TrainedRun) -> None:
    of_source, of_reader = (effect_path(trained_run, knockout(gene), "truth") for gene in ("G0", "G1"))
    assert [(token.name, token.steps) for token in of_source.tokens] == [("G0", 0), ("G1", 1)]
    assert of_source.edges == (("G0", "G1"),)
    assert of_source.upstream == ()
    assert of_source.tokens[0].rms == 0, "it reads nobody"
    assert [(token.name, token.steps) for token in of_reader.tokens] == [("G1", 0)]
    assert of_reader.upstream == ("G0",)
    table = scan(trained_run, [knockout(gene) for gene in GENES], "truth", ScanOptions(nulls=False)).table
    assert sum(token.mean for token in of_source.tokens) == pytest.approx(table.loc["G0", "mediated"], abs=1e-6)
    assert of_source.direct == pytest.approx(table.loc["G0", "direct"], abs=1e-6)


def test_one_intervention_at_a_time(trained_run: TrainedRun) -> None:
    mask, config = trained_run.mask("truth"), trained_run.prepared.study.model
    scanner = Scanner(mask, config, compile_interventions([knockout("G0"), knockout("G1")], mask))
    with pytest.raises(ConfigError, match="got 2 interventions, expected one"):
        scanner.by_token(None, None)  # type: ignore[arg-type]
