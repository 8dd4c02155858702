"""A small study in a folder of its own, and the command line to run on it; nothing may hang."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hypomask.cli.main import run

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)

SECONDS = 60


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _nothing_hangs() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise TimeoutError(f"still busy after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def hypomask(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return a function that runs `hypomask ARGUMENTS` in this process."""

    def call(*arguments: object) -> Ran:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a study of 60 samples and 5 genes that is sound until a test spoils it."""
    from sound_study import make_study

    return make_study(tmp_path, monkeypatch)
