"""Models as plain arrays and a JSON header, and back: nothing that could run code on reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hypomask.data.scaling import Scaling
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig
from hypomask.model.hidden_values import HiddenValueTransformer
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.training.additive import AdditiveModel
from hypomask.training.calibration import Calibration
from hypomask.training.curves import Curves
from hypomask.training.fitted_model import FittedModel
from hypomask.training.fold_model import FoldModel, HiddenGenesModel, JobModel, SeveralModels, cpu_layouts
from hypomask.training.partial_residuals import AdditiveShare

__all__ = ["Arrays", "mask_of", "pack_model", "unpack_model"]

Arrays = Mapping[str, npt.NDArray[Any]]

CURVES = tuple(field.name for field in fields(Curves))
SCALING = tuple(field.name for field in fields(Scaling))


def mask_of(model: JobModel) -> Mask:
    """Return the mask that a model was trained under."""
    return model.parts[0].mask if isinstance(model, SeveralModels) else model.mask


def pack_model(model: JobModel) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return a header of JSON types, and arrays by name. The mask is not among them: many models share one."""
    if isinstance(model, FoldModel):
        return _pack_fold(model)
    if isinstance(model, HiddenGenesModel):
        return _pack_hidden(model)
    packed = [_pack_fold(part) for part in model.parts]
    arrays = {f"part{t}.{name}": array for t, (_, part) in enumerate(packed) for name, array in part.items()}
    return {"kind": "several", "parts": [header for header, _ in packed]}, arrays


def unpack_model(header: Mapping[str, Any], arrays: Arrays, mask: Mask) -> JobModel:
    """Return the model that `pack_model` took apart; its predictions on a CPU are the same to the last bit.

    Raises
    ------
    KeyError, TypeError, ValueError, RuntimeError
        When header and arrays are not of one model under `mask`.
    """
    if header["kind"] == "phenotype":
        return _unpack_fold(header, arrays, mask)
    if header["kind"] == "masked-genes":
        return _unpack_hidden(header, arrays, mask)
    if header["kind"] != "several":
        raise ValueError(f"no kind of model {header['kind']!r}")
    parts = []
    for t, part in enumerate(header["parts"]):
        prefix = f"part{t}."
        own = {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
        parts.append(_unpack_fold(part, own, mask))
    return SeveralModels(tuple(parts))


def _pack_fold(model: FoldModel) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    fitted = model.fitted
    header = {
        "kind": "phenotype",
        "phenotype": model.phenotype,
        "model": asdict(model.model),
        "shrinkage": float(fitted.shrinkage),
        "replicates": len(fitted.replicates),
        "y_center": float(model.y_center),
        "y_scale": float(model.y_scale),
        "numbers": fitted.numbers,
        "additive": _additive_header(fitted.additive),
        "gene_free": _additive_header(model.gene_free),
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "baseline": model.baseline_P,
        "gene_free_baseline": model.gene_free_baseline_P,
        "baseline_shift": fitted.baseline_shift_K,
        **_scaling_arrays(model.scaling),
        **_additive_arrays("additive", fitted.additive),
        **_additive_arrays("gene_free", model.gene_free),
        **_network_arrays(fitted.replicates),
    }
    for m, share in enumerate(fitted.shares):
        arrays |= {f"share{m}.coefficients": share.coefficients_JK, f"share{m}.level": share.level_K}
    return header, arrays


def _unpack_fold(header: Mapping[str, Any], arrays: Arrays, mask: Mask) -> FoldModel:
    config = ModelConfig(**header["model"])
    scaling = Scaling(**{name: arrays[f"scaling.{name}"] for name in SCALING})
    _check_genes(scaling, mask)
    networks = []
    for m in range(header["replicates"]):
        state = _state(arrays, m)
        n_channels, n_outputs = state["measurement_GCD"].shape[1], state["readout_GFK"].shape[2]
        network = MaskedGeneTransformer(
            mask.n_genes, len(mask.group_tokens), n_channels, n_outputs, config, torch.Generator()
        )
        network.load_state_dict(state)
        networks.append(network.eval())
    fitted = FittedModel(
        additive=_unpack_additive(header["additive"], arrays, "additive"),
        replicates=tuple(networks),
        layouts=cpu_layouts(mask, config),
        shrinkage=header["shrinkage"],
        numbers=dict(header["numbers"]),
        baseline_shift_K=arrays["baseline_shift"],
        shares=tuple(
            AdditiveShare(arrays[f"share{m}.coefficients"], arrays[f"share{m}.level"])
            for m in range(header["replicates"])
        ),
    )
    return FoldModel(
        phenotype=str(header["phenotype"]),
        mask=mask,
        model=config,
        scaling=scaling,
        fitted=fitted,
        gene_free=_unpack_additive(header["gene_free"], arrays, "gene_free"),
        baseline_P=arrays["baseline"],
        gene_free_baseline_P=arrays["gene_free_baseline"],
        y_center=header["y_center"],
        y_scale=header["y_scale"],
    )


def _pack_hidden(model: HiddenGenesModel) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    header = {
        "kind": "masked-genes",
        "model": asdict(model.model),
        "replicates": len(model.replicates),
        "by_covariates": [None if fitted is None else _additive_header(fitted) for fitted in model.by_covariates],
    }
    arrays: dict[str, npt.NDArray[Any]] = {
        "shrinkage": model.shrinkage_G,
        **_scaling_arrays(model.scaling),
        **_network_arrays(model.replicates),
    }
    for gene, fitted in enumerate(model.by_covariates):
        if fitted is not None:
            arrays |= _additive_arrays(f"covariates{gene}", fitted)
    return header, arrays


def _unpack_hidden(header: Mapping[str, Any], arrays: Arrays, mask: Mask) -> HiddenGenesModel:
    config = ModelConfig(**header["model"])
    scaling = Scaling(**{name: arrays[f"scaling.{name}"] for name in SCALING})
    _check_genes(scaling, mask)
    networks = []
    for m in range(header["replicates"]):
        state = _state(arrays, m)
        n_channels = state["measurement_GCD"].shape[1]
        network = HiddenValueTransformer(mask.n_genes, len(mask.group_tokens), n_channels, config, torch.Generator())
        network.load_state_dict(state)
        networks.append(network.eval())
    return HiddenGenesModel(
        mask=mask,
        model=config,
        scaling=scaling,
        by_covariates=tuple(
            None if own is None else _unpack_additive(own, arrays, f"covariates{gene}")
            for gene, own in enumerate(header["by_covariates"])
        ),
        replicates=tuple(networks),
        shrinkage_G=arrays["shrinkage"],
        layouts=cpu_layouts(mask, config),
    )


def _check_genes(scaling: Scaling, mask: Mask) -> None:
    if len(scaling.center_GC) != mask.n_genes:
        raise ValueError(f"{len(scaling.center_GC)} genes are scaled, the mask has {mask.n_genes}")


def _scaling_arrays(scaling: Scaling) -> dict[str, npt.NDArray[Any]]:
    return {f"scaling.{name}": getattr(scaling, name) for name in SCALING}


def _network_arrays(networks: tuple[MaskedGeneTransformer, ...]) -> dict[str, npt.NDArray[Any]]:
    return {
        f"network{m}.{name}": tensor.detach().cpu().numpy()
        for m, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
    }


def _state(arrays: Arrays, replicate: int) -> dict[str, torch.Tensor]:
    prefix = f"network{replicate}."
    return {
        name.removeprefix(prefix): torch.from_numpy(np.array(arrays[name]))
        for name in arrays
        if name.startswith(prefix)
    }


def _additive_header(fitted: AdditiveModel) -> dict[str, Any]:
    return {
        "slope": float(fitted.calibration.slope),
        "penalty": float(fitted.penalty),
        "curves": fitted.curves is not None,
    }


def _additive_arrays(prefix: str, fitted: AdditiveModel) -> dict[str, npt.NDArray[Any]]:
    arrays = {
        f"{prefix}.coefficients": fitted.coefficients,
        f"{prefix}.intercept": fitted.intercept,
        f"{prefix}.center": fitted.calibration.center_K,
    }
    if fitted.curves is not None:
        arrays |= {f"{prefix}.curves.{name}": getattr(fitted.curves, name) for name in CURVES}
    return arrays


def _unpack_additive(header: Mapping[str, Any], arrays: Arrays, prefix: str) -> AdditiveModel:
    intercept = arrays[f"{prefix}.intercept"]
    curves = Curves(**{name: arrays[f"{prefix}.curves.{name}"] for name in CURVES}) if header["curves"] else None
    return AdditiveModel(
        eta_train=np.zeros((0, len(intercept))),
        coefficients=arrays[f"{prefix}.coefficients"],
        intercept=intercept,
        curves=curves,
        calibration=Calibration(header["slope"], arrays[f"{prefix}.center"]),
        penalty=header["penalty"],
    )
