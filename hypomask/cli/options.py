"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = [
    "FILE",
    "HypomaskCommand",
    "device_option",
    "jobs_option",
    "json_option",
    "out_option",
    "resume_option",
    "seed_option",
]

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)


class HypomaskCommand(click.Command):
    """A command that also knows `--debug` (show the traceback of an error), and ends its help with `examples`."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        debug = click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_remember_debug,
            help="Show the traceback of an error.",
        )
        self.params.append(debug)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each on a line that is not wrapped: it is there to be copied."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def _remember_debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and isinstance(context.obj, dict):
        context.obj["debug"] = True


def json_option(command: F) -> F:
    """Add `--json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
    return option(command)


def seed_option(command: F) -> F:
    """Add `--seed`."""
    option = click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Everything random derives from it.")
    return option(command)


def device_option(command: F) -> F:
    """Add `--device`."""
    option = click.option(
        "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N", help="Where models are trained."
    )
    return option(command)


def jobs_option(command: F) -> F:
    """Add `--jobs`."""
    option = click.option(
        "--jobs", type=click.IntRange(1), help="Worker processes, one thread each. Default: one per core."
    )
    return option(command)


def resume_option(command: F) -> F:
    """Add `--resume/--fresh` as the flag `fresh`."""
    option = click.option(
        "--fresh/--resume", default=False, help="Start anew, or go on with the run in the folder (the default)."
    )
    return option(command)


def out_option(what: str, default: Path | None = None) -> Callable[[F], F]:
    """Add `--out`, a folder for `what`."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=default,
        show_default=default is not None,
        help=f"Folder for {what}.",
    )
