"""What `hypomask doctor` looks at."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hypomask.data.memory import COPIES, available_memory
from hypomask.errors import HypomaskError
from hypomask.execution.processors import usable_processors
from hypomask.version import __version__

if TYPE_CHECKING:
    import torch

__all__ = ["Finding", "check_installation"]

NEEDED = (
    *("numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "statsmodels", "networkx"),
    *("PyYAML", "rich", "Jinja2", "pooch"),
)
OPTIONAL = {"anndata": ("AnnData files (.h5ad)", "pip install 'hypomask[anndata]'")}
# tokens, edges: a pathway, a signalling network, a genome under a regulatory network
TYPICAL_MASKS = ((30, 90), (300, 3_000), (10_000, 100_000))
TYPICAL_BATCH = 64
LEAST_FREE_BYTES = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing looked at: ``ok``, a ``note`` worth reading, or something to ``fix`` and how."""

    what: str
    state: Literal["ok", "note", "fix"]
    found: str
    mend: str = ""


def check_installation(device: str, out: Path) -> list[Finding]:
    """Look at everything; nothing is changed, except for a file that is written to `out` and removed again."""
    return [*_python(), *_packages(), *_torch(device), *_optional(), *_disk(out)]


def _python() -> Iterator[Finding]:
    yield Finding("hypomask", "ok", f"{__version__} in {Path(__file__).resolve().parents[1]}")
    fits = sys.version_info >= (3, 11)
    mend = "" if fits else "hypomask needs Python 3.11 or later"
    yield Finding("python", "ok" if fits else "fix", f"{platform.python_version()} on {platform.platform()}", mend)
    yield Finding("processors", "ok", f"{usable_processors()} usable: a run starts as many workers, one thread each")
    yield _memory()
    yield Finding("sqlite", "ok", sqlite3.sqlite_version)


def _memory() -> Finding:
    available = available_memory()
    if available is None:
        found = "the system does not say how much is free: measurements are streamed from disk only when asked for"
        return Finding("memory", "note", found, "'streaming: always' under 'data' of a study asks for it")
    gib = 2**30
    found = (
        f"{available / gib:.1f} GiB available: measurements of more than {available / COPIES / gib:.1f} GiB as float32"
    )
    return Finding("memory", "ok", f"{found} are streamed from disk")


def _packages() -> Iterator[Finding]:
    found, missing = [], []
    for name in NEEDED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield Finding("packages", "ok", ", ".join(found))
    if missing:
        yield Finding("missing packages", "fix", ", ".join(missing), f"pip install {' '.join(missing)}")


def _torch(device_name: str) -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:
        mend = "install PyTorch for this machine: https://pytorch.org/get-started/locally"
        yield Finding("torch", "fix", f"cannot be imported: {error}", mend)
        return
    yield Finding("torch", "ok", f"{torch.__version__}, {torch.get_num_threads()} threads")
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            device = torch.cuda.get_device_properties(index)
            memory = f"{device.total_memory / 2**30:.0f} GiB"
            yield Finding(f"cuda:{index}", "ok", f"{device.name}, {memory}, capability {device.major}.{device.minor}")
    else:
        built = (
            f"PyTorch is built for CUDA {torch.version.cuda}" if torch.version.cuda else "PyTorch is built without CUDA"
        )
        yield Finding("cuda", "note", f"no device ({built}); models are trained on the processor")
    chosen = _usable_device(device_name)
    if isinstance(chosen, Finding):
        yield chosen
    else:
        yield Finding("device", "ok", f"{device_name} -> {chosen}")
        yield from _attention(chosen)


def _usable_device(name: str) -> torch.device | Finding:
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.ones(2, device=device).sum().item()
    except (RuntimeError, AssertionError) as error:  # torch's own ways to say that there is no such device
        first = str(error).splitlines()[0]
        return Finding("device", "fix", f"{name!r} cannot be used: {first}", "choose --device cpu or auto")
    return device


def _attention(device: torch.device) -> Iterator[Finding]:
    from hypomask.model.attention import BACK_ENDS, choose_back_end

    usable = []
    for name, back_end in BACK_ENDS.items():
        reason = back_end.unavailable(device)
        if reason is None:
            usable.append(name)
        else:
            yield Finding(f"attention {name}", "note", f"not on {device}: {reason}")
    yield Finding("attention", "ok" if usable else "fix", f"available: {', '.join(usable) or 'none'}")
    for tokens, edges in TYPICAL_MASKS:
        density = (edges + tokens) / tokens**2
        try:
            name = choose_back_end(tokens, density, TYPICAL_BATCH, device)
        except HypomaskError as error:
            yield Finding("attention", "note", f"{tokens:,} tokens, {edges:,} edges: {error}")
        else:
            yield Finding("attention", "ok", f"{tokens:,} tokens, {edges:,} edges -> {name}")


def _optional() -> Iterator[Finding]:
    for name, (purpose, how) in OPTIONAL.items():
        if importlib.util.find_spec(name) is None:
            yield Finding(name, "note", f"not installed: needed for {purpose}", how)
        else:
            yield Finding(name, "ok", f"{version(name)}: {purpose}")


def _disk(out: Path) -> Iterator[Finding]:
    place = out.absolute()
    while not place.exists():  # the folder itself is made by the run
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".hypomask-doctor-") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        mend = "choose another folder with --out, or mend its permissions"
        yield Finding("output folder", "fix", f"{place}: cannot write: {error.strerror}", mend)
        return
    free = shutil.disk_usage(place).free
    state: Literal["ok", "note"] = "ok" if free >= LEAST_FREE_BYTES else "note"
    mend = "" if free >= LEAST_FREE_BYTES else "a large run can need more: predictions of every model are kept"
    yield Finding("output folder", state, f"{place}: writable, {free / 2**30:.1f} GiB free", mend)
