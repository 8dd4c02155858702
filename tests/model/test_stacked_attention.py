"""Attention of several models in one launch: each gets what it gets alone, and nothing of the others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import vmap

from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import LayerLayout, attend, build_layout
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.attention.stacked import StackedLayout, stack_layouts, why_not_stacked

N, HEADS = 5, 2
EDGES = (([0, 1, 4], [1, 2, 0]), ([], []), ([2, 2, 3, 0], [0, 1, 4, 3]))
ON_GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")]
WHERE = [
    ("cpu", "sparse"),
    ("cpu", "triton"),
    pytest.param("cuda", "triton", marks=ON_GPU),
    pytest.param("cuda", "sparse", marks=ON_GPU),
]


def mask_of(rows: list[int], cols: list[int], **fields: object) -> Mask:
    relation = [number % 2 for number in range(len(rows))]
    table = EdgeTable.build(rows, cols, relation)
    return Mask("m", tuple(f"g{i}" for i in range(N)), (table,), (), ("acts_on", "binds"), **fields)  # type: ignore[arg-type]


def layouts_of(device: str, back_end: str, *, reserved: bool) -> list[LayerLayout]:
    layouts = []
    for m, (rows, cols) in enumerate(EDGES):
        mask = mask_of(rows, cols, heads={"binds": 1} if reserved and m else {})
        layouts += build_layout(mask, n_layers=1, n_heads=HEADS, back_end=back_end, device=device, dtype=torch.float64)
    return layouts


def draw(device: str) -> list[Tensor]:
    """Queries, keys, values and a gradient, (M, B, H, N, D), stored as the model leaves them."""
    generator = torch.Generator().manual_seed(0)
    shape = (len(EDGES), 3, N, HEADS, 4)
    return [torch.randn(shape, generator=generator, dtype=torch.float64).to(device).transpose(2, 3) for _ in range(4)]


def together(inputs: list[Tensor], layouts: list[LayerLayout], *, own_value: bool = True) -> Tensor:
    (layout,) = stack_layouts([(layout,) for layout in layouts])
    return vmap(lambda q, k, v: attend(q, k, v, layout, own_value=own_value))(*inputs)


@pytest.mark.parametrize("own_value", [True, False])
@pytest.mark.parametrize("reserved", [False, True], ids=["all heads see all", "reserved heads"])
@pytest.mark.parametrize(("device", "back_end"), WHERE)
def test_every_member_gets_what_it_gets_alone(device: str, back_end: str, reserved: bool, own_value: bool) -> None:
    layouts = layouts_of(device, back_end, reserved=reserved)
    *inputs, grad = draw(device)
    inputs = [x.detach().requires_grad_() for x in inputs]
    out = together(inputs, layouts, own_value=own_value)
    grads = torch.autograd.grad(out, inputs, grad)
    for m, layout in enumerate(layouts):
        own = [x[m].detach().requires_grad_() for x in inputs]
        alone = attend(*own, layout, own_value=own_value)
        torch.testing.assert_close(out[m], alone, rtol=1e-12, atol=1e-12)
        for got, want in zip(grads, torch.autograd.grad(alone, own, grad[m]), strict=True):
            torch.testing.assert_close(got[m], want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("device", "back_end"), WHERE)
def test_no_bit_of_a_member_comes_from_another(device: str, back_end: str) -> None:
    layouts = layouts_of(device, back_end, reserved=False)
    *inputs, _ = draw(device)
    before = together(inputs, layouts)
    for x in inputs:
        x[1] *= -1e3
    after = together(inputs, layouts)
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[2], after[2])
    assert not torch.isclose(before[1], after[1]).any()


def test_one_value_for_all_members_is_spread() -> None:
    layouts = layouts_of("cpu", "sparse", reserved=False)
    q, k, v, _ = draw("cpu")
    (layout,) = stack_layouts([(layout,) for layout in layouts])
    shared = vmap(lambda q, v: attend(q, k[0], v, layout))(q, v)
    torch.testing.assert_close(shared, together([q, k[:1].expand_as(k), v], layouts), rtol=0, atol=0)


def test_patterns_side_by_side_do_not_meet() -> None:
    layouts = layouts_of("cpu", "sparse", reserved=False)
    union = EdgePattern.side_by_side([layout.pattern for layout in layouts])
    allowed = torch.zeros(len(EDGES) * N, len(EDGES) * N, dtype=torch.bool)
    allowed.view(-1)[union.flat] = True
    blocks = []
    for layout in layouts:
        own = torch.zeros(N, N, dtype=torch.bool)
        own.view(-1)[layout.pattern.flat] = True
        blocks.append(own)
    assert torch.equal(allowed, torch.block_diag(*blocks).bool())


def test_what_cannot_be_stacked_is_told_why() -> None:
    rows, cols = EDGES[0]
    hard = build_layout(mask_of(rows, cols), n_layers=1, n_heads=HEADS, back_end="sparse")
    soft = build_layout(mask_of(rows, cols, prior=Prior("soft")), n_layers=1, n_heads=HEADS, back_end="sparse")
    dense = build_layout(mask_of(rows, cols), n_layers=1, n_heads=HEADS, back_end="dense")
    assert why_not_stacked(hard) is None
    assert "prior is soft" in str(why_not_stacked(soft))
    assert "dense" in str(why_not_stacked(dense))
    (layout,) = stack_layouts([hard, hard])
    assert isinstance(layout, StackedLayout)
    q = torch.zeros(2, 1, HEADS, N, 4)
    generator = torch.Generator()
    with pytest.raises(ConfigError, match="cannot drop attention weights"):
        vmap(lambda x: attend(x, x, x, layout, None, 0.1, generator))(q)
    with pytest.raises(TypeError, match=r"under torch\.func\.vmap"):
        attend(q[0], q[0], q[0], layout)
