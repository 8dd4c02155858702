"""What `hypomask validate` finds out about one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypomask.cli.table_peek import peek
from hypomask.errors import ConfigError, HypomaskError, HypothesisError
from hypomask.hypothesis.located_yaml import LocatedMapping, load_yaml
from hypomask.knowledge.registry import read_hypotheses
from hypomask.masks.compile import compile_mask
from hypomask.masks.layer_count import layers_for
from hypomask.report.phenotype_words import phenotype_words
from hypomask.report.wording import count

if TYPE_CHECKING:
    from hypomask.execution.study import Study

__all__ = ["CheckedFile", "is_study", "validate_file"]


@dataclass(frozen=True)
class CheckedFile:
    """What a file holds, what is odd about it, and the error that stops its use."""

    file: Path
    kind: str
    found: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: HypomaskError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "file": str(self.file),
            "kind": self.kind,
            "valid": self.error is None,
            "found": list(self.found),
            "warnings": list(self.warnings),
            "problems": str(self.error).splitlines() if self.error else [],
        }


def validate_file(file: Path, data: Path | None) -> CheckedFile:
    """Read `file` as a run would, and report instead of raising."""
    kind = "hypotheses"
    try:
        if is_study(file):
            kind = "study"
            checked = _validate_study(file)
            unused = () if data is None else ("--data is not used: a study names its own data",)
            return replace(checked, warnings=(*checked.warnings, *unused))
        return _validate_hypotheses(file, data)
    except HypomaskError as error:
        return CheckedFile(file, kind, error=error)


def is_study(file: Path) -> bool:
    """Whether a YAML file is a study: it has data."""
    if file.suffix.lower() not in (".yaml", ".yml"):
        return False
    root = load_yaml(file, error=ConfigError)
    return isinstance(root, LocatedMapping) and "data" in root.entries


def _validate_hypotheses(file: Path, data: Path | None) -> CheckedFile:
    hypotheses = read_hypotheses(file)
    named = tuple(dict.fromkeys(gene for hypothesis in hypotheses for gene in hypothesis.genes))
    genes = named if data is None else tuple(dict.fromkeys(peek(data).genes(named)))
    found, warnings = [], []
    for hypothesis in hypotheses:
        try:
            _, coverage = compile_mask(hypothesis, genes, n_layers=layers_for(hypotheses), min_coverage=0.0)
        except HypothesisError as error:
            raise HypothesisError(f"{file}: {error}") from error
        line = f"{hypothesis.name}: {count(coverage.genes_named, 'gene')}, {count(coverage.edges_named, 'edge')}"
        if hypothesis.groups:
            line += f", {count(len(hypothesis.groups), 'group')}"
        if data is not None:
            line += (
                f"; {coverage.genes_found} genes ({coverage.fraction:.0%}) and {coverage.edges_kept} edges in the data"
            )
            warnings += [f"{hypothesis.name}: {warning}" for warning in coverage.warnings]
        found.append(line)
    return CheckedFile(file, "hypotheses", tuple(found), tuple(warnings))


def _validate_study(file: Path) -> CheckedFile:
    from hypomask.execution.prepare import prepare
    from hypomask.execution.study import load_study

    study = load_study(file)
    problems = _problems_of_parts(study)
    if problems:
        # one class for all of them, so that one run of the command shows what is wrong everywhere
        raise type(problems[0])("\n".join(str(problem) for problem in problems))
    prepared = prepare(study)
    cohort = prepared.cohort
    event = study.data.event if study.data is not None else None
    found = [
        f"{count(cohort.n_samples, 'sample')}, {count(len(cohort.genes), 'gene')}, "
        f"channels {', '.join(cohort.channels)}",
        f"phenotype {phenotype_words(cohort.phenotype, event)}",
        f"{count(cohort.covariates.shape[1], 'covariate column')}; "
        + (f"groups: {len(set(cohort.groups))}" if cohort.groups is not None else "no groups"),
        f"{count(prepared.folds.n_folds, 'fold')}, scope {prepared.scope}, null masks {prepared.null_kind}",
    ]
    found += [
        f"{row.hypothesis}: {row.genes_found} of {row.genes_named} genes, {row.edges_kept} of {row.edges_named} edges, "
        f"{count(row.n_tokens, 'token')}"
        for row in prepared.coverage
    ]
    found += prepared.report.notes if prepared.report is not None else ()
    return CheckedFile(file, "study", tuple(found), prepared.warnings)


def _problems_of_parts(study: Study) -> list[HypomaskError]:
    """Read hypotheses and data apart, so that problems of one don't hide those of the other."""
    problems: list[HypomaskError] = []
    for read in (study.read_hypotheses, study.read_cohort):
        try:
            read()
        except HypomaskError as error:
            problems.append(error)
    return problems if len(problems) > 1 else []
