"""The cache holds whole and right files only, whoever puts them there and however often."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from local_server import TEXT, Server, good, sends, status, zipped

from hypomask.errors import FetchError
from hypomask.knowledge.fetching import fetch as fetch_module
from hypomask.knowledge.fetching.fetch import FetchOptions, fetch
from hypomask.knowledge.fetching.manifest import Manifest
from hypomask.knowledge.fetching.store import (
    fetched_names,
    fetched_path,
    find_record,
    provenance_lines,
    version_folder,
    whats_wrong,
)

Make = Callable[..., Manifest]

WRONG_CONTENT = [
    ("thing.obo", b"<!DOCTYPE html><html>Please log in</html>", "got an HTML page"),
    ("thing.obo", b"\n\n  <html lang=en>", "got an HTML page"),
    ("thing.obo", b"\xef\xbb\xbf<HTML>", "got an HTML page"),
    ("thing.obo", b'<?xml version="1.0"?><html xmlns="x">', "got an HTML page"),
    ("thing.obo", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "got a Git LFS pointer"),
    ("thing.obo", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a message in XML .*AccessDenied"),
    ("thing.obo", b"<Error><Code>NoSuchKey</Code></Error>", "a message in XML"),
    ("thing.obo", b'{"error": "rate limit"}', "a message in JSON .*rate limit"),
    ("thing.obo", b"", "got an empty file"),
    ("thing.obo", b" \n\n ", "got an empty file"),
    ("thing.obo", b"hello world", "begins with 'hello world', expected a line that begins with 'format-version:'"),
    ("thing.obo", gzip.compress(TEXT, mtime=0), "is packed with gzip, which its name does not say"),
    ("thing.gz", b"<html>", "got an HTML page"),
    ("thing.gz", TEXT, "is not sound gzip data"),
    ("thing.gz", gzip.compress(TEXT, mtime=0)[:-20], "ends too early"),
    (
        "thing.gz",
        gzip.compress(TEXT, mtime=0)[:-6] + b"\0\0" + gzip.compress(TEXT, mtime=0)[-4:],
        "is not sound gzip data",
    ),
    ("thing.gz", gzip.compress(b"<html>", mtime=0), "got an HTML page"),
    ("thing.gz", gzip.compress(b"something else", mtime=0), "begins with 'something else'"),
    ("thing.gz", gzip.compress(b"", mtime=0), "got an empty file"),
    ("thing.zip", TEXT, "is not a sound zip archive"),
    ("thing.zip", zipped("thing.obo", TEXT)[:-30], "is not a sound zip archive"),
    ("thing.zip", zipped("other.obo", TEXT), "holds 0 files 'thing.obo', expected one; it has other.obo"),
    ("thing.zip", zipped("thing.obo", b"<html>"), "got an HTML page"),
]


@pytest.mark.parametrize(("file", "body", "message"), WRONG_CONTENT)
def test_what_is_not_the_file_is_refused_by_name(
    server: Server, manifest_of: Make, options: FetchOptions, cache: Path, file: str, body: bytes, message: str
) -> None:
    server.script = [sends(body)]
    member = "thing.obo" if file.endswith(".zip") else None
    manifest = manifest_of(url=f"{server.url}/{file}", sha256=None, member=member)
    with pytest.raises(FetchError, match=message):
        fetch("thing", options, manifest)
    assert find_record("thing", manifest=manifest) is None
    assert [path.name for path in cache.rglob("*") if path.is_file()] == [".lock"]


def test_a_comment_before_the_expected_start_is_no_fault(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.body = b"# made by hand\n# on a monday\n" + TEXT
    assert fetch("thing", options, manifest_of()).n_bytes == len(server.body)


def test_a_zip_archive_is_unpacked_and_both_checksums_are_known(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.body = zipped("folder/thing.obo", TEXT)
    record = fetch("thing", options, manifest_of(url=f"{server.url}/thing.obo.zip", member="thing.obo"))
    assert record.path.name == "thing.obo"
    assert record.path.read_bytes() == TEXT
    assert record.sha256 != record.download_sha256
    assert sorted(path.name for path in record.path.parent.iterdir()) == ["record.json", "thing.obo"]


def test_another_file_than_the_manifests_is_refused_and_forgotten(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    manifest = manifest_of()
    server.body = TEXT.replace(b"GO:0000001", b"GO:9999999")
    with pytest.raises(
        FetchError, match=r"is not version 1.0: SHA256 hash .* does not match .*damaged or another version"
    ):
        fetch("thing", options, manifest)
    server.body = TEXT
    assert fetch("thing", options, manifest).path.read_bytes() == TEXT


# trust on first use


def test_without_a_known_checksum_the_first_download_decides(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    manifest = manifest_of(sha256=None)
    record = fetch("thing", options, manifest)
    assert record.checked == "first use"
    record.path.unlink()
    server.body = TEXT.replace(b"GO:0000001", b"GO:9999999")
    with pytest.raises(FetchError, match=r"not what was fetched on \d{4}-\d\d-\d\d, .*delete .* and fetch again"):
        fetch("thing", options, manifest)
    server.body = TEXT
    assert fetch("thing", options, manifest).path.read_bytes() == TEXT


def test_a_damaged_file_is_fetched_again_and_said(
    server: Server, manifest_of: Make, options: FetchOptions, told: list[str]
) -> None:
    record = fetch("thing", options, manifest_of())
    record.path.write_bytes(TEXT[:-1] + b"x")
    assert whats_wrong(record) == ""
    assert "has been changed" in whats_wrong(record, thorough=True)
    fetch("thing", options, manifest_of())
    assert record.path.read_bytes() == TEXT
    assert sum("has been changed" in line for line in told) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "thing"}', '{"name": 5}'])
def test_a_damaged_record_counts_as_not_fetched(
    server: Server, manifest_of: Make, options: FetchOptions, text: str
) -> None:
    record = fetch("thing", options, manifest_of())
    (record.path.parent / "record.json").write_text(text)
    assert find_record("thing", version="1.0") is None
    assert fetch("thing", options, manifest_of()) == record


def test_a_record_cannot_lead_out_of_the_cache(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    record = fetch("thing", options, manifest_of())
    path = record.path.parent / "record.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "file": "../../../../secret"}))
    assert find_record("thing", version="1.0") is None
    path.write_text(json.dumps({**values, "version": "../.."}))
    assert find_record("thing", version="1.0") is None


# moving addresses


def test_a_moving_address_has_the_day_as_version_and_keeps_earlier_days(
    server: Server, manifest_of: Make, options: FetchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = manifest_of(version=None, moving=True, sha256=None)
    monkeypatch.setattr(fetch_module, "_today", lambda: "2026-03-01")
    first = fetch("thing", options, manifest)
    monkeypatch.setattr(fetch_module, "_today", lambda: "2026-04-01")
    assert fetch("thing", options, manifest) == first
    server.body = TEXT + b"\n"
    second = fetch("thing", replace(options, update=True), manifest)
    assert (first.version, second.version) == ("2026-03-01", "2026-04-01")
    assert fetched_path("thing") == second.path
    assert fetched_path("thing", "2026-03-01").read_bytes() == TEXT
    assert fetched_names() == (("thing", "2026-03-01"), ("thing", "2026-04-01"))


def test_an_update_that_fails_leaves_what_was_there(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    manifest = manifest_of(version=None, moving=True, sha256=None)
    record = fetch("thing", options, manifest)
    server.script = [sends(b"<html>")]
    with pytest.raises(FetchError):
        fetch("thing", replace(options, update=True), manifest)
    assert fetched_path("thing") == record.path
    assert whats_wrong(record, thorough=True) == ""


# what readers ask


def test_readers_are_told_the_command_to_run() -> None:
    with pytest.raises(FetchError, match=r"^go has not been fetched; run: hypomask fetch go$"):
        fetched_path("go")
    with pytest.raises(FetchError, match="Did you mean 'go'"):
        fetched_path("goo")
    with pytest.raises(FetchError, match="never fetched"):
        fetched_path("kegg")


def test_readers_are_told_of_a_file_that_is_gone_or_short(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    record = fetch("thing", options, manifest_of())
    assert fetched_path("thing") == record.path
    record.path.write_bytes(b"short")
    with pytest.raises(FetchError, match=r"has 5 bytes, was fetched with .*; run: hypomask fetch thing"):
        fetched_path("thing")
    record.path.unlink()
    with pytest.raises(FetchError, match="is not there; run: hypomask fetch thing"):
        fetched_path("thing")


def test_a_version_that_is_not_there_names_those_that_are(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    fetch("thing", options, manifest_of())
    with pytest.raises(FetchError, match=r"version 2 has not been fetched \(here are: 1.0\)"):
        fetched_path("thing", "2")


def test_provenance_says_version_dates_checksum_licence_and_citation(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    record = fetch("thing", options, manifest_of())
    first, second = provenance_lines("thing")
    assert first == (
        f"thing: A thing, version 1.0, released 2026-01-02, fetched {record.fetched} from {server.url}/release-1/"
        f"thing.obo, sha256 {record.sha256} (as in the manifest)"
    )
    assert second == "thing: licence CC0 1.0; cite Nobody (2026)"


def test_reading_a_shared_cache_writes_nothing(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    record = fetch("thing", options, manifest_of())
    before = {path: path.stat().st_mtime_ns for path in record.path.parents[2].rglob("*")}
    fetched_path("thing")
    provenance_lines("thing")
    assert {path: path.stat().st_mtime_ns for path in record.path.parents[2].rglob("*")} == before


def test_others_may_read_what_was_fetched(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    umask = os.umask(0o022)
    try:
        record = fetch("thing", options, manifest_of())
    finally:
        os.umask(umask)
    assert stat.S_IMODE(record.path.stat().st_mode) == 0o644
    assert stat.S_IMODE((record.path.parent / "record.json").stat().st_mode) == 0o644


# consent, offline, folders


def test_terms_are_asked_once(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    manifest = manifest_of(consent="Ask your lawyer.", version=None, moving=True, sha256=None)
    with pytest.raises(FetchError, match=r"Ask your lawyer. If you agree: hypomask fetch thing --accept-licence thing"):
        fetch("thing", options, manifest)
    assert server.asked == []
    record = fetch("thing", replace(options, accept=lambda resource: True), manifest)
    assert record.accepted == record.fetched
    assert fetch("thing", replace(options, update=True), manifest).accepted == record.accepted


def test_offline_uses_no_network_and_says_what_to_bring(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    offline = replace(options, offline=True)
    with pytest.raises(FetchError, match=r"--offline allows no download.*release-1/thing.obo.*thing.obo with --from"):
        fetch("thing", offline, manifest_of())
    assert server.asked == []
    record = fetch("thing", options, manifest_of())
    assert fetch("thing", offline, manifest_of()) == record


def test_a_folder_takes_the_place_of_the_network(
    server: Server, manifest_of: Make, options: FetchOptions, tmp_path: Path
) -> None:
    (tmp_path / "thing.obo").write_bytes(TEXT)
    record = fetch("thing", replace(options, offline=True, folder=tmp_path), manifest_of())
    assert record.path.read_bytes() == TEXT
    assert record.origin == str(tmp_path / "thing.obo")
    assert server.asked == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no file 'thing.obo' in"),
        (b"<html>", "HTML page"),
        (TEXT + b"x", "does not match the known hash"),
    ],
)
def test_a_folder_is_trusted_no_more_than_a_server(
    manifest_of: Make, options: FetchOptions, tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "thing.obo").write_bytes(content)
    with pytest.raises(FetchError, match=message):
        fetch("thing", replace(options, folder=tmp_path), manifest_of())
    assert find_record("thing", version="1.0") is None


# several at once, killed, not allowed


def test_two_at_once_download_once(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    manifest = manifest_of()
    patient = replace(options, lock_wait_seconds=20)
    threads = [threading.Thread(target=fetch, args=("thing", patient, manifest)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 1
    assert fetched_path("thing").read_bytes() == TEXT


def test_whoever_holds_the_lock_is_named(
    server: Server, manifest_of: Make, options: FetchOptions, told: list[str], cache: Path
) -> None:
    lock = cache / "fetched" / "thing" / ".lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as held:
        held.write("process 77 on node3\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(FetchError, match="process 77 on node3 has been fetching it for more than"):
            fetch("thing", options, manifest_of())
    assert told == ["thing: process 77 on node3 is fetching it; waiting"]
    assert fetch("thing", options, manifest_of()).path.is_file()


def test_a_killed_download_leaves_nothing_that_readers_see_and_is_resumed(
    server: Server, manifest_of: Make, options: FetchOptions, cache: Path, tmp_path: Path
) -> None:
    server.body = TEXT * 30
    manifest = manifest_of()

    def slow(request: object) -> None:
        from local_server import ETAG, Request

        assert isinstance(request, Request)
        request.head(200, Content_Length=len(request.body), ETag=ETAG)
        request.send(request.body[:500_000])
        threading.Event().wait(20)

    server.script = [slow, good]
    code = (
        "import sys; from pathlib import Path\n"
        "from hypomask.knowledge.fetching.manifest import load_manifest\n"
        "from hypomask.knowledge.fetching.fetch import fetch\n"
        "fetch('thing', None, load_manifest(Path(sys.argv[1])))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "manifest.yaml")])
    part = cache / "fetched" / "thing" / ".1.0-thing.obo.part"
    for _ in range(200):
        if part.exists() and part.stat().st_size >= 400_000:
            break
        threading.Event().wait(0.05)
    process.kill()
    process.wait()
    with pytest.raises(FetchError, match=r"has not been fetched|nothing named"):
        fetched_path("thing")
    assert fetch("thing", options, manifest).path.read_bytes() == server.body
    assert int(server.asked[-1]["Range"].removeprefix("bytes=").removesuffix("-")) >= 400_000
    assert sorted(path.name for path in version_folder("thing", "1.0").iterdir()) == ["record.json", "thing.obo"]


def test_a_cache_that_cannot_be_written_to_is_named(
    server: Server, manifest_of: Make, options: FetchOptions, cache: Path
) -> None:
    cache.mkdir()
    (cache / "fetched").write_text("a file in the way")
    with pytest.raises(FetchError, match=r"cannot be written to .*HYPOMASK_CACHE"):
        fetch("thing", options, manifest_of())


def test_a_full_disk_is_said(
    server: Server, manifest_of: Make, options: FetchOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FetchError, match="is full; free some space, the same command goes on"):
        fetch("thing", options, manifest_of())


def test_the_server_is_asked_nothing_when_the_name_is_unknown(server: Server, manifest_of: Make) -> None:
    server.script = [status(500)]
    with pytest.raises(FetchError, match=r"nothing named 'thong' can be fetched. Did you mean 'thing'"):
        fetch("thong", None, manifest_of())
    assert server.asked == []
