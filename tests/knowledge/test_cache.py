"""Where the cache lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypomask.errors import KnowledgeError
from hypomask.knowledge.cache import CACHE_VARIABLE, cache_folder


def test_the_variable_says_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "not yet there"))
    assert cache_folder() == tmp_path / "not yet there"
    assert not cache_folder().exists()


def test_home_and_relative_folders_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, "~/knowledge")
    assert cache_folder() == tmp_path / "knowledge"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, "here")
    assert cache_folder() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_the_variable_it_is_the_platforms_place(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(CACHE_VARIABLE, value)
    assert cache_folder().is_absolute()
    assert cache_folder().name in {"hypomask", "Cache"}


def test_a_file_in_its_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(KnowledgeError, match="HYPOMASK_CACHE names a file, expected a folder"):
        cache_folder()
