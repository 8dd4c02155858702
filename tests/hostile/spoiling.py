"""Ways to spoil one file of a sound study. Each returns a function that does it in a given folder."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

Spoil = Callable[[Path], object]
Rows = list[list[str]]


def nothing(folder: Path) -> None:
    """Leave everything as it is: the command itself is hostile."""


def both(*spoils: Spoil) -> Spoil:
    """Do several things in turn."""

    def spoil(folder: Path) -> None:
        for each in spoils:
            each(folder)

    return spoil


def written(name: str, content: str | bytes) -> Spoil:
    """Write a file with this content."""
    return lambda folder: (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def replaced(name: str, old: str, new: str) -> Spoil:
    """Replace text in a file."""

    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text, f"the test is wrong: {old!r} is not in {name}"
        (folder / name).write_text(text.replace(old, new))

    return spoil


def study(old: str, new: str) -> Spoil:
    """Replace text in the study."""
    return replaced("study.yaml", old, new)


def hypotheses(body: str) -> Spoil:
    """Write another document of hypotheses, its version line included."""
    return written("hypotheses.yaml", f"hypomask: 1\n{body}")


def rows(name: str, change: Callable[[Rows], Rows]) -> Spoil:
    """Change the rows of a table, its header included."""

    def spoil(folder: Path) -> None:
        table = [line.split("\t") for line in (folder / name).read_text().splitlines()]
        (folder / name).write_text("".join("\t".join(row) + "\n" for row in change(table)))

    return spoil


def cell(name: str, row: int, column: int, value: str) -> Spoil:
    """Change one cell; row 0 is the header."""

    def change(table: Rows) -> Rows:
        table[row][column] = value
        return table

    return rows(name, change)


def column(name: str, at: int, value: Callable[[list[str]], str]) -> Spoil:
    """Change a column of a table, given the whole row."""
    return rows(name, lambda table: [table[0], *([*row[:at], value(row), *row[at + 1 :]] for row in table[1:])])


def recoded(name: str, encoding: str) -> Spoil:
    """Save a file in another encoding."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_text().encode(encoding))


def packed(name: str, damage: Callable[[bytes], bytes]) -> Spoil:
    """Pack a data file with gzip, damage it, and name it in the study."""

    def spoil(folder: Path) -> None:
        (folder / f"{name}.gz").write_bytes(damage(gzip.compress((folder / name).read_bytes())))
        study(name, f"{name}.gz")(folder)

    return spoil


def workbook(name: str) -> Spoil:
    """Write an Excel workbook under another name."""

    def spoil(folder: Path) -> None:
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>")

    return spoil


def sparse(name: str, size: int) -> Spoil:
    """Make a file of `size` bytes that takes no room on the disk."""

    def spoil(folder: Path) -> None:
        with (folder / name).open("r+b") as file:
            file.truncate(size)

    return spoil


def pipe(name: str) -> Spoil:
    """Put a named pipe in the place of a file; nobody writes to it."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return spoil


def link(name: str, target: str) -> Spoil:
    """Put a symbolic link in the place of a file."""

    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return spoil


def copy_of_phenotype(at: int) -> Spoil:
    """Make a gene that is 1 for cases and 0 for controls."""

    def spoil(folder: Path) -> None:
        status = dict(line.split("\t")[:2] for line in (folder / "samples.tsv").read_text().splitlines())
        column("expression.tsv", at, lambda row: str(int(status[row[0]] == "case")))(folder)

    return spoil
