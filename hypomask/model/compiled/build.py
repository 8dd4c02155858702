"""Compile the kernel: one library per instruction set, beside this file.

    python -m hypomask.model.compiled.build

Needs the standard library alone, so that the build hook can run it before anything is installed. A library's name
carries a hash of the sources and flags: one that was built from other sources is not found, so it cannot be used by
mistake.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["LANES", "build", "library_path", "missing_libraries"]

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"

# No -ffast-math: it breaks the rounding that exp rests on, and turns on flush-to-zero for the whole process.
FLAGS = (
    *("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-exceptions", "-fno-rtti"),
    *("-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-psabi"),
)

# Bytes of a vector, and the flags of the machines that have such vectors; the first is the least machine of its kind.
LANES: dict[int, tuple[str, ...]] = (
    {16: (), 32: ("-march=x86-64-v3",), 64: ("-march=x86-64-v4", "-mprefer-vector-width=512")}
    if platform.machine().lower() in {"x86_64", "amd64"}
    else {16: ()}
)

COMPILERS = ("c++", "g++", "clang++")


def library_path(lanes: int) -> Path:
    """Return where the library with vectors of `lanes` bytes is, or would be."""
    digest = hashlib.sha256(repr((FLAGS, LANES[lanes])).encode())
    for source in sorted(SOURCE.iterdir()):
        digest.update(source.read_bytes())
    return HERE / f"kernel-{digest.hexdigest()[:12]}-{lanes}.so"


def missing_libraries() -> list[int]:
    """Return the vectors, in bytes, for which there is no library of the present sources."""
    return [lanes for lanes in LANES if not library_path(lanes).exists()]


def build() -> str | None:
    """Compile what is missing and remove what is out of date; return None, or why nothing could be compiled."""
    wanted = {library_path(lanes): lanes for lanes in missing_libraries()}
    compiler = _compiler()
    if wanted and compiler is None:
        return f"there is no C++ compiler (looked for $CXX, {', '.join(COMPILERS)})"
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".build-") as folder:
        running: list[tuple[list[str], subprocess.Popen[str]]] = []
        for path, lanes in wanted.items():
            command = [*(compiler or ()), *FLAGS, *LANES[lanes], f"-DLANE_BYTES={lanes}"]
            command += [str(SOURCE / "kernel.cpp"), str(SOURCE / "cpu.cpp"), "-o", str(Path(folder) / path.name)]
            running.append((command, subprocess.Popen(command, stderr=subprocess.PIPE, text=True)))  # noqa: S603
        finished = [(command, process, process.communicate()[1]) for command, process in running]
        for command, process, said in finished:
            if process.returncode:
                return f"{shlex.join(command)} ended with {process.returncode}:\n{said[-2000:]}"
        for path in wanted:  # whole or not at all, also when two builds run at the same time
            (Path(folder) / path.name).replace(path)
    current = {library_path(lanes) for lanes in LANES}
    for path in HERE.glob("kernel-*.so"):
        if path not in current:
            path.unlink(missing_ok=True)
    return None


def _compiler() -> list[str] | None:
    if os.environ.get("CXX"):
        return shlex.split(os.environ["CXX"])
    found = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    return [found] if found and os.name == "posix" else None


if __name__ == "__main__":
    problem = build()
    print(problem or "\n".join(str(library_path(lanes)) for lanes in LANES))  # noqa: T201
    sys.exit(problem is not None)
