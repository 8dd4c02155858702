"""The whole transformer in the compiled kernel equals the one written in torch, gradients included."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import BACK_ENDS, build_layout
from hypomask.model.compiled import build, library, memory
from hypomask.model.config import ModelConfig
from hypomask.model.transformer import MaskedGeneTransformer

needs_kernel = pytest.mark.skipif(
    library.unavailable() is not None, reason=f"no compiled kernel: {library.unavailable()}"
)

TWO_RELATIONS = ("activates", "binds")
KINDS = {
    "hard": {},
    "groups": {"groups": 3},
    "soft": {"prior": Prior("soft", 0.7, 0.1)},
    "learned": {"prior": Prior("learned", 1.0, 0.1)},
    "heads reserved": {"relations": TWO_RELATIONS},
    "learned, heads reserved": {"relations": TWO_RELATIONS, "prior": Prior("learned", 1.0, 0.1)},
    "other edges in every layer": {"per_layer": True},
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def draw_mask(
    n_genes: int,
    layers: int,
    *,
    groups: int = 0,
    prior: Prior | None = None,
    relations: tuple[str, ...] = ("acts_on",),
    per_layer: bool = False,
) -> Mask:
    rng = np.random.default_rng(0)
    n = n_genes + groups

    def table() -> EdgeTable:
        pairs = [(r, c) for r in range(1, n) for c in range(1, n) if r != c]
        pairs = rng.permutation(np.array(pairs).reshape(-1, 2))[: 3 * n]
        weight = rng.uniform(0.2, 1.0, len(pairs))
        return EdgeTable.build(pairs[:, 0], pairs[:, 1], rng.integers(0, len(relations), len(pairs)), weight)

    tables = tuple(table() for _ in range(layers if per_layer else 1))
    genes, tokens = tuple(f"G{i}" for i in range(n_genes)), tuple(f"group{i}" for i in range(groups))
    heads = {"activates": 1} if len(relations) > 1 else {}
    return Mask("random", genes, tables, tokens, relations, prior or Prior(), heads)


def draw_model(
    mask: Mask, layers: int, *, width: int = 8, channels: int = 2, outputs: int = 1, dropout: float = 0.0
) -> MaskedGeneTransformer:
    """A transformer none of whose parameters is at its initial zero."""
    generator = torch.Generator().manual_seed(0)
    config = ModelConfig(width=width, heads=2, layers=layers, dropout=dropout)
    model = MaskedGeneTransformer(mask.n_genes, len(mask.group_tokens), channels, outputs, config, generator).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.3)
    return model


def layouts_of(mask: Mask, layers: int, back_end: str, dtype: torch.dtype = torch.float64):
    return build_layout(mask, n_layers=layers, n_heads=2, back_end=back_end, dtype=dtype)


def draw_batch(n: int, mask: Mask, channels: int = 2, outputs: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x_BGC = torch.randn(n, mask.n_genes, channels, generator=generator, dtype=torch.float64)
    return x_BGC, torch.randn(n, outputs, generator=generator, dtype=torch.float64)


def results(
    model: MaskedGeneTransformer, x_BGC: Tensor, grad_BK: Tensor, layouts, seed: int | None = None
) -> list[Tensor]:
    """Return the linear predictor and all gradients, the measurements' among them."""
    x_BGC = x_BGC.clone().requires_grad_()
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    eta_BK = model(x_BGC, layouts, generator)
    leaves = [x_BGC, *model.parameters()]
    grads = torch.autograd.grad(eta_BK, leaves, grad_BK, allow_unused=True, materialize_grads=True)
    return [eta_BK.detach(), *grads]


def assert_close(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    for got, want in zip(found, expected, strict=True):
        scale = max(1.0, float(want.detach().abs().max()))
        assert float((got - want).detach().abs().max()) <= tolerance * scale


@needs_kernel
class TestKernel:
    @pytest.mark.parametrize("layers", [1, 2, 3])
    @pytest.mark.parametrize("kind", KINDS)
    def test_equals_torch_in_both_precisions(self, kind: str, layers: int) -> None:
        mask = draw_mask(9, layers, **KINDS[kind])
        model, (x_BGC, grad_BK) = draw_model(mask, layers), draw_batch(37, mask)
        expected = results(model, x_BGC, grad_BK, layouts_of(mask, layers, "dense"))
        assert_close(results(model, x_BGC, grad_BK, layouts_of(mask, layers, "compiled")), expected, 1e-12)
        layouts = layouts_of(mask, layers, "compiled", torch.float32)
        found = results(model.float(), x_BGC.float(), grad_BK.float(), layouts)
        assert_close([x.double() for x in found], expected, 1e-5)

    @pytest.mark.parametrize(("genes", "width", "channels", "outputs"), [(1, 2, 1, 1), (40, 12, 3, 4), (70, 34, 1, 2)])
    def test_any_sizes_will_do(self, genes: int, width: int, channels: int, outputs: int) -> None:
        mask = draw_mask(genes, 2, groups=1)
        model = draw_model(mask, 2, width=width, channels=channels, outputs=outputs)
        x_BGC, grad_BK = draw_batch(5, mask, channels, outputs)
        expected = results(model, x_BGC, grad_BK, layouts_of(mask, 2, "dense"))
        assert_close(results(model, x_BGC, grad_BK, layouts_of(mask, 2, "compiled")), expected, 1e-12)

    @pytest.mark.parametrize("layers", [1, 2])
    def test_final_tokens_equal_those_of_torch(self, layers: int) -> None:
        mask = draw_mask(9, layers, groups=2)
        model, (x_BGC, _) = draw_model(mask, layers), draw_batch(21, mask)
        with torch.no_grad():
            found = model.final_tokens(x_BGC, layouts_of(mask, layers, "compiled"))
            expected = model.final_tokens(x_BGC, layouts_of(mask, layers, "dense"))
            eta_BK = model(x_BGC, layouts_of(mask, layers, "compiled"))
        assert_close([found], [expected], 1e-13)
        assert_close([found.flatten(1) @ model.readout_GFK.flatten(0, 1) + model.intercept_K], [eta_BK], 1e-13)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
    def test_the_same_bits_for_any_number_of_threads(self, dtype: torch.dtype) -> None:
        mask = draw_mask(9, 2, prior=Prior("learned", 1.0, 0.1))
        model, (x_BGC, grad_BK) = draw_model(mask, 2).to(dtype), draw_batch(90, mask)
        layouts = layouts_of(mask, 2, "compiled", dtype)
        x_BGC, grad_BK = x_BGC.to(dtype), grad_BK.to(dtype)
        alone = results(model, x_BGC, grad_BK, layouts)
        for threads in (2, 3):
            torch.set_num_threads(threads)
            assert all(map(torch.equal, alone, results(model, x_BGC, grad_BK, layouts)))

    def test_a_sample_has_the_same_bits_in_any_batch(self) -> None:
        mask = draw_mask(9, 2)
        model, (x_BGC, _) = draw_model(mask, 2), draw_batch(40, mask)
        layouts = layouts_of(mask, 2, "compiled")
        with torch.no_grad():
            whole = model(x_BGC, layouts)
            assert torch.equal(torch.cat([model(x_BGC[b : b + 1], layouts) for b in range(40)]), whole)
        assert torch.equal(model(x_BGC, layouts), whole)  # with what the backward pass needs kept

    @pytest.mark.parametrize("layers", [1, 2])
    def test_dropout_drops_the_edges_that_the_operator_drops(self, layers: int) -> None:
        mask = draw_mask(9, layers)
        model, (x_BGC, grad_BK) = draw_model(mask, layers, dropout=0.3), draw_batch(40, mask)
        layouts = layouts_of(mask, layers, "compiled")
        found = results(model, x_BGC, grad_BK, layouts, seed=3)
        x_BGC.requires_grad_()
        final_BGF = model.final_tokens(x_BGC, layouts, torch.Generator().manual_seed(3))  # block by block, in torch
        eta_BK = final_BGF.flatten(1) @ model.readout_GFK.flatten(0, 1) + model.intercept_K
        leaves = [x_BGC, *model.parameters()]
        grads = torch.autograd.grad(eta_BK, leaves, grad_BK, allow_unused=True, materialize_grads=True)
        assert_close(found, [eta_BK.detach(), *grads], 1e-12)
        assert not torch.equal(found[0], results(model, x_BGC.detach(), grad_BK, layouts, seed=4)[0])
        model.eval()
        assert_close([model(x_BGC, layouts)], [model(x_BGC, layouts_of(mask, layers, "dense"))], 1e-13)

    def test_a_graph_that_is_retained_gives_the_same_gradients_twice(self) -> None:
        mask = draw_mask(60, 2)  # large enough for its memory to be used again
        model, (x_BGC, grad_BK) = draw_model(mask, 2, width=32), draw_batch(64, mask)
        layouts = layouts_of(mask, 2, "compiled")
        eta_BK = model(x_BGC, layouts)
        once = torch.autograd.grad(eta_BK, model.readout_GFK, grad_BK, retain_graph=True)
        model(-x_BGC, layouts).backward(grad_BK)
        assert all(map(torch.equal, once, torch.autograd.grad(eta_BK, model.readout_GFK, grad_BK)))
        with pytest.raises(RuntimeError, match="a second time"):
            torch.autograd.grad(eta_BK, model.readout_GFK, grad_BK)


def test_memory_is_used_again_once_nothing_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free", [])
    first = memory.borrow(3 << 20)
    place, view = first.data_ptr(), first[:10]
    del first
    other = memory.borrow(3 << 20)
    assert other.data_ptr() != place
    del view
    gc.collect()
    assert memory.borrow(3 << 20).data_ptr() == place


def test_without_the_kernel_other_back_ends_do_the_work(without_kernel: None) -> None:
    mask = draw_mask(9, 2)
    (back_end,) = {layout.back_end for layout in layouts_of(mask, 2, "auto")}
    assert BACK_ENDS[back_end].unavailable(torch.device("cpu")) is None
    model, (x_BGC, grad_BK) = draw_model(mask, 2), draw_batch(5, mask)
    expected = results(model, x_BGC, grad_BK, layouts_of(mask, 2, "sparse"))
    assert_close(results(model, x_BGC, grad_BK, layouts_of(mask, 2, "auto")), expected, 1e-12)


def test_asking_for_a_kernel_that_was_not_compiled_says_so(without_kernel: None) -> None:
    with pytest.raises(ConfigError, match="'compiled' cannot run on cpu: it was not compiled when hypomask was inst"):
        layouts_of(draw_mask(9, 1), 1, "compiled")


def test_without_a_compiler_the_build_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    problem = build.build()
    assert problem is not None
    assert "there is no C++ compiler" in problem


def test_a_compiler_that_fails_is_reported_with_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\necho 'no such flag' >&2\nexit 3\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setenv("CXX", str(compiler))
    problem = build.build()
    assert problem is not None
    assert "ended with 3" in problem
    assert "no such flag" in problem
    assert not list(tmp_path.glob("*.so"))
