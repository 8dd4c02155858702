"""A study that does not exist yet: losses as they would be if certain things were true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, xlog1py, xlogy

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import NO_INTERACTION, LossTable
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.questions import NullSpread, Questions
from hypomask.comparison.result import Role
from hypomask.data.simulated_phenotype import LOGISTIC_VARIANCE, mean_sigmoid
from hypomask.errors import ConfigError, Problem, raise_problems

__all__ = ["AssumedEffect", "AssumedPhenotype", "AssumedStudy"]

FloatArray = npt.NDArray[np.float64]

LEADER = "the true hypothesis"
UNITS = 50_000  # drawn to stand for the population; effects are then set to their exact values
FEWER_UNITS = 20_000


@dataclass(frozen=True)
class AssumedEffect:
    """Differences of losses, given as such.

    Parameters
    ----------
    effect
        By how much the loss of the true hypothesis is lower than that of each rival.
    sd
        Standard deviation of one sample's difference.
    gain, skill
        The same against no interactions, and against the model without genes. None: as `effect`, and as `gain`.
    """

    effect: float
    sd: float
    gain: float | None = None
    skill: float | None = None

    def __post_init__(self) -> None:
        found = [
            Problem(f"{name}: got {value}, expected a positive number")
            for name, value in (("effect", self.effect), ("sd", self.sd), ("gain", self.gain), ("skill", self.skill))
            if value is not None and not (np.isfinite(value) and value > 0)
        ]
        raise_problems(found, ConfigError)

    @property
    def kind(self) -> Literal["continuous", "binary"]:
        """Kind of phenotype; it does not matter here."""
        return "continuous"

    @property
    def null_unit_variance(self) -> float:
        """Of one sample's loss under one null mask around the mean over null masks."""
        return self.sd**2 / 2.0

    def losses(self, n_rivals: int, rng: np.random.Generator) -> _Losses:
        """Draw losses of independent models with the assumed differences; mean and covariance come out exactly."""
        noise_MB = _exact_normals(n_rivals + 3, rng) * (self.sd / np.sqrt(2.0))
        gain = self.effect if self.gain is None else self.gain
        skill = gain if self.skill is None else self.skill
        # Null masks are many: their mean has no noise of its own, and is as far behind as no interaction is.
        return _Losses(
            leader_B=1.0 - skill + noise_MB[0],
            rivals_HB=1.0 - skill + self.effect + noise_MB[3:],
            no_interaction_B=1.0 - skill + gain + noise_MB[1],
            gene_free_B=1.0 + noise_MB[2],
            null_mean_B=np.full(UNITS, 1.0 - skill + gain),
            event=None,
        )


@dataclass(frozen=True)
class AssumedPhenotype:
    """Shares of the phenotype's variance, from which losses follow.

    The models are taken to have learned all there is to know under their masks, which real ones have not: their noise
    makes losses differ more. So what follows is the least number of samples.

    Parameters
    ----------
    interaction_r2, main_r2
        Shares that products along the true edges, and single genes, explain. Of the liability (logistic noise) when
        the phenotype is binary.
    skill_difference
        By how much the skill (share of the gene-free loss saved) of each rival is lower; None: rivals know nothing of
        the interactions. Each rival knows a part of its own.
    kind, prevalence
        Phenotype; share of events when binary.
    """

    interaction_r2: float
    main_r2: float = 0.0
    skill_difference: float | None = None
    kind: Literal["continuous", "binary"] = "continuous"
    prevalence: float = 0.5

    def __post_init__(self) -> None:
        found = []
        if not 0 < self.interaction_r2 < 1:
            found.append(Problem(f"interaction R2: got {self.interaction_r2}, expected a share between 0 and 1"))
        if not 0 <= self.main_r2 < 1:
            found.append(Problem(f"main R2: got {self.main_r2}, expected a share from 0 to below 1"))
        if not found and self.interaction_r2 + self.main_r2 >= 1:
            found.append(Problem("interaction R2 and main R2 add up to 1 or more: nothing would be left to chance"))
        if not 0 < self.prevalence < 1:
            found.append(Problem(f"prevalence: got {self.prevalence}, expected a share between 0 and 1"))
        if self.skill_difference is not None and not self.skill_difference > 0:
            found.append(Problem(f"skill difference: got {self.skill_difference}, expected a positive number"))
        raise_problems(found, ConfigError)
        most = self._skill_lost(0.0)
        if self.skill_difference is not None and self.skill_difference > most * (1 + 1e-9):
            raise ConfigError(
                f"skill difference: got {self.skill_difference}, but a rival that knows nothing of the interactions is "
                f"only {most:.3g} worse; expected at most that"
            )

    @property
    def null_unit_variance(self) -> float:
        """Null masks know nothing: all have the losses of no interaction."""
        return 0.0

    def losses(self, n_rivals: int, rng: np.random.Generator) -> _Losses:
        """Draw phenotypes and what models of more or less knowledge lose on them."""
        known = self._known_share
        normal_XB = rng.standard_normal((n_rivals + 2, UNITS))
        main_B, edges_B = np.sqrt(self._variances[0]) * normal_XB[0], np.sqrt(self._variances[1]) * normal_XB[1]
        own_HB = np.sqrt(self._variances[1] * known * (1.0 - known)) * normal_XB[2:]
        part_HB = known * edges_B + own_HB  # what a rival knows: variance `known`, shared part known^2
        eta_B = main_B + edges_B
        unknown_M = [0.0, self._variances[1], sum(self._variances), *[self._variances[1] * (1.0 - known)] * n_rivals]
        known_MB = [eta_B, main_B, np.zeros(UNITS), *(main_B + part_HB)]
        if self.kind == "continuous":
            y_B = eta_B + np.sqrt(self._noise) * rng.standard_normal(UNITS)
            loss_MB = np.stack([(y_B - predicted) ** 2 for predicted in known_MB])
            expected_M = np.array([self._noise + unknown for unknown in unknown_M])
            event = None
        else:
            risk_B = expit(eta_B + self._intercept)
            y_B = (rng.random(UNITS) < risk_B).astype(np.float64)
            risk_MB = np.stack([mean_sigmoid(k + self._intercept, u) for k, u in zip(known_MB, unknown_M, strict=True)])
            loss_MB = -(xlogy(y_B, risk_MB) + xlog1py(1 - y_B, -risk_MB))
            expected_M = -(xlogy(risk_B, risk_MB) + xlog1py(1 - risk_B, -risk_MB)).mean(axis=1)
            expected_M[3:] = expected_M[3:].mean() if n_rivals else 0.0
            event = y_B
        loss_MB += (expected_M - loss_MB.mean(axis=1))[:, None]
        return _Losses(loss_MB[0], loss_MB[3:], loss_MB[1], loss_MB[2], loss_MB[1], event)

    @cached_property
    def _known_share(self) -> float:
        """Share of the interactions' variance that a rival knows."""
        if self.skill_difference is None or self.skill_difference >= self._skill_lost(0.0):
            return 0.0
        wanted = self.skill_difference
        return float(brentq(lambda known: self._skill_lost(known) - wanted, 0.0, 1.0, xtol=1e-6))

    def _skill_lost(self, known: float) -> float:
        """Return by how much the skill of who knows this share of the interactions is below that of who knows all."""
        if self.kind == "continuous":
            return self.interaction_r2 * (1.0 - known)
        main_variance, edge_variance = self._variances
        rng = np.random.default_rng(0)
        main_B, part_B, rest_B = rng.standard_normal((3, FEWER_UNITS))
        seen_B = np.sqrt(main_variance) * main_B + np.sqrt(known * edge_variance) * part_B
        risk_B = expit(seen_B + np.sqrt((1.0 - known) * edge_variance) * rest_B + self._intercept)
        seen_risk_B = mean_sigmoid(seen_B + self._intercept, (1.0 - known) * edge_variance)
        lost = xlogy(risk_B, risk_B / seen_risk_B) + xlog1py(1 - risk_B, -risk_B)
        lost = lost - xlog1py(1 - risk_B, -seen_risk_B)
        gene_free = -(xlogy(self.prevalence, self.prevalence) + xlog1py(1 - self.prevalence, -self.prevalence))
        return float(lost.mean() / gene_free)

    @property
    def _noise(self) -> float:
        """Variance left to chance: logistic on the liability scale, or what the shares leave of 1."""
        return LOGISTIC_VARIANCE if self.kind == "binary" else 1.0 - self.interaction_r2 - self.main_r2

    @property
    def _variances(self) -> tuple[float, float]:
        """Variances of main effects and interactions, in units in which the noise has variance `_noise`."""
        unit = self._noise / (1.0 - self.interaction_r2 - self.main_r2)
        return self.main_r2 * unit, self.interaction_r2 * unit

    @cached_property
    def _intercept(self) -> float:
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        eta = np.sqrt(sum(self._variances)) * nodes
        weights = weights / weights.sum()
        return float(brentq(lambda a: float(expit(eta + a) @ weights) - self.prevalence, -100.0, 100.0))


@dataclass(frozen=True)
class AssumedStudy:
    """A study of `n_hypotheses`, one of them true, as assumed.

    Raises
    ------
    ConfigError
        There is no hypothesis.
    """

    n_hypotheses: int
    assumed: AssumedEffect | AssumedPhenotype
    alpha: float = 0.05
    folds: int = 5
    with_nulls: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n_hypotheses <= 100:
            raise ConfigError(f"hypotheses: got {self.n_hypotheses}, expected 1 to 100")

    @cached_property
    def pilot(self) -> Pilot:
        """A very large pilot of such a study, with one repeat."""
        n_rivals = self.n_hypotheses - 1
        losses = self.assumed.losses(n_rivals, np.random.default_rng(self.seed))
        rivals = [f"rival {k + 1}" for k in range(n_rivals)]
        roles: list[Role] = ["hypothesis"] * self.n_hypotheses
        loss_MRB = np.stack([losses.leader_B, *losses.rivals_HB, losses.no_interaction_B])[:, None]
        events = {}
        if losses.event is not None:
            events = {"no": int((1 - losses.event).sum()), "yes": int(losses.event.sum())}
        table = LossTable(
            names=(LEADER, *rivals, NO_INTERACTION),
            roles=(*roles, "reference"),
            loss_MRB=loss_MRB,
            gene_free_RB=losses.gene_free_B[None],
            additive_MRB=np.broadcast_to(losses.no_interaction_B, loss_MRB.shape),
            groups=None,
            n_folds=self.folds,
            kind=self.assumed.kind,
            event_counts=events,
        )
        nulls = {LEADER: losses.null_mean_B[None]} if self.with_nulls else {}
        return Pilot(table, ComparisonConfig(alpha=self.alpha, seed=self.seed), "all", nulls, leader=LEADER)

    def questions(self) -> Questions:
        """Return what must be decided."""
        found = self.pilot.questions()
        nulls = NullSpread(0.0, self.assumed.null_unit_variance, 0) if self.with_nulls else None
        return replace(found, n_units=None, nulls=nulls)


@dataclass(frozen=True, eq=False)
class _Losses:
    leader_B: FloatArray
    rivals_HB: FloatArray
    no_interaction_B: FloatArray
    gene_free_B: FloatArray
    null_mean_B: FloatArray
    event: FloatArray | None


def _exact_normals(n: int, rng: np.random.Generator) -> FloatArray:
    """Return (n, B) normal variables whose sample means are 0 and whose sample covariance is the identity."""
    drawn = rng.standard_normal((n, UNITS))
    drawn -= drawn.mean(axis=1, keepdims=True)
    root = np.linalg.cholesky(drawn @ drawn.T / UNITS)
    return np.asarray(np.linalg.solve(root, drawn))
