"""One thread, and the folder of random models where tests can import it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_limits

from hypomask.execution.run import compare
from hypomask.knockout.trained_run import TrainedRun, open_trained

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with a continuous phenotype whose models were kept."""
    from trained import write_study  # here: the folder is on the path only now

    folder = tmp_path_factory.mktemp("trained")
    compare(write_study(folder / "inputs"), folder / "run", jobs=1, device="cpu")
    return folder / "run"


@pytest.fixture(scope="session")
def trained_run(run_folder: Path) -> TrainedRun:
    """The same, opened."""
    return open_trained(run_folder)
