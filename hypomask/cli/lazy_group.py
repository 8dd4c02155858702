"""A command group that imports a command's module only when that command is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from hypomask.errors import did_you_mean

__all__ = ["LazyGroup", "module_of"]


def module_of(command: str) -> str:
    """Return the module in which a command lives.

    Examples
    --------
    >>> module_of("compare-scores")
    'hypomask.cli.compare_scores'
    """
    return f"hypomask.cli.{command.replace('-', '_')}"


class LazyGroup(click.Group):
    """Commands by name and one-line summary; command `x-y` is the object `command` of module `hypomask.cli.x_y`.

    The summaries are stated here, and not read from the commands, so that `--help` imports none of them.
    """

    def __init__(self, *args: Any, summaries: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order a user meets them."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None when there is none of that name."""
        if cmd_name not in self.summaries:
            return None
        command: click.Command = import_module(module_of(cmd_name)).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, with a suggestion when the name is not known."""
        if args and not args[0].startswith("-") and args[0] not in self.summaries:
            hint = did_you_mean(args[0], self.summaries) or f" Commands: {', '.join(self.summaries)}."
            ctx.fail(f"no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))
