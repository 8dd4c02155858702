"""The additive part: the best penalised model without any interaction, fitted before the transformer.

It enters the transformer as an offset, so that what the transformer learns is what the mask adds. It does not depend on
the mask (only on which genes are tokens), and is fitted once per fold and shared by every mask over the same genes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hypomask.data.seeds import derive_seed
from hypomask.data.splits import inner_folds
from hypomask.outcomes.family import Family, Float
from hypomask.training.calibration import Calibration, fit_calibration
from hypomask.training.curves import Curves, fit_curves
from hypomask.training.penalised import PENALTIES, penalised_path

__all__ = [
    "COVARIATE_PRIOR_SD",
    "CURVE_PRIOR_SD",
    "AdditiveModel",
    "Candidate",
    "additive_splits",
    "best_candidate",
    "clearly_lower",
    "design_of",
    "fit_additive",
    "held_out_losses",
]

# A covariate is penalised 100 times less than a gene of the same spread: it is there to be adjusted for.
COVARIATE_PRIOR_SD = 10.0

# How far a gene's curve may bend relative to its straight line, where curves pay at all.
CURVE_PRIOR_SD = 0.5

# Below this many samples the split for choosing the penalty is repeated: one split's choice is mostly luck.
FEW_SAMPLES = 200
REPEATS_WHEN_FEW = 4
INNER_FOLDS = 5


@dataclass(frozen=True, eq=False)
class AdditiveModel:
    """A fitted additive part.

    Parameters
    ----------
    eta_train
        (B, K) of the training samples by models that did not see them (inner cross-validation): an in-sample offset
        would leave residuals that are too small, and nothing to learn from.
    coefficients, intercept
        (J, K) and (K,) over the columns covariates, genes x channels, curves.
    curves
        How genes bend; None for straight lines.
    calibration
        Of the linear predictor, from `eta_train`'s samples.
    penalty
        Chosen relative penalty.
    """

    eta_train: Float
    coefficients: Float
    intercept: Float
    curves: Curves | None
    calibration: Calibration
    penalty: float

    def predict(self, x_BGC: npt.NDArray[np.float32] | None, z_BP: Float) -> Float:
        """Return (B, K) linear predictors of standardised measurements and covariates."""
        return self.calibration.apply(self.design(x_BGC, z_BP) @ self.coefficients + self.intercept)

    def design(self, x_BGC: npt.NDArray[np.float32] | None, z_BP: Float) -> Float:
        """Return (B, J) columns: covariates, genes x channels, curves."""
        return design_of(_flat(x_BGC, len(z_BP)), z_BP, self.curves)


def fit_additive(
    x_BGC: npt.NDArray[np.float32] | None,
    z_BP: Float,
    y: Float,
    *,
    family: Family,
    blocks: npt.NDArray[np.int64],
    seed: int,
    curves: bool = True,
    device: str = "cpu",
) -> AdditiveModel:
    """Fit covariates and, for every gene and channel, a line (or a curve where that pays).

    Parameters
    ----------
    x_BGC
        Standardised measurements of the training samples; None: covariates alone, which is what any hypothesis has
        to beat.
    z_BP, y, blocks
        Standardised covariates, phenotype, and blocks that the inner split keeps together, of the training samples.
    curves
        Whether genes may bend at all.
    device
        Where closed forms are computed, which only squared errors have.
    """
    x_BJ = _flat(x_BGC, len(y))
    shapes: list[Curves | None] = [None]
    if curves and (bent := fit_curves(x_BJ, CURVE_PRIOR_SD)) is not None:
        shapes.append(bent)
    parts = additive_splits(y, family, blocks, seed)

    def design(shape: Curves | None) -> Float | Tensor:
        return _where_it_is_fitted(design_of(x_BJ, z_BP, shape), family, device)

    best: Candidate | None = None
    for shape in shapes:
        candidate = _cross_validate(design(shape), shape, y, family, parts)
        if best is None or clearly_lower(candidate.losses_B, best.losses_B):
            best = candidate
    if best is None:  # cannot happen: the first shape is always tried
        raise RuntimeError("no additive model was tried")
    path = penalised_path(design(best.curves), y, family=family, penalties=PENALTIES[: best.chosen + 1])
    calibration = fit_calibration(best.eta_BK, y, family)
    return AdditiveModel(
        eta_train=calibration.apply(best.eta_BK),
        coefficients=path.coefficients_PJK[-1],
        intercept=path.intercept_PK[-1],
        curves=best.curves,
        calibration=calibration,
        penalty=float(PENALTIES[best.chosen]),
    )


@dataclass(frozen=True, eq=False)
class Candidate:
    """A design, its best penalty (by position), and its inner out-of-sample predictions and losses."""

    curves: Curves | None
    chosen: int
    eta_BK: Float
    losses_B: Float


def _flat(x_BGC: npt.NDArray[np.float32] | None, n: int) -> Float:
    return np.zeros((n, 0)) if x_BGC is None else x_BGC.reshape(n, -1).astype(np.float64)


def design_of(x_BJ: Float, z_BP: Float, curves: Curves | None) -> Float:
    """Return (B, J): covariates, genes x channels and, where there are any, curves."""
    columns = [COVARIATE_PRIOR_SD * z_BP, x_BJ]
    if curves is not None:
        columns.append(curves.apply(x_BJ))
    return np.column_stack(columns)


def _where_it_is_fitted(design: Float, family: Family, device: str) -> Float | Tensor:
    if device == "cpu" or not family.is_quadratic or design.shape[1] == 0:
        return design
    return torch.from_numpy(design).to(device)


def _rows(design: Float | Tensor, chosen: npt.NDArray[np.bool_]) -> Float | Tensor:
    if isinstance(design, Tensor):
        return design[torch.from_numpy(chosen).to(design.device)]
    return design[chosen]


def clearly_lower(losses_B: Float, than_B: Float) -> bool:
    """Return whether curves pay: by more than a standard error of the paired difference, or they are noise."""
    gain_B = than_B - losses_B
    return bool(gain_B.mean() > gain_B.std() / np.sqrt(len(gain_B)))


def additive_splits(y: Float, family: Family, blocks: npt.NDArray[np.int64], seed: int) -> list[npt.NDArray[np.int8]]:
    """Return the inner splits, (B,) parts each, by which `fit_additive` leaves samples out."""
    repeats = REPEATS_WHEN_FEW if len(y) < FEW_SAMPLES else 1
    return [
        inner_folds(y, family, blocks, INNER_FOLDS, derive_seed("additive part", seed, repeat))
        for repeat in range(repeats)
    ]


def _cross_validate(
    design: Float | Tensor,
    curves: Curves | None,
    y: Float,
    family: Family,
    splits: list[npt.NDArray[np.int8]],
) -> Candidate:
    """Pick the penalty with the least loss on samples left out."""
    return best_candidate(curves, *_held_out(design, y, family, splits))


def best_candidate(curves: Curves | None, eta_RPBK: Float, losses_RPB: Float) -> Candidate:
    """Return a design at the penalty with the least loss (R, P, B) of samples left out, with their predictors."""
    # Losses of single splits, not of averaged predictions: the model that is used is not averaged over splits.
    losses_PB = losses_RPB.mean(axis=0)
    chosen = int(np.argmin(losses_PB.mean(axis=1)))
    return Candidate(curves, chosen, eta_RPBK[:, chosen].mean(axis=0), losses_PB[chosen])


def _held_out(
    design: Float | Tensor, y: Float, family: Family, splits: list[npt.NDArray[np.int8]]
) -> tuple[Float, Float]:
    """Return each sample's linear predictor (R, P, B, K) and its loss (R, P, B), without its own phenotype."""
    eta_RPBK = np.zeros((len(splits), len(PENALTIES), len(y), family.n_outputs))
    losses_RPB = np.zeros(eta_RPBK.shape[:3])
    for eta_PBK, losses_PB, split in zip(eta_RPBK, losses_RPB, splits, strict=True):
        for part in np.unique(split):
            held_out = split == part
            inside_PBK = np.zeros((len(PENALTIES), int((~held_out).sum()), family.n_outputs))
            if family.can_be_fitted(y[~held_out]):  # else the held-out samples keep a predictor of 0
                inside = _rows(design, ~held_out)
                path = penalised_path(inside, y[~held_out], family=family)
                eta_PBK[:, held_out] = path.predict(_rows(design, held_out))
                inside_PBK = path.predict(inside)
            losses_PB[:, held_out] = held_out_losses(eta_PBK[:, held_out], inside_PBK, y, held_out, family)
    return eta_RPBK, losses_RPB


def held_out_losses(
    eta_PBK: Float, inside_PBK: Float, y: Float, held_out: npt.NDArray[np.bool_], family: Family
) -> Float:
    """Return (P, B) losses of the samples `held_out`, with predictors of them and of all others, penalty by penalty."""
    pairs = zip(eta_PBK, inside_PBK, strict=True)
    return np.stack([family.losses(family.predicted(eta, y[~held_out], inside), y[held_out]) for eta, inside in pairs])
