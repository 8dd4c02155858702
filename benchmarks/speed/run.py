"""How fast is masked training, against what, and how far from what this machine can do?

    python benchmarks/speed/run.py [--rounds 7] [--only operator,step,without,models,growth,study,memory]

Every table: float32, one thread, processor time, contenders take turns, medians of several rounds and in brackets the
spread. Where torch_geometric is installed its TransformerConv takes part. Finished tables are kept in `tables/`; all
there are go to RESULTS.md, so that one can be made again alone.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import argparse
import importlib.metadata
import platform
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from growth import growth_tables, memory_table  # noqa: E402
from limits import limits_table  # noqa: E402
from steps import dropout_table, models_table, operator_table, step_table, without_compiler_table  # noqa: E402
from studies import study_table  # noqa: E402

from hypomask.model.compiled import library  # noqa: E402

TABLES: dict[str, Sequence[Callable[[int], list[str]]]] = {
    "step": [step_table, dropout_table],
    "models": [models_table],
    "without": [without_compiler_table],
    "limits": [limits_table],
    "operator": [operator_table],
    "study": [study_table],
    "growth": [growth_tables],
    "memory": [memory_table],
}


def machine() -> str:
    """Return what the figures belong to."""
    packages = [f"torch {torch.__version__}", f"hypomask {importlib.metadata.version('hypomask')}"]
    if importlib.util.find_spec("torch_geometric"):
        packages.append(f"torch_geometric {importlib.metadata.version('torch_geometric')}")
    kernel = library.unavailable() or f"compiled, {library.kernel(torch.float32).lanes} samples at once"
    packages.append(f"kernel: {kernel}")
    return f"{platform.platform()}, {_processor()}, Python {platform.python_version()}, {', '.join(packages)}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default=",".join(TABLES))
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    folder = HERE / "tables"
    folder.mkdir(exist_ok=True)
    for name in options.only.split(","):
        lines = [line for table in TABLES[name] for line in table(options.rounds)]
        (folder / f"{name}.md").write_text("\n".join(lines), encoding="utf-8")
        print("\n".join(lines), flush=True)
    files = [folder / f"{name}.md" for name in TABLES]
    kept = [file.read_text(encoding="utf-8") for file in files if file.exists()]
    head = (
        "# Speed on a CPU\n\n`python benchmarks/speed/run.py`: float32, one thread, processor time, contenders take "
        f"turns, medians of {options.rounds} rounds (three where a call takes seconds), [least, most].\n\n{machine()}."
        "\n\nNo figure of a GPU exists yet.\n"
    )
    (HERE / "RESULTS.md").write_text("\n".join([head, *kept]), encoding="utf-8")


if __name__ == "__main__":
    main()
