"""Which attention back end does the work may change last digits, never what a study says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_study import write_study

from hypomask.comparison.result import Comparison
from hypomask.execution.run import compare
from hypomask.execution.study import load_study
from hypomask.model.attention import BACK_ENDS

ON_THIS_MACHINE = [n for n, b in BACK_ENDS.items() if b.unavailable(torch.device("cpu")) is None]


def wiring(folder: Path) -> Path:
    study = write_study(folder, kind="continuous", n=240)
    # With four null masks the p value of a clear winner is at 0.05 after Holm.
    study.write_text(study.read_text().replace("nulls: 4", "nulls: 9"))
    return study


def membership(folder: Path) -> Path:
    study = write_study(folder, kind="binary", n=200)
    study.write_text(study.read_text() + "scope: members\n")
    (folder / "rivals.yaml").write_text(
        "hypomask: 1\nhypotheses:\n"
        "  - {name: truth, genes: [G0, G1, G2, G3], edges: [G0 -> G1, G2 -> G3]}\n"
        "  - {name: rival, genes: [G4, G6, G7], edges: [G4 -> G6]}\n"
    )
    return study


def nothing(folder: Path) -> Path:
    study = write_study(folder, kind="binary", n=120)
    lines = (folder / "samples.tsv").read_text().splitlines()
    names = [line.split("\t")[0] for line in lines[1:]]
    drawn = np.random.default_rng(3).permutation([line.split("\t")[1] for line in lines[1:]])
    rows = (f"{name}\t{response}" for name, response in zip(names, drawn, strict=True))
    (folder / "samples.tsv").write_text("\n".join([lines[0], *rows]) + "\n")
    return study


def judged(study: Path, back_end: str, out: Path) -> Comparison:
    by_name = study.with_name(f"study-{back_end}.yaml")
    by_name.write_text(study.read_text() + f"model: {{attention: {back_end}}}\n")
    return compare(load_study(by_name), out, jobs=1).comparison


@pytest.mark.slow
@pytest.mark.parametrize("write", [wiring, membership, nothing])
def test_the_verdict_is_the_same(write: Callable[[Path], Path], tmp_path: Path) -> None:
    assert len(ON_THIS_MACHINE) >= 2
    study = write(tmp_path / "inputs")
    said = {name: judged(study, name, tmp_path / name) for name in ON_THIS_MACHINE}
    first = said[ON_THIS_MACHINE[0]]
    for other in said.values():
        assert other.verdict.code == first.verdict.code
        assert {h.name: h.code for h in other.hypotheses} == {h.name: h.code for h in first.hypotheses}
        for a, b in zip(first.hypotheses, other.hypotheses, strict=True):
            assert a.skill == pytest.approx(b.skill, abs=2e-3)


@pytest.mark.slow
def test_the_three_studies_say_different_things(tmp_path: Path) -> None:
    codes = [
        judged(write(tmp_path / write.__name__), "auto", tmp_path / f"run-{write.__name__}").verdict.code
        for write in (wiring, membership, nothing)
    ]
    assert codes[0] == "best"
    assert len(set(codes)) >= 2
