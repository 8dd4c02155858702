"""The attention operator: checks its input, asks the layout for the prior's bias, and calls the layer's back end."""

from __future__ import annotations

import torch
from torch import Tensor

from hypomask.errors import ConfigError
from hypomask.model.attention.layout import LayerLayout
from hypomask.model.attention.registry import BACK_ENDS, AfterSoftmax
from hypomask.model.attention.stacked import StackedLayout, attend_stacked

__all__ = ["attend"]


def attend(
    q_BHND: Tensor,
    k_BHND: Tensor,
    v_BHND: Tensor,
    layout: LayerLayout,
    prior_strength_H: Tensor | None = None,
    dropout_p: float = 0.0,
    generator: torch.Generator | None = None,
    *,
    own_value: bool = True,
) -> Tensor:
    """Let every token read the tokens its row of the mask allows.

    ``softmax_j(q_i . k_j / sqrt(D) + bias_ij)`` over allowed j weighs ``v_j``. A token that may read itself only
    gets its own value, to the bit; exactly 0 without `own_value`.

    Parameters
    ----------
    q_BHND, k_BHND, v_BHND
        Queries, keys and values, (B, H, N, D), of the layout's dtype and device.
    prior_strength_H
        (H,) strengths under a learned prior; None under the others.
    dropout_p, generator
        Share of attention weights to drop while training, and what draws them.
    own_value
        Whether a token's own value is part of what it gets; its own key takes its share of the softmax either way.

    Returns
    -------
    Tensor
        (B, H, N, D).

    Raises
    ------
    ConfigError
        Shapes, dtype or device that are not the layout's; strengths or a generator missing.
    """
    expected = (layout.n_heads, layout.n_tokens)
    if q_BHND.ndim != 4 or tuple(q_BHND.shape[1:3]) != expected or not q_BHND.shape == k_BHND.shape == v_BHND.shape:
        shapes = ", ".join(str(tuple(t.shape)) for t in (q_BHND, k_BHND, v_BHND))
        raise ConfigError(f"attention: got q, k, v of {shapes}, expected (B, {expected[0]}, {expected[1]}, D) each")
    if not q_BHND.dtype == k_BHND.dtype == v_BHND.dtype == layout.dtype:
        raise ConfigError(f"attention: got q, k, v of {q_BHND.dtype}, expected the layout's {layout.dtype}")
    if dropout_p > 0 and generator is None:
        raise ConfigError(f"attention: dropout {dropout_p} needs a generator, so that a job can be run again")
    bias_HE = layout.edge_bias(prior_strength_H)
    after = AfterSoftmax(own_value, dropout_p, generator)
    if isinstance(layout, StackedLayout):
        if dropout_p > 0:
            raise ConfigError("attention: stacked models cannot drop attention weights; train them one by one")
        return attend_stacked(q_BHND, k_BHND, v_BHND, layout, after)
    return BACK_ENDS[layout.back_end].attend(q_BHND, k_BHND, v_BHND, layout, bias_HE, after)
