"""Which of the measured genes are in the models of a study, and which have to be kept."""

from __future__ import annotations

from collections.abc import Sequence

from hypomask.execution.study_definition import Study
from hypomask.hypothesis.graph import Hypothesis, Scope

__all__ = ["MAX_AUTO_GENES", "null_kind_of", "stored_genes", "token_genes"]

MAX_AUTO_GENES = 2000


def null_kind_of(scope: Scope, study: Study) -> str:
    """Return the kind of null masks of a study."""
    by_scope = "rewired" if scope == "all" else "matched-genes"
    return by_scope if study.plan.null_kind == "auto" else study.plan.null_kind


def stored_genes(measured: tuple[str, ...], hypotheses: Sequence[Hypothesis], study: Study) -> tuple[str, ...]:
    """Return the genes whose measurements are needed: those in the models, and those that null models may have."""
    scope = hypotheses[0].scope
    if null_kind_of(scope, study) == "matched-genes":
        return measured
    if scope == "all":
        return token_genes(measured, hypotheses, study)[0]
    return _named_genes(measured, hypotheses) or measured


def _named_genes(measured: tuple[str, ...], hypotheses: Sequence[Hypothesis]) -> tuple[str, ...]:
    named = {gene for hypothesis in hypotheses for gene in hypothesis.genes}
    return tuple(gene for gene in measured if gene in named)


def token_genes(
    measured: tuple[str, ...], hypotheses: Sequence[Hypothesis], study: Study
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the genes that masks are compiled against, and what is to be said about the choice."""
    choice = study.plan.genes
    if hypotheses[0].scope == "members" or choice == "all":
        return measured, ()
    if choice == "auto" and len(measured) <= MAX_AUTO_GENES:
        return measured, ()
    genes = _named_genes(measured, hypotheses)
    if not genes:
        return measured, ()  # the compilation refuses, with the genes in its message
    note = (
        f"{len(genes):,} of the data's {len(measured):,} genes are in the models: those that a hypothesis names "
        "(plan.genes: all takes every gene)"
    )
    return genes, (note,)
