"""The additive part of samples that do not fit into memory: `hypomask.training.additive`, in passes over them.

Same splits, penalties and choices; what is held grows with the columns squared, and with the samples by a few numbers
for each penalty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hypomask.data.streamed_rows import StreamedRows
from hypomask.outcomes.family import Family, Float
from hypomask.training.additive import (
    AdditiveModel,
    Candidate,
    additive_splits,
    best_candidate,
    clearly_lower,
    fit_additive,
    held_out_losses,
)
from hypomask.training.calibration import fit_calibration
from hypomask.training.curves import Curves
from hypomask.training.penalised import PENALTIES
from hypomask.training.streamed_design import StreamedDesign, streamed_curves
from hypomask.training.streamed_fits import StreamedFits

__all__ = ["fit_streamed_additive"]


def fit_streamed_additive(
    x: StreamedRows,
    z_BP: Float,
    y: Float,
    *,
    family: Family,
    blocks: npt.NDArray[np.int64],
    seed: int,
    curves: bool = True,
    device: str = "cpu",
) -> AdditiveModel:
    """Fit what `hypomask.training.additive.fit_additive` fits, within rounding, with the same parameters.

    Fewer samples than columns are held in memory and fitted there: that takes no more than the columns squared.
    """
    if len(x) <= np.prod(x.shape[1:]) + z_BP.shape[1]:
        held_BGC = x.take(np.arange(len(x)))
        return fit_additive(held_BGC, z_BP, y, family=family, blocks=blocks, seed=seed, curves=curves, device=device)
    splits = additive_splits(y, family, blocks, seed)
    shapes: list[Curves | None] = [None]
    if curves and (bent := streamed_curves(x)) is not None:
        shapes.append(bent)
    best: tuple[Candidate, StreamedFits] | None = None
    for shape in shapes:
        candidate, fits = _cross_validate(StreamedDesign(x, z_BP, shape), y, family, splits)
        if best is None or clearly_lower(candidate.losses_B, best[0].losses_B):
            best = candidate, fits
    if best is None:  # cannot happen: the first shape is always tried
        raise RuntimeError("no additive model was tried")
    chosen, fits = best
    (last,) = of_all = fits.fit(0, PENALTIES[[chosen.chosen]])
    fits.run(of_all)
    coefficients, intercept = fits.solution(last)
    calibration = fit_calibration(chosen.eta_BK, y, family)
    return AdditiveModel(
        eta_train=calibration.apply(chosen.eta_BK),
        coefficients=coefficients,
        intercept=intercept,
        curves=chosen.curves,
        calibration=calibration,
        penalty=float(PENALTIES[chosen.chosen]),
    )


def _cross_validate(
    design: StreamedDesign, y: Float, family: Family, splits: list[npt.NDArray[np.int8]]
) -> tuple[Candidate, StreamedFits]:
    """Pick the penalty with the least loss on samples left out; set 0 of the fits returned is all samples."""
    parts = [(r, part) for r, split in enumerate(splits) for part in np.unique(split)]
    inside_FB = np.stack([np.full(len(y), True), *(splits[r] != part for r, part in parts)])
    fits = StreamedFits(design, y, family, inside_FB)
    begun = {f: fits.fit(f, PENALTIES) for f in range(1, len(inside_FB)) if family.can_be_fitted(y[inside_FB[f]])}
    fits.run([fit for of_set in begun.values() for fit in of_set])
    eta_RPBK = np.zeros((len(splits), len(PENALTIES), len(y), family.n_outputs))
    losses_RPB = np.zeros(eta_RPBK.shape[:3])
    for f, (r, part) in enumerate(parts, start=1):
        held_out = splits[r] == part
        inside_PBK = np.zeros((len(PENALTIES), int((~held_out).sum()), family.n_outputs))
        if f in begun:  # else the held-out samples keep a predictor of 0
            eta_PBK = fits.predictors(begun[f])
            eta_RPBK[r][:, held_out], inside_PBK = eta_PBK[:, held_out], eta_PBK[:, ~held_out]
        losses_RPB[r][:, held_out] = held_out_losses(eta_RPBK[r][:, held_out], inside_PBK, y, held_out, family)
    return best_candidate(design.curves, eta_RPBK, losses_RPB), fits
