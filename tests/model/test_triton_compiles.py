"""Triton's kernels are compiled to machine code for NVIDIA's A100 and H100: that takes no GPU, running them does."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("triton") is None, reason="Triton is not installed: pip install triton"
    ),
    pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") == "1", reason="the interpreter compiles nothing"),
]

REAL = {"float32": "*fp32", "float64": "*fp64"}
SWITCHES = ("HAS_BIAS", "BIAS_LEARNS", "DROPS")


@pytest.mark.parametrize("everything", [False, True], ids=["as in training", "with bias and dropout"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", ["by_query_forward", "by_query_backward", "by_key_backward"])
@pytest.mark.parametrize("capability", [80, 90])
def test_a_kernel_compiles(
    capability: int, kernel: str, dtype: str, everything: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from hypomask.model.attention import triton_kernels

    values = {"WIDTH": 8, "LANES": 8, "TILE": 32, "OWN_VALUE": False} | dict.fromkeys(SWITCHES, everything)
    function = getattr(triton_kernels, kernel)
    names = [parameter.name for parameter in function.params]
    signature = {name: "constexpr" if name.isupper() else _type_of(name, REAL[dtype]) for name in names}
    if everything:
        signature["seed"] = "*i64"
    fixed = {name: values[name] for name in names if name.isupper()}
    source = ASTSource(fn=function, signature=signature, constexprs=fixed)
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"enable_fp_fusion": True})
    assert len(compiled.asm["cubin"]) > 1000
    assert "atom." not in compiled.asm["ptx"]
    assert "red.global" not in compiled.asm["ptx"]


def _type_of(name: str, real: str) -> str:
    if name in ("row_start", "cols", "key_start", "rows", "entries"):
        return "*i32"
    if name == "dropped":
        return "fp32"
    return "i32" if name.startswith(("stride_", "n_", "head_")) else real
