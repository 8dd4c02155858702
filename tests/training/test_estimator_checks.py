"""scikit-learn's own checks of estimators."""

from __future__ import annotations

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from hypomask.training.config import TrainingConfig
from hypomask.training.estimators import MaskedGeneClassifier, MaskedGeneRegressor

QUICK = TrainingConfig(replicates=1, inner_folds=3, epochs=1)


@parametrize_with_checks([MaskedGeneClassifier(training=QUICK), MaskedGeneRegressor(training=QUICK)])
def test_estimator_passes(estimator: Any, check: Any) -> None:
    check(estimator)
