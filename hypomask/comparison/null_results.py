"""Null tests of a whole study: one per hypothesis and kind of null mask, corrected over hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypomask.comparison.circumstances import NullControl
from hypomask.comparison.config import ComparisonConfig
from hypomask.comparison.losses import LossTable, NullLosses
from hypomask.comparison.multiplicity import holm
from hypomask.comparison.null_test import null_test
from hypomask.comparison.result import NullResult, Scope
from hypomask.errors import DataError, did_you_mean

__all__ = ["gate_null", "null_results"]


def null_results(
    table: LossTable,
    nulls: Sequence[NullLosses],
    config: ComparisonConfig,
    controls: Mapping[str, NullControl] | None = None,
) -> tuple[NullResult, ...]:
    """Test every hypothesis for which null masks were drawn; see `null_test`.

    Holm counts all hypotheses of the study, for each kind of null apart: only leading hypotheses are given null masks,
    and which ones lead was read off the same data, so those without count as tests with p = 1.

    Raises
    ------
    DataError
        Null losses belong to no hypothesis of the table, or a kind occurs twice for one hypothesis.
    """
    controls = controls or {}
    hypotheses = [name for name, role in zip(table.names, table.roles, strict=True) if role == "hypothesis"]
    seen: set[tuple[str, str]] = set()
    for null in nulls:
        if null.hypothesis not in hypotheses:
            hint = did_you_mean(null.hypothesis, hypotheses)
            raise DataError(
                f"null masks were drawn for {null.hypothesis!r}, which is no hypothesis of this study.{hint}"
            )
        if (null.hypothesis, null.kind) in seen:
            raise DataError(
                f"{null.kind} null masks of {null.hypothesis!r} are given twice; merge their draws in order"
            )
        seen.add((null.hypothesis, null.kind))
    results = []
    for kind in sorted({null.kind for null in nulls}):
        drawn = sorted((n for n in nulls if n.kind == kind and len(n.draws)), key=lambda n: n.hypothesis)
        tests = [
            null_test(
                n.observed,
                n.draws,
                stop_after=config.null_stop_after,
                n_tests=len(hypotheses),
                alpha=config.alpha,
                limit=controls.get(n.hypothesis, NullControl()).limit,
            )
            for n in drawn
        ]
        undrawn = [1.0] * (len(hypotheses) - len(drawn))
        adjusted = holm([test.p for test in tests] + undrawn)
        results += [
            NullResult(
                hypothesis=null.hypothesis,
                kind=kind,
                observed=float(null.observed),
                losses=tuple(float(loss) for loss in test.used),
                as_good=test.as_good,
                p_rank=test.p_rank,
                p_t=test.p_t,
                p=test.p,
                p_holm=float(p_holm),
                z=test.z,
                stopped_early=test.stopped_early,
                finished=null.finished or test.stopped_early,
                limit=controls.get(null.hypothesis, NullControl()).limit,
                rank_bias=controls.get(null.hypothesis, NullControl()).rank_bias,
            )
            for null, test, p_holm in zip(drawn, tests, adjusted[: len(drawn)], strict=True)
        ]
    return tuple(results)


def gate_null(nulls: Sequence[NullResult], hypothesis: str, scope: Scope) -> NullResult | None:
    """Return the null test of `hypothesis` for the question of this scope, or of another kind if only that is."""
    own = [null for null in nulls if null.hypothesis == hypothesis]
    wanted = "rewired" if scope == "all" else "matched-genes"
    return next((null for null in own if null.kind.startswith(wanted)), own[0] if own else None)
