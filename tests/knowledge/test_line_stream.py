"""Large packed tables, line by line: what is endless is refused before it is unpacked whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from hypomask.errors import KnowledgeError
from hypomask.knowledge import line_stream
from hypomask.knowledge.line_stream import LineStream


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a\tb\n" + b"\n" * 3_000_000, "is endless"),
        (b"a\tb\n" + b"x" * 3_000_000, "is endless"),
        (b"a\tb\n" + b"\0\n" * 1_500_000, "NUL"),
    ],
    ids=["line ends", "one line", "NUL bytes"],
)
def test_a_small_file_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, found: str
) -> None:
    monkeypatch.setattr(line_stream, "RATIO_COUNTS_FROM", 100_000)
    monkeypatch.setattr(line_stream, "MAX_LINE_LENGTH", 1_000_000)
    path = tmp_path / "links.txt.gz"
    path.write_bytes(gzip.compress(content))
    assert path.stat().st_size * 500 < 3_000_000
    with pytest.raises(KnowledgeError, match=found):
        for _ in LineStream(path):
            pass


def test_a_repetitive_table_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_stream, "RATIO_COUNTS_FROM", 100_000)
    path = tmp_path / "links.txt.gz"
    rows = "".join(f"GENE{i // 5_000}\tGO:0006281\n" for i in range(50_000))
    path.write_bytes(gzip.compress(rows.encode()))
    assert path.stat().st_size * 100 < len(rows)
    assert sum(1 for _ in LineStream(path)) == 50_000
