"""Null masks: what a hypothesis must beat to be supported by more than its shape.

``rewired``
    The same genes and degrees, the wiring randomised (question of wiring). Where the degrees leave no other wiring
    (one star, one clique), hardly any, or mostly edges of the original, the genes of the graph are permuted instead,
    and the draw says so.
``relabelled``
    The graph's shape as it is, its genes permuted: among the genes with an edge where that makes a different graph,
    otherwise among all genes.
``matched-genes``
    The graph's shape on other genes that are as variable (question of membership).

Draw r is a function of (seed, mask, r) alone, so that any draw can be made again by itself. A draw that equals the
original is refused and made again; the nulls are then the *other* members of the reference set. Where these are few
enough to be all found, each is drawn once, in random order, and the test against them is exact: against repeats of 13
to 20 graphs, one of as many equal ones beat its nulls in 7 to 8 % of studies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypomask.errors import HypothesisError
from hypomask.masks.mask import Mask
from hypomask.masks.mask_rewiring import overlap_with
from hypomask.masks.matched_gene_sets import GenePool
from hypomask.masks.null_drawing import MAX_ATTEMPTS, Attempt, NullDrawer, NullKind, Way, generator

__all__ = ["GenePool", "NullDraw", "NullKind", "NullSampler", "draw_null"]

MAX_MEAN_OVERLAP = 0.5  # rewired draws that share more with the original are no control for its wiring
CLEARLY_BETTER = 0.1  # in mean overlap; below that, degrees kept count for more
TRIAL_EDGES = 5000  # trial draws are made until they hold so many edges together: small graphs vary more
MAX_TRIALS = 20
MATCHED_TRIALS = 5  # of matched gene sets, for how well they match
FEWEST_NULLS = 19  # different ones, below which no p can reach 5 %
MOST_COUNTED = 150  # different nulls; of more, repeats among 99 draws no longer matter
SURELY_ALL = 4.0  # n graphs drawn n (ln n + 4) times: one of them was never drawn in 2 % of cases


@dataclass(frozen=True)
class NullDraw:
    """One null mask and how it was made.

    Parameters
    ----------
    report
        A sentence for people.
    overlap
        Share of the original's pairs that recur in the draw, 0 to 1; for matched genes the share of its genes.
    """

    mask: Mask
    report: str
    kind: NullKind
    draw: int
    overlap: float


@dataclass(frozen=True, eq=False)
class _Trial:
    """What a way came to in trial draws.

    Parameters
    ----------
    overlap
        Mean overlap with the original; 1 where no draw differed from it.
    found
        All different masks of this way, in the order in which they were met, where they are few; else empty.
    """

    way: Way
    overlap: float
    found: tuple[Mask, ...] = ()

    def fewer_than(self, n: int) -> bool:
        """Return whether there are fewer than `n` nulls of this way."""
        return self.overlap >= 1.0 or 0 < len(self.found) < n


@dataclass(frozen=True, eq=False)
class NullSampler:
    """Draws null masks of one mask; made by `choose`, which settles the kind once for all draws.

    Parameters
    ----------
    kind
        What is drawn; None when the mask has no null: every graph of its shape on its genes is the mask itself, or
        too few others are for a test.
    reason
        Why this kind, for people.
    mean_overlap
        Mean share of the original's pairs in trial draws; NaN for matched genes.
    known
        All nulls there are, in the order in which they are drawn, where that is known: draw r is `known[r]`. Empty:
        they are more than `MOST_COUNTED`.
    rank_bias
        Matched genes: by how much of the ranks the hypothesis' genes lie above their replacements on average; see
        `hypomask.masks.matched_gene_sets`. Otherwise 0.
    """

    mask: Mask
    seed: int
    kind: NullKind | None
    reason: str
    mean_overlap: float
    gene_pool: GenePool | None = None
    modules: tuple[str, ...] | None = None
    involved_only: bool = False
    known: tuple[Mask, ...] = ()
    rank_bias: float = 0.0

    @property
    def _drawer(self) -> NullDrawer:
        return NullDrawer(self.mask, self.seed, self.gene_pool, self.modules)

    @property
    def label(self) -> str | None:
        """The kind, and whether modules were kept: ``rewired-within-modules``. None when there is no null."""
        return self.kind if self.kind is None or self.modules is None else f"{self.kind}-within-modules"

    @property
    def limit(self) -> int | None:
        """How many nulls there are; None when they are too many to be counted."""
        return len(self.known) or None

    @classmethod
    def choose(
        cls,
        mask: Mask,
        *,
        kind: NullKind = "rewired",
        seed: int,
        gene_pool: GenePool | None = None,
        modules: Sequence[str] | None = None,
        needed: int = FEWEST_NULLS,
    ) -> NullSampler:
        """Settle how nulls of `mask` are drawn.

        Parameters
        ----------
        kind
            What is wished. ``rewired`` falls back to ``relabelled`` when the mean overlap of trial draws stays above
            one half and permuting genes does better.
        gene_pool
            Needed for ``matched-genes``.
        modules
            Module label per gene: edges (or genes) change places only within modules.
        needed
            Different nulls that the study's test needs to reach its level: 19 for one hypothesis at 5 %, 39 for two. A
            way with fewer gives way to the next that has as many, if there is one.
        """
        if kind == "matched-genes":
            if gene_pool is None:
                raise HypothesisError(f"mask {mask.name!r}: matched-genes nulls need a gene pool, got none")
            matching = cls(mask, seed, kind, Way(kind).words, math.nan, gene_pool)
            return replace(matching, rank_bias=matching._mean_rank_bias())
        labels = None if modules is None else tuple(modules)
        sampler = cls(mask, seed, None, "", math.nan, None, labels)
        if not mask.n_edges:
            reason = "a mask without edges has no null: there is no wiring to randomise"
            return replace(sampler, reason=reason, mean_overlap=1.0)
        needed = max(needed, FEWEST_NULLS)
        relabelling = [Way("relabelled", involved_only=True), Way("relabelled")]
        tried: list[_Trial] = []
        for way in [Way("rewired"), *relabelling] if kind == "rewired" else relabelling:
            tried.append(sampler._try(way))
            if tried[-1].overlap <= MAX_MEAN_OVERLAP and not tried[-1].fewer_than(needed):
                break
        return sampler._settled(tried, needed)

    def draw(self, draw: int) -> NullDraw:
        """Make null mask number `draw` (from 0).

        Raises
        ------
        HypothesisError
            The mask has no null, or no draw that differs from it was found.
        """
        if self.kind is None:
            raise HypothesisError(f"mask {self.mask.name!r}: {self.reason}")
        way = Way(self.kind, self.involved_only)
        made = self._of_known(draw) if self.known else self._drawer.differing(way, f"draw {draw}")
        if made is None:
            raise HypothesisError(
                f"mask {self.mask.name!r}: {MAX_ATTEMPTS} draws in a row equalled the original ({way.words}); "
                f"the graph leaves too little freedom for nulls of this kind"
            )
        null = replace(made.mask, name=f"{self.mask.name}~{self.kind}-{draw}")
        return NullDraw(null, f"{self.reason}; {made.detail}", self.kind, draw, made.overlap)

    def _settled(self, tried: Sequence[_Trial], needed: int) -> NullSampler:
        """Choose the first usable way, unless a later one is good enough or clearly better.

        A way with fewer than 19 different draws is not usable: of six graphs that are all alike to the data, one is the
        best, and would pass for better than chance in every sixth study, however often the other five are drawn.
        """
        first = tried[0]
        usable = [trial for trial in tried if not trial.fewer_than(needed)]
        usable = usable or [trial for trial in tried if not trial.fewer_than(FEWEST_NULLS)]
        if not usable:
            return replace(self, reason=_no_null(tried), mean_overlap=1.0)
        best = usable[0]
        for trial in usable[1:]:
            if trial.overlap <= max(MAX_MEAN_OVERLAP, best.overlap - CLEARLY_BETTER):
                best = trial
        reason = best.way.words
        if self.modules is not None:
            reason += ", within modules"
        if best.way.kind != first.way.kind:
            reason += f", instead of rewired: {_lack(first)}"
        if best.overlap > MAX_MEAN_OVERLAP:
            reason += f" (a weak control: draws share {best.overlap:.0%} of the original's edges on average)"
        if best.found:
            reason += f"; there are only {len(best.found)} of them, and each is drawn once"
        order = generator(self.seed, self.mask.name, best.way.kind, "order").permutation(len(best.found))
        return replace(
            self,
            kind=best.way.kind,
            reason=reason,
            mean_overlap=best.overlap,
            involved_only=best.way.involved_only,
            known=tuple(best.found[i] for i in order),
        )

    def _try(self, way: Way) -> _Trial:
        """Draw a few; where some repeat, go on until all there are have been met, or they prove to be many."""
        n_trials = min(MAX_TRIALS, math.ceil(TRIAL_EDGES / self.mask.n_edges))
        overlaps: list[float] = []
        found: dict[bytes, Mask] = {}
        while len(overlaps) < n_trials:
            made = self._drawer.differing(way, f"trial {len(overlaps)}")
            if made is None:
                return _Trial(way, 1.0)
            overlaps.append(made.overlap)
            found.setdefault(made.mask.pair_keys.tobytes(), made.mask)
            if len(overlaps) == n_trials and _may_be_more(len(found), len(overlaps)):
                n_trials += 1
        few = len(found) < len(overlaps) and len(found) <= MOST_COUNTED
        return _Trial(way, float(np.mean(overlaps)), tuple(found.values()) if few else ())

    def _of_known(self, draw: int) -> Attempt:
        if draw >= len(self.known):
            raise HypothesisError(f"mask {self.mask.name!r}: null {draw} was asked for, there are {len(self.known)}")
        overlap = overlap_with(self.mask, self.known[draw])
        return Attempt(self.known[draw], overlap, f"{overlap:.1%} of the original's edges recur")

    def _mean_rank_bias(self) -> float:
        made = [self._drawer.matched("trial", r) for r in range(MATCHED_TRIALS)]
        return float(np.mean([attempt.rank_bias for attempt in made]))


def draw_null(
    mask: Mask,
    *,
    kind: NullKind = "rewired",
    draw: int,
    seed: int,
    gene_pool: GenePool | None = None,
    modules: Sequence[str] | None = None,
) -> NullDraw:
    """Make null mask number `draw` of `mask`. For many draws of a large mask, keep a `NullSampler` instead.

    Parameters and errors are those of `NullSampler.choose` and `NullSampler.draw`.
    """
    return NullSampler.choose(mask, kind=kind, seed=seed, gene_pool=gene_pool, modules=modules).draw(draw)


def _lack(rewired: _Trial) -> str:
    """Say why a graph is not rewired."""
    if rewired.overlap >= 1.0:
        return "this graph has no other wiring with the same degrees"
    if rewired.found:
        return f"only {len(rewired.found)} other wirings have the same degrees, too few for a test"
    return f"rewired draws would share {rewired.overlap:.0%} of their edges with the original"


def _no_null(tried: Sequence[_Trial]) -> str:
    """Say why no way of drawing nulls is usable."""
    most = max(len(trial.found) for trial in tried)
    if most:
        return (
            f"this graph has too few nulls: only {most} others of its shape can be drawn on these genes, and a test at "
            f"the 5 % level needs at least {FEWEST_NULLS}"
        )
    reason = "this graph has no null: permuting its genes gives the same graph"
    return f"{reason}, and it has no other wiring with the same degrees" if tried[0].way.kind == "rewired" else reason


def _may_be_more(n_found: int, n_drawn: int) -> bool:
    """Return whether the draws so far leave open which different masks there are, and these may still be few."""
    if n_found == n_drawn or n_found > MOST_COUNTED:
        return False
    return n_drawn < n_found * (math.log(n_found) + SURELY_ALL)
