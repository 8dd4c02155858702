"""How the samples of a run belong together and can be parted: blocks, categories, numeric covariates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

    from hypomask.data.cohort import Cohort
    from hypomask.data.splits import Folds

__all__ = ["Strata"]


@dataclass(frozen=True, eq=False)
class Strata:
    """What is known of the samples besides their phenotype.

    Parameters
    ----------
    block
        (B,) int64: samples of one block are of one group, or the same measurement twice, and count as one.
    categories
        (B,) text by categorical covariate.
    numbers
        (B,) float64 by numeric covariate, NaN where missing; numbers with two values are categories instead.
    """

    block: npt.NDArray[np.int64]
    categories: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    numbers: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, cohort: Cohort, folds: Folds) -> Strata:
        """Return the strata of `cohort`, split by `folds`."""
        categories = {str(name): cohort.strata[name].to_numpy(dtype=np.str_) for name in cohort.strata}
        one_hot = {f"{name}={level}" for name, level_B in categories.items() for level in np.unique(level_B).tolist()}
        numbers = {
            str(name): cohort.covariates[name].to_numpy(dtype=np.float64)
            for name in cohort.covariates
            if name not in categories and name not in one_hot
        }
        return cls(folds.blocks, categories, numbers)

    @property
    def unit(self) -> npt.NDArray[np.str_] | None:
        """(B,) labels of what is independent; None when every sample is."""
        n_blocks = len(np.unique(self.block))
        return None if n_blocks == len(self.block) else np.array([f"block {code}" for code in self.block])

    def columns(self) -> dict[str, object]:
        """Return the columns of a table that `read` understands; covariates by number, for names may be anything."""
        columns: dict[str, object] = {"block": self.block}
        columns |= {f"category_{i}": level_B.tolist() for i, level_B in enumerate(self.categories.values())}
        return columns | {f"number_{i}": value_B for i, value_B in enumerate(self.numbers.values())}

    def about(self) -> dict[str, list[str]]:
        """Return the names of the covariates, to be written beside `columns`."""
        return {"categories": list(self.categories), "numbers": list(self.numbers)}

    @classmethod
    def read(cls, table: pa.Table, about: Mapping[str, Any]) -> Strata:
        """Return what `columns` and `about` were made from."""
        categories = {
            name: np.array(table[f"category_{i}"].to_pylist(), dtype=np.str_)
            for i, name in enumerate(about["categories"])
        }
        numbers = {name: table[f"number_{i}"].to_numpy().astype(np.float64) for i, name in enumerate(about["numbers"])}
        return cls(table["block"].to_numpy().astype(np.int64), categories, numbers)
