"""A small study on disk, and the folder of the fast learner where worker processes can import it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """A study of two hypotheses on 90 samples and 8 genes."""
    from small_study import write_study

    return write_study(tmp_path / "inputs")
