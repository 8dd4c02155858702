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

CONTRACT = Path(__file__).with_name("test_attention_back_ends.py")

CASES = (
    "test_equals_the_naive_reference_with_gradients[a directed chain and isolated genes-torch.float64-own value]",
    "test_equals_the_naive_reference_with_gradients[heads reserved-torch.float64-without own value]",
    "test_equals_the_naive_reference_with_gradients[group tokens-torch.float32-without own value]",
    "test_equals_the_naive_reference_with_gradients[learned prior, heads reserved-torch.float64-without own value]",
    "test_an_isolated_gene_gets_its_own_value_to_the_bit_or_nothing[torch.float32-6]",
    "test_a_token_that_is_not_read_has_exactly_no_effect[20]",
    "test_gradients_through_dropout_are_those_of_the_function[False]",
)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed: pip install triton")
def test_the_kernels_keep_the_contract_in_the_interpreter() -> None:
    tests = [f"{CONTRACT}::TestTriton::{case}" for case in CASES]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, cwd=CONTRACT.parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert f"{len(CASES)} passed" in done.stdout


def test_without_the_interpreter_the_kernels_are_for_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    assert BACK_ENDS["triton"].unavailable(torch.device("cpu")) == "Triton's kernels are for CUDA"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install triton" in str(BACK_ENDS["triton"].unavailable(torch.device("cuda")))
