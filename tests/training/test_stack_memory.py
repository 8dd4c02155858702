"""The estimate of what a step holds, against tensors counted while a step is taken on the device "meta"."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from on_meta import to_meta
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hypomask.model.attention import build_layout, triton
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.classes import Binary
from hypomask.training import optimiser
from hypomask.training.config import TrainingConfig
from hypomask.training.fine_tuning import Samples
from hypomask.training.stack_memory import ModelSizes
from hypomask.training.stacked_models import StackedModels
from hypomask.training.tuning import Tuning


class Held(TorchDispatchMode):
    """Adds up the bytes of tensors that operations made and that are still there."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self._there: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        out = function(*arguments, **(named or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                there = StorageWeakRef(storage)
                self._there.setdefault(there.cdata, (there, storage.nbytes()))
        self._there = {place: held for place, held in self._there.items() if not held[0].expired()}
        self.most = max(self.most, sum(size for _, size in self._there.values()))
        return out


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("width", "heads"), [(16, 2), (16, 4), (32, 2)])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_step_holds_what_is_estimated(
    make_mask: Any, layers: int, width: int, heads: int, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triton.TritonAttention, "unavailable", lambda back_end, device: None)
    monkeypatch.setattr(triton._Call, "launch", lambda *_, **__: None)
    monkeypatch.setattr(optimiser, "adamw", lambda *_, **__: None)
    kernels = "hypomask.model.attention.triton_kernels"
    monkeypatch.setitem(sys.modules, kernels, ModuleType(kernels))
    genes, batch, n_models = 40, 64, 3
    pairs = [(gene, (7 * gene + step) % genes) for gene in range(genes) for step in (1, 2, 5)]
    config = ModelConfig(width=width, heads=heads, layers=layers)
    samples = Samples(torch.zeros(80, genes, channels), torch.zeros(80, 1), torch.zeros(80))
    layouts = build_layout(make_mask(genes, *pairs), n_layers=layers, n_heads=heads, back_end="triton")
    tunings = []
    for seed in range(n_models):
        model = MaskedGeneTransformer(genes, 0, channels, 1, config, torch.Generator().manual_seed(seed))
        training = TrainingConfig(batch_size=batch)
        tunings.append(Tuning(model, layouts, samples, np.arange(80), None, Binary(), training, seed, epochs=1))
    models = StackedModels(tunings, steps=1)
    models._do_step()  # what is derived once is derived now
    to_meta(models)
    with Held() as held:
        models._do_step()
    entries = layouts[0].pattern.n_entries
    sizes = ModelSizes(genes, genes, channels, 1, entries, width, heads, layers, batch)
    assert sizes.parameters == sum(parameter.numel() for parameter in tunings[0].model.parameters())
    assert held.most <= n_models * (sizes.bytes_of_step + sizes.bytes_that_stay) <= 1.3 * held.most
