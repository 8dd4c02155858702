"""Effects of interventions in the eyes of one trained model, sample by sample: direct, mediated, and in the unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from hypomask.data.cohort import Phenotype
from hypomask.errors import ConfigError
from hypomask.knockout.compiled import Compiled
from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.incremental import effects_by_token, measured, plans
from hypomask.knockout.levels import at_dose
from hypomask.knockout.measured_pass import measured_pass
from hypomask.knockout.network import Network, layouts_of, network_of
from hypomask.knockout.scan_plan import ScanPlan, plan_scan, touched_tokens
from hypomask.knockout.units import unit_values
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig
from hypomask.outcomes.family import Float
from hypomask.training.additive import AdditiveModel
from hypomask.training.fold_model import FoldModel

__all__ = ["ModelEffects", "Samples", "Scanner", "gene_terms"]

BYTES_HELD = 512 << 20  # of a measured pass
MOST_SAMPLES = 64
PLAN_PAIRS_KEPT = 20_000_000  # about 1.5 GB


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples as measured.

    Parameters
    ----------
    values_BGC
        Of the mask's genes, NaN where missing.
    z_BP
        Covariates.
    level_GC
        Reference levels of the mask's genes.
    """

    values_BGC: npt.NDArray[np.float32]
    z_BP: Float
    level_GC: Float


@dataclass(frozen=True, eq=False)
class ModelEffects:
    """Effects of I interventions on K outputs in B samples, by M replicates.

    Parameters
    ----------
    direct_IKB
        Through the genes' own additive terms.
    mediated_MIKB
        Through the mask; M is 0 where it adds nothing.
    unit_IKB
        Of both, of the mean of the replicates, in the phenotype's own terms.
    before_KB
        What is predicted of the samples as measured, in the phenotype's own terms.
    """

    direct_IKB: Float
    mediated_MIKB: Float
    unit_IKB: Float
    before_KB: Float

    @classmethod
    def joined(cls, parts: Sequence[ModelEffects]) -> ModelEffects:
        """Return the effects in samples that follow one another."""
        names = ("direct_IKB", "mediated_MIKB", "unit_IKB", "before_KB")
        return cls(*(np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names))

    def mean_mediated(self) -> Float:
        """Return (I, K, B): the mean over replicates."""
        if not len(self.mediated_MIKB):
            return np.zeros_like(self.direct_IKB)
        return np.asarray(self.mediated_MIKB.mean(axis=0))


class Scanner:
    """Carries out the same interventions with every model trained under one mask.

    What an intervention touches depends on the mask alone, and is worked out once.
    """

    def __init__(self, mask: Mask, config: ModelConfig, compiled: Compiled) -> None:
        self._mask, self._config, self._compiled = mask, config, compiled
        self._layouts = layouts_of(mask, config)
        graphs: dict[int, LayerGraph] = {}
        for layout in self._layouts:
            graphs.setdefault(id(layout), LayerGraph.of(layout))
        self._graphs = tuple(graphs[id(layout)] for layout in self._layouts)
        self._plans: list[tuple[int, ScanPlan]] | None = None

    def effects(self, model: FoldModel, phenotype: Phenotype, samples: Samples) -> ModelEffects:
        """Return what every intervention changes in the predictions of `model` for `samples`."""
        edits = self._compiled.edits
        x_BGC = model.scaling.genes(samples.values_BGC)
        doses, dose_V = np.unique(self._compiled.dose_V, return_inverse=True)
        new_DBGC = [model.scaling.genes(self._at_dose(samples, model, dose)) for dose in doses.tolist()]
        own = model.fitted.own_terms()
        before_BGK = gene_terms(own, x_BGC, samples.z_BP.shape[1])
        shape = (edits.n_items, model.n_outputs, len(x_BGC))
        direct_IKB = np.zeros(shape)
        for d, x_new in enumerate(new_DBGC):
            change_GKB = (gene_terms(own, x_new, samples.z_BP.shape[1]) - before_BGK).transpose(1, 2, 0)
            mine = np.flatnonzero(dose_V == d)
            np.add.at(direct_IKB, edits.value_item[mine], change_GKB[edits.value_gene[mine]])
        mediated_MIKB = np.zeros((0, *shape))
        if model.fitted.shrinkage > 0 and model.fitted.replicates:
            new_VCB = _new_values(new_DBGC, dose_V, edits.value_gene, x_BGC.shape)
            mediated_MIKB = np.zeros((len(model.fitted.replicates), *shape))
            for m, replicate in enumerate(model.fitted.replicates):
                network = network_of(replicate, self._layouts, self._graphs, factor=model.fitted.shrinkage)
                self._mediated(network, x_BGC, new_VCB, mediated_MIKB[m])
        effects_IKB = direct_IKB + (mediated_MIKB.mean(axis=0) if len(mediated_MIKB) else 0.0)
        z_BP = model.scaling.covariates(samples.z_BP)
        eta_BK = model.fitted.predict(x_BGC, z_BP)
        before_BK = unit_values(phenotype, model.prediction(eta_BK), model.y_center, model.y_scale)
        unit_IKB = _in_unit(model, phenotype, eta_BK, before_BK, effects_IKB)
        if model.n_outputs > 1:  # log odds of a class are known up to a constant per sample
            direct_IKB -= direct_IKB.mean(axis=1, keepdims=True)
            mediated_MIKB -= mediated_MIKB.mean(axis=2, keepdims=True)
        return ModelEffects(direct_IKB, mediated_MIKB, unit_IKB, before_BK.T)

    def by_token(self, model: FoldModel, samples: Samples) -> tuple[Index, Float]:
        """Return the tokens that the first intervention touches, and what each changes, (T, K, B); mean of replicates.

        Raises
        ------
        ConfigError
            There is more than one intervention.
        """
        if self._compiled.edits.n_items != 1:
            raise ConfigError(f"the path of an effect: got {self._compiled.edits.n_items} interventions, expected one")
        plan = plan_scan(self._compiled.edits, self._graphs)
        tokens = touched_tokens(plan)[1]
        x_BGC = model.scaling.genes(samples.values_BGC)
        doses, dose_V = np.unique(self._compiled.dose_V, return_inverse=True)
        new_DBGC = [model.scaling.genes(self._at_dose(samples, model, dose)) for dose in doses.tolist()]
        new_VCB = torch.from_numpy(_new_values(new_DBGC, dose_V, self._compiled.edits.value_gene, x_BGC.shape))
        x_GCB = torch.from_numpy(np.ascontiguousarray(x_BGC.transpose(1, 2, 0))).double()
        total = np.zeros((len(tokens), model.n_outputs, len(x_BGC)))
        for replicate in model.fitted.replicates if model.fitted.shrinkage > 0 else ():
            network = network_of(replicate, self._layouts, self._graphs, factor=model.fitted.shrinkage)
            size = self._samples_at_once(network)
            for first in range(0, len(x_BGC), size):
                block = slice(first, first + size)
                as_measured = measured_pass(network, x_GCB[:, :, block].contiguous())
                _, found = effects_by_token(network, as_measured, plan, new_VCB[:, :, block].contiguous())
                total[:, :, block] += found.numpy() / len(model.fitted.replicates)
        return tokens, total

    def _at_dose(self, samples: Samples, model: FoldModel, dose: float) -> npt.NDArray[np.float32]:
        dose_G = np.full(self._mask.n_genes, dose)
        return at_dose(samples.values_BGC, samples.level_GC, model.scaling, dose_G)

    def _mediated(self, network: Network, x_BGC: npt.NDArray[np.float32], new_VCB: Float, out_IKB: Float) -> None:
        """Fill `out_IKB`, some samples at a time."""
        edits = self._compiled.edits
        size = self._samples_at_once(network)
        x_GCB = torch.from_numpy(np.ascontiguousarray(x_BGC.transpose(1, 2, 0))).to(network.dtype)
        new = torch.from_numpy(new_VCB)
        for first in range(0, len(x_BGC), size):
            block = slice(first, first + size)
            of_block = measured(network, x_GCB[:, :, block].contiguous())
            for item, plan in self._all_plans(network, size):
                values = slice(*np.searchsorted(edits.value_item, [item, item + plan.edits.n_items]))
                found = of_block.effects(plan, new[values, :, block].contiguous())
                out_IKB[item : item + plan.edits.n_items, :, block] = found.numpy()

    def _all_plans(self, network: Network, n_batch: int) -> Iterator[tuple[int, ScanPlan]]:
        """Yield all plans, kept from the first time on unless they are too many."""
        if self._plans is not None:
            yield from self._plans
            return
        kept: list[tuple[int, ScanPlan]] | None = []
        pairs = 0
        for first, plan in plans(
            self._compiled.edits, self._graphs, width=network.width, n_heads=network.n_heads, n_batch=n_batch
        ):
            pairs += sum(len(layer.own.pairs) + len(layer.altered.pairs) for layer in plan.layers)
            if kept is not None:
                kept = [*kept, (first, plan)] if pairs <= PLAN_PAIRS_KEPT else None
            yield first, plan
        self._plans = kept

    def _samples_at_once(self, network: Network) -> int:
        tokens = 8 * self._mask.n_tokens * network.width * len(self._graphs)
        pairs = sum(graph.n_pairs for graph in self._graphs) * network.n_heads * (2 + network.n_outputs)
        return int(np.clip(BYTES_HELD // (8 * (tokens + pairs)), 1, MOST_SAMPLES))


def gene_terms(additive: AdditiveModel, x_BGC: npt.NDArray[np.float32], n_covariates: int) -> Float:
    """Return (B, G, K): what each gene by itself, line and curve over all channels, adds to the linear predictor."""
    n_batch, n_genes, n_channels = x_BGC.shape
    n_outputs = len(additive.intercept)
    x_BJ = x_BGC.reshape(n_batch, -1).astype(np.float64)
    weights_JK = additive.coefficients[n_covariates:]
    term_BJK = x_BJ[:, :, None] * weights_JK[: x_BJ.shape[1]]
    if additive.curves is not None:
        curved = additive.curves.apply(x_BJ)[:, :, None] * weights_JK[x_BJ.shape[1] :]
        term_BJK[:, additive.curves.columns] += curved
    terms_BGK = term_BJK.reshape(n_batch, n_genes, n_channels, n_outputs).sum(axis=2)
    return np.asarray(additive.calibration.slope * terms_BGK)


def _new_values(
    new_DBGC: list[npt.NDArray[np.float32]],
    dose_V: npt.NDArray[np.int64],
    gene_V: npt.NDArray[np.int64],
    shape_BGC: tuple[int, ...],
) -> Float:
    """Return (V, C, B) standardised values that genes are set to."""
    new_VCB = np.zeros((len(gene_V), shape_BGC[2], shape_BGC[0]))
    for d, x_new in enumerate(new_DBGC):
        mine = np.flatnonzero(dose_V == d)
        new_VCB[mine] = x_new[:, gene_V[mine]].transpose(1, 2, 0)
    return new_VCB


def _in_unit(model: FoldModel, phenotype: Phenotype, eta_BK: Float, before_BK: Float, effects_IKB: Float) -> Float:
    """Return (I, K, B): predictions after less predictions before, in the phenotype's own terms."""
    if phenotype.kind == "continuous":
        return effects_IKB * model.y_scale
    unit = np.zeros_like(effects_IKB)
    for item, effect_KB in enumerate(effects_IKB):
        after_BU = unit_values(phenotype, model.prediction(eta_BK + effect_KB.T), model.y_center, model.y_scale)
        unit[item] = (after_BU - before_BK).T
    return unit
