from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch

from hypomask.errors import ConfigError
from hypomask.hypothesis.graph import Prior
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import BACK_ENDS, attend, build_layout, choose_back_end
from hypomask.model.attention.pattern import EdgePattern
from hypomask.model.compiled import library

needs_kernel = pytest.mark.skipif(library.unavailable() is not None, reason="the compiled kernel is not built")

CPU = torch.device("cpu")


def mask_of(*tables: EdgeTable, n: int = 4, **options: object) -> Mask:
    return Mask("p53", tuple(f"g{i}" for i in range(n)), tables, **options)  # type: ignore[arg-type]


def dense(pattern: EdgePattern) -> np.ndarray:
    allowed = torch.zeros(pattern.n_tokens**2, dtype=torch.bool)
    allowed[pattern.flat] = True
    return allowed.view(pattern.n_tokens, -1).numpy()


def random_table(n: int, n_edges: int, seed: int = 0) -> EdgeTable:
    rng = np.random.default_rng(seed)
    return EdgeTable.build(rng.integers(0, n, n_edges), rng.integers(0, n, n_edges), rng.integers(0, 2, n_edges))


def test_the_pattern_is_the_masks_csr_with_the_diagonal() -> None:
    mask = mask_of(random_table(20, 60), n=20, relations=("activates", "binds"))
    (layout,) = build_layout(mask, n_layers=1, n_heads=2)
    np.testing.assert_array_equal(dense(layout.pattern), mask.csr().toarray())
    assert layout.pattern.n_entries == mask.n_edges + 20


def test_the_transpose_is_the_transpose_and_knows_where_its_entries_come_from() -> None:
    (layout,) = build_layout(mask_of(random_table(20, 60), n=20, relations=("a", "b")), n_layers=1, n_heads=1)
    pattern, transpose = layout.pattern, layout.pattern.transpose
    np.testing.assert_array_equal(dense(transpose), dense(pattern).T)
    assert torch.equal(pattern.rows[pattern.by_key], transpose.cols.long())
    assert torch.equal(pattern.cols[pattern.by_key].long(), transpose.rows)


def test_copies_along_the_diagonal_do_not_meet() -> None:
    (layout,) = build_layout(mask_of(random_table(5, 8), n=5, relations=("a", "b")), n_layers=1, n_heads=1)
    np.testing.assert_array_equal(
        dense(layout.pattern.repeat(3)), np.kron(np.eye(3, dtype=bool), dense(layout.pattern))
    )


def test_reserved_heads_see_their_relation_and_the_others_see_all() -> None:
    table = EdgeTable.build([0, 1, 2, 2], [1, 2, 3, 0], [0, 1, 0, 1])
    mask = mask_of(table, relations=("activates", "binds"), heads={"binds": 1, "activates": 2})
    (layout,) = build_layout(mask, n_layers=1, n_heads=4)
    assert layout.allowed_HE is not None
    for head, relation in enumerate(["binds", "activates", "activates", None]):
        seen = layout.pattern.restrict(layout.allowed_HE[head])
        np.testing.assert_array_equal(dense(seen), mask.csr(relation=relation).toarray())


def test_a_layer_uses_its_own_table() -> None:
    children, parents = EdgeTable.build([2], [0]), EdgeTable.build([3], [2])
    first, second = build_layout(mask_of(children, parents), n_layers=2, n_heads=1)
    assert dense(first.pattern).sum() == dense(second.pattern).sum() == 5
    assert dense(first.pattern)[2, 0]
    assert dense(second.pattern)[3, 2]


def test_layers_that_share_a_pattern_share_the_layout() -> None:
    children, parents = EdgeTable.build([2], [0]), EdgeTable.build([3], [2])
    assert len(set(build_layout(mask_of(children), n_layers=3, n_heads=1))) == 1
    first, second, third = build_layout(mask_of(children, parents, children), n_layers=3, n_heads=1)
    assert first is third
    assert first is not second


def test_a_pair_with_two_relations_has_the_larger_weight_of_those_the_head_sees() -> None:
    table = EdgeTable.build([1, 1], [0, 0], [0, 1], [0.2, 0.7])
    options = {"relations": ("a", "b"), "heads": {"a": 1}, "prior": Prior("soft", 2.0, 0.01)}
    (layout,) = build_layout(mask_of(table, n=2, **options), n_layers=1, n_heads=2, dtype=torch.float64)
    expected = 2 * np.log([[1, 0.01, 0.2, 1], [1, 0.01, 0.7, 1]])
    np.testing.assert_allclose(layout.edge_bias(None), expected, rtol=1e-7)


def test_soft_and_learned_priors_let_every_pair_attend() -> None:
    for kind in ("soft", "learned"):
        (layout,) = build_layout(mask_of(EdgeTable.build([1], [0]), prior=Prior(kind)), n_layers=1, n_heads=1)
        assert layout.pattern.is_full


def test_a_soft_prior_on_many_tokens_is_refused_with_a_way_out() -> None:
    mask = mask_of(EdgeTable.build([1], [0]), n=5000, prior=Prior("learned"))
    with pytest.raises(ConfigError, match=r"5000 tokens and a learned prior.*at most 4096 tokens; use prior 'hard'"):
        build_layout(mask, n_layers=1, n_heads=1)


@pytest.mark.parametrize(
    ("options", "arguments", "message"),
    [
        ({}, {"back_end": "sparce"}, "expected one of auto, .*dense, sparse.*Did you mean 'sparse'"),
        ({}, {"dtype": torch.float16}, "expected torch.float32 or torch.float64"),
        ({"heads": {"acts_on": 3}}, {}, "reserves 3 heads for relations, but the model has 2; set model.heads"),
        ({"heads": {"act_on": 1}}, {}, "relation 'act_on', which it does not have. Did you mean 'acts_on'"),
        ({"n": 0}, {}, "has no tokens"),
        ({"prior": Prior("soft", 1.0, 0.0)}, {}, "prior.floor: got 0.0"),
    ],
)
def test_what_does_not_fit_is_named_with_a_way_out(options: dict, arguments: dict, message: str) -> None:
    mask = mask_of(EdgeTable.build([], []), **options)
    with pytest.raises(ConfigError, match=message):
        build_layout(mask, n_layers=1, **{"n_heads": 2, **arguments})


def test_tables_for_more_layers_than_the_model_has_are_refused() -> None:
    table = EdgeTable.build([], [])
    with pytest.raises(ConfigError, match=r"edges for 3 layers, but the model has 2; set model.layers to 3"):
        build_layout(mask_of(table, table, table), n_layers=2, n_heads=1)


def test_attend_refuses_what_is_not_the_layouts() -> None:
    (layout,) = build_layout(mask_of(EdgeTable.build([1], [0])), n_layers=1, n_heads=2)
    right, wrong = torch.zeros(3, 2, 4, 8), torch.zeros(3, 4, 2, 8)
    with pytest.raises(ConfigError, match=r"got q, k, v of \(3, 4, 2, 8\).*expected \(B, 2, 4, D\)"):
        attend(wrong, wrong, wrong, layout)
    with pytest.raises(ConfigError, match=r"float64.*expected the layout's torch.float32"):
        attend(right.double(), right.double(), right.double(), layout)
    with pytest.raises(ConfigError, match="needs a generator"):
        attend(right, right, right, layout, dropout_p=0.1)
    with pytest.raises(ConfigError, match="prior is 'hard': expected no strengths"):
        attend(right, right, right, layout, torch.ones(2))
    (learned,) = build_layout(mask_of(EdgeTable.build([1], [0]), prior=Prior("learned")), n_layers=1, n_heads=2)
    with pytest.raises(ConfigError, match=r"prior is 'learned': expected \(2,\) strengths"):
        attend(right, right, right, learned)
    with pytest.raises(ConfigError, match=r"got shape \(3,\), expected one per head"):
        attend(right, right, right, learned, torch.ones(3))


@needs_kernel
def test_the_compiled_kernel_is_chosen_on_a_cpu_but_for_single_samples_and_nearly_full_masks() -> None:
    assert choose_back_end(1000, 0.01, 64, CPU) == "compiled"
    assert choose_back_end(20, 1.0, 64, CPU) == "compiled"
    assert choose_back_end(2000, 1.0, 64, CPU) == "dense"
    assert choose_back_end(100, 0.3, 1, CPU) == "dense"


def test_on_a_gpu_triton_goes_along_the_edges_of_sparse_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda")
    monkeypatch.setattr(BACK_ENDS["triton"], "unavailable", lambda device: None)
    assert choose_back_end(100, 0.05, 64, gpu) == choose_back_end(20_000, 0.001, 1, gpu) == "triton"
    assert choose_back_end(100, 0.5, 64, gpu) == "triton"  # so that it can be stacked
    assert choose_back_end(1000, 0.5, 64, gpu) == "dense"
    monkeypatch.setattr(BACK_ENDS["triton"], "unavailable", lambda device: "not installed")
    assert choose_back_end(100, 0.05, 64, gpu) == "dense"
    assert choose_back_end(20_000, 0.001, 64, gpu) == "sparse"


def test_without_the_kernel_the_choice_follows_density_and_size(without_kernel: None) -> None:
    assert choose_back_end(1000, 0.01, 64, CPU) == "sparse"
    assert choose_back_end(1000, 0.5, 64, CPU) == "dense"
    assert choose_back_end(20, 0.1, 64, CPU) == "dense"
    assert {choose_back_end(n, d, 64, CPU) for n in (10, 500) for d in (0.01, 0.9)} <= set(BACK_ENDS)


def test_reserved_heads_count_in_the_density(without_kernel: None) -> None:
    n = 60
    rows, cols = np.divmod(np.arange(n * n), n)
    relation = (np.arange(n * n) % 10 == 0).astype(np.int16)  # all pairs: nine in ten 'many', one in ten 'few'
    table = EdgeTable.build(rows, cols, relation)
    options = {"n": n, "relations": ("many", "few")}
    assert build_layout(mask_of(table, **options), n_layers=1, n_heads=2)[0].back_end == "dense"
    reserved = mask_of(table, heads={"few": 2}, **options)
    assert build_layout(reserved, n_layers=1, n_heads=2)[0].back_end == "sparse"


@pytest.mark.parametrize("back_end", ["sparse", pytest.param("compiled", marks=needs_kernel)])
def test_twenty_thousand_genes_never_become_a_square(back_end: str) -> None:
    n = 20_000
    rng = np.random.default_rng(0)
    mask = mask_of(EdgeTable.build(rng.integers(0, n, 10 * n), rng.integers(0, n, 10 * n)), n=n)
    tracemalloc.start()
    (layout,) = build_layout(mask, n_layers=1, n_heads=2, back_end=back_end)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < n * n / 4  # a bit per pair would be twice that
    inputs = [torch.randn(1, 2, n, 4, requires_grad=True) for _ in range(3)]
    attend(*inputs, layout).sum().backward()
    assert not [key for key in layout._derived if key.startswith("dense")]


def test_no_warning_reaches_the_user_and_no_filter_is_set() -> None:
    # In a process of its own: torch warns about sparse tensors once per process.
    program = """
import warnings
import numpy, scipy.sparse, networkx, torch
before = list(warnings.filters)
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.model.attention import attend, build_layout
assert warnings.filters == before
warnings.simplefilter("error")
mask = Mask("m", ("a", "b"), (EdgeTable.build([1], [0]),))
(layout,) = build_layout(mask, n_layers=1, n_heads=1, back_end="sparse")
x = torch.ones(1, 1, 2, 2, requires_grad=True)
attend(x, x, x, layout).sum().backward()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
