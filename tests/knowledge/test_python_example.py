"""The example of `docs/KNOWLEDGE.md` in Python, run as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "KNOWLEDGE.md"


def test_the_page_draws_three_wirings_of_the_same_genes(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (shared_data / "knowledge").iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"## In Python\n.*?```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    reactome, collectri, both = (mask for mask, _ in names["masks"])
    assert reactome.genes == collectri.genes == both.genes == names["genes"]
    pairs = [set(mask.pair_keys.tolist()) for mask in (reactome, collectri, both)]
    assert pairs[2] == pairs[0] & pairs[1]
    assert 0 < len(pairs[2]) < len(pairs[1])
    assert all(coverage.steps for _, coverage in names["masks"])
