"""Long lists of names on a terminal: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MAX_NAMES", "listed"]

MAX_NAMES = 20


def listed(names: Sequence[str]) -> str:
    """Return the first names after a colon's space, or nothing where there are none.

    Examples
    --------
    >>> listed(["ATM", "ATR"])
    '  ATM ATR'
    """
    if not names:
        return ""
    more = f" ... and {len(names) - MAX_NAMES:,} more (see --json)" if len(names) > MAX_NAMES else ""
    return f"  {' '.join(names[:MAX_NAMES])}{more}"
