"""Per-sample proper losses of out-of-fold predictions, and the table of them that a comparison starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from hypomask.comparison.result import Role, ShownScore
from hypomask.errors import DataError, Problem, did_you_mean, raise_problems

__all__ = ["NO_INTERACTION", "UNCONSTRAINED", "LossTable", "NullLosses", "PartLosses"]

NO_INTERACTION = "no-interaction"
UNCONSTRAINED = "unconstrained"

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PartLosses:
    """Losses in one part of a phenotype that has several; NaN where the part is not known of a sample.

    Parameters
    ----------
    gene_free_RB
        (R, B) of the model without genes.
    loss_RB_of
        (R, B) by model name.
    """

    gene_free_RB: FloatArray
    loss_RB_of: Mapping[str, FloatArray]


@dataclass(frozen=True, eq=False)
class LossTable:
    """Out-of-fold losses of every model of a study on the same folds.

    Parameters
    ----------
    names, roles
        (M,) models, and whether each is a hypothesis or a reference (``no-interaction``, ``unconstrained``).
    loss_MRB
        (M, R, B) loss of each sample in each repeat, predicted by the model that did not see the sample. Training
        replicates are averaged as predictions beforehand.
    gene_free_RB
        (R, B) the same of the model without genes (covariates only).
    additive_MRB
        (M, R, B) the same of each model's own additive part.
    groups
        (B,) labels of samples that are not independent, or None.
    n_folds
        K of the cross-validation; at least 2.
    kind
        Kind of phenotype.
    event_counts
        Independent members (samples, or groups with a sample of the class) by class name; empty for a continuous
        phenotype.
    scores
        Shown scores by model name, then by score name.
    parts
        Losses in each hidden gene, or in each of several phenotypes, by its name; empty where there are none.

    Raises
    ------
    DataError
        The parts do not fit each other, names repeat, there is no hypothesis, or a loss is not finite (all such models
        are named together).
    """

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    loss_MRB: FloatArray
    gene_free_RB: FloatArray
    additive_MRB: FloatArray
    groups: npt.NDArray[np.str_] | None
    n_folds: int
    kind: str
    event_counts: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, ShownScore]] = field(default_factory=dict)
    parts: Mapping[str, PartLosses] = field(default_factory=dict)

    def __post_init__(self) -> None:
        raise_problems([Problem(message, "losses") for message in self._shape_problems()], DataError)
        raise_problems([Problem(message, "losses") for message in self._value_problems()], DataError)

    @property
    def n_repeats(self) -> int:
        """Number of repeats of the cross-validation."""
        return int(self.loss_MRB.shape[1])

    @property
    def n_samples(self) -> int:
        """Number of observations."""
        return int(self.loss_MRB.shape[2])

    @property
    def n_groups(self) -> int:
        """Number of independent units: groups where given, else samples."""
        return self.n_samples if self.groups is None else len(np.unique(self.groups))

    def index(self, name: str) -> int:
        """Return the position of the model called `name`, or raise `DataError`."""
        if name not in self.names:
            raise DataError(f"no model is called {name!r}.{did_you_mean(name, self.names)}")
        return self.names.index(name)

    @property
    def gene_free_loss(self) -> float:
        """Mean loss of the model without genes."""
        return float(self.gene_free_RB.mean())

    def names_by_loss(self) -> list[str]:
        """Return all models, lowest mean loss first; losses equal to 12 digits go by name."""
        losses = self.loss_MRB.mean(axis=(1, 2)).round(12)
        return sorted(self.names, key=lambda name: (losses[self.names.index(name)], name))

    def hypotheses_by_loss(self) -> list[str]:
        """Return the hypotheses, lowest mean loss first."""
        return [name for name in self.names_by_loss() if self.roles[self.index(name)] == "hypothesis"]

    def sorted_by_name(self) -> LossTable:
        """Return the same table with models sorted by name."""
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        return replace(
            self,
            names=tuple(self.names[m] for m in order),
            roles=tuple(self.roles[m] for m in order),
            loss_MRB=self.loss_MRB[order],
            additive_MRB=self.additive_MRB[order],
        )

    def _shape_problems(self) -> list[str]:
        if self.loss_MRB.ndim != 3:
            return [f"loss_MRB has shape {self.loss_MRB.shape}, expected (models, repeats, samples)"]
        n_models, n_repeats, n_samples = self.loss_MRB.shape
        found = []
        if len(self.names) != n_models or len(self.roles) != n_models:
            found.append(f"{len(self.names)} names and {len(self.roles)} roles for {n_models} models")
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        if repeated:
            found.append(f"model names must differ, these repeat: {', '.join(repeated)}")
        if "hypothesis" not in self.roles:
            found.append("no model has the role 'hypothesis'; at least one is needed")
        if self.gene_free_RB.shape != (n_repeats, n_samples):
            found.append(f"gene_free_RB has shape {self.gene_free_RB.shape}, expected {(n_repeats, n_samples)}")
        if self.additive_MRB.shape != self.loss_MRB.shape:
            found.append(f"additive_MRB has shape {self.additive_MRB.shape}, expected {self.loss_MRB.shape}")
        if self.groups is not None and np.shape(self.groups) != (n_samples,):
            found.append(f"groups has shape {np.shape(self.groups)}, expected {(n_samples,)}")
        if self.n_folds < 2:
            found.append(f"n_folds is {self.n_folds}, expected at least 2")
        if n_repeats < 1 or (not found and self.n_groups < 2):
            found.append("at least one repeat and two independent samples are needed")
        return found

    def _value_problems(self) -> list[str]:
        found = []
        for m, name in enumerate(self.names):
            for what, loss_RB in (("", self.loss_MRB[m]), ("the additive part of ", self.additive_MRB[m])):
                bad = int(np.size(loss_RB) - np.isfinite(loss_RB).sum())
                if bad:
                    found.append(
                        f"{what}{name!r} has {bad} of {loss_RB.size} losses that are not finite; train it again"
                    )
        if not np.isfinite(self.gene_free_RB).all():
            found.append("the gene-free model has losses that are not finite; check the covariates")
        elif abs(float(self.gene_free_RB.mean())) < 1e-12:
            found.append("the gene-free model has no loss at all: the covariates alone determine the phenotype")
        return found


@dataclass(frozen=True, eq=False)
class NullLosses:
    """Mean losses of a hypothesis' null masks.

    Parameters
    ----------
    hypothesis
        Whose nulls.
    observed
        Mean loss of the hypothesis, scored with the same number of folds, repeats and seeds as each draw. (A hypothesis
        averaged over five seeds against nulls with one rejects 9-11 % instead of 5 %.)
    draws
        (n,) mean loss of draw 0, 1, 2, ...: in the order in which they are numbered, not in which they ended.
    kind
        ``rewired`` (same degrees, random wiring) or ``matched-genes`` (other genes, matched).
    finished
        No further draw is outstanding.
    """

    hypothesis: str
    observed: float
    draws: FloatArray
    kind: str
    finished: bool = True

    def __post_init__(self) -> None:
        if not np.isfinite(self.observed) or not np.isfinite(self.draws).all():
            raise DataError(f"null test of {self.hypothesis!r} ({self.kind}): a loss is not finite; train it again")
        if np.ndim(self.draws) != 1:
            raise DataError(f"null test of {self.hypothesis!r}: draws have shape {np.shape(self.draws)}, expected (n,)")
