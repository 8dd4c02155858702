"""What a run was made with: versions, machine, command; for `environment.json`, never for results."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import hypomask
from hypomask.version import __version__

__all__ = ["code_versions", "describe_environment", "git_commit"]

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "statsmodels", "pandas", "pyarrow", "networkx")


def describe_environment() -> dict[str, Any]:
    """Return versions, platform, processor count, command line and, for a source checkout, the git commit."""
    return {
        "hypomask": __version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "packages": {name: _version_of(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": platform.machine(),
        "processors": os.cpu_count(),
        "command_line": sys.argv,
        "working_directory": os.getcwd(),
    }


def code_versions(device: str) -> str:
    """Return what decides the last digits of a number, in a line."""
    packages = ", ".join(f"{name} {_version_of(name)}" for name in ("torch", "numpy", "scipy", "scikit-learn"))
    return f"hypomask {__version__}, {packages}, device {device}"


def git_commit() -> str | None:
    """Return the commit of the checkout that hypomask is imported from (``+changes`` when edited), or None."""
    root = Path(hypomask.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    return f"{commit}+changes" if _git(root, "status", "--porcelain", "--", "hypomask") else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 (fixed program and arguments)
            ["git", "-C", str(root), *arguments],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
