"""The second stage of a run: null masks for the contenders, drawn until each sequence has ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

from hypomask.comparison.circumstances import NullControl
from hypomask.errors import HypothesisError
from hypomask.execution.evidence import Evidence
from hypomask.execution.jobs import Job, hypothesis_model, null_name
from hypomask.execution.null_modules import WITHIN_MODULES
from hypomask.execution.plan import null_draw_jobs
from hypomask.execution.prepare import PreparedStudy
from hypomask.execution.progress import Progress
from hypomask.masks.mask import Mask
from hypomask.masks.null_masks import GenePool, NullKind, NullSampler

__all__ = ["NullMasks", "run_null_stage"]

MASKS_KEPT = 256  # a draw's mask is needed once per fold; drawing it again gives the same


KINDS: Mapping[str, NullKind] = {
    "rewired": "rewired",
    WITHIN_MODULES: "rewired",
    "relabelled": "relabelled",
    "matched-genes": "matched-genes",
}


class NullMasks:
    """Draws the null masks of a study; the same draw is the same mask in every run."""

    def __init__(self, prepared: PreparedStudy) -> None:
        self._prepared = prepared
        self._samplers: dict[str, NullSampler] = {}
        self._draw = lru_cache(maxsize=MASKS_KEPT)(self._draw_mask)

    @property
    def kinds(self) -> Mapping[str, str]:
        """Kind of null masks by hypothesis, for those asked about so far that have null masks at all."""
        return {name: label for name, sampler in self._samplers.items() if (label := sampler.label) is not None}

    @property
    def controls(self) -> Mapping[str, NullControl]:
        """How good a control they are, for the same hypotheses as `kinds`."""
        samplers = {name: self._samplers[name] for name in self.kinds}
        return {name: NullControl(own.limit, round(own.rank_bias, 6)) for name, own in samplers.items()}

    @property
    def reasons(self) -> Mapping[str, str]:
        """How the null masks of each hypothesis asked about so far are drawn, or why there are none."""
        return {name: sampler.reason for name, sampler in self._samplers.items()}

    def sampler(self, hypothesis: str) -> NullSampler:
        """Return what draws the null masks of `hypothesis`."""
        if hypothesis not in self._samplers:
            prepared = self._prepared
            self._samplers[hypothesis] = NullSampler.choose(
                prepared.masks[hypothesis_model(hypothesis)],
                kind=KINDS[prepared.null_kind],
                seed=prepared.study.plan.seed,
                gene_pool=self._gene_pool if prepared.null_kind == "matched-genes" else None,
                modules=prepared.null_modules.get(hypothesis),
                needed=self._needed,
            )
        return self._samplers[hypothesis]

    def possible(self, hypothesis: str) -> str:
        """Return an empty text when `hypothesis` has null masks, otherwise why it has none."""
        sampler = self.sampler(hypothesis)
        if sampler.kind is None:
            return sampler.reason
        try:
            self._draw(hypothesis, 0)
        except HypothesisError as error:
            return str(error)
        return ""

    def mask_of(self, model: str) -> Mask:
        """Return the mask of a hypothesis, a reference or a null draw by its model name."""
        null = null_name(model)
        return self._prepared.masks[model] if null is None else self._draw(null.hypothesis, null.draw)

    def _draw_mask(self, hypothesis: str, draw: int) -> Mask:
        return self.sampler(hypothesis).draw(draw).mask

    @property
    def _needed(self) -> int:
        """Different null masks with which the best of all hypotheses can reach the level after Holm."""
        study = self._prepared.study
        exact = math.ceil(len(self._prepared.names) / study.comparison.alpha * (1 - 1e-12)) - 1
        return min(exact, study.plan.nulls)

    @cached_property
    def _gene_pool(self) -> GenePool:
        cohort = self._prepared.cohort
        return GenePool.from_values(cohort.genes, cohort.values_BGC)


def run_null_stage(
    prepared: PreparedStudy,
    evidence: Evidence,
    masks: NullMasks,
    run: Callable[[Sequence[Job]], None],
    progress: Progress,
) -> tuple[str, ...]:
    """Train null masks in rounds until every contender's sequence has ended; return what is to be said about it.

    A round trains the draws that each sequence needs in any case, so that workers are busy and nothing is trained in
    vain; which draws count is the same with any number of workers.
    """
    plan = prepared.study.plan
    notes = []
    contenders = []
    for name in evidence.contenders():
        reason = masks.possible(name)
        if reason:
            notes.append(f"no null test of {name!r}: {reason}")
        else:
            contenders.append(name)
    jobs_per_draw = plan.folds * plan.null_repeats
    most = {name: min(plan.nulls, masks.sampler(name).limit or plan.nulls) for name in contenders}
    done = sum(evidence.null_draws(name).n for name in contenders) * jobs_per_draw
    if contenders:
        progress.begin("null masks", sum(most.values()) * jobs_per_draw, done)
    while True:
        needed = {name: draws for name in contenders if (draws := evidence.draws_needed(name, most[name]))}
        if not needed:
            return tuple(notes)
        over = sum(evidence.null_draws(name).n for name in contenders)
        outstanding = sum(most[name] - evidence.null_draws(name).n for name in needed)
        progress.resize((over + outstanding) * jobs_per_draw)
        jobs = [job for name, draws in needed.items() for job in null_draw_jobs(name, draws, plan)]
        run(sorted(jobs, key=lambda job: job.split))  # a stable sort: split by split, in order of hypotheses and draws
