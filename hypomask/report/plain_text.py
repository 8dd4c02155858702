"""Text that cannot steer a terminal: names come from files that others wrote."""

from __future__ import annotations

import unicodedata

__all__ = ["plain"]

_KEPT = {"\n", "\t"}
# Cc: escape sequences and their like. Cf holds the bidirectional overrides that make text read as what it is not.
_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def plain(text: str) -> str:
    r"""Return `text` with control, formatting and line separating characters shown as escapes such as ``\x1b``.

    Newline and tab stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _STEERING
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
