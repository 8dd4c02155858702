"""The report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypomask.execution.durable import write_durably
from hypomask.report import wording
from hypomask.report.citation import METHOD_REFERENCES, SOFTWARE
from hypomask.report.figures.effects import effects_figure, skill_figure
from hypomask.report.figures.mask_picture import mask_picture
from hypomask.report.page import Page, leaders_seed_pairs, pair_matrix, shown_in_figures
from hypomask.report.page_environment import page_environment
from hypomask.report.study_page import page_of
from hypomask.version import __version__

if TYPE_CHECKING:
    from hypomask.execution.study_result import StudyResult

__all__ = ["page_html", "render_report", "write_page"]


def render_report(result: StudyResult, path: Path | str | None = None) -> Path:
    """Write the report of a finished study, whole or not at all, and return where it is.

    Parameters
    ----------
    path
        The file; ``report.html`` in the run folder when None.

    Raises
    ------
    RunError
        When the file cannot be written.
    """
    return write_page(page_of(result), result.folder / "report.html" if path is None else Path(path))


def page_html(page: Page) -> str:
    """Return the report as HTML. Every name in it is escaped: names come from files that others wrote."""
    comparison = page.comparison
    shown = shown_in_figures(comparison)
    names, cells = pair_matrix(comparison)
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            comparison=comparison,
            result_by_name={result.name: result for result in comparison.hypotheses},
            n_hypotheses=page.n_hypotheses,
            null_families=wording.null_families([test.kind for test in comparison.nulls], comparison.scope),
            n_shown=sum(result.role == "hypothesis" for result in shown),
            score_names=list(dict.fromkeys(name for result in comparison.hypotheses for name in result.scores)),
            effects=effects_figure(comparison, shown),
            has_effects=any(result.gain is not None for result in shown),
            skills=skill_figure(comparison, shown),
            pair_names=names,
            pair_cells=cells,
            seed_pairs=leaders_seed_pairs(comparison),
            pictures=[(mask, mask_picture(mask, name=f"mask-{k}")) for k, mask in enumerate(page.pictured)],
            references=METHOD_REFERENCES,
            software=SOFTWARE,
            version=__version__,
        )
    )


def write_page(page: Page, path: Path) -> Path:
    """Write the report to `path`, whole or not at all, and return `path`."""
    html = page_html(page).encode("utf-8")
    write_durably(path, lambda file: file.write(html), "the report")
    return path
