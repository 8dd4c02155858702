"""From the result of a study to the content of its page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hypomask.execution.config_fields import config_as_dict
from hypomask.execution.run_folder import RunFolder
from hypomask.report.knockout_section import KnockoutSection, knockout_section
from hypomask.report.page import Page
from hypomask.report.phenotype_words import phenotype_words

if TYPE_CHECKING:
    from hypomask.execution.study_result import StudyResult

__all__ = ["page_of"]

QUESTIONS = {
    "all": "Which wiring of the same genes explains {phenotype}?",
    "members": "Which genes, with the edges between them, explain {phenotype}?",
}


def page_of(result: StudyResult) -> Page:
    """Gather what the report of `result` shows."""
    phenotype = result.subjects.phenotype
    event = result.study.data.event if result.study.data is not None else None
    question = QUESTIONS[result.comparison.scope].format(phenotype=phenotype_words(phenotype, event))
    return Page(
        title=result.study.name,
        comparison=result.comparison,
        question=question,
        masks=tuple(result.masks.values()),
        coverage=result.coverage,
        facts=_facts(result),
        command=_command(result),
        created=_date(result.environment),
        spending=result.spending,
        seconds=result.environment.get("seconds_of_training_by_purpose", {}),
        notes=result.warnings,
        knockouts=_knockouts(result),
    )


def _knockouts(result: StudyResult) -> KnockoutSection | None:
    """Return what was knocked out; None where nothing was, and no models were kept for it."""
    section = knockout_section(RunFolder(result.folder))
    return section if section.tables or result.study.plan.keep_models != "none" else None


def _facts(result: StudyResult) -> dict[str, Mapping[str, Any]]:
    study, environment = result.study, result.environment
    facts: dict[str, Mapping[str, Any]] = {
        "Data": {
            **{name: f"{value:,}" for name, value in sorted(result.data.get("counts", {}).items())},
            **{file: f"SHA-256 {digest}" for file, digest in sorted(result.data.get("files", {}).items())},
        },
        "Decisions while reading the data": {
            str(k): note for k, note in enumerate(result.data.get("notes", ()), start=1)
        },
        "Plan (every random number derives from the seed)": config_as_dict(study.plan),
        "Model": config_as_dict(study.model),
        "Training": config_as_dict(study.training),
        "Null masks": dict(sorted(result.null_masks.items())),
        "Versions": {
            "hypomask": environment.get("hypomask"),
            "commit": environment.get("git_commit"),
            "python": environment.get("python"),
            **dict(sorted(environment.get("packages", {}).items())),
            "platform": environment.get("platform"),
        },
    }
    return {title: section for title, section in facts.items() if section}


def _command(result: StudyResult) -> str:
    """Return what gives the same numbers again: the run folder keeps the study with every setting written out."""
    again = shlex.join(["hypomask", "compare", str(result.folder / "study.yaml"), "--out", f"{result.folder}-again"])
    given = list(result.environment.get("command_line") or [])
    if not given or "hypomask" not in given[0]:
        return again
    as_given = shlex.join(["hypomask", *map(str, given[1:])])
    return f"# as given\n{as_given}\n# the same, with every setting as it was\n{again}"


def _date(environment: Mapping[str, Any]) -> str:
    """Return when the run was finished, to the minute."""
    finished = environment.get("finished")
    return f"{finished[:16].replace('T', ' ')} UTC" if isinstance(finished, str) else ""
