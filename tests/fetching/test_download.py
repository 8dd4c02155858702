"""Downloads survive what networks and servers do, and take nothing for the file that is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from local_server import ETAG, TEXT, Request, Server, cut, dribble, good, sends, stall, status, without_ranges

from hypomask.errors import FetchError
from hypomask.knowledge.fetching.download import Patience, ResumingDownloader
from hypomask.knowledge.fetching.fetch import FetchOptions, fetch
from hypomask.knowledge.fetching.manifest import Manifest

Make = Callable[..., Manifest]


def test_a_whole_file_is_there_with_its_record(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    record = fetch("thing", options, manifest_of())
    assert record.path.read_bytes() == TEXT
    assert (record.version, record.checked, record.n_bytes) == ("1.0", "manifest", len(TEXT))
    assert server.paths == ["/release-1/thing.obo"]
    assert server.asked[0]["Accept-Encoding"] == "identity"


def test_a_second_fetch_asks_nobody(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    fetch("thing", options, manifest_of())
    fetch("thing", options, manifest_of())
    assert len(server.asked) == 1


def test_a_cut_download_goes_on_where_it_broke_off(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    server.script = [cut(70_000), cut(50_000), good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert [asked.get("Range") for asked in server.asked] == [None, "bytes=70000-", "bytes=120000-"]
    assert server.asked[1]["If-Range"] == ETAG


def test_what_a_given_up_download_left_is_used_by_the_next(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [cut(70_000), status(503)]
    with pytest.raises(FetchError, match="goes on after the 70,000 bytes that are here"):
        fetch("thing", options, manifest_of())
    n_asked = len(server.asked)
    server.script = [good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert server.asked[n_asked]["Range"] == "bytes=70000-"


def test_parts_of_two_versions_are_never_put_together(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    server.body = TEXT.replace(b"Term", b"Word")
    manifest = manifest_of()
    server.body = TEXT
    server.script = [cut(70_000), status(503)]
    with pytest.raises(FetchError):
        fetch("thing", options, manifest)
    server.body = TEXT.replace(b"Term", b"Word")

    def with_another_etag(request: Request) -> None:
        assert request.headers["If-Range"] != '"release-2"'
        request.head(200, Content_Length=len(request.body), ETag='"release-2"')
        request.send(request.body)

    server.script = [with_another_etag]
    assert fetch("thing", options, manifest).path.read_bytes() == server.body


def test_a_server_without_ranges_is_asked_for_everything_again(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [cut(70_000), without_ranges]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert len(server.asked) == 2


def test_without_validator_and_checksum_nothing_is_resumed(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [cut(70_000, validator=False), good]
    assert fetch("thing", options, manifest_of(sha256=None)).path.read_bytes() == TEXT
    assert "Range" not in server.asked[1]


def test_without_validator_a_known_checksum_allows_to_resume(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [cut(70_000, validator=False), good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert server.asked[1]["Range"] == "bytes=70000-"


def test_another_part_than_the_one_asked_for_is_thrown_away(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    def wrong_part(request: Request) -> None:
        request.head(206, Content_Range=f"bytes 0-9/{len(TEXT)}", Content_Length=10, ETag=ETAG)
        request.send(TEXT[:10])

    server.script = [cut(70_000), wrong_part, good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert "Range" not in server.asked[2]


def test_a_part_that_is_whole_already_is_recognised(
    server: Server, manifest_of: Make, options: FetchOptions, cache: Path
) -> None:
    server.script = [cut(70_000), status(503)]
    with pytest.raises(FetchError):
        fetch("thing", options, manifest_of())
    (cache / "fetched" / "thing" / ".1.0-thing.obo.part").write_bytes(TEXT)  # as if killed before the rename
    server.script = [good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT


def test_a_part_that_is_longer_than_the_file_is_thrown_away(
    server: Server, manifest_of: Make, options: FetchOptions, cache: Path
) -> None:
    server.script = [cut(70_000), status(503)]
    with pytest.raises(FetchError):
        fetch("thing", options, manifest_of())
    (cache / "fetched" / "thing" / ".1.0-thing.obo.part").write_bytes(TEXT + b"more")
    server.script = [good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT


def test_a_stalled_connection_is_given_up_and_resumed(
    server: Server, manifest_of: Make, options: FetchOptions, told: list[str]
) -> None:
    server.script = [stall(70_000), good]
    started = time.monotonic()
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert time.monotonic() - started < 2
    assert server.asked[1]["Range"] == "bytes=70000-"
    assert any("nothing came for 0.3 s" in line for line in told)


def test_a_dribbling_server_counts_as_stalled(
    server: Server, manifest_of: Make, options: FetchOptions, told: list[str]
) -> None:
    server.script = [dribble, good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert any("bytes a second" in line for line in told)


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_passing_errors_are_tried_again(
    server: Server, manifest_of: Make, options: FetchOptions, told: list[str], code: int
) -> None:
    server.script = [status(code), status(code), good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert sum(f"answers {code}" in line for line in told) == 2


def test_retry_after_is_respected_within_reason(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    patience = replace(options.patience, longest_wait_seconds=0.4)
    server.script = [status(503, Retry_After=100), good]
    started = time.monotonic()
    fetch("thing", replace(options, patience=patience), manifest_of())
    assert 0.35 < time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("code", "way_out"), [(404, "has moved"), (410, "has moved"), (403, "wants a login"), (400, "does not change")]
)
def test_lasting_errors_are_not_tried_again(
    server: Server, manifest_of: Make, options: FetchOptions, code: int, way_out: str
) -> None:
    server.script = [status(code)]
    with pytest.raises(FetchError, match=f"answers {code} .*{way_out}.*--from"):
        fetch("thing", options, manifest_of())
    assert len(server.asked) == 1


def test_after_a_few_tries_without_progress_it_gives_up(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [status(503)]
    with pytest.raises(FetchError, match=r"3 times in a row.*--from"):
        fetch("thing", options, manifest_of())
    assert len(server.asked) == 3


def test_a_download_that_gains_a_little_each_time_gets_there(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [cut(30_000)]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert len(server.asked) == -(-len(TEXT) // 30_000)


def test_redirects_are_followed(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    server.script = [status(302, Location="/mirror/1"), status(307, Location=f"{server.url}/mirror/2"), good]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT
    assert server.paths == ["/release-1/thing.obo", "/mirror/1", "/mirror/2"]


def test_redirects_without_end_are_named(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    server.script = [status(301, Location="/again")]
    with pytest.raises(FetchError, match="more than 10 redirects"):
        fetch("thing", options, manifest_of())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://example.org/thing.obo", "not an https address"),
        ("ftp://example.org/thing.obo", "not an https address"),
        ("file:///etc/passwd", "not an https address"),
        ("https://rest.kegg.jp/get/hsa04110", "never fetched: KEGG"),
        ("https://www.genome.jp/x", "never fetched: KEGG"),
    ],
)
def test_redirects_to_what_may_not_be_asked_are_refused(
    server: Server, manifest_of: Make, options: FetchOptions, target: str, message: str
) -> None:
    server.script = [status(302, Location=target)]
    with pytest.raises(FetchError, match=message):
        fetch("thing", options, manifest_of())


def test_a_length_that_promises_too_much_is_found_out(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    server.script = [sends(TEXT, Content_Length=len(TEXT) + 50, Connection="close")]
    with pytest.raises(FetchError, match=f"broke off after {len(TEXT):,} of {len(TEXT) + 50:,} bytes"):
        fetch("thing", options, manifest_of())


def test_a_length_that_promises_too_little_is_found_by_the_checksum(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [sends(TEXT, Content_Length=len(TEXT) - 50, Connection="close")]
    with pytest.raises(FetchError, match="does not match the known hash"):
        fetch("thing", options, manifest_of())


def test_a_length_that_promises_too_little_is_found_by_the_size(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    server.script = [sends(TEXT, Content_Length=len(TEXT) - 50, Connection="close")]
    with pytest.raises(FetchError, match=f"has {len(TEXT) - 50:,} bytes, expected {len(TEXT):,}"):
        fetch("thing", options, manifest_of(sha256=None, bytes=len(TEXT)))


def test_an_answer_that_is_announced_too_large_is_refused(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    with pytest.raises(FetchError, match=r"offers .* bytes, expected at most 1,000; refused"):
        fetch("thing", options, manifest_of(bytes=1000))


def test_an_answer_without_end_is_cut_off(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    def endless(request: Request) -> None:
        request.head(200, Connection="close")
        while True:
            request.send(TEXT)

    server.script = [endless]
    with pytest.raises(FetchError, match="without end, expected at most"):
        fetch("thing", options, manifest_of(bytes=len(TEXT)))


def test_chunked_answers_are_read_and_cut_ones_noticed(
    server: Server, manifest_of: Make, options: FetchOptions
) -> None:
    def chunked(request: Request, n_chunks: int | None = None) -> None:
        request.head(200, Transfer_Encoding="chunked", Connection="close", ETag=ETAG)
        for i, start in enumerate(range(0, len(TEXT), 10_000)):
            if i == n_chunks:
                request.hang_up()
                return
            chunk = TEXT[start : start + 10_000]
            request.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        request.send(b"0\r\n\r\n")

    server.script = [lambda request: chunked(request, 5), chunked]
    assert fetch("thing", options, manifest_of()).path.read_bytes() == TEXT


def test_a_file_that_is_packed_on_the_way_is_refused(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    server.script = [sends(b"\x1f\x8b...", Content_Encoding="gzip")]
    with pytest.raises(FetchError, match=r"packed the file on the way \(gzip\)"):
        fetch("thing", options, manifest_of())


def test_a_server_that_is_not_there_is_named(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    manifest = manifest_of()
    server.close()
    with pytest.raises(FetchError, match=r"no connection .*refused.*--from"):
        fetch("thing", options, manifest)


def test_the_wait_doubles_up_to_its_limit(server: Server, tmp_path: Path) -> None:
    server.script = [status(503)]
    told: list[str] = []
    downloader = ResumingDownloader(
        name="thing",
        part=tmp_path / "part",
        refuse_address=lambda url, name: None,
        has_checksum=True,
        max_bytes=10**9,
        tell=told.append,
        progress=lambda done, total: None,
        patience=Patience(stall_seconds=1, tries=5, wait_seconds=0.02, longest_wait_seconds=0.05),
    )
    started = time.monotonic()
    with pytest.raises(FetchError):
        downloader(server.url, tmp_path / "out")
    assert 0.02 + 0.04 + 0.05 + 0.05 <= time.monotonic() - started < 2
    assert not (tmp_path / "out").exists()


def test_progress_is_told_with_the_whole_size(server: Server, manifest_of: Make, options: FetchOptions) -> None:
    shown: list[tuple[int, int | None]] = []
    fetch("thing", replace(options, progress=lambda done, total: shown.append((done, total))), manifest_of())
    assert shown[-1] == (len(TEXT), len(TEXT))
    assert [done for done, _ in shown] == sorted(done for done, _ in shown)
