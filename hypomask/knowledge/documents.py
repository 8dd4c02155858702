"""Hypothesis documents with their recipes carried out: what they draw on is read."""

from __future__ import annotations

from pathlib import Path

from hypomask.hypothesis import document
from hypomask.hypothesis.graph import Hypothesis, Scope
from hypomask.knowledge.recipe_sources import open_sources

__all__ = ["load_hypotheses", "parse_hypotheses"]


def load_hypotheses(path: Path, *, scope: Scope | None = None) -> tuple[Hypothesis, ...]:
    """Read all hypotheses of a YAML document; files that it names are relative to its folder.

    Parameters
    ----------
    scope
        Scope to use instead of the document's own.

    Raises
    ------
    HypothesisError
        With every problem of the document, its edge files and its sources, by file and line.
    """
    return document.load_hypotheses(path, scope=scope, open_sources=open_sources)


def parse_hypotheses(
    text: str, *, file: str = "<text>", folder: Path | None = None, scope: Scope | None = None
) -> tuple[Hypothesis, ...]:
    """Read all hypotheses of a YAML text; `file` names it in messages, files are relative to `folder`."""
    return document.parse_hypotheses(text, file=file, folder=folder, scope=scope, open_sources=open_sources)
