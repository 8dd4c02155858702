"""`hypomask compare --dry-run`: jobs, sizes, memory and time of a study, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypomask.cli.output import print_json, print_result

if TYPE_CHECKING:
    from hypomask.execution.study import Study

__all__ = ["show_dry_run"]


def show_dry_run(study: Study, *, device: str, jobs: int | None, as_json: bool) -> None:
    """Print what a run of `study` would do."""
    from hypomask.execution.dry_run import dry_run
    from hypomask.execution.progress import duration_in_words
    from hypomask.report.phenotype_words import phenotype_words
    from hypomask.report.wording import count, shorten

    plan = dry_run(study, device=device, jobs=jobs)
    if as_json:
        print_json(plan.as_dict())
        return
    print_result(f"study    {plan.study}: scope {plan.scope}, {plan.folds} folds x {plan.repeats} repeats")
    groups = "" if plan.n_groups is None else f" in {count(plan.n_groups, 'group')}"
    print_result(
        f"data     {count(plan.n_samples, 'sample')}{groups}, {count(plan.n_genes, 'gene')}, "
        f"channels {', '.join(plan.channels)}"
    )
    print_result(f"explain  {phenotype_words(plan.phenotype, study.data.event if study.data is not None else None)}")
    width = max(len(shorten(model.name, 40)) for model in plan.models)
    for model in plan.models:
        print_result(
            f"model    {shorten(model.name, 40):<{width}}  {model.tokens:>6,} tokens {model.edges:>9,} edges "
            f"{100 * model.density:5.1f} %  {model.jobs} jobs of {_about(model.seconds_per_job)}"
        )
    print_result(f"jobs     {plan.jobs:,}, and up to {plan.null_jobs_at_most:,} for null masks ({plan.null_kind})")
    where = " streamed from disk" if plan.streamed else ""
    print_result(
        f"memory   {_mebibytes(plan.bytes_of_measurements)} of measurements{where}, and up to "
        f"{_mebibytes(plan.bytes_per_worker)} in each of {plan.workers} workers on {plan.device}"
    )
    print_result(
        f"time     about {duration_in_words(plan.seconds)}, "
        f"with all null masks {duration_in_words(plan.seconds_at_most)} ({plan.basis})"
    )
    for warning in (*plan.notes, *plan.warnings):
        print_result(f"note: {warning}")


def _about(seconds: float) -> str:
    from hypomask.execution.progress import duration_in_words

    return "less than 1 s" if seconds < 1 else f"about {duration_in_words(seconds)}"


def _mebibytes(n: int) -> str:
    if n < 2**20:
        return "less than 1 MiB"
    return f"{n / 2**20:,.0f} MiB" if n < 10 * 2**30 else f"{n / 2**30:,.0f} GiB"
