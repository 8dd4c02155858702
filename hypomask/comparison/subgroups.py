"""Skill and differences within subgroups of samples. Shown with its own corrections; never decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import LossTable
from hypomask.comparison.model_effects import skill_interval
from hypomask.comparison.multiplicity import holm
from hypomask.comparison.paired import Units, corrected_covariance, corrected_effect
from hypomask.comparison.result import HeterogeneityResult, SubgroupResult, SubgroupTable

__all__ = ["Subgrouping", "heterogeneity_p", "subgroup_table", "subgroupings"]

FloatArray = npt.NDArray[np.float64]
Labels = npt.NDArray[np.str_]

FEWEST_UNITS = 20  # independent samples of a subgroup; with fewer, an interval says nothing
MOST_LEVELS = 8  # of one covariate, largest first
MOST_HYPOTHESES = 4  # leading ones
NOWHERE = ""


@dataclass(frozen=True, eq=False)
class Subgrouping:
    """One way to part the samples.

    Parameters
    ----------
    covariate
        What they are parted by.
    label_B
        (B,) subgroup of each sample; empty text: in none.
    single_groups
        Every subgroup is one of the study's groups (a batch, a centre), so that its samples are the units within it:
        what is said holds for this group and not for groups like it.
    """

    covariate: str
    label_B: Labels
    single_groups: bool = False


def subgroupings(
    categories: Mapping[str, Labels], numbers: Mapping[str, FloatArray], groups: Labels | None
) -> tuple[Subgrouping, ...]:
    """Return how samples are parted: by category, by the median of a number (missing: in none), by group.

    Groups that are all smaller than `FEWEST_UNITS` are no subgroups.
    """
    found = [Subgrouping(name, np.asarray(labels, dtype=np.str_)) for name, labels in categories.items()]
    for name, value_B in numbers.items():
        median = float(np.nanmedian(value_B))
        low, high = f"at most {median:.4g} (median)", f"above {median:.4g}"
        halves = np.where(value_B <= median, low, high)
        found.append(Subgrouping(name, np.where(np.isnan(value_B), NOWHERE, halves)))
    if groups is not None and np.unique(groups, return_counts=True)[1].max() >= FEWEST_UNITS:
        found.append(Subgrouping("group", np.asarray(groups, dtype=np.str_), single_groups=True))
    return tuple(found)


def subgroup_table(
    table: LossTable, parts: Sequence[Subgrouping], units: Units, config: ComparisonConfig
) -> SubgroupTable | None:
    """Return skill of the leading hypotheses, and the leader's lead, within every subgroup that is large enough.

    Skill: null hypothesis, the loss is at least that of the gene-free model; one-sided. Lead: null hypothesis, leader
    and rival have the same expected loss; two-sided. Intervals and p values are those of `corrected_effect` on the
    subgroup's samples; Holm counts all skills of the table, and all leads of it. The leader was chosen on the same
    samples, and subgroups overlap between covariates: hints for the next study, no findings of this one.

    Heterogeneity: see `heterogeneity_p`; Holm counts all its tests.

    Returns
    -------
    SubgroupTable or None
        None when there is nothing to part samples by, or not even two subgroups of a kind that are large enough.
    """
    names = table.hypotheses_by_loss()[:MOST_HYPOTHESES]
    rows: list[SubgroupResult] = []
    tests: list[HeterogeneityResult] = []
    notes: list[str] = []
    for part in parts:
        own_units = Units.of(None, table.n_samples) if part.single_groups else units
        levels, small = _levels(part, own_units)
        if small:
            notes.append(f"{part.covariate}: {small}")
        if len(levels) < 2:
            continue
        for level in levels:
            rows += _rows(table, names, part, level, own_units, config)
        tests += _heterogeneity(table, names, part, levels, own_units)
    if not rows:
        return None
    return SubgroupTable(_adjusted(rows), _adjusted_tests(tests), tuple(notes))


def heterogeneity_p(difference_RB: FloatArray, label_B: Labels, n_folds: int, units: Units) -> float:
    """Return the p that a mean loss difference is the same in every subgroup.

    Null hypothesis: equal means; two-sided (any pattern of differences). Wald test of the contrasts between subgroups
    with the corrected covariance (`corrected_covariance`, so that units that reach into several subgroups count), read
    as F with (k - 1) and min(K R - 1, G - k) degrees of freedom. No correction for multiplicity here. Invalid where
    `corrected_effect` is; conservative at large n as it is.
    """
    levels = [level for level in np.unique(label_B) if level != NOWHERE]
    n_repeats, n_samples = difference_RB.shape
    means = np.array([difference_RB[:, label_B == level].mean() for level in levels])
    centred_JRB = np.zeros((len(levels), n_repeats, n_samples))
    for j, level in enumerate(levels):
        inside = label_B == level
        own_RB = difference_RB[:, inside]
        centred_JRB[j][:, inside] = (own_RB - own_RB.mean(axis=1, keepdims=True)) * (n_samples / inside.sum())
    covariance = corrected_covariance(centred_JRB, n_folds, units)
    contrasts = np.eye(len(levels))[1:] - np.eye(len(levels))[:1]
    spread = contrasts @ covariance @ contrasts.T
    shift = contrasts @ means
    if not np.any(spread):
        return 1.0
    # lstsq: subgroups in which two models do not differ at all leave the covariance singular
    statistic = float(shift @ np.linalg.lstsq(spread, shift, rcond=1e-12)[0]) / len(contrasts)
    df = max(1, min(n_folds * n_repeats - 1, units.n - len(levels)))
    return float(stats.f.sf(max(statistic, 0.0), len(contrasts), df))


def _levels(part: Subgrouping, units: Units) -> tuple[list[str], str]:
    """Return the subgroups that are large enough, in sorted order, and what is said of the others."""
    sizes = {
        str(level): _n_units(part.label_B == level, units) for level in np.unique(part.label_B) if level != NOWHERE
    }
    large = sorted((level for level in sizes if sizes[level] >= FEWEST_UNITS), key=lambda level: (-sizes[level], level))
    kept = sorted(large[:MOST_LEVELS])
    left_out = len(sizes) - len(kept)
    if not left_out:
        return kept, ""
    why = f"fewer than {FEWEST_UNITS} independent samples"
    return kept, f"{left_out} of {len(sizes)} subgroups are not shown ({why}, or not among the {MOST_LEVELS} largest)"


def _n_units(inside_B: npt.NDArray[np.bool_], units: Units) -> int:
    return int(inside_B.sum()) if units.code is None else len(np.unique(units.code[inside_B]))


def _within(units: Units, inside_B: npt.NDArray[np.bool_]) -> Units:
    return Units.of(None if units.code is None else units.code[inside_B].astype(np.str_), int(inside_B.sum()))


def _rows(
    table: LossTable, names: Sequence[str], part: Subgrouping, level: str, units: Units, config: ComparisonConfig
) -> list[SubgroupResult]:
    inside_B = part.label_B == level
    own_units = _within(units, inside_B)
    gene_free_RB = table.gene_free_RB[:, inside_B]
    gene_free_loss = float(gene_free_RB.mean())
    leader_RB = table.loss_MRB[table.index(names[0])][:, inside_B]
    rows = []
    for name in names:
        loss_RB = table.loss_MRB[table.index(name)][:, inside_B]
        skill = corrected_effect(gene_free_RB - loss_RB, table.n_folds, own_units)
        low, high = skill_interval(loss_RB, gene_free_RB, table.n_folds, own_units, config)
        lead = corrected_effect(loss_RB - leader_RB, table.n_folds, own_units)
        lead_low, lead_high = lead.interval(config.alpha)
        is_leader = name == names[0]
        rows.append(
            SubgroupResult(
                covariate=part.covariate,
                level=level,
                n_samples=int(inside_B.sum()),
                n_units=own_units.n,
                hypothesis=name,
                skill=1.0 - float(loss_RB.mean()) / gene_free_loss,
                skill_low=low,
                skill_high=high,
                skill_p=skill.p_greater,
                skill_p_holm=skill.p_greater,
                lead=None if is_leader else lead.mean,
                lead_low=None if is_leader else lead_low,
                lead_high=None if is_leader else lead_high,
                lead_p=None if is_leader else lead.p_two_sided,
                lead_p_holm=None,
            )
        )
    return rows


def _heterogeneity(
    table: LossTable, names: Sequence[str], part: Subgrouping, levels: Sequence[str], units: Units
) -> list[HeterogeneityResult]:
    label_B = np.where(np.isin(part.label_B, levels), part.label_B, NOWHERE)
    leader_RB = table.loss_MRB[table.index(names[0])]
    asked = [(f"loss that {names[0]} saves against no genes", table.gene_free_RB - leader_RB)]
    asked += [(f"lead of {names[0]} over {name}", table.loss_MRB[table.index(name)] - leader_RB) for name in names[1:]]
    found = []
    for quantity, difference_RB in asked:
        p = heterogeneity_p(difference_RB, label_B, table.n_folds, units)
        found.append(HeterogeneityResult(part.covariate, quantity, len(levels), p, p))
    return found


def _adjusted(rows: Sequence[SubgroupResult]) -> tuple[SubgroupResult, ...]:
    skill_holm = holm([row.skill_p for row in rows])
    leads = [k for k, row in enumerate(rows) if row.lead_p is not None]
    lead_holm = dict(zip(leads, holm([row.lead_p for row in rows if row.lead_p is not None]), strict=True))
    return tuple(
        replace(row, skill_p_holm=float(skill_holm[k]), lead_p_holm=float(lead_holm[k]) if k in lead_holm else None)
        for k, row in enumerate(rows)
    )


def _adjusted_tests(tests: Sequence[HeterogeneityResult]) -> tuple[HeterogeneityResult, ...]:
    adjusted = holm([test.p for test in tests])
    return tuple(replace(test, p_holm=float(p)) for test, p in zip(tests, adjusted, strict=True))
