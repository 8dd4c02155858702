"""Hand-made tables of losses whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import LossTable, NullLosses


def _make_table(
    offsets: Mapping[str, float],
    *,
    n: int = 300,
    noise: float = 0.2,
    no_interaction: float | None = -0.02,
    additive: float = -0.02,
    unconstrained: float | None = None,
    groups: np.ndarray | None = None,
    n_repeats: int = 3,
    n_folds: int = 5,
    kind: str = "binary",
    events: Mapping[str, int] | None = None,
    seed: int = 0,
) -> LossTable:
    """Losses `gene-free + offset + noise`: a negative offset predicts better than the covariates alone."""
    rng = np.random.default_rng(seed)
    gene_free_RB = np.tile(rng.uniform(0.5, 0.9, n), (n_repeats, 1))
    names, roles = list(offsets), ["hypothesis"] * len(offsets)
    shifts = list(offsets.values())
    for name, shift in (("no-interaction", no_interaction), ("unconstrained", unconstrained)):
        if shift is not None:
            names.append(name)
            roles.append("reference")
            shifts.append(shift)
    # Centred noise: the mean difference of two models is exactly the difference of their offsets.
    own_MRB = noise * rng.standard_normal((len(names), 1, n)) + 0.02 * rng.standard_normal((len(names), n_repeats, n))
    own_MRB -= own_MRB.mean(axis=2, keepdims=True)
    loss_MRB = gene_free_RB + np.array(shifts)[:, None, None] + own_MRB
    additive_noise_B = 0.05 * rng.standard_normal(n)
    additive_MRB = gene_free_RB + additive + np.zeros_like(loss_MRB) + additive_noise_B - additive_noise_B.mean()
    if events is None:
        events = {} if kind == "continuous" else {"wild type": n - n // 2, "mutant": n // 2}
    return LossTable(
        names=tuple(names),
        roles=tuple(roles),  # type: ignore[arg-type]
        loss_MRB=loss_MRB,
        gene_free_RB=gene_free_RB,
        additive_MRB=additive_MRB,
        groups=groups,
        n_folds=n_folds,
        kind=kind,  # type: ignore[arg-type]
        event_counts=events,
    )


def _make_nulls(hypothesis: str, *, gap: float, kind: str = "rewired", n: int = 19, seed: int = 5) -> NullLosses:
    """Null masks whose mean loss is `gap` above that of the hypothesis, with standard deviation 0.01."""
    draws = np.random.default_rng(seed).standard_normal(n)
    draws = (draws - draws.mean()) / draws.std(ddof=1)
    return NullLosses(hypothesis, 0.6, 0.6 + gap + 0.01 * draws, kind)


@pytest.fixture(scope="session")
def make_table() -> Callable[..., LossTable]:
    return _make_table


@pytest.fixture(scope="session")
def make_nulls() -> Callable[..., NullLosses]:
    return _make_nulls


@pytest.fixture(scope="session")
def quick() -> ComparisonConfig:
    """Fewer Monte Carlo draws than the default."""
    return ComparisonConfig(monte_carlo_draws=2000, bootstrap_draws=100)
