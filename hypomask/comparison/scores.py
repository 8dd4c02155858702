"""Scores that are shown beside the verdict and never decide it. Each declares its direction and range once, here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

from hypomask.comparison.result import ShownScore
from hypomask.comparison.survival_scores import concordance, integrated_brier
from hypomask.errors import DataError
from hypomask.outcomes.classes import Binary, Classes
from hypomask.outcomes.discrete_survival import DiscreteSurvival
from hypomask.outcomes.kinds import PhenotypeKind
from hypomask.outcomes.several import MaskedGenes
from hypomask.outcomes.survival import CoxSurvival
from hypomask.outcomes.survival_times import times_and_events
from hypomask.outcomes.target import Target

__all__ = ["SCORES", "Score", "shown_scores"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A shown score.

    Parameters
    ----------
    label
        What a reader sees.
    direction
        Whether a higher or a lower value is better.
    low, high
        Range of possible values.
    kinds
        Phenotypes for which it is defined.
    compute
        From (eta_BK, y_B, target) of all out-of-fold predictions of one repeat.
    undefined
        From y_B and eta_BK: why it cannot be computed, or an empty string.
    within_folds
        Compare only samples that were held out together, and so were predicted by the same model; folds in which the
        score is undefined say nothing.
    """

    label: str
    direction: Literal["higher", "lower"]
    low: float
    high: float
    kinds: tuple[PhenotypeKind, ...]
    compute: Callable[[FloatArray, FloatArray, Target], float]
    undefined: Callable[[FloatArray, FloatArray], str]
    within_folds: bool = False


def shown_scores(
    eta_RBK: npt.ArrayLike, y: npt.ArrayLike, target: Target, test_fold_RB: npt.ArrayLike | None = None
) -> dict[str, ShownScore]:
    """Return every score that applies to the phenotype, from out-of-fold predictions.

    A score is computed over all samples of a repeat (each predicted by the model that did not see it) and averaged over
    repeats. AUC and concordance are the exceptions: they are computed fold by fold, weighted by the samples of a fold,
    because pooling ranks samples of different folds by different models (Forman & Scholz 2010). Average precision and
    Spearman's correlation are pooled.

    Parameters
    ----------
    eta_RBK
        (R, B, K) predictions on the link scale.
    y
        (B,) or (R, B) responses in the coding of the phenotype, in the unit of `eta_RBK`; (B, T) for several. RMSE has
        that unit.
    target
        How the phenotype is scored.
    test_fold_RB
        (R, B) fold in which each sample was held out; None: one fold, everything is pooled.

    Returns
    -------
    dict
        By name, in the order of `SCORES`. NaN with a reason where a score is undefined.

    References
    ----------
    Forman & Scholz 2010, apples-to-apples in cross-validation studies, doi:10.1145/1882471.1882479
    """
    eta = np.asarray(eta_RBK, dtype=np.float64)
    truth = np.asarray(y, dtype=np.float64)
    fitting = {eta.shape[1:2], eta.shape[:2]} if target.response_ndim == 1 else {(eta.shape[1:2] + truth.shape[1:])}
    if eta.ndim != 3 or truth.shape not in fitting or 0 in eta.shape:
        raise DataError(f"predictions of shape {eta.shape} do not fit phenotypes of shape {truth.shape}")
    truth_RB = np.broadcast_to(truth, eta.shape[:2] + (truth.shape[1:] if target.response_ndim > 1 else ()))
    fold_RB = np.zeros(eta.shape[:2], dtype=np.int64) if test_fold_RB is None else np.asarray(test_fold_RB)
    if fold_RB.shape != eta.shape[:2]:
        raise DataError(f"folds of shape {fold_RB.shape} do not fit predictions of shape {eta.shape}")
    return {
        name: _over_repeats(score, eta, truth_RB, fold_RB, target)
        for name, score in SCORES.items()
        if target.kind in score.kinds
    }


def _over_repeats(
    score: Score, eta_RBK: FloatArray, y_RB: FloatArray, fold_RB: npt.NDArray[np.int64], target: Target
) -> ShownScore:
    may_be_missing = isinstance(target, MaskedGenes)
    if not np.isfinite(eta_RBK).all() or not (may_be_missing or np.isfinite(y_RB).all()):
        return ShownScore(float("nan"), "a prediction or a phenotype is not finite")
    values = []
    for eta_BK, y_B, fold_B in zip(eta_RBK, y_RB, fold_RB, strict=True):
        reason = score.undefined(eta_BK, y_B)
        if reason:
            return ShownScore(float("nan"), reason)
        parts = [fold_B == fold for fold in np.unique(fold_B)] if score.within_folds else [np.ones(len(y_B), bool)]
        usable = [part for part in parts if not score.undefined(eta_BK[part], y_B[part])]
        if not usable:
            why = score.undefined(eta_BK[parts[0]], y_B[parts[0]])
            return ShownScore(float("nan"), f"undefined in every fold: {why}")
        computed = [score.compute(eta_BK[part], y_B[part], target) for part in usable]
        values.append(float(np.average(computed, weights=[part.sum() for part in usable])))
    return ShownScore(float(np.mean(values)))


def _always_defined(eta_BK: FloatArray, y_B: FloatArray) -> str:
    return ""


def _every_class_occurs(eta_BK: FloatArray, y_B: FloatArray) -> str:
    n_classes = max(eta_BK.shape[1], 2)
    absent = n_classes - len(np.unique(y_B))
    return f"{absent} of {n_classes} classes have no sample" if absent else ""


def _phenotype_varies(eta_BK: FloatArray, y_B: FloatArray) -> str:
    return "the phenotype is the same in every sample" if np.ptp(y_B) == 0 else ""


def _both_vary(eta_BK: FloatArray, y_B: FloatArray) -> str:
    if np.ptp(eta_BK) == 0:
        return "the prediction is the same for every sample"
    return _phenotype_varies(eta_BK, y_B)


def _probabilities(eta_BK: FloatArray, target: Target) -> FloatArray:
    if isinstance(target, Classes):
        return target.mean(eta_BK)
    event_B = Binary().mean(eta_BK)[:, 0]
    return np.column_stack([1.0 - event_B, event_B])


def _indicators(y_B: FloatArray, n_classes: int) -> FloatArray:
    return np.eye(n_classes)[y_B.astype(np.int64)]


def _log_loss(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    return float(target.losses(eta_BK, y_B).mean())


def _brier(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    p_BK = _probabilities(eta_BK, target)
    # Half the sum over classes: for two classes this is the usual (p - y)^2, and the range stays [0, 1].
    return float(0.5 * ((p_BK - _indicators(y_B, p_BK.shape[1])) ** 2).sum(axis=1).mean())


def _auc(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    if target.kind == "binary":  # ranks of logits: probabilities would tie at 0 and 1
        return float(roc_auc_score(y_B, eta_BK[:, 0]))
    p_BK = _probabilities(eta_BK, target)
    return float(roc_auc_score(_indicators(y_B, p_BK.shape[1]), p_BK, average="macro"))


def _average_precision(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    if target.kind == "binary":
        return float(average_precision_score(y_B, eta_BK[:, 0]))
    p_BK = _probabilities(eta_BK, target)
    return float(average_precision_score(_indicators(y_B, p_BK.shape[1]), p_BK, average="macro"))


def _balanced_accuracy(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    called = eta_BK[:, 0] > 0 if target.kind == "binary" else eta_BK.argmax(axis=1)
    return float(balanced_accuracy_score(y_B.astype(np.int64), np.asarray(called, dtype=np.int64)))


def _r2(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    return float(1.0 - ((y_B - eta_BK[:, 0]) ** 2).sum() / ((y_B - y_B.mean()) ** 2).sum())


def _spearman(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    return float(spearmanr(eta_BK[:, 0], y_B).statistic)


def _half_deviance(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    return float(target.losses(eta_BK, y_B).mean())


def _an_event_occurs(eta_BK: FloatArray, y_B: FloatArray) -> str:
    return "" if (y_B > 0).any() else "no sample has an event"


def _risk_varies(eta_BK: FloatArray, y_B: FloatArray) -> str:
    time_B, event_B = times_and_events(y_B)
    if not (event_B & (time_B < time_B.max())).any():
        return "no event is followed by another sample"
    return ""


def _concordance(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    # A shift of all intervals' hazards is what sets samples of one fold apart: their sum ranks them.
    return concordance(eta_BK.sum(axis=1), *times_and_events(y_B))


def _integrated_brier(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    if not isinstance(target, CoxSurvival | DiscreteSurvival):
        raise TypeError(f"integrated Brier score of a {target.kind} phenotype")
    return integrated_brier(target.survival(eta_BK), target.ends_T, *times_and_events(y_B))


def _mean_r2(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    """Mean over genes that vary of the R² of each, over the samples in which it was measured."""
    seen_BT = np.isfinite(y_B)
    n_T = np.maximum(seen_BT.sum(axis=0), 1)
    y_BT = np.where(seen_BT, y_B, 0.0)
    total_T = (np.where(seen_BT, y_BT - y_BT.sum(axis=0) / n_T, 0.0) ** 2).sum(axis=0)
    left_T = (np.where(seen_BT, y_BT - eta_BK, 0.0) ** 2).sum(axis=0)
    varies = total_T > 0
    return float((1 - left_T[varies] / total_T[varies]).mean())


def _a_gene_varies(eta_BK: FloatArray, y_B: FloatArray) -> str:
    largest_T = np.where(np.isfinite(y_B), y_B, -np.inf).max(axis=0)
    least_T = np.where(np.isfinite(y_B), y_B, np.inf).min(axis=0)
    return "" if (largest_T > least_T).any() else "no gene varies"


def _rmse(eta_BK: FloatArray, y_B: FloatArray, target: Target) -> float:
    return float(np.sqrt(((y_B - eta_BK[:, 0]) ** 2).mean()))


_CALLED: tuple[PhenotypeKind, ...] = ("binary", "classes")
_MEASURED: tuple[PhenotypeKind, ...] = ("continuous",)
_COUNTED: tuple[PhenotypeKind, ...] = ("counts",)
_TIMED: tuple[PhenotypeKind, ...] = ("survival", "discrete-survival")
_INF = float("inf")

SCORES: dict[str, Score] = {
    "log_loss": Score("log loss", "lower", 0.0, _INF, (*_CALLED, *_TIMED), _log_loss, _always_defined),
    "brier": Score("Brier score", "lower", 0.0, 1.0, _CALLED, _brier, _always_defined),
    "auc": Score("AUC", "higher", 0.0, 1.0, _CALLED, _auc, _every_class_occurs, within_folds=True),
    "average_precision": Score(
        "average precision", "higher", 0.0, 1.0, _CALLED, _average_precision, _every_class_occurs
    ),
    "balanced_accuracy": Score(
        "balanced accuracy", "higher", 0.0, 1.0, _CALLED, _balanced_accuracy, _every_class_occurs
    ),
    "r2": Score("R²", "higher", -_INF, 1.0, _MEASURED, _r2, _phenotype_varies),
    "spearman": Score("Spearman ρ", "higher", -1.0, 1.0, (*_MEASURED, *_COUNTED), _spearman, _both_vary),
    "rmse": Score("RMSE", "lower", 0.0, _INF, _MEASURED, _rmse, _always_defined),
    "mean_r2": Score("mean R² of genes", "higher", -_INF, 1.0, ("masked-genes",), _mean_r2, _a_gene_varies),
    "half_deviance": Score("half deviance", "lower", 0.0, _INF, _COUNTED, _half_deviance, _always_defined),
    "concordance": Score(
        "concordance index", "higher", 0.0, 1.0, _TIMED, _concordance, _risk_varies, within_folds=True
    ),
    "integrated_brier": Score("integrated Brier score", "lower", 0.0, 1.0, _TIMED, _integrated_brier, _an_event_occurs),
}
