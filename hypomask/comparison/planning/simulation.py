"""The comparator itself on simulated losses: the forecast checked by the procedure it forecasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hypomask.comparison.compare import compare_losses
from hypomask.comparison.losses import NO_INTERACTION, LossTable, NullLosses
from hypomask.comparison.paired import corrected_covariance
from hypomask.comparison.planning.chances import Chances, Design
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.questions import Questions
from hypomask.comparison.result import Comparison

__all__ = ["SimulatedPower", "simulate_power"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SimulatedPower:
    """What the comparator said of `studies` simulated studies with `n` independent units.

    Parameters
    ----------
    best, best_error
        Share in which the leading hypothesis was called best, and its Monte Carlo standard error.
    predicted
        What the forecast says.
    wrong
        Share in which another hypothesis was called best.
    rivals
        Share in which the leader was separated from every rival.
    nulls
        Share in which it beat its null masks; None without any.
    codes
        Verdicts by code.
    """

    n: int
    studies: int
    best: float
    best_error: float
    predicted: float
    wrong: float
    rivals: float | None
    nulls: float | None
    codes: dict[str, int]


def simulate_power(
    pilot: Pilot,
    questions: Questions,
    effect_J: FloatArray,
    design: Design,
    n_units: int,
    *,
    studies: int = 200,
    seed: int = 0,
) -> SimulatedPower:
    """Run the comparator on studies drawn from the pilot's losses, shifted to have the effects `effect_J`.

    Independent units are drawn with replacement, with all their losses, so that correlations and heavy tails are the
    pilot's. Onto each model's losses comes what other training sets and other folds would change: a normal shift of
    the whole study and one of each repeat, so large that estimates vary as `spread_of` states. Null losses are drawn
    as normal. So this checks that the comparator decides as often as the forecast says if estimates vary so; whether
    they do, only trained models can show (`benchmarks/power`).
    """
    source = _Source.of(pilot, questions, effect_J, design)
    rng = np.random.default_rng((seed, n_units))
    found = [source.study(n_units, rng) for _ in range(studies)]
    best = [c.verdict.code == "best" and c.winner == pilot.leader for c in found]
    share = float(np.mean(best))
    nulls = [null.p_holm <= design.alpha for c in found for null in c.nulls]
    return SimulatedPower(
        n=n_units,
        studies=studies,
        best=share,
        best_error=float(np.sqrt(max(share * (1 - share), 0.25 / studies) / studies)),
        predicted=float(Chances(questions, design, seed=seed).at(n_units, effect_J)[-1]),
        wrong=float(np.mean([c.verdict.code == "best" and c.winner != pilot.leader for c in found])),
        rivals=float(np.mean([_alone(c, pilot.leader, design.alpha) for c in found])) if pilot.rivals else None,
        nulls=float(np.mean(nulls)) if nulls else None,
        codes=dict(Counter(c.verdict.code for c in found)),
    )


def _alone(comparison: Comparison, leader: str, alpha: float) -> bool:
    """Whether `leader` is the whole confidence set, and its lead over each rival is significant as a pair."""
    hypotheses = [result for result in comparison.hypotheses if result.role == "hypothesis"]
    if [result.name for result in hypotheses if result.in_confidence_set] != [leader]:
        return False
    return all(p.p <= alpha for p in comparison.pairs if p.family == "rivals" and leader in (p.a, p.b))


@dataclass(frozen=True, eq=False)
class _Source:
    """Losses to draw units from, and how studies are made of them.

    Parameters
    ----------
    table
        The pilot's losses of hypotheses and of no interaction, with as many repeats as the design has.
    null_gap_B
        Mean loss under null masks minus that of the leader; None without null masks.
    shift_J
        What must be added to the pilot's effects.
    noise_root_JJ
        Root of the naive covariance, times units.
    common, per_repeat
        Variances, in units of the naive one, of what other training sets change: in the whole study, and in each of its
        repeats.
    members
        Samples of each unit; None where units are samples.
    """

    pilot: Pilot
    design: Design
    chances: Chances
    table: LossTable
    null_gap_B: FloatArray | None
    shift_J: FloatArray
    noise_root_JJ: FloatArray
    common: float
    per_repeat: float
    members: list[npt.NDArray[np.int64]] | None

    @classmethod
    def of(cls, pilot: Pilot, questions: Questions, effect_J: FloatArray, design: Design) -> _Source:
        table = pilot.table
        repeats = [repeat % table.n_repeats for repeat in range(design.repeats)]
        kept = [m for m, n in enumerate(table.names) if table.roles[m] == "hypothesis" or n == NO_INTERACTION]
        table = replace(
            table,
            names=tuple(table.names[m] for m in kept),
            roles=tuple(table.roles[m] for m in kept),
            loss_MRB=table.loss_MRB[kept][:, repeats],
            additive_MRB=table.additive_MRB[kept][:, repeats],
            gene_free_RB=table.gene_free_RB[repeats],
            n_folds=design.folds,
            scores={},
        )
        chances = Chances(questions, design, draws=10)
        missing = max(0.0, chances.spread - _resampled_spread(pilot, repeats))
        per_repeat = min(questions.split_share_with(design.replicates) / 2.0, missing * design.repeats)
        return cls(
            pilot=pilot,
            design=design,
            chances=chances,
            table=table,
            null_gap_B=None if questions.null_index is None else pilot.null_gap(pilot.leader),
            shift_J=effect_J - questions.effect_J,
            noise_root_JJ=_root(questions.covariance_JJ),
            common=missing - per_repeat / design.repeats,
            per_repeat=per_repeat,
            members=None
            if pilot.units.code is None
            else [np.flatnonzero(pilot.units.code == unit) for unit in range(pilot.units.n)],
        )

    def study(self, n_units: int, rng: np.random.Generator) -> Comparison:
        """Draw one study and compare."""
        rows, groups = self._rows(n_units, rng)
        table = self.table
        drawn = replace(
            table,
            loss_MRB=table.loss_MRB[:, :, rows],
            additive_MRB=table.additive_MRB[:, :, rows],
            gene_free_RB=table.gene_free_RB[:, rows],
            groups=groups,
            event_counts={
                name: max(1, round(count * n_units / self.pilot.units.n)) for name, count in table.event_counts.items()
            },
        )
        normal_RJ = rng.standard_normal((1 + self.design.repeats, len(self.noise_root_JJ)))
        normal_RJ[0] *= np.sqrt(self.common)
        normal_RJ[1:] *= np.sqrt(self.per_repeat)
        noise_RJ = (normal_RJ[:1] + normal_RJ[1:]) @ self.noise_root_JJ / np.sqrt(n_units)
        drawn, gap_R = self._moved(drawn, self.shift_J + noise_RJ)
        config = replace(
            self.pilot.config,
            alpha=self.design.alpha,
            null_stop_after=self.design.null_stop_after,
            monte_carlo_draws=2000,
            bootstrap_draws=50,
            seed=int(rng.integers(2**31)),
        )
        return compare_losses(drawn, self._nulls(drawn, rows, gap_R, n_units, rng), config, self.pilot.scope)

    def _rows(
        self, n_units: int, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.str_] | None]:
        chosen = rng.integers(0, self.pilot.units.n, n_units)
        if self.members is None:
            return chosen, None
        parts = [self.members[unit] for unit in chosen]
        labels = np.repeat(np.arange(n_units), [len(part) for part in parts])
        return np.concatenate(parts), labels.astype(np.str_)

    def _moved(self, table: LossTable, shift_RJ: FloatArray) -> tuple[LossTable, FloatArray]:
        """Return `table` with each question's other side shifted, and the shift of the null masks in each repeat."""
        loss_MRB, additive_MRB = table.loss_MRB.copy(), table.additive_MRB.copy()
        gene_free_RB, gap_R = table.gene_free_RB.copy(), np.zeros(len(shift_RJ))
        for question, shift_R in zip(self.chances.questions.questions, shift_RJ.T, strict=True):
            if question.kind == "predicts":
                gene_free_RB += shift_R[:, None]
            elif question.kind == "nulls":
                gap_R = shift_R
            elif question.kind == "rival":
                loss_MRB[table.index(question.against)] += shift_R[:, None]
            elif self.pilot.scope == "all" and NO_INTERACTION in table.names:
                loss_MRB[table.index(NO_INTERACTION)] += shift_R[:, None]
            else:
                additive_MRB[table.index(self.pilot.leader)] += shift_R[:, None]
        return replace(table, loss_MRB=loss_MRB, additive_MRB=additive_MRB, gene_free_RB=gene_free_RB), gap_R

    def _nulls(
        self,
        drawn: LossTable,
        rows: npt.NDArray[np.int64],
        gap_R: FloatArray,
        n_units: int,
        rng: np.random.Generator,
    ) -> tuple[NullLosses, ...]:
        if self.null_gap_B is None:
            return ()
        repeats = self.design.null_repeats
        observed = float(drawn.loss_MRB[drawn.index(self.pilot.leader), :repeats].mean())
        gap = float(self.null_gap_B[rows].mean() + gap_R[:repeats].mean())
        spread = self.chances.null_sd(n_units)
        losses = observed + gap + spread * rng.standard_normal(self.design.nulls)
        kind = "rewired" if self.pilot.scope == "all" else "matched-genes"
        return (NullLosses(self.pilot.leader, observed, losses, kind),)


def _resampled_spread(pilot: Pilot, repeats: Sequence[int]) -> float:
    """Return how much means over these repeats vary when units are drawn anew, in units of the naive variance."""
    difference_JRB = pilot.differences[:, repeats]
    naive_J = np.diag(corrected_covariance(difference_JRB, 2, pilot.units))
    averaged_J = np.diag(corrected_covariance(difference_JRB.mean(axis=1, keepdims=True), 2, pilot.units))
    varying = naive_J > 0
    return float(np.mean(averaged_J[varying] / naive_J[varying])) if varying.any() else 1.0


def _root(covariance_JJ: FloatArray) -> FloatArray:
    eigenvalues, vectors = np.linalg.eigh(covariance_JJ)
    return np.asarray((vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T)
