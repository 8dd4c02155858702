"""The whole masked gene transformer in the compiled kernel: one call forward, one backward.

The same mathematics as `hypomask.model.transformer`, a tile of samples at a time: states stay in the processor's caches
and in the lanes of its vectors from the measurements to the linear predictor, and Python is entered once per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypomask.model.attention import LayerLayout
from hypomask.model.attention.compiled import CompiledAttention, HeadEdges
from hypomask.model.attention.registry import AfterSoftmax
from hypomask.model.compiled import library
from hypomask.model.compiled.library import MATRICES, Block, Kernel, ModelCall
from hypomask.model.compiled.memory import borrow

__all__ = ["Parameters", "final_tokens", "fits", "linear_predictor"]

# embedding_ND, measurement_GCD, readout_GFK, intercept_K, then by layer its matrices in the order of `MATRICES` and
# what is added to the logits of its edges, (H, E) or (1, E), or None.
Parameters = Sequence[Tensor | None]

# Of them, those that do not belong to a layer; and those of a layer.
SHARED, BY_LAYER = 4, len(MATRICES) + 1


def fits(layouts: Sequence[LayerLayout]) -> bool:
    """Return whether a model with these layouts can run in the kernel as a whole."""
    return all(layout.back_end == CompiledAttention.name for layout in layouts)


def linear_predictor(
    x_BGC: Tensor, layouts: Sequence[LayerLayout], parameters: Parameters, after: AfterSoftmax
) -> Tensor:
    """Return (B, K): what the mask adds to the linear predictor."""
    edges, flat = _with_flat_biases(layouts, parameters)
    eta_BK: Tensor = _Transformer.apply(x_BGC, edges, after, *flat)  # type: ignore[no-untyped-call]
    return eta_BK


@torch.no_grad()
def final_tokens(x_BGC: Tensor, layouts: Sequence[LayerLayout], parameters: Parameters) -> Tensor:
    """Return (B, G, F) final gene tokens, without gradients."""
    edges, flat = _with_flat_biases(layouts, parameters)
    tensors = [None if tensor is None else tensor.contiguous() for tensor in (x_BGC, *flat)]
    call, kernel, _prepared = _call(edges, AfterSoftmax(own_value=False), tensors)
    final_BGF = x_BGC.new_empty(*x_BGC.shape[:2], len(layouts) * call.width)
    call.features = final_BGF.data_ptr()
    kernel.call("model_forward", call, kernel.tiles(len(x_BGC)), kernel.size("model_room", call, 0))
    return final_BGF


def _with_flat_biases(
    layouts: Sequence[LayerLayout], parameters: Parameters
) -> tuple[tuple[HeadEdges, ...], list[Tensor | None]]:
    flat = list(parameters)
    for layer, layout in enumerate(layouts):
        bias_HE = flat[SHARED + BY_LAYER * layer + len(MATRICES)]
        if bias_HE is not None:
            flat[SHARED + BY_LAYER * layer + len(MATRICES)] = layout.flatten(bias_HE)
    return tuple(HeadEdges.of(layout) for layout in layouts), flat


class _Transformer(torch.autograd.Function):
    """Keeps states, queries, keys, values, what was heard and attention weights; the rest is computed again."""

    @staticmethod
    def forward(
        ctx: Any, x_BGC: Tensor, edges: tuple[HeadEdges, ...], after: AfterSoftmax, *parameters: Tensor | None
    ) -> Tensor:
        tensors = [None if tensor is None else tensor.contiguous() for tensor in (x_BGC, *parameters)]
        call, kernel, prepared = _call(edges, after, tensors)
        eta_BK = x_BGC.new_empty(call.n_samples, call.n_outputs)
        call.eta = eta_BK.data_ptr()
        n_tiles = kernel.tiles(call.n_samples)
        kept = None
        if any(ctx.needs_input_grad):
            kept = borrow(n_tiles * kernel.size("model_kept", call))
            call.kept = kept.data_ptr()
        kernel.call("model_forward", call, n_tiles, kernel.size("model_room", call, 0))
        ctx.save_for_backward(kept, prepared, *tensors)
        ctx.call, ctx.kernel, ctx.edges = call, kernel, edges
        return eta_BK

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BK: Tensor) -> tuple[Tensor | None, ...]:
        _, _, x_BGC, *parameters = ctx.saved_tensors
        call, kernel = ctx.call, ctx.kernel
        grad_BK = grad_BK.contiguous()
        n_tiles = kernel.tiles(call.n_samples)
        # Four turned matrices come after the parts.
        part_size = n_tiles * kernel.size("model_part", call) + 4 * call.width**2
        parts = borrow(part_size * x_BGC.element_size())
        rest = x_BGC.new_empty(sum(tensor.numel() for tensor in parameters if tensor is not None))
        grad_x_BGC = torch.empty_like(x_BGC) if ctx.needs_input_grad[0] else None
        call.eta, call.parts, call.gradients = grad_BK.data_ptr(), parts.data_ptr(), rest.data_ptr()
        call.x_gradient = None if grad_x_BGC is None else grad_x_BGC.data_ptr()
        kernel.call("model_backward", call, n_tiles, kernel.size("model_room", call, 1))
        kernel.function("model_finish")(byref(call), n_tiles)
        grads: list[Tensor | None] = []
        for tensor in parameters:
            if tensor is None:
                grads.append(None)
                continue
            grads.append(rest[: tensor.numel()].view(tensor.shape))
            rest = rest[tensor.numel() :]
        return grad_x_BGC, None, None, *grads


def _call(
    edges: tuple[HeadEdges, ...], after: AfterSoftmax, tensors: Sequence[Tensor | None]
) -> tuple[ModelCall, Kernel, Tensor]:
    """Describe a batch and a model to the kernel, and let it prepare what is the same for all samples.

    The tensors, and the last of what is returned, must outlive the description.
    """
    x_BGC, embedding_ND, _, _, intercept_K = tensors[: 1 + SHARED]
    if x_BGC is None or embedding_ND is None or intercept_K is None:
        raise TypeError("only biases may be None")
    width = embedding_ND.shape[1]
    places = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    blocks = (Block * len(edges))()
    for layer, of_layer in enumerate(edges):
        first = 1 + SHARED + BY_LAYER * layer
        *matrices, bias = places[first : first + BY_LAYER]
        blocks[layer] = Block(of_layer.layer(width, bias, after), *matrices)
    sizes = (len(x_BGC), edges[0].n_tokens, *x_BGC.shape[1:], width, len(edges), len(intercept_K))
    call, kernel = ModelCall(*sizes, blocks, *places[: 1 + SHARED]), library.kernel(x_BGC.dtype)
    prepared = x_BGC.new_empty(kernel.size("model_prepared", call))
    call.prepared = prepared.data_ptr()
    kernel.function("model_prepare")(byref(call))
    return call, kernel, prepared
