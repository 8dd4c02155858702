"""Practical equivalence: a difference too small to matter."""

from __future__ import annotations

from scipy import stats

from hypomask.comparison.paired import Effect

__all__ = ["equivalence_p", "probability_within"]


def equivalence_p(effect: Effect, margin: float) -> float:
    """Return the p of two one-sided tests.

    Null hypothesis: the absolute difference is at least `margin`. Small p: practically equivalent. Each side is tested
    at the full level and the larger p counts, so nothing else needs correction for one pair; where several pairs must
    all be equivalent the largest p counts (intersection-union), again without correction.

    Invalid where `corrected_effect` is, and when the margin was chosen after seeing the data. Two models with the same
    losses are equivalent (p = 0) whenever the difference is inside the margin.

    References
    ----------
    Schuirmann 1987, doi:10.1007/BF01068419; Berger & Hsu 1996, doi:10.1214/ss/1032280304
    """
    if effect.se == 0:
        return 0.0 if abs(effect.mean) < margin else 1.0
    below = float(stats.t.sf((margin - effect.mean) / effect.se, effect.df))
    above = float(stats.t.sf((margin + effect.mean) / effect.se, effect.df))
    return max(below, above)


def probability_within(effect: Effect, margin: float) -> float:
    """Return the share of the difference's t distribution (flat prior) that lies within the margin.

    Shown, never decides: as a decision rule it fires too often at small n (7-17 % on one side at n = 200).

    References
    ----------
    Benavoli et al. 2017, JMLR 18:77, https://jmlr.org/papers/v18/16-305.html
    """
    if effect.se == 0:
        return 1.0 if abs(effect.mean) < margin else 0.0
    law = stats.t(effect.df, loc=effect.mean, scale=effect.se)
    return float(law.cdf(margin) - law.cdf(-margin))
