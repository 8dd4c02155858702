"""Triton's kernels on a machine without a GPU: a part of the contract of back ends, in Triton's interpreter.

The interpreter has to be asked for before Triton is loaded, so the contract runs in a Python of its own. The whole
of it takes minutes: ``TRITON_INTERPRET=1 pytest tests/model/test_attention_back_ends.py::TestTriton``.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hypomask.model.attention import BACK_ENDS

HERE = Path(__file__).parent
CONTRACT = f"{HERE / 'test_attention_back_ends.py'}::TestTriton"
EQUALS = f"{CONTRACT}::test_equals_the_naive_reference_with_gradients"
STACKED = HERE / "test_stacked_attention.py"

CASES = (
    f"{EQUALS}[a directed chain and isolated genes-torch.float64-own value]",
    f"{EQUALS}[heads reserved-torch.float64-without own value]",
    f"{EQUALS}[group tokens-torch.float32-without own value]",
    f"{EQUALS}[learned prior, heads reserved-torch.float64-own value]",
    f"{CONTRACT}::test_an_isolated_gene_gets_its_own_value_to_the_bit_or_nothing[torch.float32-6]",
    f"{CONTRACT}::test_a_token_that_is_not_read_has_exactly_no_effect[20]",
    f"{CONTRACT}::test_gradients_through_dropout_are_those_of_the_function[False]",
    f"{STACKED}::test_every_member_gets_what_it_gets_alone[cpu-triton-reserved heads-False]",
    f"{STACKED}::test_no_bit_of_a_member_comes_from_another[cpu-triton]",
)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed: pip install triton")
def test_the_kernels_keep_the_contract_in_the_interpreter() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *CASES]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert f"{len(CASES)} passed" in done.stdout


def test_without_the_interpreter_the_kernels_are_for_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert BACK_ENDS["triton"].unavailable(torch.device("cpu")) == "Triton's kernels are for CUDA"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install triton" in str(BACK_ENDS["triton"].unavailable(torch.device("cuda")))
