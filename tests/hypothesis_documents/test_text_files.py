from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from hypomask.errors import ConfigError, HypothesisError
from hypomask.hypothesis.text_files import read_text


def written(folder: Path, data: bytes, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_text_keeps_its_content_and_the_hash_of_its_bytes(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfTP53\r\n\xce\xb1"
    content = read_text(written(tmp_path, data), error=HypothesisError)
    assert content.text == "TP53\r\nα"
    assert content.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"abc\nna\xefve", r"file.txt:2: byte 6 is 0xEF, which is not UTF-8"),
        (b"\xef\xbb\xbfa\n\n\xff", r"file.txt:3: byte 6 is 0xFF"),
        (b"\xff\xfea\0b\0", "UTF-16"),
        (b"abc\0def", "byte 3 is NUL"),
        (b"PK\x03\x04....", "Excel workbook"),
        (b"\n <!DOCTYPE html><html>", "is an HTML page"),
        (b"<html lang='en'>", "is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a Git LFS pointer"),
        (b"\x1f\x8bxx", "is gzip-compressed"),
    ],
)
def test_damage_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(HypothesisError, match=message):
        read_text(written(tmp_path, data), error=HypothesisError)


def test_error_class_is_the_callers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is empty"):
        read_text(written(tmp_path, b""), error=ConfigError)


def test_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    written(tmp_path, b"x", "regulons.tsv")
    with pytest.raises(HypothesisError, match=r"no such file. Did you mean 'regulons.tsv'\?"):
        read_text(tmp_path / "regulon.tsv", error=HypothesisError)
    with pytest.raises(HypothesisError, match="no such file"):
        read_text(tmp_path / "nowhere" / "regulon.tsv", error=HypothesisError)


def test_folder_and_impossible_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HypothesisError, match="is a folder"):
        read_text(tmp_path, error=HypothesisError)
    with pytest.raises(HypothesisError, match="cannot be read"):
        read_text(tmp_path / "a\0b", error=HypothesisError)
    with pytest.raises(HypothesisError, match="cannot be read"):
        read_text(tmp_path / ("a" * 5000), error=HypothesisError)


def test_too_large_a_file_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    with path.open("wb") as stream:
        stream.truncate(60_000_000)
    with pytest.raises(HypothesisError, match="larger than 50 MB"):
        read_text(path, error=HypothesisError)


def test_gzip_is_told_by_its_bytes_and_bounded_when_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(b"source\ttarget\n"), "edges.tsv")
    assert read_text(path, error=HypothesisError, allow_gzip=True).text == "source\ttarget\n"
    bomb = written(tmp_path, gzip.compress(bytes(3_000_000)), "bomb.gz")
    with pytest.raises(HypothesisError, match="unpacks to more than 2 MB"):
        read_text(bomb, error=HypothesisError, max_bytes=2_000_000, allow_gzip=True)


@pytest.mark.parametrize("cut", [5, 15, 25])
def test_cut_off_gzip_is_named(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path, gzip.compress(b"source\ttarget\nTP53\tMDM2\n")[:cut], "edges.tsv.gz")
    with pytest.raises(HypothesisError, match="damaged gzip data"):
        read_text(path, error=HypothesisError, allow_gzip=True)
