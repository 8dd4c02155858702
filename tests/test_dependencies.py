"""The one direction of dependencies that docs/ARCHITECTURE.md states, read from there and enforced."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hypomask"
# They stand outside the order: the version is a constant, and the top level only passes names on.
FREE = {"version", "__init__", "__main__"}


def stated_order() -> list[str]:
    """Packages from left to right, as written in ARCHITECTURE.md."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if re.match(r"`errors -> ", line))
    return [name.strip() for name in line.strip("`").split("->")]


def part_of(path: Path) -> str:
    """The package (or top-level module) that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(source: str, package: str) -> Iterator[tuple[str, int]]:
    """Every part of hypomask that `source` imports, inside functions and type checking blocks too, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "hypomask" else [base]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            names = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        else:
            continue
        for name in names:
            words = name.split(".")
            if words[0] == "hypomask" and len(words) > 1:
                yield words[1], node.lineno


def wrong_imports(path: Path, source: str, order: list[str]) -> list[str]:
    """Imports of `path` that point to the right, in words."""
    here = part_of(path)
    package = ".".join(path.relative_to(ROOT).parent.parts)
    allowed = order[: order.index(here) + 1]
    return [
        f"{path.relative_to(ROOT)}:{line} imports hypomask.{part}; {here} may import only: {', '.join(allowed)}"
        for part, line in imported_parts(source, package)
        if part in order and part not in allowed
    ]


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if part_of(path) not in FREE)


def test_every_package_has_a_place_in_the_stated_order() -> None:
    assert {part_of(path) for path in SOURCES} <= set(stated_order())


@pytest.mark.parametrize("part", stated_order())
def test_no_module_imports_a_package_to_its_right(part: str) -> None:
    order = stated_order()
    wrong = [
        problem
        for path in SOURCES
        if part_of(path) == part
        for problem in wrong_imports(path, path.read_text(encoding="utf-8"), order)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        "import hypomask.cli.main",
        "from hypomask.report import render",
        "from hypomask import cli",
        "def late():\n    from hypomask.execution.run import compare",
        "from ..execution import run",
        "from .. import report",
        "from importlib import import_module\nimport_module('hypomask.report.render')",
        "if TYPE_CHECKING:\n    from hypomask.execution.study import Study",
    ],
)
def test_an_import_to_the_right_is_found_wherever_it_hides(source: str) -> None:
    assert len(wrong_imports(PACKAGE / "data" / "example.py", source, stated_order())) == 1


@pytest.mark.parametrize("source", ["from hypomask.errors import DataError", "import numpy", "from . import cohort"])
def test_an_import_to_the_left_or_from_elsewhere_is_allowed(source: str) -> None:
    assert wrong_imports(PACKAGE / "data" / "example.py", source, stated_order()) == []
