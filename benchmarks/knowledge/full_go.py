"""How long a whole Gene Ontology takes from its files to a mask, and how much memory.

Files of the real size are made first (`generate_go.py`, in one go and without a network). Then three new processes:
the files read for the first time ("cold"), the same out of the cache ("warm"), and goatools doing its part of it.
Every process reads ontology and annotations, chooses one branch, and compiles it into the mask of a hierarchy.

python benchmarks/knowledge/full_go.py [FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate_go import write_go

HERE = Path(__file__).resolve().parent
GOATOOLS = """
import json, re, sys, time
started = time.perf_counter()
from goatools.obo_parser import GODag
from goatools.anno.gaf_reader import GafReader
dag = GODag(sys.argv[1], optional_attrs={"relationship"}, prt=None)
ontology = time.perf_counter() - started
genes = GafReader(sys.argv[2], prt=None, godag=dag).get_id2gos_nss(prt=None)
memory = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1e3
whole = {"all": time.perf_counter() - started, "processor": time.process_time(), "megabytes": memory}
print(json.dumps({"ontology": ontology, **whole}))
"""


def to_mask(obo: Path, gaf: Path) -> dict[str, float]:
    """Read, choose the branch with about 2,000 genes, and compile it; seconds from before the first import."""
    started = time.perf_counter()
    from hypomask.knowledge.annotations import AnnotationFilter
    from hypomask.knowledge.term_sources import read_terms
    from hypomask.masks.compile import compile_mask

    marks = {"imports": time.perf_counter() - started}
    terms = read_terms(obo, annotations=gaf, chosen=AnnotationFilter(taxon=9606))
    marks["read"] = time.perf_counter() - started
    root = terms.find("biological_process")
    branch = min(terms.children(root), key=lambda term: abs(len(terms.genes_of(term)) - 2_000))
    chosen = terms.select(below=branch, min_genes=5)
    hypothesis = terms.as_hypothesis(chosen, expansion="hierarchy", name="branch")
    mask, _ = compile_mask(hypothesis, hypothesis.genes, n_layers=3)
    marks["all"] = time.perf_counter() - started
    return {
        **marks,
        "processor": time.process_time(),
        "megabytes": peak_megabytes(),
        "terms": len(terms),
        "links": len(terms.links),
        "annotations": terms.n_annotations,
        "branch_terms": len(chosen),
        "genes": mask.n_genes,
        "entries": mask.n_edges,
    }


def peak_megabytes() -> float:
    """Return the most memory this process had (Linux). Not `ru_maxrss`: a child begins with its parent's."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1e3 if found else float("nan")


def measure(command: list[str], cache: Path) -> dict[str, float]:
    environment = {**os.environ, "HYPOMASK_CACHE": str(cache)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def main(folder: Path) -> None:
    obo, gaf = folder / "go.obo", folder / "go.gaf"
    if not obo.exists() or not gaf.exists():
        write_go(folder)
    own = [sys.executable, __file__, "--one", str(obo), str(gaf)]
    with tempfile.TemporaryDirectory() as cache:
        rows = [("cold", measure(own, Path(cache)))]
        rows += [("warm", measure(own, Path(cache))) for _ in range(3)]
    try:
        rows.append(("goatools", measure([sys.executable, "-c", GOATOOLS, str(obo), str(gaf)], folder)))
    except subprocess.CalledProcessError as fault:
        print("goatools:", fault.stderr.splitlines()[-1])
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors")
    for name, numbers in rows:
        print(name, {key: round(value, 2) for key, value in numbers.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(tempfile.gettempdir()) / "hypomask-full-go")
    parser.add_argument("--one", nargs=2, type=Path, metavar=("OBO", "GAF"), help="measure this process alone")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(to_mask(*options.one)))
    else:
        options.folder.mkdir(parents=True, exist_ok=True)
        main(options.folder)
