"""When a null test cannot say what it seems to say: too few null masks exist, or they do not match."""

from __future__ import annotations

from hypomask.comparison.result import NullResult, Reason
from hypomask.comparison.words import null_words, p_words

__all__ = ["LARGE_BIAS", "SMALL_BIAS", "loose_match", "null_doubt"]

# In ranks of spread, by which a hypothesis' genes may lie above those of its matched sets. The size of the test was
# 6-13 % below 0.12 and 10-19 % above 0.16, where what a gene explains grows with its spread, and 4-10 % for random
# genes (`hypomask.masks.matched_gene_sets`).
SMALL_BIAS = 0.05
LARGE_BIAS = 0.15


def null_doubt(null: NullResult, *, n_hypotheses: int, alpha: float) -> Reason | None:
    """Return why the test of `null` decides nothing, or None when it does."""
    if null.limit is not None and not null.stopped_early and len(null.losses) >= null.limit:
        best_p = n_hypotheses / (null.limit + 1)
        if best_p > alpha:
            return Reason(
                "nulls-too-few",
                f"There are only {null_words(null.kind, null.limit)} of {null.hypothesis}, so that its p over "
                f"{n_hypotheses} hypotheses cannot be below {best_p:.2g}, whatever the data are (now "
                f"{p_words(null.p_holm)}); compare fewer hypotheses, or choose another kind of null masks.",
                None,
                {"exist": null.limit, "least_p": best_p, "p_holm": null.p_holm, "as_good": null.as_good},
            )
    if null.rank_bias > LARGE_BIAS and null.p_holm <= alpha:
        return Reason(
            "nulls-unmatched",
            f"The null masks of {null.hypothesis} do not match it: its genes vary more than theirs, by "
            f"{null.rank_bias:.0%} of the ranks on average (at most {LARGE_BIAS:.0%} is let pass), and genes that vary "
            f"more predict more ({p_words(null.p_holm)} may be their doing).",
            None,
            {"rank_bias": null.rank_bias, "largest": LARGE_BIAS, "p_holm": null.p_holm},
        )
    return None


def loose_match(null: NullResult | None) -> tuple[Reason, ...]:
    """Return the caveat about null masks that match, but not well."""
    if null is None or not SMALL_BIAS < null.rank_bias <= LARGE_BIAS:
        return ()
    return (
        Reason(
            "nulls-match-loosely",
            f"Its genes vary more than those of its null masks, by {null.rank_bias:.0%} of the ranks on average: at "
            "worst, the null test is wrong in 13 % of studies instead of 5 %.",
            None,
            {"rank_bias": null.rank_bias},
        ),
    )
