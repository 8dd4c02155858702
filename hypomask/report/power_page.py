"""Power and plans as one HTML file, or the curves alone as SVG."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from hypomask.comparison.planning.answer import PowerAnswer
from hypomask.comparison.planning.words import question_words, range_words, unit_noun
from hypomask.execution.durable import write_durably
from hypomask.report.figures.power_curves import POWER_CSS, power_curves, power_svg
from hypomask.report.page_environment import page_environment
from hypomask.report.power_rows import (
    SIMULATED_HEADINGS,
    plan_cells,
    plan_headings,
    question_cells,
    simulated_cells,
)
from hypomask.version import __version__

__all__ = ["power_html", "write_power"]


def power_html(answer: PowerAnswer, source: str, workers: int = 1) -> str:
    """Return the page.

    Parameters
    ----------
    source
        Where the numbers come from, in a sentence.
    workers
        Workers that plans' times are for.
    """
    rows = []
    for outlook in answer.forecast.outlooks:
        effect, band, sd, now = question_cells(outlook)
        rows.append(
            {
                "question": question_words(outlook),
                "decides": outlook.decides,
                "effect": effect,
                "band": band,
                "sd": sd,
                "now": now,
                "needed": range_words(outlook),
            }
        )
    headings = plan_headings(answer)
    return (
        page_environment()
        .get_template("power.html.j2")
        .render(
            answer=answer,
            forecast=answer.forecast,
            noun=unit_noun(answer.forecast),
            source=source,
            curves=power_curves(answer.forecast),
            rows=rows,
            plans=[
                {"advised": "advised" in plan.marks, "cells": plan_cells(plan, headings, workers)}
                for plan in answer.plans
            ],
            plan_headings=headings,
            simulated=[simulated_cells(found) for found in answer.simulated],
            simulated_headings=SIMULATED_HEADINGS,
            power_css=Markup(POWER_CSS),  # noqa: S704 (a constant)
            version=__version__,
        )
    )


def write_power(answer: PowerAnswer, path: Path, source: str, workers: int = 1) -> Path:
    """Write the page, or the curves alone when `path` ends in ``.svg``; whole or not at all.

    Raises
    ------
    RunError
        When the file cannot be written.
    """
    alone = path.suffix.lower() == ".svg"
    content = (power_svg(answer.forecast) if alone else power_html(answer, source, workers)).encode("utf-8")
    write_durably(path, lambda file: file.write(content), "the power curves")
    return path
