"""Triton's kernels are compiled to machine code for NVIDIA's A100 and H100: that takes no GPU, running them does."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("triton") is None, reason="Triton is not installed: pip install triton"
    ),
    pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="the interpreter compiles nothing"),
]

REAL = {"float32": "*fp32", "float64": "*fp64"}
SWITCHES = ("HAS_BIAS", "BIAS_LEARNS", "DROPS")


KERNELS = ("by_query_forward", "by_query_backward", "by_key_backward")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))


@pytest.mark.parametrize("everything", [False, True], ids=["as in training", "with bias and dropout"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("capability", [80, 90])
def test_a_kernel_compiles(capability: int, kernel: str, dtype: str, everything: bool) -> None:
    compiled = compile_kernel(kernel, capability, REAL[dtype], **dict.fromkeys(SWITCHES, everything))
    assert len(compiled.asm["cubin"]) > 1000
    assert "atom." not in compiled.asm["ptx"]
    assert "red.global" not in compiled.asm["ptx"]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_thread_loads_16_bytes_at_once_where_strides_allow_it(kernel: str) -> None:
    wide, narrow = (compile_kernel(kernel, 90, ALIGNED=aligned).asm["ptx"] for aligned in (4, 1))
    # keys or queries, and values or gradients, of eight numbers a thread, before the loop and in it
    assert wide.count("ld.global.v4.b32") >= 6
    assert wide.count("ld.global.b32") < narrow.count("ld.global.b32") / 3
    assert "ld.global.v4" not in narrow


def compile_kernel(kernel: str, capability: int, real: str = "*fp32", **chosen: int) -> Any:
    """Compile a kernel for a GPU that need not be there, for tensors that begin at multiples of 16 bytes."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from hypomask.model.attention import triton_kernels

    sizes = {"WIDTH": 8, "LANES": 8, "TILE": 32, "HEADS": 2, "ALIGNED": 2, "OWN_VALUE": False}
    values = sizes | dict.fromkeys(SWITCHES, False) | chosen
    function = getattr(triton_kernels, kernel)
    names = [parameter.name for parameter in function.params]
    signature = {name: "constexpr" if name.isupper() else _type_of(name, real) for name in names}
    if values["DROPS"]:
        signature["seed"] = "*i64"
    fixed = {name: values[name] for name in names if name.isupper()}
    begins = {
        (place,): [["tt.divisibility", 16]] for place, name in enumerate(names) if signature[name].startswith("*")
    }
    source = ASTSource(fn=function, signature=signature, constexprs=fixed, attrs=begins)
    options = {"enable_fp_fusion": True, "num_warps": 1}
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)


def _type_of(name: str, real: str) -> str:
    if name in ("row_start", "cols", "key_start", "rows", "entries"):
        return "*i32"
    if name == "dropped":
        return "fp32"
    return "i32" if name.startswith(("stride_", "n_", "head_")) else real
