"""Cohorts made in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from hypomask.data.cohort import Cohort, Phenotype

MakeCohort = Callable[..., Cohort]


@pytest.fixture(scope="session")
def make_cohort() -> MakeCohort:
    """A function that makes a cohort of given labels, values, groups and covariates."""

    def make(
        y: npt.ArrayLike,
        *,
        values_BGC: npt.NDArray[np.float32] | None = None,
        groups: list[str] | None = None,
        covariates: pd.DataFrame | None = None,
        continuous: bool = False,
    ) -> Cohort:
        values = np.asarray(y, dtype=np.float64)
        n = len(values)
        if values_BGC is None:
            values_BGC = np.random.default_rng(0).standard_normal((n, 3, 1)).astype(np.float32)
        samples = tuple(f"s{i}" for i in range(n))
        classes = () if continuous else tuple(f"k{i}" for i in range(int(values.max()) + 1))
        kind = "continuous" if continuous else "binary" if len(classes) == 2 else "classes"
        return Cohort(
            samples=samples,
            genes=tuple(f"g{i}" for i in range(values_BGC.shape[1])),
            channels=tuple(f"c{i}" for i in range(values_BGC.shape[2])),
            values_BGC=values_BGC,
            covariates=pd.DataFrame(index=list(samples)) if covariates is None else covariates,
            phenotype=Phenotype("y", kind, values, classes),
            groups=None if groups is None else np.array(groups, dtype=np.str_),
            strata=pd.DataFrame(index=list(samples)),
        )

    return make
