"""Where the hypotheses that come with hypomask lie."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from hypomask.errors import RunError

__all__ = ["shipped_hypotheses"]


def shipped_hypotheses(name: str) -> Path:
    """Return the path of a shipped document, in an installed wheel or in a checkout.

    Raises
    ------
    RunError
        When this installation does not have it.
    """
    package = Path(str(files("hypomask")))
    places = (package / "_shipped" / "hypotheses" / name, package.parent / "hypotheses" / name)
    for place in places:
        if place.is_file():
            return place
    looked = " and ".join(str(place.parent) for place in places)
    raise RunError(f"{name} is not in this installation (looked in {looked}). Install hypomask again.")
