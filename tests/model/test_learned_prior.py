"""A learned prior's strength counts at every call, with gradients and without."""

from __future__ import annotations

import pytest
import torch

from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import attend, build_layout

MASK = Mask("m", ("a", "b", "c"), (EdgeTable.build([0, 1], [1, 2]),), prior=Prior(kind="learned", floor=0.01))


@pytest.mark.parametrize("back_end", ["dense", "sparse"])
@torch.no_grad()
def test_a_strength_that_was_learned_since_is_used_in_prediction(back_end: str) -> None:
    layout = build_layout(MASK, n_layers=1, n_heads=2, back_end=back_end, dtype=torch.float64)[0]
    q, k, v = torch.randn(3, 1, 2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    strong, weak = torch.full((2,), 2.0, dtype=torch.float64), torch.full((2,), 0.1, dtype=torch.float64)
    before = attend(q, k, v, layout, strong)
    assert not torch.allclose(attend(q, k, v, layout, weak), before)
    torch.testing.assert_close(attend(q, k, v, layout, strong), before)
