"""Modules that null masks keep: from a hypothesis' own groups, or from a table of genes and their modules."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypomask.errors import ConfigError, Problem, raise_problems
from hypomask.hypothesis.graph import Hypothesis
from hypomask.hypothesis.text_files import kind_suffix, read_text
from hypomask.masks.mask import Mask

__all__ = ["NO_MODULE", "WITHIN_MODULES", "modules_of_groups", "null_modules", "read_modules"]

WITHIN_MODULES = "rewired-within-modules"
NO_MODULE = "(none)"
COLUMNS = ("gene", "module")
MOST_EXAMPLES = 5


def null_modules(
    hypotheses: Sequence[Hypothesis], masks: Mapping[str, Mask], table: Path | None
) -> dict[str, tuple[str, ...]]:
    """Return the module of each gene of each mask, by name of the hypothesis.

    Parameters
    ----------
    masks
        By name of the hypothesis.
    table
        See `read_modules`; None: every hypothesis' own groups.

    Raises
    ------
    ConfigError
        The table is wrong, holds none of the genes, or a hypothesis has no groups.
    """
    named = None if table is None else read_modules(table)
    problems = []
    labels = {}
    for hypothesis in hypotheses:
        module_of = modules_of_groups(hypothesis) if named is None else named
        genes = masks[hypothesis.name].genes
        labels[hypothesis.name] = tuple(module_of.get(gene, NO_MODULE) for gene in genes)
        if set(labels[hypothesis.name]) != {NO_MODULE}:
            continue
        if named is None:
            message = (
                f"plan.null_kind: {hypothesis.name!r} has no groups, so there are no modules to rewire within; name a "
                "table of genes and modules as plan.null_modules, or take another null_kind"
            )
        else:
            message = (
                f"plan.null_modules: {table} names none of the {len(genes)} genes of {hypothesis.name!r} "
                f"({', '.join(genes[:MOST_EXAMPLES])}, ...)"
            )
        problems.append(Problem(message))
    raise_problems(problems, ConfigError)
    return labels


def modules_of_groups(hypothesis: Hypothesis) -> dict[str, str]:
    """Return the module of each gene in a group; genes of the same several groups are a module of their own."""
    groups: dict[str, list[str]] = {}
    for group in hypothesis.groups:
        for gene in group.members:
            groups.setdefault(gene, []).append(group.name)
    return {gene: " + ".join(sorted(set(names))) for gene, names in groups.items()}


def read_modules(path: Path) -> dict[str, str]:
    """Read a table with the columns ``gene`` and ``module``: tab-separated, or comma-separated where it ends in .csv.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    text = read_text(path, error=ConfigError, allow_gzip=True).text
    rows = csv.reader(text.splitlines(), delimiter="," if kind_suffix(path) == ".csv" else "\t")
    header = [cell.strip() for cell in next(rows, [])]
    if not set(COLUMNS) <= set(header):
        message = f"columns are {', '.join(header[:MOST_EXAMPLES]) or 'missing'}, expected 'gene' and 'module'"
        raise ConfigError(str(Problem(message, str(path), 1)))
    gene_at, module_at = (header.index(name) for name in COLUMNS)
    modules: dict[str, str] = {}
    problems = []
    for line, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = [row[at].strip() if at < len(row) else "" for at in (gene_at, module_at)]
        gene, module = cells
        if not gene or not module:
            problems.append(Problem(f"got {cells}, expected a gene and its module", str(path), line))
        elif modules.setdefault(gene, module) != module:
            message = f"gene {gene!r} is in module {module!r}, and in {modules[gene]!r} further up; expected one"
            problems.append(Problem(message, str(path), line))
    raise_problems(problems, ConfigError)
    return modules
