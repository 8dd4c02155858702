"""Which samples effects are averaged over: all, those of a stratum, or some by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hypomask.data.cohort import Cohort
from hypomask.errors import ConfigError, DataError, did_you_mean

__all__ = ["Where", "levels_of"]


@dataclass(frozen=True)
class Where:
    """A choice of samples.

    Parameters
    ----------
    stratum
        Categorical covariates and the level of each that is chosen; all must hold. The phenotype's classes go by its
        name.
    samples
        Ids; empty: all of the stratum.
    """

    stratum: Mapping[str, str] = field(default_factory=dict)
    samples: tuple[str, ...] = ()

    def chosen(self, cohort: Cohort) -> npt.NDArray[np.bool_]:
        """Return (B,) whether each sample is chosen.

        Raises
        ------
        ConfigError
            No such covariate or level.
        DataError
            No such sample, or none left.
        """
        chosen_B = np.ones(cohort.n_samples, dtype=bool)
        for name, level in self.stratum.items():
            levels = levels_of(cohort, name)
            if level not in levels:
                raise ConfigError(
                    f"stratum {name}={level}: {name!r} has the levels {', '.join(levels)}.{did_you_mean(level, levels)}"
                )
            chosen_B &= _strata(cohort)[name] == level
        if self.samples:
            place = {sample: i for i, sample in enumerate(cohort.samples)}
            for sample in self.samples:
                if sample not in place:
                    raise DataError(f"sample {sample!r} is not in the data.{did_you_mean(sample, cohort.samples)}")
            among = np.zeros_like(chosen_B)
            among[[place[sample] for sample in self.samples]] = True
            chosen_B &= among
        if not chosen_B.any():
            raise DataError(f"no sample is {self.describe()}")
        return chosen_B

    def describe(self) -> str:
        """Return the choice in words."""
        said = [f"{name}={level}" for name, level in self.stratum.items()]
        if self.samples:
            shown = ", ".join(self.samples[:3])
            said.append(shown if len(self.samples) <= 3 else f"{shown} and {len(self.samples) - 3} more")
        return " and ".join(said) or "all samples"


def levels_of(cohort: Cohort, name: str) -> tuple[str, ...]:
    """Return the levels of a categorical covariate, or the classes of the phenotype.

    Raises
    ------
    ConfigError
        No such covariate.
    """
    known = _strata(cohort)
    if name not in known:
        there = ", ".join(known) or "none"
        raise ConfigError(
            f"stratum {name}: no categorical covariate {name!r}; there are: {there}.{did_you_mean(name, known)}"
        )
    return tuple(sorted(set(known[name].tolist())))


def _strata(cohort: Cohort) -> dict[str, npt.NDArray[np.str_]]:
    strata = {str(name): cohort.strata[name].to_numpy(dtype=np.str_) for name in cohort.strata}
    phenotype = cohort.phenotype
    if phenotype.kind in ("binary", "classes"):
        strata.setdefault(phenotype.name, np.array(phenotype.classes)[phenotype.values.astype(int)])
    return strata
