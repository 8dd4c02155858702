"""The kernel's library: which one this machine can run, its C structures, and calls shared out over threads."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from ctypes import POINTER, Structure, byref, c_double, c_int64, c_uint64, c_void_p
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from hypomask.model.compiled.build import LANES, library_path
from hypomask.model.compiled.memory import borrow

__all__ = [
    "MATRICES",
    "AttentionCall",
    "Block",
    "Dropout",
    "Edges",
    "Kernel",
    "Layer",
    "ModelCall",
    "TensorPlace",
    "kernel",
    "unavailable",
]

# In the order in which the kernel knows them.
MATRICES = (
    *("query", "key", "value", "message"),
    *("gate_own", "gate_message", "state_message", "state_gated"),
)

SUFFIXES = {torch.float32: "f32", torch.float64: "f64"}


_PASS = ((c_void_p, c_int64, c_int64, c_void_p), None)
FUNCTIONS = {
    "lanes": ((), c_int64),
    "attention_room": ((c_void_p, c_int64), c_int64),
    "model_room": ((c_void_p, c_int64), c_int64),
    **dict.fromkeys(("model_kept", "model_prepared", "model_part"), ((c_void_p,), c_int64)),
    "model_prepare": ((c_void_p,), None),
    "model_finish": ((c_void_p, c_int64), None),
    **dict.fromkeys(("scan_measured", "scan_room"), ((c_void_p,), c_int64)),
    **dict.fromkeys(("attention_forward", "attention_backward", "model_forward", "model_backward"), _PASS),
    **dict.fromkeys(("scan_measure", "scan_effects"), _PASS),
}


class Edges(Structure):
    """What one head may read: `EdgePattern`, and the same by key."""

    _fields_ = (
        *((name, c_void_p) for name in ("row_start", "cols", "key_start", "readers", "entry")),
        ("n_entries", c_int64),
    )


class Dropout(Structure):
    """Of attention weights."""

    _fields_ = (("probability", c_double), ("seed", c_uint64))


class Layer(Structure):
    """One layer's edges and what the attention does with them."""

    _fields_ = (
        ("heads", POINTER(Edges)),
        *((name, c_int64) for name in ("n_tokens", "n_heads", "width", "own_value")),
        ("bias", c_void_p),
        ("dropout", Dropout),
    )


class TensorPlace(Structure):
    """Where a (B, N, W) tensor lies, its features side by side."""

    _fields_ = (("first", c_void_p), ("sample_stride", c_int64), ("token_stride", c_int64))

    @classmethod
    def of(cls, x_BNW: Tensor) -> TensorPlace:
        """Describe a tensor whose last stride is 1."""
        return cls(x_BNW.data_ptr(), x_BNW.stride(0), x_BNW.stride(1))


class AttentionCall(Structure):
    """The attention operator on a batch."""

    _fields_ = (
        ("layer", Layer),
        ("n_samples", c_int64),
        *((name, TensorPlace) for name in ("query", "key", "value", "out")),
        *((name, TensorPlace) for name in ("query_gradient", "key_gradient", "value_gradient")),
        ("weights", c_void_p),
        ("bias_gradient", c_void_p),
    )


class Block(Structure):
    """One layer of the transformer: its edges and its matrices."""

    _fields_ = (("layer", Layer), *((name, c_void_p) for name in MATRICES))


class ModelCall(Structure):
    """The whole transformer on a batch."""

    _fields_ = (
        *((f"n_{name}", c_int64) for name in ("samples", "tokens", "genes", "channels")),
        *((name, c_int64) for name in ("width", "n_layers", "n_outputs")),
        ("blocks", POINTER(Block)),
        *((name, c_void_p) for name in ("x", "embedding", "measurement", "readout", "intercept")),
        *((name, c_void_p) for name in ("prepared", "eta", "features", "kept", "parts", "gradients", "x_gradient")),
    )


@dataclass(frozen=True)
class Kernel:
    """The library for one dtype.

    Parameters
    ----------
    lanes
        Samples that are treated at once.
    """

    library: ctypes.CDLL
    dtype: torch.dtype
    lanes: int

    def tiles(self, n_samples: int) -> int:
        """Return how many pieces a batch has."""
        return -(-n_samples // self.lanes)

    def function(self, name: str) -> Any:
        """Return a function of the library."""
        return getattr(self.library, f"{name}_{SUFFIXES[self.dtype]}")

    def call(self, name: str, arguments: Structure, n_tiles: int, room_bytes: int) -> None:
        """Call a function of the kernel for all tiles, on as many threads as torch uses."""
        function = self.function(name)
        threads = min(torch.get_num_threads(), n_tiles)
        room = borrow(threads * room_bytes).view(threads, room_bytes)
        if threads == 1:
            function(byref(arguments), 0, n_tiles, room.data_ptr())
            return
        cuts = [n_tiles * i // threads for i in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:  # ctypes lets go of Python's lock while the kernel runs
            parts = [
                pool.submit(function, byref(arguments), cuts[i], cuts[i + 1], room[i].data_ptr())
                for i in range(threads)
            ]
        for part in parts:
            part.result()

    def size(self, name: str, arguments: Structure, *rest: int) -> int:
        """Ask the kernel for a number."""
        return int(self.function(name)(byref(arguments), *rest))


def unavailable() -> str | None:
    """Return why the kernel cannot be used here, None when it can."""
    return None if isinstance(_library(), ctypes.CDLL) else str(_library())


@cache
def kernel(dtype: torch.dtype) -> Kernel:
    """Return the kernel for float32 or float64; only where it is not `unavailable`."""
    library = _library()
    if not isinstance(library, ctypes.CDLL):
        raise RuntimeError(library)
    return Kernel(library, dtype, int(getattr(library, f"lanes_{SUFFIXES[dtype]}")()))


@cache
def _library() -> ctypes.CDLL | str:
    """Load the library with the widest vectors that this machine has, or say why there is none."""
    least = min(LANES)
    try:
        widest = ctypes.CDLL(str(library_path(least))).widest_lanes()
        usable = [lanes for lanes in LANES if lanes <= widest and library_path(lanes).exists()]
        library = ctypes.CDLL(str(library_path(max(usable))))
    except OSError as error:
        if not library_path(least).exists():
            return "it was not compiled when hypomask was installed (no C++ compiler?)"
        return f"it cannot be loaded: {error}"
    for name, (arguments, result) in FUNCTIONS.items():
        for suffix in SUFFIXES.values():
            function: Any = getattr(library, f"{name}_{suffix}")
            function.argtypes, function.restype = arguments, result
    return library
