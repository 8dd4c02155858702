"""How much memory and time does one training take whose cohort is streamed from disk, and one that is held in memory?

    python benchmarks/streaming/run.py [--cells 60000] [--genes 6000] [--streamed-only] [--limit GB] [--folder DIR]

Makes a cohort like a single-cell atlas: an .h5ad file by rows, one value in ten above 0, a binary phenotype that
products along the edges of a hypothesis explain. Then, in a process of its own with one thread, reads and checks it,
standardises a fold, fits the additive part and trains one job, once in memory and once streamed, and adds lines to
RESULTS.md. Memory is read every 20 ms from /proc (Linux): what a process has for itself (RssAnon), which nobody can
take from it, and pages of files (RssFile), which the system takes back when it needs the memory. With --limit the
process may have no more than that for itself (RLIMIT_DATA): what asks for more is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from anndata.io import write_elem

import hypomask
from hypomask.data.memory import COPIES, available_memory
from hypomask.data.standardize import prepare_fold
from hypomask.execution.jobs import hypothesis_model
from hypomask.execution.one_thread import one_thread, one_thread_environment
from hypomask.execution.prepare import prepare
from hypomask.execution.study import load_study
from hypomask.training.job import fit_fold

NAMED, EDGES, MATTERING = 300, 600, 40
CELLS_AT_ONCE = 5_000
STUDY = """\
hypomask: 1
name: {name}
data:
  channels: {{rna: {data}}}
  phenotype: response
  streaming: {streaming}
hypotheses: [{hypotheses}]
plan: {{folds: 3, repeats: 1, nulls: 0, genes: named}}
"""
HEAD = """\
# Cohorts streamed from disk

`python benchmarks/streaming/run.py`: one training of one hypothesis ({named} genes, {edges} edges, two thirds of the
cells) on one thread. GB that the process had for itself at most in each stage, and seconds; "all values" are those of
all genes as float32.

| cells x genes | all values | measurements | reading and checks | a fold standardised | additive part and training | \
pages of files | log loss of the cells held out | machine |
|---|---|---|---|---|---|---|---|---|
"""


def write_cohort(path: Path, n_cells: int, n_genes: int) -> list[tuple[int, int]]:
    """Write the cohort some cells at a time; return the edges that matter."""
    rng = np.random.default_rng(0)
    edges = [tuple(pair) for pair in rng.permutation(NAMED)[: 2 * MATTERING].reshape(-1, 2).tolist()]
    responses = []
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (n_cells, n_genes)})
        for name, kind in (("data", "f4"), ("indices", "i4")):
            x.create_dataset(name, (0,), maxshape=(None,), dtype=kind, chunks=(1 << 20,))
        starts = [np.zeros(1, np.int64)]
        for first in range(0, n_cells, CELLS_AT_ONCE):
            n = min(CELLS_AT_ONCE, n_cells - first)
            named = np.log1p(rng.poisson(1.5, (n, NAMED))).astype(np.float32)
            others = sp.random(n, n_genes - NAMED, 0.1, "csr", np.float32, rng)
            block = sp.hstack([sp.csr_matrix(named), others], "csr")
            centred = named - named.mean(axis=0)
            signal = 2 * sum(centred[:, a] * centred[:, b] for a, b in edges) + centred[:, :20].sum(axis=1)
            noise = rng.logistic(0, 1.5, n)
            responses += np.where(signal + noise > 0, "yes", "no").tolist()
            end = int(starts[-1][-1])
            for name, values in (("data", block.data), ("indices", block.indices)):
                x[name].resize((end + block.nnz,))
                x[name][end:] = values
            starts.append(end + block.indptr[1:].astype(np.int64))
        x["indptr"] = np.concatenate(starts)
        names = pd.Index([f"cell{i}" for i in range(n_cells)])
        write_elem(file, "obs", pd.DataFrame({"response": pd.Categorical(responses)}, index=names))
        write_elem(file, "var", pd.DataFrame(index=[f"G{j}" for j in range(n_genes)]))
    return edges


def write_hypotheses(path: Path, edges: list[tuple[int, int]]) -> None:
    """Write the truth, with many edges that do not matter, and a rival that has none that do."""
    rng = np.random.default_rng(1)
    lines = ["hypomask: 1", "hypotheses:"]
    for name, kept in (("truth", edges), ("rival", [])):
        drawn = {tuple(pair) for pair in rng.integers(0, NAMED, (3 * EDGES, 2)).tolist() if pair[0] != pair[1]}
        drawn -= {*edges, *((b, a) for a, b in edges)}
        chosen = [*kept, *sorted(drawn)[: EDGES - len(kept)]]
        genes = ", ".join(f"G{j}" for j in range(NAMED))
        lines += [f"  - name: {name}", f"    genes: [{genes}]"]
        lines += [f"    edges: [{', '.join(f'G{a} -> G{b}' for a, b in chosen)}]"]
    path.write_text("\n".join(lines) + "\n")


class Watch:
    """Follows the memory of this process, stage by stage."""

    def __init__(self) -> None:
        self.own: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.files = 0.0
        self._stage = "start"
        self._stop = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while not self._stop.wait(0.02):
            parts = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
            sizes = {name: int(rest.split()[0]) / 1e6 for name, _, rest in parts if name.startswith("Rss")}
            self.own[self._stage] = max(self.own.get(self._stage, 0.0), sizes["RssAnon"])
            self.files = max(self.files, sizes["RssFile"])

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Everything within is of this stage."""
        self._stage, started = name, time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
        self._stage = f"after {name}"


def child(study: Path, limit: float) -> None:
    """Train one job, and print what the parent wants to know."""
    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit * 1e9), int(limit * 1e9)))
    watch = Watch()
    with watch.stage("reading"):
        prepared = prepare(load_study(study), scratch=study.parent)
    cohort, plan = prepared.cohort, prepared.study
    cache = {}
    with watch.stage("fold"):
        train, test = prepared.folds.split(0, 0)
        cache["data", 0, 0] = prepare_fold(cohort, train, test)
    with watch.stage("training"), one_thread():
        fit = fit_fold(
            cohort,
            prepared.masks[hypothesis_model("truth")],
            prepared.folds,
            0,
            0,
            model=plan.model,
            training=plan.training,
            study_seed=0,
            additive_cache=cache,
        )
    loss = cohort.phenotype.family.losses(fit.eta_full, cohort.phenotype.values[test]).mean()
    how = "in memory" if cohort.streamed is None else "streamed from disk"
    print(json.dumps({"own": watch.own, "files": watch.files, "seconds": watch.seconds, "loss": loss, "how": how}))


def shown(study: Path, streaming: str, limit: float) -> list[str]:
    """Train in a process of its own; return the cells of the table that tell how it went."""
    arguments = [sys.executable, __file__, "--child", str(study), "--limit", str(limit)]
    done = subprocess.run(arguments, env=one_thread_environment(), capture_output=True, text=True, check=False)
    how = {"never": "in memory", "always": "streamed from disk"}[streaming]
    how += f", limited to {limit:g} GB" if limit else ""
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        return [how, f"**{last.partition('.h5ad: ')[2] or last}**", "", "", "", ""]
    found = json.loads(done.stdout)
    stages = [
        f"{found['own'][name]:.1f} GB, {found['seconds'][name]:.0f} s" for name in ("reading", "fold", "training")
    ]
    return [how, *stages, f"{found['files']:.1f} GB", f"{found['loss']:.4f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=60_000)
    parser.add_argument("--genes", type=int, default=6_000)
    parser.add_argument("--streamed-only", action="store_true", help="what is too large for memory")
    parser.add_argument("--limit", type=float, default=0.0, help="GB that a process may have for itself; 0: no limit")
    parser.add_argument("--folder", type=Path, help="where the cohort is written; a temporary folder when left out")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.limit)
        return
    results = Path(__file__).with_name("RESULTS.md")
    if not results.exists():
        results.write_text(HEAD.format(named=NAMED, edges=EDGES))
    size, available = 4 * options.cells * options.genes / 1e9, (available_memory() or 0) / 1e9
    print(f"{size:.1f} GB as float32; streamed by itself from {available / COPIES:.1f} GB on", flush=True)
    machine = (
        f"{os.cpu_count()} cores, {available:.0f} GB available, {platform.platform(terse=True)}, Python "
        f"{platform.python_version()}, torch {torch.__version__}, hypomask {hypomask.__version__}"
    )
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        edges = write_cohort(folder / "atlas.h5ad", options.cells, options.genes)
        write_hypotheses(folder / "rivals.yaml", edges)
        for streaming in ("always",) if options.streamed_only else ("never", "always"):
            study = folder / f"{streaming}.yaml"
            study.write_text(
                STUDY.format(name=streaming, data="atlas.h5ad", streaming=streaming, hypotheses="rivals.yaml")
            )
            cells = shown(study, streaming, options.limit)
            cells = [f"{options.cells:,} x {options.genes:,}", f"{size:.1f} GB", *cells, machine]
            print(cells, flush=True)
            with results.open("a") as file:
                file.write("| " + " | ".join(cells) + " |\n")


if __name__ == "__main__":
    main()
