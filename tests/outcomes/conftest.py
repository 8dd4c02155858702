"""One response of every family, with ties, censoring and what else makes them hard."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hypomask.outcomes.family import Family
from hypomask.outcomes.registry import family_of
from hypomask.outcomes.survival_times import signed_times

CLASSES = ("low", "middle", "high")


def _draw(kind: str, n: int = 40, seed: int = 0) -> tuple[Family, Any]:
    rng = np.random.default_rng(seed)
    if kind == "continuous":
        y = rng.standard_normal(n)
    elif kind == "counts":
        y = rng.negative_binomial(1.5, 0.3, n).astype(float)
    elif kind == "poisson":
        return family_of("counts", np.full(n, 3.0)), rng.poisson(3.0, n).astype(float)
    elif kind in ("survival", "discrete-survival"):
        time = np.ceil(6 * rng.exponential(size=n)) if kind == "discrete-survival" else rng.exponential(size=n)
        time[: n // 3] = np.ceil(4 * time[: n // 3]) / 4  # ties, also of events with censored samples
        y = signed_times(time, rng.random(n) < 0.6)
    else:
        y = (np.arange(n) % (2 if kind == "binary" else 3)).astype(float)
    return family_of(kind, y, CLASSES), y


@pytest.fixture(scope="session")
def draw() -> Callable[..., tuple[Family, Any]]:
    """A function that draws a family and responses (n,) of it; `poisson`: counts without overdispersion."""
    return _draw


@pytest.fixture(scope="session")
def lifelines() -> Any:
    """The survival package that ours is held against; what it warns of is its own affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("lifelines")
