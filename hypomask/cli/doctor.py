"""`hypomask doctor`: is this installation fit for work, and what will it use."""

from __future__ import annotations

from pathlib import Path

import click

from hypomask.cli.options import HypomaskCommand, device_option, json_option, out_option
from hypomask.cli.output import print_json, print_result
from hypomask.errors import RunError

__all__ = ["command"]

MARKS = {"ok": "ok  ", "note": "note", "fix": "FIX "}


@click.command("doctor", cls=HypomaskCommand)
@device_option
@out_option("runs, to see whether it can be written", Path())
@json_option
def command(device: str, out: Path, as_json: bool) -> None:
    """Check this installation.

    Shows versions, devices, threads, which attention back end is used at typical sizes, and what to mend.
    Exit code 5 when something must be mended.
    """
    from hypomask.cli.checkup import check_installation

    findings = check_installation(device, out)
    to_fix = [finding for finding in findings if finding.state == "fix"]
    if as_json:
        print_json({"ok": not to_fix, "findings": [vars(finding) for finding in findings]})
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            print_result(f"{MARKS[finding.state]}  {finding.what:<{width}}  {finding.found}")
            if finding.mend:
                print_result(f"      {'':<{width}}  -> {finding.mend}")
    if to_fix:
        raise RunError(f"to mend: {', '.join(finding.what for finding in to_fix)}")
    if not as_json:
        print_result("ok: ready for work. Try `hypomask demo`.")
