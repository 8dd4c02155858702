"""Pairs of knockouts: what both together do beyond what each does alone.

Definitions, with E the effect on the link scale and W the predicted phenotype under an intervention relative to the
phenotype as measured (both are means over samples):

- *epistasis*, on the link scale: ``E_ab - (E_a + E_b)``; direct parts cancel, so that it comes through the mask alone;
- *unit epistasis*: the same in the phenotype's own terms, where a bend of the link (a probability, a count) shows too;
- *multiplicative* and *minimum*, as in yeast genetics: ``W_ab - W_a W_b`` and ``W_ab - min(W_a, W_b)``; only where the
  predicted phenotype is positive.

A token's contribution after two knockouts is its contribution after each, added up, unless both touch it: pairs that
share no touched token have an epistasis of exactly 0 on the link scale, and are never computed.

References
----------
Mani et al. 2008, doi:10.1073/pnas.0712255105 (definitions of genetic interaction).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from hypomask.comparison.plain import to_plain
from hypomask.errors import ConfigError, HypothesisError
from hypomask.execution.progress import Progress, Silent
from hypomask.knockout.asking import ScanOptions, ask
from hypomask.knockout.compiled import compile_interventions
from hypomask.knockout.graph import Index, LayerGraph
from hypomask.knockout.incremental import plans
from hypomask.knockout.inference import benjamini_hochberg, holm_adjusted
from hypomask.knockout.interventions import Intervention, joint
from hypomask.knockout.network import layouts_of
from hypomask.knockout.scan_plan import touched_tokens
from hypomask.knockout.subject import ScanSubject
from hypomask.knockout.summary import Summary
from hypomask.knockout.trained_run import TrainedRun
from hypomask.knockout.units import link_name, outputs_of, unit_name
from hypomask.masks.mask import Mask
from hypomask.model.config import ModelConfig
from hypomask.outcomes.family import Float

__all__ = ["PairScan", "pair_up", "pairs_that_can_interact", "scan_pairs"]

HARMS = ("lower", "higher")
ALONE_AT_MOST = 0.5
"""A synthetic-lethal candidate: each gene alone does at most this share of what both do."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PairScan(ScanSubject):
    """Epistasis of pairs under one hypothesis.

    Parameters
    ----------
    pairs
        (Q, 2) positions of each pair's knockouts among `singles`.
    single, both, epistasis
        Estimates for the singles, the pairs together, and the pairs beyond the sum.
    n_zero
        Pairs that share no touched token, whose epistasis is 0 on the link scale; they are not in the table.
    n_tests
        Pairs that these were chosen from by their epistasis, which p values are adjusted for.
    harm
        Which direction of the phenotype harms: ``lower`` or ``higher``; empty: nothing is said of lethality.
    is_positive
        Whether the phenotype is positive wherever it was measured, so that a ratio to it means something.
    """

    singles: tuple[Intervention, ...]
    pairs: Index
    single: Summary
    both: Summary
    epistasis: Summary
    n_zero: int
    n_tests: int
    harm: str
    is_positive: bool

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per pair, largest absolute epistasis first.

        Columns: ``a``, ``b``; ``effect_a``, ``effect_b``, ``both`` and ``epistasis`` on the link scale, the last with
        ``low``, ``high``, ``p`` against 0, ``p_holm``, ``q`` and ``consistency``; ``spread``, its standard deviation
        over samples, and ``epistasis_rms``, its root mean square over samples; ``unit_epistasis``;
        ``multiplicative`` and ``minimum`` where the phenotype is positive; ``synthetic_lethal`` where a harm was named.
        """
        a, b = self.pairs.T
        low, high = self.epistasis.effect.interval(self.alpha)
        single, both = self.single.effect.mean, self.both.effect.mean
        p = self.epistasis.effect.p
        columns: dict[str, Any] = {
            "a": [self.singles[i].name for i in a.tolist()],
            "b": [self.singles[i].name for i in b.tolist()],
            "effect_a": single[a],
            "effect_b": single[b],
            "both": both,
            "epistasis": self.epistasis.effect.mean,
            "low": low,
            "high": high,
            "p": p,
            **self._adjusted(p),
            "consistency": self.epistasis.consistency_J,
            "spread": self.epistasis.by_sample_JB.std(axis=1, dtype=np.float64),
            "epistasis_rms": self.epistasis.mediated_rms_J,
            "unit_epistasis": self.epistasis.unit.mean,
        }
        before = float(self.single.before_K[0])
        if self.is_positive and before > 0:
            alone = 1 + self.single.unit.mean / before
            together = 1 + self.both.unit.mean / before
            columns["multiplicative"] = together - alone[a] * alone[b]
            columns["minimum"] = together - np.minimum(alone[a], alone[b])
        frame = pd.DataFrame(columns)
        if self.harm:
            frame["synthetic_lethal"] = _synthetic_lethal(frame, self.harm, self.alpha)
        order = np.argsort(-np.abs(frame["epistasis"].to_numpy()), kind="stable")
        return frame.iloc[order].reset_index(drop=True)

    def _adjusted(self, p: Float) -> dict[str, Float]:
        """Return Holm's p and q; after a choice Bonferroni's p over all that were chosen from, and no q."""
        if self.n_tests == len(p):
            return {"p_holm": holm_adjusted(p), "q": benjamini_hochberg(p)}
        return {"p_holm": np.minimum(1.0, self.n_tests * p), "q": np.full_like(p, np.nan)}

    def about(self) -> dict[str, Any]:
        """Return what the table is of, in JSON's types."""
        return {
            **super().about(),
            "n_samples": self.single.by_sample_JB.shape[1],
            "n_models": self.single.n_models,
            "degrees_of_freedom": self.epistasis.effect.df,
            "p_against": "an epistasis of 0",
            "pairs_of_exactly_zero": self.n_zero,
            "pairs_adjusted_for": self.n_tests,
            "harm": self.harm or None,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return all of it in JSON's types; NaN becomes None."""
        return {**self.about(), "pairs": to_plain(self.table.to_dict(orient="records"))}


def pair_up(interventions: Sequence[Intervention]) -> Index:
    """Return (Q, 2): the positions of all pairs."""
    return np.array(list(combinations(range(len(interventions)), 2)), dtype=np.int64).reshape(-1, 2)


def scan_pairs(
    run: TrainedRun,
    singles: Sequence[Intervention],
    pairs: Index | None = None,
    hypothesis: str | None = None,
    options: ScanOptions | None = None,
    progress: Progress | None = None,
    *,
    harm: str = "",
    n_tests: int = 0,
) -> PairScan:
    """Estimate the epistasis of pairs of interventions.

    Parameters
    ----------
    singles
        The interventions that are paired.
    pairs
        (Q, 2) positions among `singles`; None: all pairs.
    harm
        ``lower`` or ``higher``: look for synthetic-lethal candidates, with harm in this direction of the phenotype.
    n_tests
        How many pairs these were chosen from by their epistasis; 0: they were not.

    Raises
    ------
    HypomaskError
        As `hypomask.knockout.scan.scan`; `ConfigError` too for phenotypes with several outputs.
    """
    options, progress = options or ScanOptions(), progress or Silent()
    if harm not in ("", *HARMS):
        raise ConfigError(f"harm: got {harm!r}, expected {' or '.join(HARMS)}")
    name = hypothesis if hypothesis is not None else run.leading
    run.model(name)
    wanted = pair_up(singles) if pairs is None else pairs
    if not len(wanted):
        raise HypothesisError(f"there is no pair to knock out under {name!r}: give at least two genes")
    mask = run.mask(name)
    alone = ask(run, singles, name, options)
    question = alone.question
    outputs = outputs_of(question.phenotype)
    if len(outputs) > 1:
        raise ConfigError(
            f"epistasis: {question.phenotype.name!r} has {len(outputs)} outputs ({question.phenotype.kind}); pairs are "
            "scanned for phenotypes with one"
        )
    can = pairs_that_can_interact(singles, mask, run.prepared.study.model)
    kept = wanted[can[wanted[:, 0], wanted[:, 1]]]
    if not len(kept):
        raise HypothesisError(
            f"none of the {len(wanted):,} pairs shares a token that both touch under {name!r}: their epistasis is "
            "exactly 0 on the link scale, whatever the data"
        )
    together = [joint(singles[a], singles[b]) for a, b in kept.tolist()]
    asked = ask(run, [*singles, *together], name, options)
    n, q = len(singles), len(kept)
    beyond = sp.hstack([sp.csr_array((q, n)), sp.eye_array(q)]).tolil()
    beyond[np.arange(q), kept[:, 0]] = -1.0
    beyond[np.arange(q), kept[:, 1]] = -1.0
    contrasts = [
        sp.csr_array(sp.hstack([sp.eye_array(n), sp.csr_array((n, q))])),
        sp.csr_array(sp.hstack([sp.csr_array((q, n)), sp.eye_array(q)])),
        sp.csr_array(beyond),
    ]
    models = run.models(run.model(name))
    single, both, epistasis = asked.summaries(models, mask, progress, f"{name}: models", contrasts)
    progress.end()
    return PairScan(
        study=run.prepared.study.name,
        hypothesis=name,
        phenotype=question.phenotype.name,
        link=link_name(question.phenotype),
        unit=unit_name(question.phenotype),
        levels=options.levels.describe(run.cohort.channels),
        where=options.where.describe(),
        alpha=options.alpha,
        singles=tuple(singles),
        pairs=kept,
        single=single,
        both=both,
        epistasis=epistasis,
        n_zero=len(wanted) - len(kept),
        n_tests=max(n_tests, len(kept)),
        harm=harm,
        notes=options.levels.doubts(run.cohort.values_BGC, run.cohort.channels),
        is_positive=question.phenotype.kind != "continuous" or float(np.min(question.phenotype.values)) > 0,
    )


def pairs_that_can_interact(singles: Sequence[Intervention], mask: Mask, config: ModelConfig) -> npt.NDArray[np.bool_]:
    """Return (I, I) whether two interventions touch a token in common, in any layer; False on the diagonal."""
    compiled = compile_interventions(singles, mask)
    graphs = tuple(LayerGraph.of(layout) for layout in layouts_of(mask, config))
    items, tokens = [], []
    for first, plan in plans(compiled.edits, graphs, width=1, n_heads=1, n_batch=8):
        item, token = touched_tokens(plan)
        items.append(item + first)
        tokens.append(token)
    item, token = np.concatenate(items), np.concatenate(tokens)
    touches = sp.csr_array((np.ones(len(item), np.int32), (item, token)), shape=(len(singles), mask.n_tokens))
    shared = np.asarray((touches @ touches.T).toarray() > 0)
    np.fill_diagonal(shared, False)
    return shared


def _synthetic_lethal(frame: pd.DataFrame, harm: str, alpha: float) -> npt.NDArray[np.bool_]:
    """Return whether a pair harms, more than its parts do by themselves and together, and surely so.

    The joint effect and the epistasis lie in the harmful direction, Holm's p of the epistasis is below alpha, and each
    gene alone does at most half of what both do.
    """
    sign = -1.0 if harm == "lower" else 1.0
    both = sign * frame["both"].to_numpy()
    alone = np.maximum(sign * frame["effect_a"].to_numpy(), sign * frame["effect_b"].to_numpy())
    beyond = sign * frame["epistasis"].to_numpy()
    sure = frame["p_holm"].to_numpy() < alpha
    return np.asarray((both > 0) & (beyond > 0) & sure & (alone <= ALONE_AT_MOST * both))
