"""One thread, as in a job, and small data to train on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from threadpoolctl import threadpool_limits

from hypomask.masks.mask import EdgeTable, Mask
from hypomask.outcomes.survival_times import signed_times

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)  # importlib mode: files beside a test are not on the path

Products = Callable[..., tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]]
MakeMask = Callable[..., Mask]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Jobs are bitwise repeatable with one thread, which is how workers run them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def make_mask() -> MakeMask:
    """A function that makes a mask of `n_genes` from pairs (reader, read)."""

    def make(n_genes: int, *pairs: tuple[int, int], **fields: object) -> Mask:
        rows, cols = zip(*pairs, strict=True) if pairs else ((), ())
        genes = tuple(f"g{i}" for i in range(n_genes))
        return Mask(name="pairs", genes=genes, layers=(EdgeTable.build(rows, cols),), **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def products() -> Products:
    """A function that draws genes and a phenotype: gene 0 alone, the product of genes 0 and 1, and noise."""

    def draw(
        n: int, kind: str = "continuous", *, n_genes: int = 4, n_channels: int = 1, strength: float = 1.0, seed: int = 0
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        rng = np.random.default_rng(seed)
        x_BGC = rng.standard_normal((n, n_genes, n_channels)).astype(np.float32)
        signal = 0.5 * x_BGC[:, 0, 0] + strength * x_BGC[:, 0, 0] * x_BGC[:, 1, 0]
        if kind == "continuous":
            y = signal + 0.5 * rng.standard_normal(n)
            return x_BGC, (y - y.mean()) / y.std()
        if kind == "counts":
            return x_BGC, rng.poisson(np.exp(1.0 + 0.7 * signal)).astype(np.float64)
        if kind in ("survival", "discrete-survival"):
            time = rng.exponential(np.exp(-1.5 * signal))
            censored = rng.exponential(3.0, n)
            seen = time <= censored
            time = np.minimum(time, censored)
            return x_BGC, signed_times(time if kind == "survival" else np.ceil(4 * time), seen)
        liability = 3 * signal + rng.logistic(size=n)
        cuts = np.quantile(liability, [0.5] if kind == "binary" else [1 / 3, 2 / 3])
        return x_BGC, np.searchsorted(cuts, liability).astype(np.float64)

    return draw


@pytest.fixture
def tunings(make_mask: MakeMask, products: Products) -> Any:
    """A function that gives models in float64, each with its own mask, data, samples held out, values and seed."""
    from members import tuning_maker

    return tuning_maker(make_mask, products)
