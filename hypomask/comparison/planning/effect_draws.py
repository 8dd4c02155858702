"""How far off a pilot's effects may be: a bootstrap over independent units, and what choosing the leader adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hypomask.comparison.paired import variance_factor
from hypomask.comparison.planning.pilot import Pilot
from hypomask.comparison.planning.questions import spread_of

__all__ = ["EffectDraws", "effect_draws"]

FloatArray = npt.NDArray[np.float64]
CHUNK = 50  # bootstrap samples held at a time


@dataclass(frozen=True, eq=False)
class EffectDraws:
    """Plausible effects.

    Parameters
    ----------
    shrunk_J
        Estimates minus `selection_J`.
    selection_J
        By how much the leader's having been chosen for its loss inflates each estimate, on average.
    draws_DJ
        `shrunk_J` plus the bootstrap's deviations.
    null_scale_D
        Standard deviation of null losses, relative to the estimate, in each draw.
    """

    shrunk_J: FloatArray
    selection_J: FloatArray
    draws_DJ: FloatArray
    null_scale_D: FloatArray


def effect_draws(pilot: Pilot, *, draws: int = 400, seed: int = 0) -> EffectDraws:
    """Return plausible effects of the questions of `pilot`, in their order.

    Independent units are drawn with replacement. A bootstrap of out-of-fold losses knows nothing of training sets that
    would differ too, so its deviations are stretched by the square root of `spread_of`. In every draw the leader is
    chosen anew; by how much its effects then exceed what the pilot says of that same hypothesis is the bias of
    selection (Efron & Tibshirani 1993, chapter 10; Sun & Bull 2005, doi:10.1002/gepi.20068), and is subtracted from the
    estimates. Nothing is subtracted where there is one hypothesis.

    The band is stretched by the square root of c instead, as the comparison's intervals are. Of the numbers of samples
    that effects of the pilot's size ask for, 80 % bands then held 80-88 %; stretched by `spread_of` 57-70 %
    (`benchmarks/power`).
    """
    names = pilot.hypotheses
    means = _Means.of(pilot)
    rng = np.random.default_rng(seed)
    stretch = np.sqrt(spread_of(pilot.split_share, pilot.table.n_folds, pilot.table.n_repeats))
    widen = np.sqrt(variance_factor(pilot.table.n_folds)) / stretch
    leader = names.index(pilot.leader)
    estimate_J = means.effects(means.centre, leader)
    chosen_J = np.zeros(means.n_questions)
    draws_DJ = np.empty((draws, means.n_questions))
    for start in range(0, draws, CHUNK):
        drawn = means.drawn(min(CHUNK, draws - start), rng, float(stretch))
        for d, row in enumerate(drawn, start=start):
            draws_DJ[d] = means.effects(row, leader)
            chosen = int(np.argmin(row[: len(names)]))
            if chosen != leader:
                # Less what the same draw does to the leader itself: its expectation is 0, and noise goes with it.
                of_chosen_J = means.effects(row, chosen) - means.effects(means.centre, chosen)
                chosen_J += of_chosen_J - (draws_DJ[d] - estimate_J)
    selection_J = np.maximum(chosen_J / draws, 0.0)
    shrunk_J = estimate_J - selection_J
    return EffectDraws(
        shrunk_J=shrunk_J,
        selection_J=selection_J,
        draws_DJ=shrunk_J + (draws_DJ - estimate_J) * widen,
        null_scale_D=_null_scale(pilot, draws, rng),
    )


@dataclass(frozen=True, eq=False)
class _Means:
    """Sums over units of all losses that effects are made of, and how effects are made of their means.

    Rows: loss of each hypothesis, what its gain is measured against, loss without genes, gap to its null masks (zero
    where it has none), and the number of samples.
    """

    sums_XU: FloatArray
    leader: int
    rivals: tuple[int, ...]
    with_nulls: tuple[bool, ...]

    @classmethod
    def of(cls, pilot: Pilot) -> _Means:
        names, table = pilot.hypotheses, pilot.table
        rows = [table.index(name) for name in names]
        gaps = [pilot.null_gap(name) if name in pilot.null_loss_DB else np.zeros(table.n_samples) for name in names]
        values_XB = np.vstack(
            [
                table.loss_MRB[rows].mean(axis=1),
                pilot.without_interactions[rows].mean(axis=1),
                table.gene_free_RB.mean(axis=0)[None],
                np.stack(gaps),
                np.ones((1, table.n_samples)),
            ]
        )
        sums_XU = pilot.units.sums(values_XB)
        # Random numbers belong to positions, so positions must not depend on the order in which samples were given.
        sums_XU = sums_XU[:, np.lexsort(sums_XU[::-1])]
        leader = names.index(pilot.leader)
        return cls(
            sums_XU,
            leader,
            tuple(h for h in range(len(names)) if h != leader),
            tuple(name in pilot.null_loss_DB for name in names),
        )

    @property
    def n_questions(self) -> int:
        return 2 + self.with_nulls[self.leader] + len(self.rivals)

    @property
    def centre(self) -> FloatArray:
        """Means of the pilot itself."""
        total_X = self.sums_XU.sum(axis=1)
        return np.asarray(total_X[:-1] / total_X[-1])

    def drawn(self, draws: int, rng: np.random.Generator, stretch: float) -> FloatArray:
        """Return (draws, X) means of bootstrap samples, their deviations stretched."""
        n = self.sums_XU.shape[1]
        counts_DU = rng.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
        sums_DX = counts_DU @ self.sums_XU.T
        return np.asarray(self.centre + stretch * (sums_DX[:, :-1] / sums_DX[:, -1:] - self.centre))

    def effects(self, means_X: FloatArray, chosen: int) -> FloatArray:
        """Return (J,) effects if `chosen` led; where it stands among the rivals, the pilot's leader takes its place."""
        n = len(self.with_nulls)
        loss_H, against_H, gene_free, gap_H = means_X[:n], means_X[n : 2 * n], means_X[2 * n], means_X[2 * n + 1 :]
        effects = [gene_free - loss_H[chosen], against_H[chosen] - loss_H[chosen]]
        if self.with_nulls[self.leader]:
            effects.append(gap_H[chosen if self.with_nulls[chosen] else self.leader])
        effects += [loss_H[self.leader if rival == chosen else rival] - loss_H[chosen] for rival in self.rivals]
        return np.array(effects)


def _null_scale(pilot: Pilot, draws: int, rng: np.random.Generator) -> FloatArray:
    n = len(pilot.null_loss_DB.get(pilot.leader, ()))
    if n < 2:
        return np.ones(draws)
    return np.asarray(np.sqrt((n - 1) / rng.chisquare(n - 1, draws)))
