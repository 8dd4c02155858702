"""A model taken apart and put together again predicts as before, to the last bit, whatever it explains."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.splits import make_folds
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction
from hypomask.model.config import ModelConfig
from hypomask.outcomes.survival_times import signed_times
from hypomask.training.config import TrainingConfig
from hypomask.training.fold_model import FoldModel
from hypomask.training.job import fit_fold
from hypomask.training.stored_model import mask_of, pack_model, unpack_model

GENES = tuple(f"G{i}" for i in range(6))
MASK = Mask("pairs", GENES, (EdgeTable.build([0, 1, 3, 5], [1, 2, 2, 4]),))
WITH_GROUP = Mask("star", GENES, (EdgeTable.build([6, 6, 6, 0, 1, 2], [0, 1, 2, 6, 6, 6]),), group_tokens=("set",))
LEARNED = Mask("learned", GENES, MASK.layers, prior=Prior(kind="learned", floor=0.05))


def cohort_of(kind: str, n: int = 150) -> Cohort:
    rng = np.random.default_rng(3)
    values = rng.standard_normal((n, 6, 2)).astype(np.float32)
    score = values[:, 0, 0] + 1.5 * values[:, 0, 0] * values[:, 1, 0] + 0.3 * rng.standard_normal(n)
    values[rng.random(values.shape) < 0.03] = np.nan
    samples = tuple(f"s{i}" for i in range(n))
    binary = Phenotype("event", "binary", (score > 0).astype(float), ("no", "yes"))
    classes = np.searchsorted(np.quantile(score, [0.3, 0.7]), score).astype(float)
    times = signed_times(rng.exponential(np.exp(-score)) + 0.01, rng.random(n) < 0.8)
    phenotypes = {
        "binary": binary,
        "continuous": Phenotype("level", "continuous", 7 + 3 * score),
        "classes": Phenotype("grade", "classes", classes, ("a", "b", "c")),
        "counts": Phenotype("cells", "counts", rng.poisson(np.exp(0.5 * score)).astype(float)),
        "survival": Phenotype("time", "survival", times),
        "discrete-survival": Phenotype("visit", "discrete-survival", np.sign(times) * np.ceil(np.abs(times) * 3)),
        "several": Phenotype.several([Phenotype("level", "continuous", score), binary]),
        "masked-genes": Phenotype.masked_genes(GENES, values[:, :, 0]),
    }
    return Cohort(
        samples=samples,
        genes=GENES,
        channels=("expression", "copies"),
        values_BGC=values,
        covariates=pd.DataFrame({"age": rng.normal(60, 9, n)}, index=list(samples)),
        phenotype=phenotypes[kind],
        groups=None,
        strata=pd.DataFrame(index=list(samples)),
    )


def trained(kind: str, mask: Mask, layers: int = 1) -> tuple[Cohort, Any]:
    cohort = cohort_of(kind)
    folds = make_folds(cohort, n_folds=3, n_repeats=1, seed=0)
    training = TrainingConfig(epochs=1)
    fit = fit_fold(cohort, mask, folds, 0, 1, model=ModelConfig(layers=layers), training=training, study_seed=3)
    return cohort, fit


KINDS = (
    "binary",
    "continuous",
    "classes",
    "counts",
    "survival",
    "discrete-survival",
    "several",
    "masked-genes",
)


@pytest.mark.parametrize(
    ("kind", "mask", "layers"),
    [
        *((kind, MASK, 1) for kind in KINDS),
        ("continuous", WITH_GROUP, 2),
        ("binary", LEARNED, 1),
        ("masked-genes", WITH_GROUP, 2),
        ("binary", no_interaction(GENES), 1),
        ("masked-genes", no_interaction(GENES), 1),
    ],
)
def test_a_model_from_its_arrays_predicts_as_before(kind: str, mask: Mask, layers: int) -> None:
    cohort, fit = trained(kind, mask, layers)
    header, arrays = pack_model(fit.model)
    again = unpack_model(json.loads(json.dumps(header)), arrays, mask_of(fit.model))
    z_BP = cohort.covariates.to_numpy(dtype=np.float64)[fit.test_index]
    predicted = again.predict(cohort.values_BGC[fit.test_index], z_BP)
    np.testing.assert_array_equal(predicted.full, fit.eta_full)
    np.testing.assert_array_equal(predicted.additive, fit.eta_additive)
    np.testing.assert_array_equal(predicted.gene_free, fit.eta_gene_free)
    np.testing.assert_array_equal(predicted.replicates_MBP, fit.eta_replicates_MBK)


def test_what_is_stored_says_nothing_of_training_samples() -> None:
    _, fit = trained("continuous", MASK)
    assert isinstance(fit.model, FoldModel)
    assert fit.model.fitted.shrinkage > 0
    _, arrays = pack_model(fit.model)
    assert all(100 not in array.shape for array in arrays.values()), "100 training samples"


def test_arrays_of_another_mask_are_refused() -> None:
    _, fit = trained("continuous", MASK)
    header, arrays = pack_model(fit.model)
    with pytest.raises(ValueError, match=r"6 genes are scaled, the mask has 4"):
        unpack_model(header, arrays, no_interaction(GENES[:4]))
    with pytest.raises(RuntimeError, match="size mismatch"):
        unpack_model(header, arrays, WITH_GROUP)
    with pytest.raises(ValueError, match="no kind of model"):
        unpack_model({**header, "kind": "oracle"}, arrays, MASK)
