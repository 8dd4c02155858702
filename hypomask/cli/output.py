"""What goes where: results to standard output, everything said on the way to standard error."""

from __future__ import annotations

import json
from typing import Any

import click

from hypomask.report.plain_text import plain

__all__ = ["print_json", "print_result", "say"]


def print_json(value: Any) -> None:
    """Print `value` as JSON; a number that is not finite is a fault here, as JSON has no word for it."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_result(text: str) -> None:
    """Print a line of the result."""
    click.echo(plain(text))


def say(text: str) -> None:
    """Tell the user something that is not the result."""
    click.echo(plain(text), err=True)
