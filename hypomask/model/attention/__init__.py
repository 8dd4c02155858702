"""Masked attention: one operator, several back ends, chosen by measured density, size and device."""

from __future__ import annotations

from hypomask.model.attention.choose import choose_back_end
from hypomask.model.attention.compiled import CompiledAttention
from hypomask.model.attention.dense import DenseAttention
from hypomask.model.attention.layout import AttentionLayout, LayerLayout, build_layout
from hypomask.model.attention.operator import attend
from hypomask.model.attention.registry import BACK_ENDS, BackEnd
from hypomask.model.attention.sparse import SparseAttention
from hypomask.model.attention.triton import TritonAttention

__all__ = [
    "BACK_ENDS",
    "AttentionLayout",
    "BackEnd",
    "CompiledAttention",
    "DenseAttention",
    "LayerLayout",
    "SparseAttention",
    "TritonAttention",
    "attend",
    "build_layout",
    "choose_back_end",
]
