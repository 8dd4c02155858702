"""scikit-learn estimators: a masked gene transformer under one mask, on a plain table of genes.

For a single fit inside pipelines, cross-validation and searches. Weighing hypotheses against each other, with null
masks and a verdict, is what `hypomask.compare` is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from hypomask.data.blocks import find_blocks
from hypomask.data.cohort import Cohort, Phenotype
from hypomask.data.scaling import fit_scaling
from hypomask.errors import DataError
from hypomask.masks.mask import Mask
from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.device import choose_device
from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.family import Float
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.training.additive import fit_additive
from hypomask.training.columns import arrange_columns
from hypomask.training.config import TrainingConfig
from hypomask.training.fit import fit_model
from hypomask.training.fitted_model import FittedModel

__all__ = ["MaskedGeneClassifier", "MaskedGeneRegressor"]

Values = npt.NDArray[np.float32]

# What a table may hold, for `validate_data`: numbers as a cohort keeps them, NaN where missing.
VALUES: dict[str, Any] = {"dtype": np.float32, "ensure_all_finite": "allow-nan"}


class _MaskedGeneEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators share: columns, scaling, and the fit."""

    def __init__(
        self,
        mask: Mask | npt.ArrayLike | None = None,
        model: ModelConfig | None = None,
        training: TrainingConfig | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
        covariates: Sequence[str | int] = (),
    ) -> None:
        self.mask = mask
        self.model = model
        self.training = training
        self.device = device
        self.random_state = random_state
        self.covariates = covariates

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True  # a missing value counts as the training mean
        return tags

    def _fit(self, x: Values, phenotype: Phenotype, groups: npt.ArrayLike | None) -> None:
        """Fit to checked columns and a phenotype on the scale of the linear predictor."""
        training, device = self.training or TrainingConfig(), choose_device(self.device)
        names = getattr(self, "feature_names_in_", None)
        self.mask_, self._gene_columns, self._covariate_columns = arrange_columns(
            self.mask, self.covariates, x.shape[1], None if names is None else names.tolist()
        )
        cohort = self._cohort(x, phenotype, groups)
        z_BP = cohort.covariates.to_numpy()
        self._scaling = fit_scaling(cohort.values_BGC, z_BP)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        shared: dict[str, Any] = {
            "family": phenotype.family,
            "blocks": find_blocks(cohort, training.inner_folds).of_sample,
            "seed": seed,
        }
        x_BGC = self._scaling.genes(cohort.values_BGC)
        self.additive_ = fit_additive(
            x_BGC,
            self._scaling.covariates(z_BP),
            phenotype.values,
            curves=training.own_gene_curves == "auto",
            device=device,
            **shared,
        )
        fitted = fit_model(
            x_BGC,
            self._scaling.covariates(z_BP),
            phenotype.values,
            self.additive_,
            self.mask_,
            model=_with_layers(self.model or ModelConfig(), self.mask_),
            training=training,
            device=device,
            **shared,
        )
        self.fitted_ = _in_float64(fitted, self.mask_)
        self.shrinkage_ = fitted.shrinkage

    def _cohort(self, x: Values, phenotype: Phenotype, groups: npt.ArrayLike | None) -> Cohort:
        if groups is not None:
            check_consistent_length(x, groups)
        samples = [str(i) for i in range(len(x))]
        return Cohort(
            samples=tuple(samples),
            genes=self.mask_.genes,
            channels=("measurement",),
            values_BGC=self._measurements(x),
            covariates=pd.DataFrame(self._covariates(x), index=samples),
            phenotype=phenotype,
            groups=None if groups is None else np.asarray(groups).astype(np.str_),
            strata=pd.DataFrame(index=samples),
        )

    def _measurements(self, x: Values) -> Values:
        return x[:, self._gene_columns, None]

    def _covariates(self, x: Values) -> Float:
        return x[:, self._covariate_columns].astype(np.float64)

    def _linear_predictor(self, X: Any) -> Float:
        """Return (B, K)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, **VALUES)
        x_BGC = self._scaling.genes(self._measurements(x))
        return self.fitted_.predict(x_BGC, self._scaling.covariates(self._covariates(x)))


def _with_layers(config: ModelConfig, mask: Mask) -> ModelConfig:
    """Fill in layers that were left open: enough for all edges of the mask to act."""
    if config.layers is not None:
        return config
    if len(mask.layers) > 1:
        return replace(config, layers=len(mask.layers))
    return replace(config, layers=2 if mask.group_tokens else 1)  # a group token hands on in the second layer


def _in_float64(fitted: FittedModel, mask: Mask) -> FittedModel:
    """Let a fit predict in float64: in float32 a prediction would depend, by 1e-6, on who else is in the table."""
    if not fitted.replicates:
        return fitted
    config = fitted.replicates[0].config
    layouts = build_layout(
        mask,
        n_layers=config.n_layers,
        n_heads=config.heads,
        back_end=config.attention,
        device=fitted.layouts[0].device,
        dtype=torch.float64,
    )
    return replace(fitted, replicates=tuple(model.double() for model in fitted.replicates), layouts=layouts)


class MaskedGeneClassifier(ClassifierMixin, _MaskedGeneEstimator):  # type: ignore[misc]
    """Classify samples by genes that influence one another along a mask only.

    Parameters
    ----------
    mask
        Who may read whom: a `Mask`; or a (p, p) array, sparse matrix or frame of booleans, True in row i and column j
        where gene j acts on gene i (the row receives); None: every pair, for at most 100 genes. If X is a frame, its
        columns are matched to the genes of a `Mask` by name and other columns are left out; else X has the mask's
        genes in the mask's order.
    model
        Sizes of the transformer.
    training
        Budget and schedule.
    device
        ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:N``.
    random_state
        Decides initial values, inner splits and batches.
    covariates
        Columns of X (names, or positions) that are adjusted for: they enter additively and are no genes.

    Attributes
    ----------
    classes_
        (K,) labels.
    n_features_in_, feature_names_in_
        Of X; names where X was a frame.
    mask_
        The mask as used.
    shrinkage_
        Factor in [0, 1] on what the mask adds; near 0: interactions along the mask add nothing that holds up on
        samples left out.
    additive_
        The additive part, `hypomask.training.additive.AdditiveModel`.
    fitted_
        The whole fit, `hypomask.training.fitted_model.FittedModel`, with `numbers` on how it went.

    Examples
    --------
    >>> import numpy as np
    >>> from hypomask import MaskedGeneClassifier
    >>> x = np.random.default_rng(0).standard_normal((200, 3))
    >>> y = np.where(x[:, 0] * x[:, 1] > 0, "responds", "resists")
    >>> mask = [[False, True, False], [False, False, False], [False, False, False]]  # the second acts on the first
    >>> model = MaskedGeneClassifier(mask).fit(x[:150], y[:150])
    >>> bool(model.score(x[150:], y[150:]) > 0.8)
    True
    """

    def fit(self, X: Any, y: Any, groups: npt.ArrayLike | None = None) -> MaskedGeneClassifier:
        """Fit to samples.

        Parameters
        ----------
        X
            (n, p) array or frame of measurements, NaN where missing.
        y
            (n,) labels of two or more classes.
        groups
            (n,) labels of samples that belong together (patient, cell line): inner splits do not part them.

        Raises
        ------
        ValueError
            Input that cannot be used; `ConfigError` and `DataError` are kinds of it.
        """
        x, y = validate_data(self, X, y, ensure_min_samples=2, **VALUES)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y: got one class ({self.classes_[0]!r}), expected at least two")
        kind: PhenotypeKind = "binary" if len(self.classes_) == 2 else "classes"
        names = tuple(str(label) for label in self.classes_)
        self._fit(x, Phenotype("y", kind, codes.astype(np.float64), names), groups)
        return self

    def decision_function(self, X: Any) -> Float:
        """Return the linear predictor: (n,) logits of the second class, or (n, K) scores of K > 2 classes."""
        eta_BK = self._linear_predictor(X)
        return eta_BK[:, 0] if len(self.classes_) == 2 else eta_BK

    def predict_proba(self, X: Any) -> Float:
        """Return (n, K) probabilities of the classes, in the order of `classes_`."""
        eta_BK = self._linear_predictor(X)
        if len(self.classes_) > 2:
            return Classes(len(self.classes_)).mean(eta_BK)
        event_B = Binary().mean(eta_BK)[:, 0]
        return np.column_stack([1 - event_B, event_B])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return (n,) the most probable class of each sample."""
        eta_BK = self._linear_predictor(X)
        codes = (eta_BK[:, 0] > 0).astype(int) if len(self.classes_) == 2 else eta_BK.argmax(axis=1)
        return np.asarray(self.classes_[codes])


class MaskedGeneRegressor(RegressorMixin, _MaskedGeneEstimator):  # type: ignore[misc]
    """Predict a continuous phenotype by genes that influence one another along a mask only.

    Parameters
    ----------
    mask, model, training, device, random_state, covariates
        As in `MaskedGeneClassifier`.

    Attributes
    ----------
    n_features_in_, feature_names_in_, mask_, shrinkage_, additive_, fitted_
        As in `MaskedGeneClassifier`. The parts of the fit are on the scale of the standardised phenotype.

    Examples
    --------
    >>> import numpy as np
    >>> from hypomask import MaskedGeneRegressor
    >>> x = np.random.default_rng(0).standard_normal((200, 3))
    >>> y = 5 + x[:, 0] * x[:, 1]
    >>> mask = [[False, True, False], [False, False, False], [False, False, False]]  # the second acts on the first
    >>> model = MaskedGeneRegressor(mask).fit(x[:150], y[:150])
    >>> bool(model.score(x[150:], y[150:]) > 0.8)
    True
    """

    def fit(self, X: Any, y: Any, groups: npt.ArrayLike | None = None) -> MaskedGeneRegressor:
        """Fit to samples: X (n, p), y (n,) numbers; for `groups` and errors see `MaskedGeneClassifier.fit`."""
        x, y = validate_data(self, X, y, ensure_min_samples=2, y_numeric=True, **VALUES)
        y = y.astype(np.float64)
        self._y_center, self._y_scale = float(y.mean()), float(y.std()) or 1.0
        self._fit(x, Phenotype("y", "continuous", (y - self._y_center) / self._y_scale), groups)
        return self

    def predict(self, X: Any) -> Float:
        """Return (n,) expected phenotypes."""
        eta_BK = self._linear_predictor(X)
        return self._y_center + self._y_scale * eta_BK[:, 0]
