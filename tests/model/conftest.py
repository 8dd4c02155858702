"""Back ends that this machine has not got are skipped by name, wherever a test is run for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from hypomask.model.attention import BACK_ENDS
from hypomask.model.compiled import library


@pytest.fixture(autouse=True)
def _skip_back_ends_that_are_not_here(request: pytest.FixtureRequest) -> None:
    callspec = getattr(request.node, "callspec", None)
    name = callspec.params.get("back_end") if callspec is not None else None
    if isinstance(name, str) and name in BACK_ENDS:
        reason = BACK_ENDS[name].unavailable(torch.device("cpu"))
        if reason is not None:
            pytest.skip(f"{name}: {reason}")


@pytest.fixture
def without_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """As on a machine where hypomask was installed without a C++ compiler."""
    monkeypatch.setattr(library, "library_path", lambda lanes: tmp_path / f"{lanes}.so")
    library._library.cache_clear()
    yield
    library._library.cache_clear()
