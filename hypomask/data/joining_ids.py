"""Why ids of two files do not meet, in words that help."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypomask.data.tables import listed
from hypomask.errors import did_you_mean

__all__ = ["no_overlap"]


def no_overlap(wanted: Sequence[str], found: Sequence[str], wanted_file: str, other_side: Sequence[str] = ()) -> str:
    """Say that no id of `wanted` is among `found`, show both, and guess what would make them meet.

    Parameters
    ----------
    other_side
        The ids of the other side of the table, where it is not known which side holds samples.
    """
    sides = f"first column: {listed(found, 3)}"
    if other_side:
        sides += f"; header: {listed(other_side, 3)}"
    message = f"no sample in common with {wanted_file}: there {listed(wanted, 3)}; here {sides}"
    folded = {_folded(name): name for name in (*other_side, *found)}
    for name in wanted:
        if (near := folded.get(_folded(name))) is not None:
            return f"{message}. {name!r} and {near!r} differ only in letter case or punctuation: make them the same"
    for name in wanted[:20]:
        if near_words := did_you_mean(name, [*found[:2000], *other_side[:2000]]):
            return f"{message}.{near_words} (for {name!r}); the ids must be the same on both sides"
    return f"{message}. Set key to the column of {wanted_file} that holds these ids"


def _folded(name: str) -> str:
    """Return letters and digits only; R writes ``A-1`` as ``A.1`` and ``1A`` as ``X1A``."""
    bare = re.sub(r"[^0-9a-z]", "", name.casefold())
    return bare[1:] if re.match(r"x\d", bare) else bare
