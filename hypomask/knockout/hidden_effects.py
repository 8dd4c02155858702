"""Effects of interventions on every other gene, by models of masked genes: each gene predicted while itself hidden.

Here the whole model is computed for every intervention, some of its genes hidden at a time: cohorts of masked genes
have hundreds of genes, not thousands.
"""

from __future__ import annotations

import copy

import numpy as np
import torch

from hypomask.knockout.compiled import Compiled
from hypomask.knockout.edits import CUT
from hypomask.knockout.levels import at_dose
from hypomask.knockout.model_effects import ModelEffects, Samples
from hypomask.knockout.network import layouts_of
from hypomask.knockout.recompute import edited_layouts
from hypomask.model.hidden_values import sets_to_hide
from hypomask.outcomes.family import Float
from hypomask.training.fold_model import TARGET_CHANNEL, HiddenGenesModel

__all__ = ["hidden_effects"]


@torch.no_grad()
def hidden_effects(model: HiddenGenesModel, compiled: Compiled, samples: Samples) -> ModelEffects:
    """Return what every intervention changes in the predicted values of all other genes, in their own unit.

    Nothing is direct: a hidden gene has no term of its own. A gene whose value is edited has no effect on itself: what
    others would have it be is no longer what it is.
    """
    edits, mask = compiled.edits, model.mask
    shape = (edits.n_items, mask.n_genes, len(samples.values_BGC))
    mediated_MIKB = np.zeros((len(model.replicates), *shape))
    layouts = layouts_of(mask, model.model)
    together = sets_to_hide(mask, model.model.n_layers)
    if (edits.pair_weight > CUT).any():  # with another edge, genes that could not hear of one another may
        together = tuple(np.array([gene]) for gene in range(mask.n_genes))
    sets = [torch.from_numpy(genes) for genes in together]
    factor_G = model.scaling.factor_GC[:, TARGET_CHANNEL]
    width_G = np.where(factor_G > 0, 1 / np.where(factor_G > 0, factor_G, 1.0), 0.0) * model.shrinkage_G
    x = torch.from_numpy(model.scaling.genes(samples.values_BGC)).double()
    for m, replicate in enumerate(model.replicates):
        network = copy.deepcopy(replicate).double()
        before_BG = network.predict_hidden(x, layouts, sets)
        for item in range(edits.n_items):
            edited = torch.from_numpy(_edited(model, compiled, samples, item)).double()
            after_BG = network.predict_hidden(edited, edited_layouts(layouts, edits, item), sets)
            mediated_MIKB[m, item] = (after_BG - before_BG).numpy().T * width_G[:, None]
            mediated_MIKB[m, item, edits.value_gene[edits.value_item == item]] = 0.0
    mean_IKB = mediated_MIKB.mean(axis=0) if len(mediated_MIKB) else np.zeros(shape)
    before = model.predict(samples.values_BGC, samples.z_BP).full
    return ModelEffects(np.zeros(shape), mediated_MIKB, mean_IKB, before.T)


def _edited(model: HiddenGenesModel, compiled: Compiled, samples: Samples, item: int) -> Float:
    """Return (B, G, C) standardised values with those of one intervention in place."""
    dose_G = np.ones(model.mask.n_genes)
    mine = compiled.edits.value_item == item
    genes = compiled.edits.value_gene[mine]
    dose_G[genes] = compiled.dose_V[mine]
    values = samples.values_BGC.copy()
    values[:, genes] = at_dose(samples.values_BGC, samples.level_GC, model.scaling, dose_G)[:, genes]
    return np.asarray(model.scaling.genes(values))
