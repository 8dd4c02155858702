"""One file over HTTP, as networks are: cut, stalled, slow, redirected, restarted.

pooch brings the rest (a temporary file, the checksum before the rename, the rename), but its downloader starts from
zero after every cut, waits for ever for a server that dribbles, and retries by count alone. So this is a downloader in
pooch's sense, a callable of (url, output file, pooch), that resumes. It uses `urllib` because that lets it read what
has arrived (`read1`); with requests a slow server could not be told from a stalled one.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

from hypomask.errors import FetchError
from hypomask.version import __version__

__all__ = ["Patience", "ResumingDownloader"]

BLOCK_BYTES = 1 << 16
MAX_REDIRECTS = 10
MAX_TRIES_IN_ALL = 50
PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how often to try.

    Parameters
    ----------
    stall_seconds
        Longest time to connect, and longest time without a byte.
    slowest
        Bytes per second, on average over `stall_seconds`, below which a connection counts as stalled.
    tries
        Failures in a row, without a further byte gained, after which to give up.
    wait_seconds
        Before the second try; doubled before each further one, at most `longest_wait_seconds`.
    """

    stall_seconds: float = 30.0
    slowest: int = 500
    tries: int = 5
    wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0


class _PassingError(Exception):
    """Something that may be gone at the next try; `wait` is what the server asked for, in seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass
class ResumingDownloader:
    """Downloads a file, going on with what an earlier try, or an earlier process, has left behind.

    Parameters
    ----------
    name
        Of the resource, for messages.
    part
        Where the unfinished file grows; it stays when the download fails.
    refuse_address
        Called with (url, name) before every request and redirect; raises for what may not be asked.
    has_checksum
        Whether the whole file's checksum is known. Only then may a server that names no version of the file (ETag or
        Last-Modified) be asked for its rest: without either, halves of two releases could be put together.
    max_bytes
        Where an endless answer is cut off.
    tell, progress
        Called with a line for the user, and with (bytes so far, bytes in all or None).
    """

    name: str
    part: Path
    refuse_address: Callable[[str, str], None]
    has_checksum: bool
    max_bytes: int
    tell: Callable[[str], None]
    progress: Callable[[int, int | None], None]
    patience: Patience = field(default_factory=Patience)

    def __call__(self, url: str, output_file: str | Path, pooch: object = None, check_only: bool = False) -> None:
        """Download `url` and rename it to `output_file`.

        Raises
        ------
        FetchError
            When it cannot be had; what has come so far stays in `part`.
        """
        failures, best = 0, self._size()
        for _ in range(MAX_TRIES_IN_ALL):
            try:
                self._once(url)
                self._finish(Path(output_file))
                return
            except _PassingError as fault:
                size = self._size()
                failures = 1 if size > best else failures + 1
                best = max(best, size)
                if failures >= self.patience.tries:
                    raise self._given_up(fault, failures) from fault
                wait = min(self.patience.wait_seconds * 2 ** (failures - 1), self.patience.longest_wait_seconds)
                wait = max(wait, min(fault.wait, self.patience.longest_wait_seconds))
                self.tell(f"{self.name}: {fault}; trying again in {wait:.0f} s")
                time.sleep(wait)
        raise self._given_up(_PassingError("the connection broke off again and again"), MAX_TRIES_IN_ALL)

    def _once(self, url: str) -> None:
        offset, validator = self._start_of_rest(url)
        try:
            with self._open(url, offset, validator) as response:
                self._receive(url, response, offset)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error, offset)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
            self._raise_connection_fault(error)

    def _open(self, url: str, offset: int, validator: str) -> Any:
        headers = {"User-Agent": f"hypomask/{__version__}", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if validator:
                headers["If-Range"] = validator
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=_trusted()))
        for _ in range(MAX_REDIRECTS + 1):
            self.refuse_address(url, self.name)
            try:
                return opener.open(urllib.request.Request(url, headers=headers), timeout=self.patience.stall_seconds)  # noqa: S310 refuse_address lets only http(s) pass
            except urllib.error.HTTPError as error:
                target = error.headers.get("Location")
                if error.code not in (301, 302, 303, 307, 308) or not target:
                    raise
                error.close()
                url = urljoin(url, target)
        raise FetchError(f"{self.name}: more than {MAX_REDIRECTS} redirects, the last to {url}; the address is wrong")

    def _receive(self, url: str, response: Any, offset: int) -> None:
        total = self._total(response, offset)
        if response.status == 206 and total is None and offset == 0:
            raise _PassingError("the server sent a part that nobody asked for")
        if response.status != 206:
            offset = 0  # the whole file: the server cannot resume, or has another version by now
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            encoding = response.headers["Content-Encoding"]
            if not self._is_packed(url):
                raise FetchError(
                    f"{self.name}: the server packed the file on the way ({encoding}), unasked; use --from"
                )
        expected: int | None = response.length  # of this answer, as Content-Length promises
        size_expected = offset + expected if expected is not None else total
        if size_expected is not None and size_expected > self.max_bytes:
            raise self._too_large(size_expected)
        self._remember(url, response)
        received = self._write(response, offset, size_expected)
        if expected is not None and received < expected:
            raise _PassingError(f"the connection broke off after {offset + received:,} of {size_expected:,} bytes")
        if total is not None and offset + received < total:
            raise _PassingError(f"the server sent {offset + received:,} of {total:,} bytes")

    def _write(self, response: Any, offset: int, size_expected: int | None) -> int:
        """Append what arrives to the part; return how many bytes that were."""
        received, window_start, window_bytes = 0, time.monotonic(), 0
        with self.part.open("r+b" if offset else "wb") as out:
            out.seek(offset)
            out.truncate()
            while True:
                block = response.read1(BLOCK_BYTES)
                if not block:
                    break
                out.write(block)
                received += len(block)
                window_bytes += len(block)
                if offset + received > self.max_bytes:
                    raise self._too_large(None)
                now = time.monotonic()
                if now - window_start >= self.patience.stall_seconds:
                    if window_bytes < self.patience.slowest * (now - window_start):
                        raise _PassingError(
                            f"the server sends {window_bytes / (now - window_start):.0f} bytes a second"
                        )
                    window_start, window_bytes = now, 0
                    out.flush()
                self.progress(offset + received, size_expected)
            out.flush()
            os.fsync(out.fileno())
        return received

    def _total(self, response: Any, offset: int) -> int | None:
        """Return the size of the whole file as a partial answer states it; restart when it is another part."""
        if response.status != 206:
            return None
        stated = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if stated is None or stated[1] is None or int(stated[1]) != offset:
            self._forget()
            raise _PassingError("the server sent another part than the one asked for; starting anew")
        return None if stated[3] == "*" else int(stated[3])

    def _refused(self, error: urllib.error.HTTPError, offset: int) -> None:
        """Decide what an error status means; returns only when the part is whole already."""
        if error.code == 416:
            stated = _CONTENT_RANGE.fullmatch(error.headers.get("Content-Range", ""))
            if offset and stated is not None and stated[3] == str(offset):
                return
            self._forget()
            raise _PassingError("the server has a file of another size by now; starting anew") from error
        if error.code in PASSING_STATUS:
            raise _PassingError(f"the server answers {error.code} {error.reason}", _retry_after(error)) from error
        if error.code in (401, 403, 407):
            message = "which wants a login or does not serve your network; download the file in a browser"
        elif error.code in (404, 410):
            message = "so the file has moved; look for a newer hypomask, or download the file by hand"
        else:
            message = "which trying again does not change; download the file by hand"
        raise FetchError(
            f"{self.name}: the server answers {error.code} {error.reason} for {error.url}, {message} "
            "and give its folder with --from"
        ) from error

    def _raise_connection_fault(self, error: BaseException) -> None:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(
                f"{self.name}: the server's certificate is not trusted ({reason.verify_message}). A proxy of your "
                "network? Name its certificate in SSL_CERT_FILE, or download the file by hand and use --from FOLDER"
            ) from error
        if isinstance(reason, OSError) and reason.filename is not None:
            raise FetchError(f"{self.name}: cannot write {reason.filename}: {reason.strerror}") from error
        if isinstance(reason, TimeoutError):
            raise _PassingError(f"nothing came for {self.patience.stall_seconds:g} s") from error
        if isinstance(reason, OSError) and reason.errno in (28, 122):
            raise FetchError(
                f"{self.name}: the disk of {self.part.parent} is full; free some space, the same command goes on"
            ) from error
        raise _PassingError(f"no connection ({reason or type(reason).__name__})") from error

    def _start_of_rest(self, url: str) -> tuple[int, str]:
        """Return how much of the file is there, and what the server called this version of it; 0 to start anew."""
        size = self._size()
        if not size:
            return 0, ""
        try:
            noted = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            noted = {}
        if not isinstance(noted, dict) or noted.get("url") != url:
            return 0, ""
        validator = str(noted.get("validator") or "")
        return (size, validator) if validator or self.has_checksum else (0, "")

    def _remember(self, url: str, response: Any) -> None:
        etag = response.headers.get("ETag", "")
        # A weak ETag says "means the same", not "is the same bytes", and may not be used for resuming (RFC 9110).
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        self._note.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    @property
    def _note(self) -> Path:
        return self.part.with_name(f"{self.part.name}.json")

    def _size(self) -> int:
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _finish(self, output: Path) -> None:
        os.replace(self.part, output)
        self._note.unlink(missing_ok=True)

    @staticmethod
    def _is_packed(url: str) -> bool:
        return url.partition("?")[0].endswith((".gz", ".zip", ".xz"))

    def _too_large(self, size: int | None) -> FetchError:
        self._forget()
        found = f"{size:,} bytes" if size is not None else "an answer without end"
        return FetchError(f"{self.name}: the server offers {found}, expected at most {self.max_bytes:,}; refused")

    def _given_up(self, fault: Exception, failures: int) -> FetchError:
        kept = self._size()
        goes_on = f" The same command goes on after the {kept:,} bytes that are here." if kept else ""
        return FetchError(
            f"{self.name}: {fault}, {failures} times in a row.{goes_on} "
            "Without a connection, give a folder that holds the file with --from"
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand, so that each target is checked before it is asked."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def _trusted() -> ssl.SSLContext:
    """Return the system's certificates and those of certifi, which comes with pooch: Python on a Mac has none."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def _retry_after(error: urllib.error.HTTPError) -> float:
    stated = error.headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:6])
    try:
        return max(0.0, parsedate_to_datetime(stated).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
