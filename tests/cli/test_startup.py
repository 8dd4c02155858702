"""`hypomask --help` is quick because it imports nothing that it does not show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import pytest

from hypomask.cli.lazy_group import module_of
from hypomask.cli.main import SUMMARIES, cli

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "pandas", "scipy", "numpy", "sklearn", "statsmodels", "pyarrow", "networkx", "jinja2", "rich", "yaml"}


def run_with_modules(*arguments: str) -> tuple[set[str], str, float]:
    code = (
        "import json, sys; from hypomask.cli.main import run; code = run(sys.argv[1:]); "
        "print(json.dumps(sorted({n.partition('.')[0] for n in sys.modules})), file=sys.stderr); sys.exit(code)"
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout, time.perf_counter() - started


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    modules, output, _ = run_with_modules("--help")
    assert not HEAVY & modules
    assert all(name in output for name in SUMMARIES)
    assert "130 interrupted" in output


def test_help_answers_within_a_second() -> None:
    assert min(run_with_modules("--help")[2] for _ in range(3)) < 1.0


@pytest.mark.parametrize("name", SUMMARIES)
def test_help_of_a_command_loads_nothing_heavy(name: str) -> None:
    modules, output, _ = run_with_modules(name, "--help")
    assert not HEAVY & modules
    assert f"Usage: hypomask {name}" in output


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_summary_in_the_list_is_the_first_line_of_the_commands_help(name: str) -> None:
    command = import_module(module_of(name)).command
    assert isinstance(command, click.Command)
    assert (command.help or "").split("\n\n")[0].replace("\n", " ").strip() == SUMMARIES[name]
    assert cli.get_command(click.Context(cli), name) is command


def test_examples_stand_in_the_help_as_they_are_to_be_typed() -> None:
    with_examples = set()
    for name in SUMMARIES:
        command = import_module(module_of(name)).command
        shown = command.get_help(click.Context(command, info_name=name)).splitlines()
        assert all(line.isprintable() and "\\b" not in line for line in shown)
        for example in command.examples:
            assert example.startswith(f"hypomask {name} ")
            assert f"  {example}" in shown
            with_examples.add(name)
    assert with_examples == {
        "compare",
        "compare-scores",
        "fetch",
        "genes",
        "init",
        "inspect",
        "knockout",
        "power",
        "schema",
        "simulate",
    }
