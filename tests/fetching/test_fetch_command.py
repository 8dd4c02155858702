"""`hypomask fetch` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from local_server import TEXT, Server, sends

from hypomask.cli.main import run
from hypomask.knowledge.fetching.manifest import Manifest

Make = Callable[..., Manifest]


@pytest.fixture
def hypomask(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line; return exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_list_says_versions_dates_licences_and_what_is_here(hypomask: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = hypomask("fetch", "--list")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("go "))
    assert row.split()[:5] == ["go", "2026-08-05", "2026-08-05", "32", "MB"]
    assert "CC BY 4.0" in row
    assert next(line for line in out.splitlines() if line.startswith("dorothea")).split()[1] == "newest"
    assert "* has terms to accept" in out
    found = json.loads(hypomask("fetch", "--list", "--json", "hgnc")[1])
    assert [source["name"] for source in found["sources"]] == ["hgnc"]
    assert found["sources"][0]["fetched"] is None


def test_fetch_prints_version_and_place_and_verify_finds_damage(
    hypomask: Callable[..., tuple[int, str, str]], manifest_of: Make, server: Server, tmp_path: Path, cache: Path
) -> None:
    manifest_of()
    options = ("--manifest", tmp_path / "manifest.yaml")
    code, out, err = hypomask("fetch", "thing", *options)
    path = cache / "fetched" / "thing" / "1.0" / "thing.obo"
    assert (code, out) == (0, f"thing 1.0 (released 2026-01-02): {path}\n")
    assert err == f"thing: downloading {server.url}/release-1/thing.obo\n"
    assert hypomask("fetch", "--verify")[:2] == (0, "thing 1.0: ok (checksum of the manifest)\n")
    assert "since 20" in hypomask("fetch", "--list", *options)[1]
    path.write_bytes(TEXT[:-1] + b"x")
    code, out, err = hypomask("fetch", "--verify")
    assert code == 5
    assert "has been changed: its sha256 is not the recorded one" in out
    assert "run: hypomask fetch thing" in err
    path.write_bytes(b"")
    assert "damaged" in hypomask("fetch", "--list", *options)[1]


def test_one_that_fails_does_not_stop_the_others(
    hypomask: Callable[..., tuple[int, str, str]], manifest_of: Make, tmp_path: Path
) -> None:
    manifest_of()
    code, out, err = hypomask("fetch", "kegg", "thing", "thong", "--manifest", tmp_path / "manifest.yaml")
    assert code == 5
    assert "thing 1.0" in out
    assert "error: 'kegg' is never fetched" in err
    assert "nothing named 'thong'" in err


def test_terms_are_accepted_by_name(
    hypomask: Callable[..., tuple[int, str, str]], manifest_of: Make, tmp_path: Path
) -> None:
    manifest_of(consent="Read this.")
    options = ("--manifest", tmp_path / "manifest.yaml")
    code, _, err = hypomask("fetch", "thing", *options)
    assert code == 5
    assert "Read this. If you agree: hypomask fetch thing --accept-licence thing" in err
    assert hypomask("fetch", "thing", "--accept-licence", "thong", *options)[0] == 2
    assert hypomask("fetch", "thing", "--accept-licence", "thing", *options)[0] == 0


def test_offline_and_folders(
    hypomask: Callable[..., tuple[int, str, str]], manifest_of: Make, server: Server, tmp_path: Path
) -> None:
    manifest_of()
    options = ("--manifest", tmp_path / "manifest.yaml", "--offline")
    assert hypomask("fetch", "thing", *options)[0] == 5
    (tmp_path / "thing.obo").write_bytes(TEXT)
    code, out, _ = hypomask("fetch", "thing", "--from", tmp_path, *options, "--json")
    assert code == 0
    assert json.loads(out)[0]["origin"] == str(tmp_path / "thing.obo")
    assert server.asked == []


def test_wrong_content_exits_as_a_missing_resource(
    hypomask: Callable[..., tuple[int, str, str]], manifest_of: Make, server: Server, tmp_path: Path
) -> None:
    manifest_of()
    server.script = [sends(b"<html>")]
    code, out, err = hypomask("fetch", "thing", "--manifest", tmp_path / "manifest.yaml")
    assert (code, out) == (5, "")
    assert "error: thing: got an HTML page, expected thing.obo" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "name what to fetch: go, "),
        (("--list", "--verify"), 2, "ask one of them"),
        (("--list", "goo"), 5, "Did you mean 'go'"),
        (("--verify",), 0, ""),
        (("--verify", "go"), 5, "not there: go; run: hypomask fetch go"),
        (("--manifest", "/nowhere.yaml", "go"), 3, "no such file"),
    ],
)
def test_misuse_is_named(
    hypomask: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], code: int, message: str
) -> None:
    found, _, err = hypomask("fetch", *arguments)
    assert found == code
    assert message in err
