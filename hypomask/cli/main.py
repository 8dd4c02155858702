"""The command `hypomask`: the group, and what becomes of an error.

Exit codes: 0 done; 1 unexpected error; 2 usage; 3 invalid hypothesis or study; 4 data; 5 missing resource or run;
130 interrupted; 141 the reader of standard output went away.
"""

from __future__ import annotations

import errno
import io
import os
import platform
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from hypomask.cli.lazy_group import LazyGroup
from hypomask.cli.output import say
from hypomask.errors import HypomaskError
from hypomask.version import __version__

__all__ = ["main", "run"]

INTERRUPTED = 130
MISSING_RESOURCE = 5
PIPE_CLOSED = 141
UNEXPECTED = 1

SUMMARIES = {
    "init": "Write a starter study and hypotheses into a folder.",
    "validate": "Check hypotheses, studies and the data they name.",
    "inspect": "Show what hypotheses become: tokens, edges, coverage, overlap.",
    "compare": "Compare hypotheses on data and give a verdict.",
    "compare-scores": "Compare models trained elsewhere by their scores per fold.",
    "knockout": "Knock out genes, edges and groups in the models of a run.",
    "report": "Make the report of a run again.",
    "power": "Say how many samples tell hypotheses apart.",
    "genes": "Check gene names: what each is, and what needs a look.",
    "knowledge": "Look into ontologies, gene sets and networks: list, show, search.",
    "fetch": "Fetch public knowledge: ontologies, pathways, regulons, gene names.",
    "simulate": "Write a simulated cohort in which a hypothesis is true.",
    "demo": "Run the whole path on a simulated cohort.",
    "schema": "Print the JSON schema of a hypothesis document or a study.",
    "doctor": "Check this installation.",
}


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    summaries=SUMMARIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 2 usage, 3 invalid hypothesis or study, 4 data, 5 missing resource or run, "
    "130 interrupted, 1 unexpected.",
)
@click.version_option(__version__, prog_name="hypomask")
@click.pass_context
def cli(context: click.Context) -> None:
    """Find out which gene-interaction hypothesis your data support.

    Start with `hypomask demo`, then `hypomask init my-study --data expression.tsv`.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error ends up on stderr as `error: ...`."""
    if instruction := os.environ.get("_HYPOMASK_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "hypomask", "_HYPOMASK_COMPLETE", instruction)
    state = {"debug": False}
    try:
        # Not `cli.main`: it turns a closed pipe into exit code 1, which here means a fault.
        with cli.make_context("hypomask", list(sys.argv[1:] if arguments is None else arguments), obj=state) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered cannot be written; the interpreter would complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
        return INTERRUPTED
    except click.UsageError as error:
        if error.ctx is not None:
            say(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help'.")
        return _fail(error.format_message(), error.exit_code, debug=state["debug"])
    except HypomaskError as error:
        return _fail(str(error), error.exit_code, debug=state["debug"])
    except OSError as error:
        return _fail(_of_the_system(error), MISSING_RESOURCE, debug=state["debug"])
    except Exception as error:  # noqa: BLE001 the last resort: said in a line, traceback on demand
        return _fail(_unexpected(error), UNEXPECTED, debug=state["debug"])
    return 0


def main() -> NoReturn:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a sign gets a question mark
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run())


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Treat a request to end as an interruption, so that a run closes its ledger and its workers."""
    raise KeyboardInterrupt


def _fail(message: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    first, *rest = message.splitlines() or ["no message"]
    say("\n".join([f"error: {first}", *(f"       {line}" for line in rest)]))
    return code


def _of_the_system(error: OSError) -> str:
    """Say what the system refused, and where; of a full disk it does not say where."""
    place = f" {error.filename!r}" if error.filename else ""
    words = f"{error.strerror or error}{place}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{words}: what was being written is not whole. Free some space and give the same command again."
    return words


def _unexpected(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"unexpected {type(error).__name__}: {error}\n"
        f"in {where.filename}:{where.lineno}. This is a fault of hypomask, not of your input.\n"
        "Please report it with the command, its output with --debug added, and this line:\n"
        f"hypomask {__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
