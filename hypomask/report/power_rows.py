"""The cells of the tables that power and plans are shown in, the same in the page and on the terminal."""

from __future__ import annotations

from hypomask.comparison.planning.answer import PowerAnswer
from hypomask.comparison.planning.budget import PlannedStudy
from hypomask.comparison.planning.chances import Design
from hypomask.comparison.planning.forecast import Outlook
from hypomask.comparison.planning.simulation import SimulatedPower
from hypomask.execution.progress import duration_in_words
from hypomask.report.wording import UNKNOWN, interval, percentage, signed

__all__ = ["SIMULATED_HEADINGS", "plan_cells", "plan_headings", "question_cells", "simulated_cells"]

SIMULATED_HEADINGS = ("n", "called best", "forecast", "told from rivals", "beats nulls", "wrong one best")
MARKS = {"advised": "advised", "default": "default", "pilot": "this run", "beyond": "too dear"}


def question_cells(outlook: Outlook) -> tuple[str, str, str, str]:
    """Return effect, band, standard deviation and present power."""
    return (
        signed(outlook.effect, 4),
        interval(outlook.low, outlook.high, 4),
        UNKNOWN if outlook.sd is None else f"{outlook.sd:.3g}",
        percentage(outlook.power_now),
    )


def plan_headings(answer: PowerAnswer) -> tuple[str, ...]:
    """Return the headings of `plan_cells`."""
    timed = any(plan.seconds is not None for plan in answer.plans)
    return (
        "plan",
        "power",
        "folds",
        "repeats",
        "seeds",
        "nulls",
        "trainings",
        "hypotheses",
        "references",
        "null masks",
        *(("time",) if timed else ()),
    )


def plan_cells(plan: PlannedStudy, headings: tuple[str, ...], workers: int = 1) -> tuple[str, ...]:
    """Return one plan: its chance of "best", what is trained, and what each part costs in trainings."""
    design = plan.design
    spent = plan.trainings_of
    marks = [MARKS[mark] for mark in plan.marks]
    if not plan.exact_nulls and plan.power_of_nulls is not None:
        marks.append("approximate")
    time = UNKNOWN if plan.seconds is None else duration_in_words(plan.seconds / workers)
    return (
        ", ".join(marks),
        percentage(plan.power),
        str(design.folds),
        str(design.repeats),
        str(design.replicates),
        _nulls(design),
        f"{plan.trainings:,.0f}",
        *(f"{spent[purpose]:,.0f}" for purpose in ("hypotheses", "references", "null masks")),
        *((time,) if "time" in headings else ()),
    )


def _nulls(design: Design) -> str:
    """Return ``99, stop at 5``."""
    words = [str(design.nulls)]
    if design.null_stop_after is not None and design.null_stop_after < design.nulls:
        words.append(f"stop at {design.null_stop_after}")
    if design.null_repeats > 1:
        words.append(f"{design.null_repeats} repeats")
    return ", ".join(words)


def simulated_cells(found: SimulatedPower) -> tuple[str, ...]:
    """Return what the comparator said at one size, beside the forecast."""
    return (
        f"{found.n:,}",
        f"{100 * found.best:.0f} ± {100 * found.best_error:.0f} %",
        percentage(found.predicted),
        percentage(found.rivals),
        percentage(found.nulls),
        percentage(found.wrong),
    )
