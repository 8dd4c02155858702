"""What templates are read with: everything escaped, numbers written as everywhere."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hypomask.report import wording
from hypomask.report.plain_text import plain

__all__ = ["page_environment"]


def page_environment() -> Environment:
    """Return what templates are read with: everything escaped, numbers written as everywhere."""
    environment = Environment(
        loader=PackageLoader("hypomask.report"),
        autoescape=True,
        finalize=lambda value: plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=wording.count,
        headline=wording.headline,
        interval=lambda bounds: wording.interval(*bounds),
        number=wording.number,
        p_value=wording.p_value,
        percentage=wording.percentage,
        bare=_bare,
        score_name=wording.score_name,
        shorten=wording.shorten,
        signed=wording.signed,
    )
    return environment


def _bare(value: object) -> str:
    """Write a number of a reason as short as it can be told: counts whole, others with four digits."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
