"""What every back end has to satisfy, the naive reference it is held against, and the masks it is tried on.

A new back end is tested by a three-line subclass of `AttentionContract`, at the end.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import BACK_ENDS, LayerLayout, attend, build_layout, sparse
from hypomask.model.compiled import library


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than these small products."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}
N_HEADS = 3


def naive_attention(
    q_BHND: Tensor,
    k_BHND: Tensor,
    v_BHND: Tensor,
    mask: Mask,
    layer: int = 0,
    strength_H: Tensor | None = None,
    *,
    own_value: bool = True,
) -> Tensor:
    """Attend one query at a time over a list of its edges, straight from the mask; autograd gives the gradients."""
    n = mask.n_tokens
    table = mask.edges(layer)
    relation_of_head: list[str | None] = [name for name, count in mask.heads.items() for _ in range(count)]
    relation_of_head += [None] * (q_BHND.shape[1] - len(relation_of_head))
    heads = []
    for head, relation in enumerate(relation_of_head):
        weight: dict[tuple[int, int], float] = {}
        for row, col, index, w in zip(table.rows, table.cols, table.relation, table.weight, strict=True):
            if relation in (None, mask.relations[index]):
                weight[row, col] = max(float(w), weight.get((row, col), 0.0))
        rows = []
        for i in range(n):
            weight[i, i] = 1.0
            keys = [j for j in range(n) if mask.prior.kind != "hard" or (i, j) in weight]
            logits_BJ = (q_BHND[:, head, [i]] * k_BHND[:, head, keys]).sum(-1) / math.sqrt(q_BHND.shape[-1])
            if mask.prior.kind != "hard":
                strength = mask.prior.strength if strength_H is None else strength_H[head]
                log_weight_J = [math.log(weight.get((i, j), mask.prior.floor)) for j in keys]
                logits_BJ = logits_BJ + strength * torch.tensor(log_weight_J, dtype=q_BHND.dtype)
            heard_J = torch.tensor([float(own_value or j != i) for j in keys], dtype=q_BHND.dtype)
            weights_BJ = torch.softmax(logits_BJ, -1) * heard_J
            rows.append((weights_BJ[..., None] * v_BHND[:, head, keys]).sum(1))
        heads.append(torch.stack(rows, 1))
    return torch.stack(heads, 1)


def draw(n: int, *, n_samples: int = 2, n_heads: int = N_HEADS, width: int = 4) -> list[Tensor]:
    """Return q, k, v and a gradient: float64 that float32 can hold, stored (B, N, H, D) as the model leaves them."""
    generator = torch.Generator().manual_seed(0)
    shape = (n_samples, n, n_heads, width)
    return [torch.randn(shape, generator=generator).double().transpose(1, 2) for _ in range(4)]


@functools.cache
def naive_results(mask: Mask, own_value: bool, width: int) -> tuple[list[Tensor], Tensor, list[Tensor]]:
    """Return inputs, the gradient of the output, and the naive output with the gradients of the inputs."""
    *inputs, grad = draw(mask.n_tokens, width=width)
    if mask.prior.kind == "learned":
        inputs.append(torch.tensor([0.3, 1.0, -0.5], dtype=torch.float64))
    leaves = [x.clone().requires_grad_() for x in inputs]
    out = naive_attention(*leaves[:3], mask, 0, *leaves[3:], own_value=own_value)
    grads = torch.autograd.grad(out, leaves, grad, materialize_grads=True, allow_unused=True)
    return inputs, grad, [out.detach(), *grads]


def make_mask(
    n: int,
    rows: list[int],
    cols: list[int],
    *,
    relations: tuple[str, ...] = ("acts_on",),
    heads: dict[str, int] | None = None,
    prior: Prior | None = None,
    n_groups: int = 0,
    seed: int = 0,
) -> Mask:
    """Make a mask of n tokens, the last `n_groups` of them groups, with random relations and weights."""
    rng = np.random.default_rng(seed)
    table = EdgeTable.build(rows, cols, rng.integers(0, len(relations), len(rows)), rng.uniform(0.05, 1, len(rows)))
    names = tuple(f"g{i}" for i in range(n - n_groups))
    groups = tuple(f"pathway {i}" for i in range(n_groups))
    return Mask("test", names, (table,), groups, relations, prior or Prior(), heads or {})


def random_mask(n: int, n_edges: int, *, seed: int = 0, **options: object) -> Mask:
    """Draw directed edges at random."""
    rng = np.random.default_rng(seed)
    rows, cols = rng.integers(0, n, n_edges).tolist(), rng.integers(0, n, n_edges).tolist()
    return make_mask(n, rows, cols, seed=seed, **options)  # type: ignore[arg-type]


TWO_RELATIONS = ("activates", "binds")
MASKS = {
    "one token": make_mask(1, [], []),
    "no edges": make_mask(4, [], []),
    "a directed edge": make_mask(2, [1], [0]),
    "a directed chain and isolated genes": make_mask(9, [1, 2, 3], [0, 1, 2]),
    "a hub that everyone reads": make_mask(40, list(range(1, 40)), [0] * 39),
    "a hub that reads everyone": make_mask(40, [0] * 39, list(range(1, 40))),
    "all pairs": make_mask(7, [i for i in range(7) for _ in range(7)], list(range(7)) * 7),
    "few random edges": random_mask(23, 20),
    "many random edges": random_mask(37, 400),
    "group tokens": make_mask(12, [0, 1, 2, 10, 10, 10], [10, 10, 10, 0, 1, 2], n_groups=2),
    "heads reserved": random_mask(17, 60, relations=TWO_RELATIONS, heads={"activates": 1, "binds": 1}),
    "every head reserved": random_mask(17, 60, relations=TWO_RELATIONS, heads={"binds": 3}),
    "heads reserved for a relation without edges": make_mask(5, [], [], relations=TWO_RELATIONS, heads={"binds": 2}),
    "soft prior": random_mask(13, 40, prior=Prior("soft", 1.7, 0.02)),
    "soft prior of strength 0": random_mask(13, 40, prior=Prior("soft", 0.0)),
    "soft prior, one token": make_mask(1, [], [], prior=Prior("soft")),
    "soft prior, heads reserved": random_mask(
        36, 90, relations=TWO_RELATIONS, heads={"binds": 1}, prior=Prior("soft", 0.5)
    ),
    "learned prior": random_mask(13, 40, prior=Prior("learned", 1.0, 0.1)),
    "learned prior, heads reserved": random_mask(
        12, 30, relations=TWO_RELATIONS, heads={"binds": 1}, prior=Prior("learned", 0.5)
    ),
}


class AttentionContract:
    """Subclass, name a back end, and it is held to the reference."""

    back_end: str
    device = "cpu"
    slow_calls = False

    def layout(self, mask: Mask, *, n_heads: int = N_HEADS, dtype: torch.dtype = torch.float64) -> LayerLayout:
        return build_layout(mask, n_layers=1, n_heads=n_heads, back_end=self.back_end, device=self.device, dtype=dtype)[
            0
        ]

    def assert_equals_naive(self, mask: Mask, dtype: torch.dtype, *, own_value: bool, width: int = 4) -> None:
        inputs, grad, expected = naive_results(mask, own_value, width)
        inputs = [x.to(self.device, dtype).requires_grad_() for x in inputs]
        out = attend(*inputs[:3], self.layout(mask, dtype=dtype), *inputs[3:], own_value=own_value)
        found = [out.detach(), *torch.autograd.grad(out, inputs, grad.to(out))]
        for name, got, want in zip(("out", "q", "k", "v", "strength"), found, expected, strict=False):
            assert got.dtype == dtype
            scale = max(1.0, float(want.abs().max()))
            error = float((got.double().cpu() - want).abs().max()) / scale
            assert error <= TOLERANCE[dtype], f"{name} is off by {error}"

    @pytest.mark.parametrize("own_value", [True, False], ids=["own value", "without own value"])
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    @pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
    def test_equals_the_naive_reference_with_gradients(self, mask: Mask, dtype: torch.dtype, own_value: bool) -> None:
        self.assert_equals_naive(mask, dtype, own_value=own_value)

    @pytest.mark.parametrize("width", [1, 7, 16, 20])
    def test_any_head_width_will_do(self, width: int) -> None:
        self.assert_equals_naive(MASKS["a hub that everyone reads"], torch.float64, own_value=True, width=width)
        self.assert_equals_naive(MASKS["a hub that everyone reads"], torch.float64, own_value=False, width=width)

    @pytest.mark.parametrize("seed", range(8))
    def test_equals_the_naive_reference_on_random_graphs(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 60))
        mask = random_mask(n, int(rng.integers(0, 4 * n + 1)), seed=seed)
        self.assert_equals_naive(mask, torch.float64, own_value=bool(seed % 2))

    @pytest.mark.parametrize("n", [6, 50, 600])
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
    def test_an_isolated_gene_gets_its_own_value_to_the_bit_or_nothing(self, n: int, dtype: torch.dtype) -> None:
        # 600 keys: more than the 512 that the CPU's SDPA treats at once, the last of which alone is allowed.
        mask = make_mask(n, [0, 1, 2], [1, 2, 0])
        q, k, v, _ = (50 * x.to(self.device, dtype) for x in draw(n))
        layout = self.layout(mask, dtype=dtype)
        assert torch.equal(attend(q, k, v, layout)[:, :, 3:], v[:, :, 3:])
        nothing = attend(q, k, v, layout, own_value=False)[:, :, 3:]
        assert torch.equal(nothing, torch.zeros_like(nothing))

    @pytest.mark.parametrize("own_value", [True, False])
    @pytest.mark.parametrize("n", [20, 61])
    def test_removing_an_edge_changes_its_row_and_nothing_else(self, n: int, own_value: bool) -> None:
        whole = random_mask(n, 3 * n)
        table = whole.edges()
        row = int(table.rows[5])
        keep = np.arange(table.n_edges) != 5
        cut = make_mask(n, table.rows[keep].tolist(), table.cols[keep].tolist())
        q, k, v, _ = (x.to(self.device) for x in draw(n))
        before = attend(q, k, v, self.layout(whole), own_value=own_value)
        after = attend(q, k, v, self.layout(cut), own_value=own_value)
        others = torch.arange(n) != row
        assert torch.equal(before[:, :, others], after[:, :, others])
        assert not torch.equal(before[:, :, row], after[:, :, row])

    @pytest.mark.parametrize("n", [20, 61])
    def test_a_token_that_is_not_read_has_exactly_no_effect(self, n: int) -> None:
        mask = random_mask(n, 3 * n)
        reads = mask.csr()[:, [4]].toarray().ravel()
        q, k, v, grad = (x.to(self.device) for x in draw(n))
        k_changed, v_changed = k.clone(), v.clone()
        k_changed[:, :, 4] += 3
        v_changed[:, :, 4] -= 7
        layout = self.layout(mask)
        unmoved = (attend(q, k, v, layout) == attend(q, k_changed, v_changed, layout)).all(-1).all(0).all(0)
        assert unmoved.tolist() == (~reads).tolist()
        v.requires_grad_()
        row = int(np.flatnonzero(~reads)[0])
        (grad_v,) = torch.autograd.grad(attend(q, k, v, layout)[:, :, row], v, grad[:, :, row])
        assert not grad_v[:, :, 4].any()

    @pytest.mark.parametrize("own_value", [True, False])
    def test_the_same_call_gives_the_same_bits(self, own_value: bool) -> None:
        mask = random_mask(61, 300)
        results = []
        for _ in range(2):
            *inputs, grad = (x.to(self.device).requires_grad_() for x in draw(61, n_samples=5))
            out = attend(*inputs, self.layout(mask), own_value=own_value)
            results.append([out, *torch.autograd.grad(out, inputs, grad)])
        assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))

    def test_it_does_not_matter_how_inputs_lie_in_memory(self) -> None:
        mask = random_mask(7, 12)
        layout = self.layout(mask)
        *inputs, grad = (x.to(self.device) for x in draw(7))
        packed = torch.cat(inputs, -1)
        apart = [x.contiguous().requires_grad_() for x in inputs]
        cut = [x.detach().requires_grad_() for x in packed.split(inputs[0].shape[-1], -1)]
        turned = [x.mT.contiguous().mT.requires_grad_() for x in inputs]
        same = [inputs[0], inputs[0].clone(), inputs[0][:1].expand_as(inputs[0])]
        same = [x.detach().requires_grad_() for x in same]
        for given in (cut, turned):
            out, expected = attend(*given, layout), attend(*apart, layout)
            torch.testing.assert_close(out, expected, rtol=1e-12, atol=1e-12)
            grads = torch.autograd.grad(out, given, grad.mT.contiguous().mT)
            for got, want in zip(grads, torch.autograd.grad(expected, apart, grad.contiguous()), strict=True):
                torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
        copied = [x.detach().clone(memory_format=torch.contiguous_format) for x in same]
        torch.testing.assert_close(attend(*same, layout), attend(*copied, layout), rtol=1e-12, atol=1e-12)

    def test_logits_of_any_size_are_safe(self) -> None:
        mask = random_mask(40, 100)
        q, k, v, grad = (x.to(self.device, torch.float32) for x in draw(40))
        for size in (1e-6, 1e6):
            inputs = [(size * q).requires_grad_(), (size * k).requires_grad_(), v.clone().requires_grad_()]
            out = attend(*inputs, self.layout(mask, dtype=torch.float32))
            assert torch.isfinite(out).all()
            assert out.abs().max() <= v.abs().max() * (1 + 1e-5)
            assert all(torch.isfinite(g).all() for g in torch.autograd.grad(out, inputs, grad))

    @pytest.mark.parametrize("n", [15, 45])
    @pytest.mark.parametrize("own_value", [True, False])
    def test_dropout_zeroes_weights_and_scales_the_rest(self, n: int, own_value: bool) -> None:
        mask = random_mask(n, 4 * n)
        q, k, _, _ = (x.to(self.device) for x in draw(n, n_samples=3, width=n))
        v = torch.eye(n, dtype=q.dtype, device=q.device).expand_as(q)  # the output is then the weights themselves
        layout = self.layout(mask)
        whole = attend(q, k, v, layout, own_value=own_value)
        generator = torch.Generator(self.device).manual_seed(1)
        dropped = attend(q, k, v, layout, None, 0.25, generator, own_value=own_value)
        survived = dropped != 0
        torch.testing.assert_close(dropped[survived], whole[survived] / 0.75, rtol=1e-12, atol=1e-14)
        assert 0.6 < float(survived.sum() / (whole != 0).sum()) < 0.9
        again = attend(q, k, v, layout, None, 0.25, generator.manual_seed(1), own_value=own_value)
        assert torch.equal(dropped, again)

    @pytest.mark.parametrize("own_value", [True, False])
    def test_gradients_through_dropout_are_those_of_the_function(self, own_value: bool) -> None:
        mask = random_mask(4, 6, prior=Prior("learned"))
        layout = self.layout(mask, n_heads=2)
        generator = torch.Generator(self.device)
        q, k, v, _ = (x.to(self.device).requires_grad_() for x in draw(4, n_samples=1, n_heads=2, width=2))
        strength = torch.tensor([0.5, 1.5], dtype=torch.float64, device=self.device, requires_grad=True)

        def function(*inputs: Tensor) -> Tensor:
            return attend(*inputs[:3], layout, inputs[3], 0.3, generator.manual_seed(3), own_value=own_value)

        # fast: along one random direction instead of every axis
        assert torch.autograd.gradcheck(function, (q, k, v, strength), fast_mode=self.slow_calls)

    def test_a_sample_does_not_depend_on_its_batch(self) -> None:
        mask = random_mask(40, 100)
        layout = self.layout(mask)
        q, k, v, _ = (x.to(self.device) for x in draw(40, n_samples=5))
        alone = torch.cat([attend(q[b : b + 1], k[b : b + 1], v[b : b + 1], layout) for b in range(5)])
        torch.testing.assert_close(attend(q, k, v, layout), alone, rtol=1e-13, atol=1e-13)

    def test_without_gradients_the_same_numbers_come_out(self) -> None:
        mask = random_mask(45, 100)
        *inputs, _ = (x.to(self.device).requires_grad_() for x in draw(45))
        with_grad = attend(*inputs, self.layout(mask))
        with torch.no_grad():
            assert torch.equal(attend(*inputs, self.layout(mask)), with_grad)


class TestDense(AttentionContract):
    back_end = "dense"


class TestSparse(AttentionContract):
    back_end = "sparse"

    @pytest.mark.parametrize("own_value", [True, False])
    def test_a_batch_in_pieces_gives_the_same_bits(self, own_value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        mask = random_mask(11, 30, prior=Prior("learned"))
        *inputs, grad = (x.requires_grad_() for x in draw(11, n_samples=7))
        inputs.append(torch.ones(N_HEADS, dtype=torch.float64, requires_grad=True))

        def results() -> tuple[Tensor, ...]:
            out = attend(*inputs[:3], self.layout(mask), inputs[3], own_value=own_value)
            return (out, *torch.autograd.grad(out, inputs, grad))

        *whole, whole_strength = results()
        monkeypatch.setitem(sparse._ENTRIES_PER_CHUNK, "cpu", 3 * N_HEADS * 11**2)  # 3 + 3 + 1 samples
        *pieces, pieces_strength = results()
        assert all(torch.equal(a, b) for a, b in zip(whole, pieces, strict=True))
        torch.testing.assert_close(pieces_strength, whole_strength, rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(library.unavailable() is not None, reason=f"no compiled kernel: {library.unavailable()}")
class TestCompiled(AttentionContract):
    back_end = "compiled"


NO_TRITON = BACK_ENDS["triton"].unavailable(torch.device("cpu"))


@pytest.mark.skipif(NO_TRITON is not None, reason=f"{NO_TRITON}; TRITON_INTERPRET=1 runs them here, for minutes")
class TestTriton(AttentionContract):
    """In Triton's interpreter. A part of it is run by `test_triton_interpreted.py`."""

    back_end = "triton"
    slow_calls = True


on_gpu = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")]


class TestDenseOnGpu(AttentionContract):
    pytestmark = on_gpu
    back_end = "dense"
    device = "cuda"


class TestSparseOnGpu(AttentionContract):
    pytestmark = on_gpu
    back_end = "sparse"
    device = "cuda"


class TestTritonOnGpu(AttentionContract):
    pytestmark = on_gpu
    back_end = "triton"
    device = "cuda"


def test_every_back_end_is_held_to_the_contract() -> None:
    assert {contract.back_end for contract in AttentionContract.__subclasses__()} == set(BACK_ENDS)
