"""Members of stacks: models that are alike, and what they are after training, alone and together."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from hypomask.model.attention import build_layout
from hypomask.model.config import ModelConfig
from hypomask.model.losses import response_tensor
from hypomask.model.transformer import MaskedGeneTransformer
from hypomask.outcomes.registry import family_of
from hypomask.training.config import TrainingConfig
from hypomask.training.epochs import Tuned
from hypomask.training.fine_tuning import Samples
from hypomask.training.stacked import tune_stacked
from hypomask.training.tuning import Tuning

KINDS = ("continuous", "binary", "classes", "counts", "survival", "discrete-survival")
WIRINGS = ([(0, 1), (1, 0)], [(2, 3)], [(0, 2), (1, 3), (3, 1)], [(0, 3), (2, 1)], [(1, 2)])
N_GENES = 4


def tuning_maker(make_mask: Any, products: Any) -> Any:
    """Return a function that gives models in float64, each with its own mask, data, samples held out, and seed."""

    def make(
        kind: str = "continuous",
        *,
        n_models: int = 5,
        config: TrainingConfig | None = None,
        model: ModelConfig | None = None,
        back_end: str = "sparse",
        held_out: bool = True,
        device: str = "cpu",
        **mask_fields: Any,
    ) -> list[Tuning]:
        made = []
        for m in range(n_models):
            model_config = model or ModelConfig(width=8, heads=2)
            mask = make_mask(N_GENES, *WIRINGS[m], **mask_fields)
            layouts = build_layout(
                mask,
                n_layers=model_config.n_layers,
                n_heads=2,
                back_end=back_end,
                device=device,
                dtype=torch.float64,
            )
            n = 90 + m  # samples differ in number, batches do not
            x_BGC, y = products(n, kind, seed=m)
            family = family_of(kind, y, "abc")
            stage = family.network_stage(y, np.zeros((n, family.n_outputs)))
            outputs = stage.family.n_outputs
            network = MaskedGeneTransformer(N_GENES, 0, 1, outputs, model_config, torch.Generator().manual_seed(m))
            samples = Samples(
                torch.from_numpy(x_BGC).double().to(device),
                torch.from_numpy(stage.offset_BK).double().to(device),
                response_tensor(torch.from_numpy(stage.y), stage.family, torch.float64).to(device),
            )
            rows = np.random.default_rng(m).permutation(n)
            outside = rows[70:] if held_out else None
            training = config or TrainingConfig(epochs=6, patience=2, learning_rate=0.05, batch_size=16)
            tuning = (network.double().to(device), layouts, samples, rows[:70], outside, stage.family, training, 10 + m)
            made.append(Tuning(*tuning, epochs=training.epochs if held_out else m))
        return made

    return make


def ends(tunings: Sequence[Tuning], *, together: bool) -> tuple[list[Tuned], list[torch.Tensor]]:
    """Train copies of the models; return how it went, and all their values."""
    own = [dataclasses.replace(tuning, model=copy.deepcopy(tuning.model)) for tuning in tunings]
    tuned = tune_stacked(own) if together else [tuning.run() for tuning in own]
    return tuned, [torch.nn.utils.parameters_to_vector(tuning.model.parameters()).detach() for tuning in own]


def assert_same(
    one: tuple[list[Tuned], list[torch.Tensor]], two: tuple[list[Tuned], list[torch.Tensor]], tolerance: float = 1e-10
) -> None:
    for a, b in zip(one[0], two[0], strict=True):
        assert (a.best_epoch, a.epochs_run) == (b.best_epoch, b.epochs_run)
        np.testing.assert_allclose([a.start_loss, a.best_loss], [b.start_loss, b.best_loss], rtol=tolerance)
    for a_P, b_P in zip(one[1], two[1], strict=True):
        torch.testing.assert_close(a_P, b_P, rtol=tolerance, atol=tolerance)
